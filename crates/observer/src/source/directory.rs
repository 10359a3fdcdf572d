//! A tree of Simple API documents: recorded listings, or a mirror as bandersnatch lays it out.
//!
//! ```text
//! <root>/simple/index.json             the project list
//! <root>/simple/<project>/index.json   a project's page
//! <root>/simple/<p>/<project>/...      the same, with bandersnatch's hash-index
//! <root>/web/simple/...                the same, where <root> is a mirror's root
//! <root>/.../<project>/versions/       former pages that a mirror keeps
//! <root>/status                        serial up to which a mirror is complete
//! ```
//!
//! A document is named `index.v1_json`, `index.json`, `index.v1_html` or `index.html`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use record::ProjectName;

use super::{PageAnswer, PageRequest, Source, SourceError, check_fresh};
use crate::page::{Form, ProjectList, ProjectPage, Serial};
use crate::settings::Settings;

/// Folder of a project's former pages.
const VERSIONS: &str = "versions";

/// Names of a document in a folder, the most telling form first.
const DOCUMENTS: [(&str, Form); 4] = [
    ("index.v1_json", Form::Json),
    ("index.json", Form::Json),
    ("index.v1_html", Form::Html),
    ("index.html", Form::Html),
];

/// A source that reads a local tree. Pages are validated by modification time and size.
#[derive(Clone, Debug)]
pub struct DirectorySource {
    name: String,
    root: PathBuf,
    simple: PathBuf,
    page_limit: u64,
    list_limit: u64,
}

impl DirectorySource {
    /// A source for the tree at `root`: the folder that holds `simple` or `web/simple`, or `simple`
    /// itself.
    ///
    /// # Errors
    /// [`SourceError::Location`] if it holds no project list.
    pub fn open(root: &Path, settings: &Settings) -> Result<DirectorySource, SourceError> {
        let folders = [root.join("simple"), root.join("web/simple"), root.to_owned()];
        let has_list =
            |folder: &PathBuf| DOCUMENTS.iter().any(|(name, _)| folder.join(name).is_file());
        let simple = folders.into_iter().find(has_list).ok_or_else(|| {
            let root = root.display();
            SourceError::Location(format!(
                "{root} holds no project list: no simple/index.json, no web/simple/index.v1_json"
            ))
        })?;
        Ok(DirectorySource {
            name: root.display().to_string(),
            root: root.to_owned(),
            simple,
            page_limit: settings.page_limit,
            list_limit: settings.list_limit,
        })
    }

    /// The project list.
    ///
    /// # Errors
    /// [`SourceError`] if it can not be read or is none.
    pub fn read_list(&self) -> Result<ProjectList, SourceError> {
        let found = Document::find(&self.simple)?
            .ok_or_else(|| SourceError::Missing("the project list".to_owned()))?;
        let mut list = ProjectList::parse(found.form, &found.read(self.list_limit)?)?;
        list.serial = list.serial.or_else(|| self.mirror_serial());
        Ok(list)
    }

    /// The serial that a mirror keeps in a file of its own.
    fn mirror_serial(&self) -> Option<Serial> {
        let text = fs::read_to_string(self.root.join("status")).ok()?;
        text.trim().parse().ok()
    }

    fn read_page(
        &self,
        project: &ProjectName,
        validator: Option<&str>,
        required: Option<Serial>,
    ) -> Result<PageAnswer, SourceError> {
        let Some(found) = self.find_page(project)? else { return Ok(PageAnswer::Absent) };
        if required.is_none() && validator == Some(&found.validator) {
            return Ok(PageAnswer::Unchanged { serial: None });
        }
        let page = ProjectPage::parse(found.form, &found.read(self.page_limit)?, project)?;
        check_fresh(required, page.serial)?;
        Ok(PageAnswer::Page { serial: page.serial, page, validator: found.validator })
    }

