//! Sources of pins on this machine.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use client::audit::{InvalidSource, MAX_SOURCE_LEN, Pins, read_pins};

/// Reads a source of pins; `-` is standard input.
///
/// # Errors
/// [`InvalidSource`] if it cannot be read, or not be understood.
pub(crate) fn read(path: &Path) -> Result<Pins, InvalidSource> {
    let bytes =
        bytes(path).map_err(|error| InvalidSource { line: None, reason: error.to_string() })?;
    read_pins(&path.display().to_string(), &bytes)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // One byte more than is read: it is refused then with a reason.
    let limit = u64::try_from(MAX_SOURCE_LEN).map_or(u64::MAX, |limit| limit.saturating_add(1));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
