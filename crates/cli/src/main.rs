//! `indelible`: asks a log what the package index listed, and checks every answer.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    indelible::run(indelible::Cli::parse()).await
}
