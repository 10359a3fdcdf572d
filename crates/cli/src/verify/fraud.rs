//! What shows that the log signed a false epoch; no log has to be reached.

use std::io::{self, Write};
use std::path::Path;

use client::{Class, FraudKind, VerifiedFraud, describe};
use record::FraudProof;
use serde::Serialize;
use serde_json::value::RawValue;

use super::VerifyArgs;
use super::offline::{MAX_LEN, read};
use crate::failure::Failure;
use crate::lookup::KeyJson;
use crate::output::{CheckpointJson, count, entry_json, print_json, printable};

#[derive(Serialize)]
struct FraudJson<'a> {
    fraud: FraudBody<'a>,
}

#[derive(Serialize)]
struct FraudBody<'a> {
    checkpoint: CheckpointJson,
    kind: &'static str,
    key: KeyJson,
    epoch: u64,
    position: u64,
    positions: Vec<u64>,
    index: u64,
    entry: Option<&'a RawValue>,
}

impl<'a> From<&'a VerifiedFraud> for FraudBody<'a> {
    fn from(fraud: &'a VerifiedFraud) -> FraudBody<'a> {
        FraudBody {
            checkpoint: fraud.checkpoint().into(),
            kind: fraud.kind().name(),
            key: fraud.key().into(),
            epoch: fraud.epoch().epoch,
            position: fraud.position().get(),
            positions: fraud.proof().positions.iter().map(|position| position.get()).collect(),
            index: fraud.entry().index().get(),
            entry: entry_json(fraud.entry()),
        }
    }
}

/// Checks that a file proves a false epoch. That it does is bad news: the exit code says so.
pub(super) fn verify_fraud(
    args: &VerifyArgs,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let bytes = read(path, MAX_LEN).map_err(|error| Failure::file(path, error))?;
    let parsed = FraudProof::parse(&bytes).map_err(|error| Failure::file(path, error))?;
    let fraud = VerifiedFraud::verify(parsed, &args.log.trust()?).map_err(|error| {
        Failure::file(path, error).with_hint("The file proves nothing, for or against the log.")
    })?;
    if args.json {
        print_json(out, &FraudJson { fraud: FraudBody::from(&fraud) })?;
    } else {
        print_fraud(out, &fraud)?;
    }
    Ok(Class::Bad.exit_code())
}

fn print_fraud(out: &mut dyn Write, fraud: &VerifiedFraud) -> io::Result<()> {
    let (checkpoint, index, key) = (fraud.checkpoint(), fraud.entry().index(), fraud.key());
    writeln!(out, "proved: {} signed a false epoch", printable(checkpoint.origin()))?;
    let (epoch, position) = (fraud.epoch().epoch, fraud.position());
    let listed = count(fraud.proof().positions.len(), "entry", "entries");
    let key = printable(&format!("{} {}", key.kind(), key.value()));
    writeln!(out, "    epoch {epoch} at position {position} lists {listed} of {key}")?;
    let contradiction = match fraud.kind() {
        FraudKind::Foreign => "is among them, but does not have this key",
        FraudKind::Omitted => "is not among them, but has this key",
    };
    let entry = fraud.entry().entry().map(describe).unwrap_or_default();
    writeln!(out, "    entry {index} {contradiction}: {}", printable(&entry))
}
