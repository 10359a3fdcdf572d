//! The command line of `indelible-witness`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tlog::VerifyingKey;

/// Witness of transparency logs.
///
/// It cosigns a log's checkpoints as long as each provably continues the one before (C2SP
/// tlog-witness), so that the log can not show different histories to different people unnoticed.
#[derive(Debug, Parser)]
#[command(name = "indelible-witness", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a witness: a new cosigning key. Prints the verification key, alone on one line
    Init(Init),
    /// Cosign checkpoints until SIGTERM or SIGINT
    Serve(Serve),
}

/// `indelible-witness init`
#[derive(Debug, Args)]
pub struct Init {
    /// Directory of the witness; created, or empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Name of the witness for ever: a URL without scheme, say witness.example/w1
    #[arg(long, value_name = "NAME")]
    pub name: String,
}

/// `indelible-witness serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Directory of the witness
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Address and port to serve on, HTTP/1.1 and h2c
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7118")]
    pub listen: String,
    /// Verification key of a log to cosign; its name is the log's origin. May be repeated, also for
    /// a further key of the same log
    #[arg(long = "log", value_name = "VKEY", value_parser = VerifyingKey::parse)]
    #[arg(required_unless_present = "policy", conflicts_with = "policy")]
    pub logs: Vec<VerifyingKey>,
    /// Policy (C2SP tlog-policy) whose logs to cosign; its witnesses and quorum mean nothing here
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
