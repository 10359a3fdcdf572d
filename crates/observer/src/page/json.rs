//! Simple API documents in JSON (PEP 691, 700, 714, 792).
//!
//! Files are read one by one from the raw document, so that one that cannot be read, such as a name
//! with half a surrogate pair, costs that file only.

use std::collections::BTreeMap;

use record::{ProjectName, Status};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{
    DocumentError, FileProblem, ProjectList, ProjectPage, RefusedFile, Serial, Shown, StatedFile,
    bounded, check_api_version, is_loggable_version, status_named,
};

#[derive(Deserialize)]
struct PageDocument<'a> {
    #[serde(default)]
    meta: Meta,
    name: String,
    #[serde(borrow)]
    files: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    versions: Vec<&'a RawValue>,
    #[serde(default, rename = "project-status")]
    status: Option<ProjectStatus>,
}

#[derive(Deserialize)]
struct ListDocument<'a> {
    #[serde(default)]
    meta: Meta,
    #[serde(borrow)]
    projects: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct ListItem {
    name: String,
    #[serde(default, rename = "_last-serial")]
    serial: Option<Loose<SerialText>>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
    #[serde(default, rename = "_last-serial")]
    serial: Option<Loose<SerialText>>,
    #[serde(default, rename = "project-status")]
    status: Option<ProjectStatus>,
}

/// The serial as a number or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum SerialText {
    Number(Serial),
    Text(String),
}

/// The texts of the specification disagree: `status` or `state`, or a bare string.
#[derive(Deserialize)]
#[serde(untagged)]
enum ProjectStatus {
    Bare(String),
    Full {
        #[serde(alias = "state")]
        status: String,
        #[serde(default)]
        reason: Option<String>,
    },
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct FileItem {
    filename: String,
    #[serde(default)]
    url: Loose<String>,
    #[serde(default)]
    hashes: Loose<BTreeMap<String, Loose<String>>>,
    #[serde(default)]
    size: Loose<u64>,
    #[serde(default, rename = "upload-time")]
    uploaded: Loose<String>,
    #[serde(default)]
    yanked: Loose<Yanked>,
    #[serde(default, rename = "core-metadata")]
    core_metadata: Loose<BTreeMap<String, Loose<String>>>,
    #[serde(default, rename = "dist-info-metadata")]
    dist_info_metadata: Loose<BTreeMap<String, Loose<String>>>,
    #[serde(default, rename = "data-dist-info-metadata")]
    data_dist_info_metadata: Loose<BTreeMap<String, Loose<String>>>,
    #[serde(default)]
    provenance: Loose<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    Reason(String),
}

/// A field that counts only if it has the type it should have.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose<T> {
    Fits(T),
    Other(IgnoredAny),
}

impl<T> Default for Loose<T> {
    fn default() -> Loose<T> {
        Loose::Other(IgnoredAny)
    }
}

impl<T> Loose<T> {
    fn fitting(self) -> Option<T> {
        match self {
            Loose::Fits(value) => Some(value),
            Loose::Other(_) => None,
        }
    }
}

/// Reads a project page.
pub(super) fn parse_page(text: &str, project: &ProjectName) -> Result<ProjectPage, DocumentError> {
    let document: PageDocument<'_> = parse_document(text)?;
    document.meta.check_version()?;
    if ProjectName::normalise(&document.name).as_ref() != Ok(project) {
        return Err(DocumentError::WrongProject(Shown(&document.name).to_string()));
    }
    let versions: Vec<String> =
        document.versions.iter().filter_map(|raw| parse_version(raw)).collect();
    let (mut files, mut refused) = (Vec::with_capacity(document.files.len()), Vec::new());
    for raw in document.files {
        match parse_file(raw).and_then(|file| file.admit(project, &versions)) {
            Ok(file) => files.push(file),
            Err(file) => refused.push(file),
        }
    }
    Ok(ProjectPage {
        serial: serial_of(document.meta.serial),
        status: project_status(document.status.or(document.meta.status)),
        files,
        refused,
    })
}

/// Reads a project list.
pub(super) fn parse_list(text: &str) -> Result<ProjectList, DocumentError> {
    let document: ListDocument<'_> = parse_document(text)?;
    document.meta.check_version()?;
    let mut list =
        ProjectList { serial: serial_of(document.meta.serial), ..ProjectList::default() };
    list.projects.reserve_exact(document.projects.len());
    for raw in document.projects {
        match serde_json::from_str::<ListItem>(raw.get()) {
            Ok(item) => list.add(&item.name, serial_of(item.serial)),
            Err(_) => list.refused.push(Shown(raw.get()).to_string()),
        }
    }
    Ok(list)
}

fn parse_version(raw: &RawValue) -> Option<String> {
    serde_json::from_str::<String>(raw.get()).ok().filter(|version| is_loggable_version(version))
}

fn parse_document<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DocumentError> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            DocumentError::Truncated
        } else {
            DocumentError::Malformed(Shown(&error.to_string()).to_string())
        }
    })
}

impl Meta {
    fn check_version(&self) -> Result<(), DocumentError> {
        check_api_version(self.api_version.as_deref().unwrap_or("1.0"))
    }
}

fn serial_of(stated: Option<Loose<SerialText>>) -> Option<Serial> {
    match stated?.fitting()? {
        SerialText::Number(serial) => Some(serial),
        SerialText::Text(text) => text.parse().ok(),
    }
}

/// Missing means active.
fn project_status(stated: Option<ProjectStatus>) -> Option<(Status, Option<String>)> {
    match stated {
        None => Some((Status::Active, None)),
        Some(ProjectStatus::Bare(word)) => Some((status_named(&word)?, None)),
        Some(ProjectStatus::Full { status, reason }) => {
            let reason = reason.filter(|reason| !reason.is_empty());
            Some((status_named(&status)?, reason.map(bounded)))
        }
        Some(ProjectStatus::Other(_)) => None,
    }
}

fn parse_file(raw: &RawValue) -> Result<StatedFile, RefusedFile> {
    let item: FileItem = serde_json::from_str(raw.get()).map_err(|error| RefusedFile {
        filename: None,
        problem: FileProblem::Unreadable(Shown(&error.to_string()).to_string()),
    })?;
    let metadata = [item.core_metadata, item.dist_info_metadata, item.data_dist_info_metadata]
        .into_iter()
        .find_map(sha256_in);
    Ok(StatedFile {
        filename: item.filename,
        url: item.url.fitting().unwrap_or_default(),
        sha256: sha256_in(item.hashes),
        size: item.size.fitting(),
        uploaded: item.uploaded.fitting(),
        yanked: item.yanked.fitting().and_then(|yanked| match yanked {
            Yanked::Flag(flag) => flag.then(String::new),
            Yanked::Reason(reason) => Some(reason).filter(|reason| !reason.is_empty()),
        }),
        metadata,
        provenance: item.provenance.fitting().is_some(),
    })
}

fn sha256_in(hashes: Loose<BTreeMap<String, Loose<String>>>) -> Option<String> {
    hashes.fitting()?.remove("sha256")?.fitting()
}
