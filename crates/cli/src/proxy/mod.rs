//! `indelible proxy`: a package index that offers only files that the log proves.
//!
//! It stands in front of the real index. Of a project's page it leaves out what the log contradicts,
//! and, unless told otherwise, what the log has not seen; every URL leads back through it, so that no
//! file reaches an installer before its bytes were hashed and found to be the logged ones.
//!
//! # Who is trusted
//! Nobody but the log's key. The index's documents and files are hostile input, bounded in size; the
//! log's answers count only with proofs, including the proof that there is nothing else about a file.
//! Whoever can connect can use the index with the credentials that its URL holds: by default that is
//! this machine.

mod answer;
mod askers;
mod download;
mod facts;
mod gate;
mod index;
mod listing;
mod media;
mod page;
mod path;
mod projects;
mod refusal;
mod server;
mod service;
mod shelf;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use client::pip;
use tokio::net::TcpListener;

use self::askers::Askers;
use self::gate::Gate;
use self::index::Index;
use self::service::Service;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{FreshnessArgs, Span};

/// Arguments of `proxy`.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// Where to listen. The port is fixed by default, so that configuration and lock files stay valid
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8711")]
    pub listen: String,
    /// The index to stand in front of, as pip is given it [default: the one that pip is configured to
    /// use, by its environment variable or a pip.conf]
    #[arg(long, value_name = "URL")]
    pub index: Option<String>,
    /// What to do with files that the log has not seen, or not under this name
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = Unobserved::Refuse)]
    pub unobserved: Unobserved,
    /// With `--unobserved wait`: how long a download waits for the log to see the file
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u64,
    /// Refuse everything unless the log looked at the package index within this time: 90s, 30m, 2h, 7d
    #[arg(long, value_name = "DURATION")]
    pub max_age: Option<Span>,
    /// Refuse everything unless the policy's witnesses vouched for the log's head within this time
    #[arg(long, value_name = "DURATION")]
    pub max_head_age: Option<Span>,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What to do with files that the log has not seen. Those that it contradicts are always refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unobserved {
    /// Refuse them, and do not offer them to installers that can take another
    Refuse,
    /// Let them through, checked against the index's own hash if it states one, and say so on standard
    /// error
    Warn,
    /// Offer them; a download waits until the log has seen the file, and is refused after a while
    Wait,
}

pub(crate) async fn run(args: ProxyArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let stop = server::asked_to_end()?;
    args.serve(out, stop).await?;
    Ok(0)
}

impl ProxyArgs {
    /// Writes the URL for installers to `out`, on a line of its own, and serves until `stop` is ready.
    ///
    /// # Errors
    /// [`Failure`] if the options do not say enough, or it can not listen.
    pub async fn serve(
        self,
        out: &mut (dyn Write + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), Failure> {
        let index = self.index.or_else(pip::index_url).ok_or_else(|| {
            Failure::undecided("it is not said which package index to stand in front of")
                .with_hint("Give --index URL, or set PIP_INDEX_URL or index-url in pip.conf.")
        })?;
        let freshness = FreshnessArgs { max_age: self.max_age, max_head_age: self.max_head_age };
        let gate = Gate {
            askers: Askers::open(&self.log)?,
            freshness: freshness.under(&self.log)?,
            unobserved: self.unobserved,
            wait: Duration::from_secs(self.wait),
        };
        let service = Arc::new(Service::new(Index::open(&index)?, gate));
        let listener = TcpListener::bind(&self.listen).await.map_err(|error| {
            Failure::undecided(format!("cannot listen on {}: {error}", self.listen))
        })?;
        writeln!(out, "http://{}/simple/", listener.local_addr()?)?;
        out.flush()?;
        server::serve(listener, service, stop).await;
        Ok(())
    }
}
