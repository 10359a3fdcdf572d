//! Data for load, the load itself, and the table of what Indelible costs.

mod generate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Indelible, and makes what it is measured with.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the listing of a made-up package index, in the columns of the public export
    Generate(generate::Generate),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Generate(arguments) => generate::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

#[expect(clippy::print_stderr, reason = "it is the program's last word")]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("bench: {error:#}");
    ExitCode::from(2)
}
