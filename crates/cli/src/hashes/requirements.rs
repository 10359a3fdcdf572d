//! Requirements with `--hash`, as `pip install --require-hashes` takes them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use record::Digest;

use super::Proven;

pub(super) fn print(proven: &[Proven], source: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {source}")?;
    for Proven { release, files } in proven {
        write!(out, "{}=={}", release.project, release.version)?;
        let hashes: BTreeSet<Digest> = files.iter().map(|file| file.entry.sha256).collect();
        hashes.iter().try_for_each(|hash| write!(out, " \\\n    --hash=sha256:{hash}"))?;
        writeln!(out)?;
    }
    out.flush()
}
