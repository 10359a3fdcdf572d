//! Data for load, the load itself, and the table of what Indelible costs.

mod facts;
mod generate;
mod goals;
mod latency;
mod limit;
mod load;
mod log;
mod process;
mod submit;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// That of the programs that are measured, for what of them runs in this one, and for limits and peers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Measure everything, beside limits and peers, and print it as Markdown
    All(goals::All),
    /// Write the listing of a made-up package index, in the columns of the public export
    Generate(generate::Generate),
    /// Answer as many bytes as told and do nothing else, for comparison
    LimitServer(limit::LimitServer),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::All(arguments) => goals::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::LimitServer(arguments) => limit::run(arguments),
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
