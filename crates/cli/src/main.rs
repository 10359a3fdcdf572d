//! `indelible`: asks a log what the package index listed, and checks every answer.

use std::process::ExitCode;

use clap::Parser as _;

/// An audit works on all cores, and threads wait for each other in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    indelible::run(indelible::Cli::parse()).await
}
