//! `indelible freeze`: an accusation of who serves an old head although there is a newer one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use client::{LogUrl, Memory, Tiles, Trust, VerifiedFreeze};
use record::Timestamp;
use serde::Serialize;
use tlog::SignedCheckpoint;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness::{self, in_words};
use crate::output::{HeadJson, print_json, printable};

/// Arguments of `freeze`.
#[derive(Debug, Args)]
pub struct FreezeArgs {
    /// Where a newer head is served, and the tiles that prove it: another copy of the log
    #[arg(long, value_name = "URL", required_unless_present = "witness")]
    pub newer: Option<String>,
    /// Where a witness shows what it cosigned: the prefix under which it is monitored. The cosignatures of
    /// all count together; without --newer the tiles come from the log
    #[arg(long, value_name = "URL")]
    pub witness: Vec<String>,
    /// Accuse by this checkpoint, kept when it was served, in place of the one that the log serves now
    #[arg(long, value_name = "FILE", requires = "observed")]
    pub served: Option<PathBuf>,
    /// When that checkpoint was served, as 2026-11-21T01:13:58Z
    #[arg(long, value_name = "TIME", requires = "served")]
    pub observed: Option<Timestamp>,
    /// File to write; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Print one JSON object: {"freeze": {"origin", "observed", "served", "newer", "cosigned", "withheld",
    /// "cosigners": [{"witness", "time"}]}}
    #[arg(long)]
    pub json: bool,
    /// Which log, and who serves it: who is accused.
    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Serialize)]
struct FreezeJson<'a> {
    freeze: FreezeBody<'a>,
}

#[derive(Serialize)]
struct FreezeBody<'a> {
    origin: &'a str,
    observed: String,
    served: HeadJson,
    newer: HeadJson,
    cosigned: String,
    /// Seconds.
    withheld: u64,
    cosigners: Vec<CosignerJson<'a>>,
}

#[derive(Serialize)]
struct CosignerJson<'a> {
    witness: &'a str,
    /// Seconds since 1970: a witness may state any.
    time: u64,
}

pub(crate) async fn run(args: FreezeArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let trust = args.log.trust()?;
    let memory = Memory::open(args.log.state()?).map_err(client::Error::from)?;
    let served = args.served(&trust).await?;
    let (newer, tiles) = args.newer(&trust).await?;
    let freeze = VerifiedFreeze::accuse(&trust, served, newer, &tiles).await;
    let freeze = freeze.map_err(|error| memory.keep_evidence(error))?;
    let text = freeze.accusation().to_string();
    if args.output.as_os_str() == "-" {
        out.write_all(text.as_bytes())?;
        return Ok(0);
    }
    fs::write(&args.output, text).map_err(|error| Failure::file(&args.output, error))?;
    print(out, &freeze, &trust, args.json)?;
    Ok(0)
}

impl FreezeArgs {
    /// The checkpoint that is served, and when. The time is that of the question: what was there by then
    /// was there for whoever answered it.
    async fn served(&self, trust: &Trust) -> Result<(SignedCheckpoint, Timestamp), Failure> {
        if let Some((path, observed)) = self.served.as_deref().zip(self.observed) {
            return Ok((read(path)?, observed));
        }
        let observed = freshness::now()?;
        let tiles = Tiles::new(self.log.url(trust)?)?;
        Ok((tiles.served_head().await?, observed))
    }

    /// The newest head elsewhere, and the tiles that prove what it continues.
    async fn newer(&self, trust: &Trust) -> Result<(SignedCheckpoint, Tiles), Failure> {
        let mut heads = Vec::new();
        for witness in &self.witness {
            let url = LogUrl::parse(witness)?.of_origin(trust.origin());
            heads.push(Tiles::new(url)?.served_head().await?);
        }
        let tiles = if let Some(newer) = &self.newer {
            let tiles = Tiles::new(LogUrl::parse(newer)?)?;
            heads.push(tiles.served_head().await?);
            tiles
        } else {
            Tiles::new(self.log.url(trust)?)?
        };
        let newest = client::newest_head(trust, heads).map_err(client::Error::from)?;
        let newest = newest.ok_or_else(|| {
            Failure::undecided("it is not said where a newer head is")
                .with_hint("Give --newer URL or --witness URL.")
        })?;
        Ok((newest, tiles))
    }
}

fn read(path: &Path) -> Result<SignedCheckpoint, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, error))?;
    SignedCheckpoint::parse(&bytes).map_err(|error| Failure::file(path, error))
}

/// Tells what an accusation shows.
pub(crate) fn print(
    out: &mut dyn Write,
    freeze: &VerifiedFreeze,
    trust: &Trust,
    json: bool,
) -> io::Result<()> {
    if json {
        return print_json(out, &FreezeJson { freeze: FreezeBody::new(freeze, trust) });
    }
    let (observed, met_at) = (freeze.accusation().observed, freeze.met_at());
    let (served, newer) = (freeze.served(), freeze.newer().head());
    let cosigners = trust.policy().cosigners(freeze.newer()).map(|(witness, _)| witness.name());
    let cosigners = printable(&cosigners.collect::<Vec<_>>().join(", "));
    let origin = printable(freeze.newer().origin());
    writeln!(
        out,
        "shown: a head of {origin} was withheld, if an older one was served at {observed}"
    )?;
    writeln!(out, "    served was size {} with root {}", served.size, served.root)?;
    writeln!(out, "    size {} with root {} continues it,", newer.size, newer.root)?;
    writeln!(out, "    and the quorum had cosigned it by {met_at} (cosigned by {cosigners})")?;
    let withheld = in_words(freeze.withheld());
    writeln!(out, "    who served the former then withheld at least {withheld} of the log")?;
    writeln!(out, "when it was served, and by whom, is the accuser's word; all else is proven")
}

impl<'a> FreezeBody<'a> {
    fn new(freeze: &'a VerifiedFreeze, trust: &'a Trust) -> FreezeBody<'a> {
        let cosigners = trust.policy().cosigners(freeze.newer());
        FreezeBody {
            origin: freeze.newer().origin(),
            observed: freeze.accusation().observed.to_string(),
            served: freeze.served().into(),
            newer: freeze.newer().head().into(),
            cosigned: freeze.met_at().to_string(),
            withheld: freeze.withheld().as_secs(),
            cosigners: cosigners
                .map(|(witness, time)| CosignerJson { witness: witness.name(), time })
                .collect(),
        }
    }
}
