//! Where rows go: a file, compressed by its name, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Compression is for the disk's sake, not to be small.
const ZSTD_LEVEL: i32 = 1;

/// Lets `write` write to `path`: `-` is standard output, `.gz` and `.zst` are compressed.
pub(super) fn to(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let written = if path == Path::new("-") {
        write(&mut io::stdout().lock())
    } else {
        File::create(path).and_then(|file| to_file(path, file, write))
    };
    written.with_context(|| format!("{} can not be written", path.display()))
}

fn to_file(
    path: &Path,
    file: File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let file = BufWriter::with_capacity(1 << 20, file);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let mut file = match extension {
        Some("gz") => {
            let mut encoder = GzEncoder::new(file, Compression::fast());
            write(&mut encoder)?;
            encoder.finish()?
        }
        Some("zst") => {
            let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
            write(&mut encoder)?;
            encoder.finish()?
        }
        _ => {
            let mut file = file;
            write(&mut file)?;
            file
        }
    };
    file.flush()
}
