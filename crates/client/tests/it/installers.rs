//! Lock files and requirements of real projects, read where `INDELIBLE_SHARED_DATA` says they are.
//!
//! The data is not part of this repository. Unset, the test says so and passes; set, every file must be
//! there. What is read is compared with a count of another make: hashes by the looks of the text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::audit::{Format, read_pins};
use record::Digest;

/// Each file, what it is, and what marks a hash of a file in it; hashes of the lock itself have others.
const FILES: [(&str, Format, &str); 14] = [
    ("Pipfile-2019.lock", Format::PipfileLock, "\"sha256:"),
    ("Pipfile-2021.lock", Format::PipfileLock, "\"sha256:"),
    ("pdm-0.1-metadata-files-2021.lock", Format::PdmLock, " hash = \"sha256:"),
    ("pdm-2024.lock", Format::PdmLock, " hash = \"sha256:"),
    ("poetry-0.12-metadata-hashes-2019.lock", Format::PoetryLock, "\""),
    ("poetry-1.1-metadata-files-2021.lock", Format::PoetryLock, " hash = \"sha256:"),
    ("poetry-2-inline-files-2026.lock", Format::PoetryLock, " hash = \"sha256:"),
    ("pylock-pipenv-2026.toml", Format::Pylock, "sha256 = \""),
    ("pylock-pydantic-pyodide-2026.toml", Format::Pylock, "sha256 = \""),
    ("requirements-electrum.txt", Format::Requirements, "--hash=sha256:"),
    ("requirements-peep-2015.txt", Format::Requirements, "# sha256: "),
    ("requirements-warehouse-2018.txt", Format::Requirements, "--hash=sha256:"),
    ("requirements-warehouse-2026.txt", Format::Requirements, "--hash=sha256:"),
    ("uv-2026.lock", Format::UvLock, " hash = \"sha256:"),
];

#[test]
fn every_hash_of_real_lock_files_is_read() {
    let Some(folder) = std::env::var_os("INDELIBLE_SHARED_DATA") else {
        println!("skipped: INDELIBLE_SHARED_DATA is not set");
        return;
    };
    for (file, format, mark) in FILES {
        let path = Path::new(&folder).join("lockfiles").join(file);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // A name that tells nothing: the content must do.
        let read = read_pins("file", &bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(read.format, format, "{file}");
        let mut hashes: Vec<Digest> = read.pins.iter().filter_map(|pin| pin.sha256).collect();
        let named = read.pins.iter().filter(|pin| pin.filename.is_some()).count();
        let projects: BTreeSet<_> =
            read.pins.iter().filter_map(|pin| pin.project.as_ref()).collect();
        println!(
            "{file}: {} pins, {} with a hash, {named} with a filename, {} projects",
            read.pins.len(),
            hashes.len(),
            projects.len()
        );
        let mut counted = looks_like_hashes(str::from_utf8(&bytes).unwrap(), mark);
        hashes.sort_unstable();
        counted.sort_unstable();
        assert_eq!(hashes, counted, "{file}");
    }
}

/// Every hash in a text that stands behind `mark`, in hex or in the letters of URLs.
fn looks_like_hashes(text: &str, mark: &str) -> Vec<Digest> {
    let of_text = |behind: &str| {
        let bytes = |len: usize| behind.get(..len).filter(|_| ends(&behind[len..]));
        let hex = bytes(64).and_then(|hex| Digest::parse(hex).ok());
        hex.or_else(|| {
            let bytes = URL_SAFE_NO_PAD.decode(bytes(43)?).ok()?;
            Some(Digest::from(<[u8; 32]>::try_from(bytes).ok()?))
        })
    };
    let lines = text.lines().filter(|line| !line.starts_with("content-hash"));
    lines.flat_map(|line| line.split(mark).skip(1)).filter_map(of_text).collect()
}

fn ends(behind: &str) -> bool {
    behind.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric())
}
