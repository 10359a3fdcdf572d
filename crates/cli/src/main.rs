//! `indelible`: asks a log what the package index listed, and checks every answer.

use std::process::ExitCode;

use clap::Parser as _;

/// The system's allocator costs a fifth of the time in which a log is audited.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    indelible::run(indelible::Cli::parse()).await
}
