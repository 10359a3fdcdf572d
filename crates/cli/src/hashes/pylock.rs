//! `pylock.toml` (PEP 751).

use std::io::{self, Write};

use client::judging::ReleaseFile;
use record::{Distribution, FileEntry};
use serde::Serialize;
use toml::value::Datetime;

use super::Proven;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Pylock<'a> {
    lock_version: &'static str,
    created_by: &'static str,
    packages: Vec<Package<'a>>,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdist: Option<PackageFile<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wheels: Vec<PackageFile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PackageFile<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_time: Option<Datetime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    hashes: Hashes,
}

#[derive(Serialize)]
struct Hashes {
    sha256: String,
}

pub(super) fn print(
    proven: &[Proven],
    files_url: Option<&str>,
    source: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let packages = proven.iter().map(|proven| package(proven, files_url)).collect();
    let pylock = Pylock { lock_version: "1.0", created_by: "indelible", packages };
    let text = toml::to_string(&pylock).map_err(io::Error::other)?;
    write!(out, "# {source}\n{text}")?;
    out.flush()
}

/// Its wheels and one source archive, in the format that every release has had since they were
/// standardised if there is a choice. Lock files have no place for other files.
fn package<'a>(proven: &'a Proven, files_url: Option<&str>) -> Package<'a> {
    let of_kind = |kind: Distribution| {
        let files = proven.files.iter().map(|ReleaseFile { entry, .. }| entry);
        files.filter(move |file| Distribution::of(&file.filename) == Some(kind))
    };
    let sdist = of_kind(Distribution::Sdist).max_by_key(|file| file.filename.ends_with(".tar.gz"));
    Package {
        name: proven.release.project.as_str(),
        version: &proven.release.version,
        sdist: sdist.map(|file| package_file(file, files_url)),
        wheels: of_kind(Distribution::Wheel).map(|file| package_file(file, files_url)).collect(),
    }
}

fn package_file<'a>(file: &'a FileEntry, files_url: Option<&str>) -> PackageFile<'a> {
    let url = files_url.and_then(|base| url(file, base));
    PackageFile {
        name: &file.filename,
        upload_time: file.uploaded.as_ref().and_then(|time| time.parse().ok()),
        path: url.is_none().then_some(&file.filename),
        url,
        size: file.size,
        hashes: Hashes { sha256: file.sha256.to_string() },
    }
}

/// Where the index's file host has the file: its path begins with the BLAKE2b-256 of its bytes.
fn url(file: &FileEntry, base: &str) -> Option<String> {
    let digest = file.blake2b?.to_string();
    let (first, rest) = digest.split_at_checked(2)?;
    let (second, rest) = rest.split_at_checked(2)?;
    let base = base.trim_end_matches('/');
    Some(format!("{base}/packages/{first}/{second}/{rest}/{}", file.filename))
}
