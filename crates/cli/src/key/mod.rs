//! `indelible key`: publishers' keys.

mod change;
mod file;
mod list;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::FreshnessArgs;
use crate::signing::SignArgs;

/// Arguments of `key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; prints its public half, alone on one line
    New(NewArgs),
    /// Print the public half of a key
    Show {
        /// File that `indelible key new` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print an SSH key as it is written in the log
    Ssh(SshArgs),
    /// Show the keys that speak, or spoke, for a project
    List(ProjectArgs),
    /// Let the key that signs be the first one that speaks for a project
    Enrol(ChangeArgs),
    /// Let another key speak for a project, too
    Add(AddArgs),
    /// Let another key speak for a project in the place of the one that signs
    Rotate(RotateArgs),
    /// Let a key speak for a project no more, and its word count no more where other keys speak
    Revoke(RevokeArgs),
    /// Declare that every file of a project is expected from now on: others are not its publisher's
    Complete(ChangeArgs),
    /// Take back that every file of a project is expected
    Partial(ChangeArgs),
}

/// Arguments of `key new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// What the key is called in the log: without white space and `+`
    pub name: String,
    /// File to write, which must not exist
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `key ssh`.
#[derive(Debug, Args)]
pub struct SshArgs {
    /// What the key is to be called in the log: without white space and `+`
    pub name: String,
    /// Public half of an ssh-ed25519 key, as OpenSSH writes it
    #[arg(value_name = "PUBFILE")]
    pub file: PathBuf,
}

/// Arguments of `key list`.
#[derive(Debug, Args)]
pub struct ProjectArgs {
    /// The project
    pub project: String,
    /// How fresh the answer has to be.
    #[command(flatten)]
    pub freshness: FreshnessArgs,
    /// Print one JSON object: {"checkpoint", "coverage", "publisher": {"project", "keys", "complete",
    /// "refused"}}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Arguments of all commands that change the keys of a project.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// The project
    pub project: String,
    /// With which key.
    #[command(flatten)]
    pub sign: SignArgs,
    /// Print one JSON object: {"checkpoint", "project", "action", "key", "by", "outcome", "index"}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Arguments of `key add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The key that is to speak, too, as `indelible key show` prints it
    #[arg(long, value_name = "VKEY")]
    pub new: String,
    /// Whose, and how.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Arguments of `key rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The key that is to speak instead: a file that `indelible key new` wrote, or what
    /// `indelible key show` prints
    #[arg(long, value_name = "FILE|VKEY")]
    pub to: String,
    /// Whose, and how.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Arguments of `key revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The key that is to speak no more [default: the one that signs]
    #[arg(long, value_name = "VKEY")]
    pub which: Option<String>,
    /// Whose, and how.
    #[command(flatten)]
    pub change: ChangeArgs,
}

pub(crate) async fn run(args: KeyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    match args.command {
        KeyCommand::New(args) => file::new(&args, out),
        KeyCommand::Show { file } => file::show(&file, out),
        KeyCommand::Ssh(args) => file::ssh(&args, out),
        KeyCommand::List(args) => list::run(args, out).await,
        KeyCommand::Enrol(args) => change::enrol(&args, out).await,
        KeyCommand::Add(args) => change::add(&args, out).await,
        KeyCommand::Rotate(args) => change::rotate(&args, out).await,
        KeyCommand::Revoke(args) => change::revoke(&args, out).await,
        KeyCommand::Complete(args) => change::complete(&args, out).await,
        KeyCommand::Partial(args) => change::partial(&args, out).await,
    }
}
