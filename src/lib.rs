//! `indelibled`: the server of an Indelible log.
//!
//! Data flows one way: an observer or a submitter hands facts to the [`sequencer`], which alone
//! writes; what it has published is read through [`reading`] by the gRPC and HTTP sides, and shown to
//! people by the [`site`].

pub mod args;
pub mod clients;
pub mod clock;
pub mod commands;
pub mod data_dir;
pub mod derived;
mod describe;
pub mod durable;
pub mod entries;
pub mod feeds;
pub mod following;
pub mod grpc;
pub mod handles;
pub mod http;
pub mod import;
pub mod log;
pub mod metrics;
mod observing;
pub mod published;
pub mod publishers;
pub mod reading;
pub mod register;
pub mod sequencer;
pub mod server;
pub mod settings;
pub mod signals;
pub mod site;
pub mod space;
pub mod supervisor;
pub mod telemetry;
pub mod witnesses;

use describe::describe;
