//! One project's page, with everything that the index says of its files kept.

mod html;
mod json;

use std::collections::BTreeMap;

use record::{Digest, MAX_FILENAME_LEN, ProjectName, version_of};
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::{RawValue, Value, to_raw_value};

pub(super) use self::html::{Escaped, link_targets};
use super::media::Media;
use super::path;

/// Keys of a JSON object with their values, verbatim.
pub(super) type Fields = BTreeMap<String, Box<RawValue>>;

/// Names that core metadata goes by: today's and two older ones (PEP 658, 714).
pub(super) const METADATA_KEYS: [&str; 3] =
    ["core-metadata", "dist-info-metadata", "data-dist-info-metadata"];

/// A project's page as the index gave it.
#[derive(Debug)]
pub(super) struct Page {
    /// Keys of the document other than `files`.
    top: Fields,
    /// Files that can be passed on, in the order of the page.
    pub(super) files: Vec<PageFile>,
    /// Files that can not be: as far as their names could be read, and why.
    pub(super) unusable: Vec<(String, String)>,
    /// Length of the document in bytes.
    pub(super) weight: usize,
}

/// A file that a page lists.
#[derive(Debug)]
pub(super) struct PageFile {
    /// Its name, verbatim.
    pub(super) filename: String,
    /// Its version as the observer would derive it; empty if unknown.
    pub(super) version: String,
    /// Where the index has it.
    pub(super) url: Url,
    /// Its hash, if the page states one.
    pub(super) sha256: Option<Digest>,
    /// Its core metadata, if there are any.
    pub(super) metadata: Option<Metadata>,
    fields: Fields,
}

/// What a page says about a file's core metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    /// They exist, and have this hash.
    Hashed(Digest),
    /// They exist.
    Unhashed,
}

/// What becomes of a page: what its readers get to see.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    /// The project.
    pub(super) project: &'a ProjectName,
    /// The page that it is made of.
    pub(super) page: &'a Page,
    /// The files that are listed.
    pub(super) files: Vec<Offered<'a>>,
    /// Files that are not, with the reason.
    pub(super) left_out: Vec<(&'a str, &'a str)>,
}

/// A file as it is listed.
#[derive(Debug)]
pub(super) struct Offered<'a> {
    /// As the index lists it.
    pub(super) file: &'a PageFile,
    /// Its hash, by the page or by the log.
    pub(super) sha256: Option<Digest>,
    /// Hash of its core metadata; `None` if they are not offered.
    pub(super) metadata: Option<Digest>,
    /// Why it can not be had: it is listed as yanked, so that only who insists on it asks for it and is
    /// told.
    pub(super) withdrawn: Option<&'a str>,
}

impl Page {
    /// Reads a page that was asked for as that of `project` and came from `url`.
    ///
    /// # Errors
    /// The reason if the document is no such page.
    pub(super) fn parse(
        media: Media,
        body: &[u8],
        project: &ProjectName,
        url: &Url,
    ) -> Result<Page, String> {
        let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
        let (top, files) = match media {
            Media::Json => json::parse(text, project)?,
            Media::Html | Media::HtmlV1 => html::parse(text, project),
        };
        let versions = top.get("versions").and_then(|raw| parse::<Vec<Value>>(raw));
        let versions: Vec<String> = versions
            .into_iter()
            .flatten()
            .filter_map(|version| version.as_str().map(str::to_owned))
            .collect();
        let (mut usable, mut unusable) = (Vec::with_capacity(files.len()), Vec::new());
        for file in files {
            let name = file.get("filename").and_then(|raw| parse(raw)).unwrap_or_default();
            match PageFile::new(file, project, &versions, url) {
                Ok(file) => usable.push(file),
                Err(why) => unusable.push((name, why.to_owned())),
            }
        }
        Ok(Page { top, files: usable, unusable, weight: body.len() })
    }
}

impl PageFile {
    fn new(
        fields: Fields,
        project: &ProjectName,
        versions: &[String],
        page: &Url,
    ) -> Result<PageFile, &'static str> {
        let text = |key: &str| fields.get(key).and_then(|raw| parse::<String>(raw));
        let filename = text("filename").ok_or("it has no name")?;
        let control = filename.bytes().any(|byte| byte.is_ascii_control());
        if control || !path::is_segment(&filename) || filename.len() > MAX_FILENAME_LEN {
            return Err("no file can have this name");
        }
        let url = text("url").and_then(|url| page.join(&url).ok());
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = url.ok_or("it has no usable URL")?;
        url.set_fragment(None);
        let sha256 = match fields.get("hashes").and_then(|hashes| sha256_in(hashes)) {
            Some(hex) => Some(digest(&hex).ok_or("its sha256 is not 64 digits of hex")?),
            None => None,
        };
        let version = version_of(&filename, project, versions);
        let metadata = METADATA_KEYS.iter().find_map(|key| metadata(fields.get(*key)?));
        Ok(PageFile { filename, version, url, sha256, metadata, fields })
    }

    /// Its length in bytes, as the page states it.
    pub(super) fn size(&self) -> Option<u64> {
        parse(self.fields.get("size")?)
    }
}

fn metadata(raw: &RawValue) -> Option<Metadata> {
    match sha256_in(raw).as_deref().and_then(digest) {
        Some(sha256) => Some(Metadata::Hashed(sha256)),
        None => (parse(raw) == Some(true)).then_some(Metadata::Unhashed),
    }
}

/// The `sha256` of an object of digests.
fn sha256_in(raw: &RawValue) -> Option<String> {
    Some(parse::<Value>(raw)?.get("sha256")?.as_str()?.to_owned())
}

fn digest(hex: &str) -> Option<Digest> {
    Digest::parse(&hex.to_ascii_lowercase()).ok()
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("strings, flags and maps of them have a JSON form")
}

impl Offer<'_> {
    /// The document in the form that is asked for.
    pub(super) fn render(&self, media: Media) -> Vec<u8> {
        match media {
            Media::Json => json::render(self),
            Media::Html | Media::HtmlV1 => html::render(self).into_bytes(),
        }
    }
}

impl Offered<'_> {
    /// Where it is to be had, relative to the project's page.
    fn url(&self, project: &ProjectName) -> String {
        format!("../..{}", path::of_file(project, self.sha256.as_ref(), &self.file.filename))
    }

    /// The reason for yanking that takes the place of the index's own.
    fn yanked(&self) -> Option<String> {
        self.withdrawn.map(|why| format!("refused by indelible proxy: {why}"))
    }
}

#[cfg(test)]
mod tests;
