//! The command line, and the options that commands have in common.

use std::env;
use std::fs;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use client::{Client, LogUrl, Memory, Trust};

use crate::audit::AuditArgs;
use crate::evidence::EvidenceArgs;
use crate::expect::ExpectArgs;
use crate::explain::ExplainArgs;
use crate::failure::Failure;
use crate::freeze::FreezeArgs;
use crate::hashes::HashesArgs;
use crate::key::KeyArgs;
use crate::lookup::LookupArgs;
use crate::monitor::MonitorArgs;
use crate::proof::ProofArgs;
use crate::proxy::ProxyArgs;
use crate::verify::VerifyArgs;

/// Ask a transparency log what the Python package index listed, and check every answer.
///
/// Nothing the log says is believed: entries are proved against a checkpoint that the log signed, and
/// every checkpoint against the one remembered from the last time.
#[derive(Debug, Parser)]
#[command(name = "indelible", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 proven good; 1 proven bad (a conflict, or a log that forked or \
    lied); 2 could not be decided (network, unreadable input, not yet observed).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check what lock files, recipes and folders pin: does everybody else see the same files?
    Audit(AuditArgs),
    /// Write all that the log has about a project, a file or a hash, to be checked offline
    Evidence(EvidenceArgs),
    /// Say, signed, which hashes the files have that you release
    Expect(ExpectArgs),
    /// Tell why a hash did not match: a late wheel, a change, a damaged download
    Explain(ExplainArgs),
    /// Accuse who serves an old head of the log although there is a newer one
    Freeze(FreezeArgs),
    /// Write requirements with hashes, or a pylock.toml, of nothing but what is proven
    Hashes(HashesArgs),
    /// Make keys of publishers, and say which of them speak for a project
    Key(KeyArgs),
    /// Show what the log holds about a project, a file or a hash
    Lookup(LookupArgs),
    /// Read every entry of the log and report changes
    Monitor(MonitorArgs),
    /// Write a proof of a file's entry that can be checked offline
    Proof(ProofArgs),
    /// Serve a package index that offers only files that the log proves
    Proxy(ProxyArgs),
    /// Check files: does everybody else see the same?
    Verify(VerifyArgs),
}

/// Which log is asked, and what is remembered of it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Where the log is served [default: as the policy says]
    #[arg(long, value_name = "URL", env = "INDELIBLE_LOG")]
    pub log: Option<String>,
    /// The log's public key; its signature is enough
    #[arg(long, value_name = "VKEY", env = "INDELIBLE_KEY")]
    pub key: Option<String>,
    /// File that says which log and which witnesses are trusted (C2SP tlog-policy), instead of a key
    #[arg(long, value_name = "FILE", env = "INDELIBLE_POLICY")]
    pub policy: Option<PathBuf>,
    /// Where heads are remembered [default: indelible/ in the user's state directory]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

impl LogArgs {
    /// Which log is trusted.
    ///
    /// # Errors
    /// [`Failure`] unless there is either a key or a policy, and it is usable.
    pub fn trust(&self) -> Result<Trust, Failure> {
        match (&self.key, &self.policy) {
            (Some(key), None) => Ok(Trust::from_key(key)?),
            (None, Some(path)) => {
                let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
                Ok(Trust::from_policy(&text)?)
            }
            (Some(_), Some(_)) => Err(Failure::undecided("both a key and a policy are given")
                .with_hint("Give --key or --policy, not both; the environment counts too.")),
            (None, None) => Err(Failure::undecided("it is not said which log to trust").with_hint(
                "Give --key VKEY or --policy FILE, or set INDELIBLE_KEY or INDELIBLE_POLICY.",
            )),
        }
    }

    /// Where the log is served.
    ///
    /// # Errors
    /// [`Failure`] if neither the options nor the policy say so.
    pub fn url(&self, trust: &Trust) -> Result<LogUrl, Failure> {
        match &self.log {
            Some(url) => Ok(LogUrl::parse(url)?),
            None if self.policy.is_some() => Ok(trust.url()?),
            None => Err(Failure::undecided("it is not said where the log is")
                .with_hint("Give --log URL, or set INDELIBLE_LOG.")),
        }
    }

    /// The state directory.
    ///
    /// # Errors
    /// [`Failure`] if none is given and the environment has no place for one.
    pub fn state(&self) -> Result<PathBuf, Failure> {
        let from_environment = || {
            let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
            let state = absolute("XDG_STATE_HOME");
            let state = state.or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
            state.map(|dir| dir.join("indelible"))
        };
        self.state.clone().or_else(from_environment).ok_or_else(|| {
            Failure::undecided("there is no place to remember heads in")
                .with_hint("Give --state DIR, or set XDG_STATE_HOME or HOME.")
        })
    }

    /// A reader of the log.
    ///
    /// # Errors
    /// [`Failure`] if one of the options is not usable.
    pub fn client(&self) -> Result<Client, Failure> {
        let trust = self.trust()?;
        let url = self.url(&trust)?;
        let memory = Memory::open(self.state()?).map_err(client::Error::from)?;
        Ok(Client::new(trust, url, memory)?)
    }
}
