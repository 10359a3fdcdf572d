//! What the program does, one file for each command.

pub mod demo;
pub mod doctor;
pub mod freeze;
pub mod fsck;
pub mod import;
pub mod init;
pub mod key;
pub mod migrate;
pub mod observe;
pub mod serve;
pub mod status;
