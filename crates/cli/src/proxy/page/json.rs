//! Project pages in JSON (PEP 691, 700, 714, 792).

use std::collections::BTreeMap;

use record::{Digest, ProjectName};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::{Fields, METADATA_KEYS, Offer, Offered, parse as parse_raw, raw};

/// Most left-out files that a document names.
const NAMED: usize = 100;

/// Reads a page: its keys but `files`, and the keys of each file that can be read.
pub(super) fn parse(text: &str, project: &ProjectName) -> Result<(Fields, Vec<Fields>), String> {
    let mut top: Fields = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let meta: Fields = top.get("meta").and_then(|raw| parse_raw(raw)).unwrap_or_default();
    let version = meta.get("api-version").and_then(|raw| parse_raw::<String>(raw));
    if version.as_ref().is_some_and(|version| version.split('.').next() != Some("1")) {
        return Err("it speaks another major version of the Simple API than 1".to_owned());
    }
    let name = top.get("name").and_then(|raw| parse_raw::<String>(raw));
    if name.and_then(|name| ProjectName::normalise(&name).ok()).as_ref() != Some(project) {
        return Err("it is the page of another project".to_owned());
    }
    let files = top.remove("files").ok_or("it has no files")?;
    let files: Vec<&RawValue> = parse_raw(&files).ok_or("its files are no list")?;
    // What is no object has no name, and is refused for that.
    Ok((top, files.into_iter().map(|file| parse_raw(file).unwrap_or_default()).collect()))
}

/// Writes a page. Keys that begin with an underscore are private (PEP 691).
pub(super) fn render(offer: &Offer<'_>) -> Vec<u8> {
    serde_json::to_vec(offer).expect("raw values, strings and flags have a JSON form")
}

impl Serialize for Offer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let meta = self.page.top.get("meta").and_then(|meta| parse_raw::<Fields>(meta));
        let mut meta = meta.unwrap_or_else(|| Fields::from([api_version()]));
        if !self.left_out.is_empty() {
            let named: BTreeMap<&str, &str> = self.left_out.iter().take(NAMED).copied().collect();
            meta.insert("_left-out".to_owned(), raw(&named));
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("meta", &meta)?;
        for (key, value) in self.page.top.iter().filter(|(key, _)| *key != "meta") {
            map.serialize_entry(key, value)?;
        }
        let files: Vec<FileJson<'_>> = self.files.iter().map(|file| FileJson(self, file)).collect();
        map.serialize_entry("files", &files)?;
        map.end()
    }
}

/// The version of the API that all pages without a stated one speak.
pub(super) fn api_version() -> (String, Box<RawValue>) {
    ("api-version".to_owned(), raw(&"1.0"))
}

struct FileJson<'a>(&'a Offer<'a>, &'a Offered<'a>);

impl Serialize for FileJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let FileJson(offer, Offered { file, sha256, metadata, withdrawn }) = self;
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &file.fields {
            match key.as_str() {
                "gpg-sig" | "url" => {}
                "hashes" if withdrawn.is_some() || file.sha256.is_none() => {}
                "yanked" if withdrawn.is_some() => {}
                key if METADATA_KEYS.contains(&key) => {
                    map.serialize_entry(key, &metadata_json(*metadata))?;
                }
                key => map.serialize_entry(key, value)?,
            }
        }
        map.serialize_entry("url", &self.1.url(offer.project))?;
        if let Some(why) = self.1.yanked() {
            map.serialize_entry("yanked", &why)?;
            map.serialize_entry("hashes", &BTreeMap::<&str, &str>::new())?;
        } else if file.sha256.is_none() {
            let hashes = sha256.map(|sha256| ("sha256", sha256.to_string()));
            map.serialize_entry("hashes", &BTreeMap::from_iter(hashes))?;
        }
        map.end()
    }
}

/// `false`, or an object with the hash.
fn metadata_json(metadata: Option<Digest>) -> serde_json::Value {
    metadata.map_or(false.into(), |sha256| serde_json::json!({ "sha256": sha256.to_string() }))
}
