//! What shows that a head was withheld; no log has to be reached.

use std::io::Write;
use std::path::Path;

use client::{FreezeAccusation, VerifiedFreeze};

use super::VerifyArgs;
use super::offline::{MAX_LEN, read};
use crate::failure::Failure;
use crate::freeze;

/// Checks an accusation and tells what it shows.
pub(super) fn verify_freeze(
    args: &VerifyArgs,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let bytes = read(path, MAX_LEN).map_err(|error| Failure::file(path, error))?;
    let parsed = FreezeAccusation::parse(&bytes).map_err(|error| Failure::file(path, error))?;
    let trust = args.log.trust()?;
    let freeze = VerifiedFreeze::verify(parsed, &trust).map_err(|error| {
        Failure::file(path, error).with_hint("The file shows nothing, for or against anybody.")
    })?;
    freeze::print(out, &freeze, &trust, args.json)?;
    Ok(0)
}