    /// The pages of a project that the tree holds, oldest first: those that a mirror keeps in `versions`, by
    /// their serials, then the present one. Blocks.
    ///
    /// # Errors
    /// [`SourceError`] if one of them can not be read or is no page of the project.
    pub fn history(&self, project: &ProjectName) -> Result<Vec<ProjectPage>, SourceError> {
        let mut pages = Vec::new();
        let Some(present) = self.find_page(project)? else { return Ok(pages) };
        let folder = present.path.parent().unwrap_or(&self.simple).join(VERSIONS);
        for (_, path) in kept_versions(&folder)? {
            let file = File::open(&path).map_err(|error| io_error(&path, error))?;
            let kept = Document::opened(path, file, Form::Json)?;
            pages.push(ProjectPage::parse(kept.form, &kept.read(self.page_limit)?, project)?);
        }
        pages.push(ProjectPage::parse(present.form, &present.read(self.page_limit)?, project)?);
        Ok(pages)
    }

    fn find_page(&self, project: &ProjectName) -> Result<Option<Document>, SourceError> {
        let name = project.as_str();
        match Document::find(&self.simple.join(name))? {
            Some(found) => Ok(Some(found)),
            None => Document::find(&self.simple.join(&name[..1]).join(name)),
        }
    }
}

/// The pages that a mirror keeps of a project, `index_<serial>_<time>.v1_json`, by their serials.
fn kept_versions(folder: &Path) -> Result<BTreeMap<(Serial, String), PathBuf>, SourceError> {
    let mut kept = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(kept),
        Err(error) => return Err(io_error(folder, error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| io_error(folder, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stem = name.strip_prefix("index_").and_then(|name| name.strip_suffix(".v1_json"));
        let parts = stem.and_then(|stem| stem.split_once('_'));
        if let Some((serial, time)) = parts
            && let Ok(serial) = serial.parse()
        {
            kept.insert((serial, time.to_owned()), path);
        }
    }
    Ok(kept)
}

#[async_trait]
impl Source for DirectorySource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<ProjectList, SourceError> {
        let source = self.clone();
        blocking(move || source.read_list()).await
    }

    async fn page(&self, request: PageRequest<'_>) -> Result<PageAnswer, SourceError> {
        let (source, project) = (self.clone(), request.project.clone());
        let (validator, required) = (request.validator.map(str::to_owned), request.required);
        blocking(move || source.read_page(&project, validator.as_deref(), required)).await
    }
}

/// Runs file and parser work where it may take its time.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(SourceError::Transport(format!("the reader broke off: {error}")))
    })
}

/// An open document file.
struct Document {
    path: PathBuf,
    file: File,
    size: u64,
    form: Form,
    validator: String,
}

impl Document {
    /// The document in a folder, if there is one.
    fn find(folder: &Path) -> Result<Option<Document>, SourceError> {
        for (name, form) in DOCUMENTS {
            let path = folder.join(name);
            match File::open(&path) {
                Ok(file) => return Document::opened(path, file, form).map(Some),
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(io_error(&path, error)),
            }
        }
        Ok(None)
    }

    fn opened(path: PathBuf, file: File, form: Form) -> Result<Document, SourceError> {
        let metadata = file.metadata().map_err(|error| io_error(&path, error))?;
        let modified = metadata.modified().map_err(|error| io_error(&path, error))?;
        let nanoseconds = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let validator = format!("{nanoseconds:x}-{:x}", metadata.len());
        Ok(Document { path, file, size: metadata.len(), form, validator })
    }

    fn read(&self, limit: u64) -> Result<Vec<u8>, SourceError> {
        if self.size > limit {
            return Err(SourceError::TooLarge(limit));
        }
        let mut body = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
        let mut bounded = (&self.file).take(limit.saturating_add(1));
        bounded.read_to_end(&mut body).map_err(|error| io_error(&self.path, error))?;
        if body.len() as u64 > limit {
            return Err(SourceError::TooLarge(limit));
        }
        Ok(body)
    }
}

fn io_error(path: &Path, error: std::io::Error) -> SourceError {
    SourceError::Io { path: path.display().to_string(), error }
}
