//! What a replay found, as it is printed.

use std::io::{self, Write};

use client::{Disproof, Error, Falsehood, Lie, Monitor, Replayed, ReplayedEpoch};
use serde::Serialize;
use tlog::VerifiedCheckpoint;

use crate::output::{CheckpointJson, print_json, printable};

/// Entries of one checkpoint, replayed.
#[derive(Serialize)]
struct ReplayJson {
    replay: ReplayBody,
}

#[derive(Serialize)]
struct ReplayBody {
    checkpoint: CheckpointJson,
    epochs: u64,
    newest: Option<EpochJson>,
    map: String,
}

#[derive(Serialize)]
struct EpochJson {
    epoch: u64,
    index: u64,
    map: String,
}

#[derive(Serialize)]
struct LieJson {
    lie: LieBody,
}

#[derive(Serialize)]
struct LieBody {
    kind: &'static str,
    index: u64,
    /// What the log states and what it had to state.
    stated: Option<String>,
    computed: Option<String>,
    detail: String,
    evidence: Option<String>,
}

impl From<ReplayedEpoch> for EpochJson {
    fn from(epoch: ReplayedEpoch) -> EpochJson {
        let ReplayedEpoch { index, number, map } = epoch;
        EpochJson { epoch: number, index: index.get(), map: map.to_string() }
    }
}

/// Tells what was found to be true.
pub(super) fn print(out: &mut dyn Write, monitor: &Monitor, json: bool) -> io::Result<()> {
    let Some((replayed, checkpoint)) = monitor.replayed().zip(monitor.checkpoint()) else {
        return Ok(());
    };
    if json {
        let Replayed { map, epochs, newest, .. } = replayed;
        let (checkpoint, newest) = (checkpoint.into(), newest.map(EpochJson::from));
        let replay = ReplayBody { checkpoint, epochs, newest, map: map.to_string() };
        return print_json(out, &ReplayJson { replay });
    }
    print_text(out, &replayed, checkpoint)?;
    out.flush()
}

fn print_text(
    out: &mut dyn Write,
    replayed: &Replayed,
    checkpoint: &VerifiedCheckpoint,
) -> io::Result<()> {
    let Replayed { size, map, newest, .. } = replayed;
    let origin = printable(checkpoint.origin());
    writeln!(out, "replayed: all {size} entries of {origin}, and no lie among them")?;
    writeln!(out, "    map root of all entries: {map}")?;
    match newest {
        Some(ReplayedEpoch { index, number, map }) => {
            writeln!(out, "    newest epoch: {number}, entry {index}, map root {map}")
        }
        None => writeln!(out, "    newest epoch: none yet"),
    }
}

/// Tells, for programs, what was found to be false; a person reads it as the error that it is.
pub(super) fn print_lie(out: &mut dyn Write, error: &Error) -> io::Result<()> {
    let Error::Disproven(Disproof::Lie { lie, saved }) = error else { return Ok(()) };
    let (stated, computed) = stated_and_computed(lie).unzip();
    let body = LieBody {
        kind: lie.falsehood().name(),
        index: lie.index().get(),
        stated,
        computed,
        detail: lie.to_string(),
        evidence: saved.as_ref().map(|path| path.display().to_string()),
    };
    print_json(out, &LieJson { lie: body })
}

fn stated_and_computed(lie: &Lie) -> Option<(String, String)> {
    match lie.falsehood() {
        Falsehood::EpochNumber { stated, expected } => {
            Some((stated.to_string(), expected.to_string()))
        }
        Falsehood::MapRoot { stated, computed, .. } => {
            Some((stated.to_string(), computed.to_string()))
        }
        Falsehood::NotCanonical(_) => None,
    }
}
