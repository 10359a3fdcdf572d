//! The life of the process: read the command line, do the command, say what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use indelibled::args::{Arguments, Command};
use indelibled::telemetry::Telemetry;
use indelibled::{commands, handles};

/// The system's allocator costs a tenth of the time of an import, and more of that of a request. RocksDB's C++ uses
/// this one too: the crate takes the place of `malloc` in the whole program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    handles::raise_limit();
    let runtime = tokio::runtime::Runtime::new().expect("the system gives threads");
    let done = runtime.block_on(async {
        let _telemetry = Telemetry::start(arguments.log_format, arguments.otlp.as_deref())?;
        match arguments.command {
            Command::Init(arguments) => {
                commands::init::run(arguments).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Serve(arguments) => {
                commands::serve::run(*arguments).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Observe(arguments) => commands::observe::run(arguments).await,
            Command::Demo(arguments) => commands::demo::run(arguments).await,
            Command::Fsck(arguments) => commands::fsck::run(&arguments).await,
            Command::Import(arguments) => commands::import::run(arguments).await,
            Command::Doctor(arguments) => commands::doctor::run(*arguments).await,
            Command::Status(arguments) => commands::status::run(arguments).await,
            Command::Freeze(arguments) => commands::freeze::run(*arguments).await,
            Command::Migrate(arguments) => {
                commands::migrate::run(arguments).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Key(arguments) => commands::key::run(arguments).await,
        }
    });
    done.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(2)
    })
}

#[allow(clippy::print_stderr)]
fn complain(error: &anyhow::Error) {
    eprintln!("indelibled: {error:#}");
}
