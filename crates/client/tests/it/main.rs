//! The client against a log that is honest, and against one that is not.

mod log;
mod monitor;
mod questions;
mod server;
mod states;
