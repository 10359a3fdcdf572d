//! The command line of `indelibled`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use record::ProjectName;

use crate::settings::Settings;
use crate::telemetry::LogFormat;

/// Transparency log server for the Python Package Index.
///
/// It writes down every file that a package index lists, in an append-only log that it can not
/// rewrite unnoticed, and proves what it wrote to anyone who asks.
#[derive(Debug, Parser)]
#[command(name = "indelibled", version)]
pub struct Arguments {
    /// Collector of traces (OTLP over gRPC) to send spans of observer, sequencer, store and witnesses to
    #[arg(long, global = true, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp: Option<String>,
    /// How lines on standard error look
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a log: a new signing key and an empty store. Prints the verification key
    Init(Init),
    /// Serve a log, and observe a package index if one is given
    Serve(Box<Serve>),
    /// Observe a package index for a log that runs elsewhere
    Observe(Observe),
    /// Show in one minute what the log is for, on recorded listings
    Demo(Demo),
    /// Check every byte of a log that is not being served. Exit code 0: clean, 1: damaged
    Fsck(Fsck),
    /// Import what others recorded of a package index, into a log that is not being served. Exit code 0:
    /// all of it is in the log, 2: something was refused
    Import(Import),
    /// Check whether a log can be served: configuration, key, store, disk, clock, index and witnesses. Takes the
    /// arguments of `serve`. Exit code 0: it can, 1: something hinders
    Doctor(Box<Serve>),
    /// Say how a running log is. Exit code 0: it is well, 1: it is not
    Status(Status),
    /// Give a log that is not being served a last head. It can be read for ever, and never written again
    Freeze(Box<Freeze>),
    /// Move a log that is not being served to another store, every byte of it verified. May be stopped and started
    /// again
    Migrate(Migrate),
    /// Decide about the keys of publishers, at a log that is running
    Key(Key),
}

/// `indelibled init`
#[derive(Debug, Args)]
pub struct Init {
    /// Directory of the log; created, or empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Name of the log for ever: its URL without scheme and trailing slash, say log.example/pypi
    #[arg(long, value_name = "NAME")]
    pub origin: String,
    /// Bucket to keep the log's bytes in, instead of the directory: the key stays there. Where it is and who asks
    /// say `AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and the like
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    pub store: Option<String>,
}

/// `indelibled serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Directory of the log
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Configuration file in TOML; flags win over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Everything that the file can say too.
    #[command(flatten)]
    pub settings: Settings,
}

/// `indelibled observe`
#[derive(Debug, Args)]
pub struct Observe {
    /// URL of the log
    #[arg(long, value_name = "URL")]
    pub log: String,
    /// File with the secret that the log wants from submitters
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// Package index: a base URL, or a directory of recorded listings or a mirror. Left out: the
    /// index that pip is configured to use
    #[arg(long, value_name = "URL|DIR")]
    pub index: Option<String>,
    /// Directory for what the observer has seen
    #[arg(long, value_name = "DIR", default_value = "indelibled-observer")]
    pub state: PathBuf,
    /// Whom the index's operators may write to, sent to the index in User-Agent
    #[arg(long, value_name = "URL|MAIL")]
    pub contact: Option<String>,
    /// Sweep the index once and exit
    #[arg(long)]
    pub once: bool,
}

/// `indelibled demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Address and port to serve on [default: 127.0.0.1:7117, or a free port if that is taken]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

/// `indelibled fsck`
#[derive(Debug, Args)]
pub struct Fsck {
    /// Directory of the log
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// File that remembers the newest signed head [default: DIR/head]
    #[arg(long, value_name = "FILE")]
    pub head_file: Option<PathBuf>,
}

/// `indelibled import`
#[derive(Debug, Args)]
pub struct Import {
    /// Directory of the log
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Name of the data set, which every entry from it states: who recorded it, and when
    #[arg(long, value_name = "NAME", default_value = "import", value_parser = data_set)]
    pub via: String,
    /// File that remembers the newest signed head [default: DIR/head]
    #[arg(long, value_name = "FILE")]
    pub head_file: Option<PathBuf>,
    /// Mebibytes that must stay free on the log's disk [default: 512]
    #[arg(long, value_name = "MIB")]
    pub min_free: Option<u64>,
    /// Rows of the index's public export of all uploads, as JSON lines or CSV; recorded pages, one a line;
    /// or a directory of recorded pages or a mirror. Files may be compressed with gzip or zstd
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `indelibled status`
#[derive(Debug, Args)]
pub struct Status {
    /// URL of the log
    #[arg(long, value_name = "URL")]
    pub log: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `indelibled freeze`
#[derive(Debug, Args)]
pub struct Freeze {
    /// Directory of the log
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Do it; there is no way back
    #[arg(long)]
    pub yes: bool,
    /// Configuration file in TOML, that of `serve`; flags win over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Everything that the file can say too.
    #[command(flatten)]
    pub settings: Settings,
}

/// `indelibled migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Directory of the log
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Bucket to move the log's bytes to
    #[arg(long, value_name = "s3://BUCKET/PREFIX", required_unless_present = "local")]
    pub store: Option<String>,
    /// Move the log's bytes from a bucket to the directory
    #[arg(long, conflicts_with = "store")]
    pub local: bool,
}

fn data_set(name: &str) -> Result<String, record::FieldError> {
    record::check_via(name).map(|()| name.to_owned())
}

/// `indelibled key`
#[derive(Debug, Args)]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What the operator decides about the keys of publishers.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Show the enrolments that wait for a decision, oldest first: when, which project, which key
    Pending(KeyLog),
    /// Let an enrolment that waits take effect. Find out before whether it is the publisher who asks
    Approve(WhichKey),
    /// Forget an enrolment that waits
    Refuse(WhichKey),
    /// Give a project that has no active key a key; the entry says that the operator decided it
    Enrol(WhichKey),
    /// Take a key away, say because it was stolen; the entry says that the operator decided it
    Revoke(WhichKey),
}

/// Which log, and the operator's secret.
#[derive(Debug, Args)]
pub struct KeyLog {
    /// URL of the log
    #[arg(long, value_name = "URL")]
    pub log: String,
    /// File with the secret that the log wants from its operator and observers
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
}

/// Which key of which project.
#[derive(Debug, Args)]
pub struct WhichKey {
    /// The project
    #[arg(value_parser = ProjectName::normalise)]
    pub project: ProjectName,
    /// The publisher's key; may be left out where only one waits
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// Which log.
    #[command(flatten)]
    pub log: KeyLog,
}
