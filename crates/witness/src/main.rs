//! The life of the process: read the command line, do the command, say what went wrong.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use indelible_witness::args::{Arguments, Command, Init};
use indelible_witness::{DataDir, serve};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    let done = match arguments.command {
        Command::Init(arguments) => init(&arguments),
        Command::Serve(arguments) => serve::run(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

fn init(arguments: &Init) -> anyhow::Result<()> {
    let key = DataDir::new(arguments.data.clone()).create(&arguments.name)?;
    writeln!(io::stdout(), "{key}")?;
    Ok(())
}

/// Level by `RUST_LOG`, `info` if it is not set.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

#[allow(clippy::print_stderr)]
fn complain(error: &anyhow::Error) {
    eprintln!("indelible-witness: {error:#}");
}
