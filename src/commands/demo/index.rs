//! The demo's package index: recorded listings that ship with the program, and what happens to them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// Listings of real projects, as recorded by third parties; packed when the program was built.
const LISTINGS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/index.tar.gz"));

/// The file whose hash is changed.
pub(super) const CHANGED: File = File { project: "requests", name: "requests-2.31.0.tar.gz" };
/// What it is changed to.
pub(super) const CHANGED_TO: &str =
    "c0ffee0000000000000000000000000000000000000000000000000000c0ffee";
/// The file that vanishes.
pub(super) const REMOVED: File = File { project: "colorama", name: "colorama-0.4.5.tar.gz" };
/// The wheel that comes long after its release.
pub(super) const LATE: File = File { project: "mako", name: "Mako-1.1.0-py2.py3-none-any.whl" };
/// Hash of the late wheel.
const LATE_SHA256: &str = "1a7e000000000000000000000000000000000000000000000000000000001a7e";

/// A file on a project's page.
pub(super) struct File {
    pub(super) project: &'static str,
    pub(super) name: &'static str,
}

/// Writes the recorded listings out below `dir`.
pub(super) fn unpack(dir: &Path) -> anyhow::Result<()> {
    tar::Archive::new(GzDecoder::new(LISTINGS))
        .unpack(dir)
        .with_context(|| format!("the listings can not be written to {}", dir.display()))
}

/// What an index whose history was rewritten would show: one historical hash changed, one file gone,
/// one wheel added to an old release.
pub(super) fn rewrite(dir: &Path) -> anyhow::Result<()> {
    edit(dir, CHANGED.project, |files| {
        let file = files.iter_mut().find(|file| file["filename"] == CHANGED.name);
        if let Some(file) = file {
            file["hashes"]["sha256"] = json!(CHANGED_TO);
        }
    })?;
    edit(dir, REMOVED.project, |files| files.retain(|file| file["filename"] != REMOVED.name))?;
    edit(dir, LATE.project, |files| {
        files.push(json!({
            "filename": LATE.name,
            "url": format!("../../packages/{}", LATE.name),
            "hashes": { "sha256": LATE_SHA256 },
        }));
    })
}

fn edit(dir: &Path, project: &str, change: impl FnOnce(&mut Vec<Value>)) -> anyhow::Result<()> {
    let path = dir.join("simple").join(project).join("index.json");
    let mut page: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let files = page["files"].as_array_mut().context("a recorded listing has a list of files")?;
    change(files);
    fs::write(path, serde_json::to_vec(&page)?)?;
    Ok(())
}
