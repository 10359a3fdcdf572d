//! What the program does, one file for each command.

pub mod demo;
pub mod fsck;
pub mod import;
pub mod init;
pub mod key;
pub mod migrate;
pub mod observe;
pub mod serve;
