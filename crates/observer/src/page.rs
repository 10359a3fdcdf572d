//! What a project page and the project list say, whatever form they came in.
//!
//! The documents are somebody else's: each file is admitted or refused on its own, with the reason,
//! and a document that cannot be what was asked for is refused as a whole.

mod html;
mod json;

use std::fmt;
use std::sync::Once;

use record::{
    Digest, Fact, ListedFile, MAX_FILENAME_LEN, MAX_UPLOADED_LEN, MAX_VERSION_LEN, ProjectName,
    Status, StatusFact, version_of,
};
use thiserror::Error;

/// Number that the index counts its changes with: of a page, its project's last change.
pub type Serial = u64;

/// Form of a Simple API document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PEP 503, with the attributes added since.
    Html,
    /// PEP 691, api-version 1.
    Json,
}

/// One project's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPage {
    /// Serial stated inside the document.
    pub serial: Option<Serial>,
    /// The project's status with its reason; `None` if the page states one that is not known here.
    pub status: Option<(Status, Option<String>)>,
    /// Files that can be logged, in the order of the page.
    pub files: Vec<ListedFile>,
    /// Files that cannot.
    pub refused: Vec<RefusedFile>,
}

impl ProjectPage {
    /// Reads a page that was asked for as that of `project`.
    ///
    /// # Errors
    /// [`DocumentError`] if the document as a whole is not such a page.
    pub fn parse(
        form: Form,
        body: &[u8],
        project: &ProjectName,
    ) -> Result<ProjectPage, DocumentError> {
        let text = std::str::from_utf8(body).map_err(|_| DocumentError::NotUtf8)?;
        match form {
            Form::Html => html::parse_page(text, project),
            Form::Json => json::parse_page(text, project),
        }
    }

    /// Number of files that the page lists.
    pub fn count(&self) -> u64 {
        (self.files.len() + self.refused.len()) as u64
    }

    /// Adds what the page states to `facts`: its files in their order, then the project's status. Those that
    /// can not be logged come back.
    pub(crate) fn take_facts(
        self,
        project: &ProjectName,
        facts: &mut Vec<Fact>,
    ) -> Vec<RefusedFile> {
        facts.extend(self.files.into_iter().map(Fact::Listed));
        facts.extend(self.status.map(|(status, reason)| {
            let (project, version, filename) = (project.clone(), None, None);
            Fact::Status(StatusFact { project, version, filename, status, reason })
        }));
        self.refused
    }

    /// Whether every file's name could be read, so that absence from the page means something.
    pub fn names_all_files(&self) -> bool {
        self.refused.iter().all(|file| file.filename.is_some())
    }
}

/// A file that a page lists and that is not logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFile {
    /// Its name, if it could be read.
    pub filename: Option<String>,
    /// Why.
    pub problem: FileProblem,
}

/// Why a listed file is not logged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileProblem {
    /// The filename holds a control character.
    #[error("its name has a control character")]
    ControlCharacter,
    /// The file has no name.
    #[error("it has no name")]
    Nameless,
    /// The page states no sha256 for it.
    #[error("the index states no sha256 for it")]
    NoSha256,
    /// The stated sha256 is none.
    #[error("its sha256 is not 64 digits of hex")]
    NotADigest,
    /// The filename is longer than entries hold.
    #[error("its name has more than {MAX_FILENAME_LEN} bytes")]
    TooLong,
    /// The file's part of the document cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// The project list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectList {
    /// The index's highest serial when it made the list.
    pub serial: Option<Serial>,
    /// Every project, sorted by name, each once.
    pub projects: Vec<ListedProject>,
    /// Names that are none, as far as they can be shown.
    pub refused: Vec<String>,
}

/// A project in the project list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProject {
    /// Its name, normalised.
    pub name: ProjectName,
    /// Serial of its last change, where the list tells.
    pub serial: Option<Serial>,
}

impl ProjectList {
    /// Reads a project list.
    ///
    /// # Errors
    /// [`DocumentError`] if the document as a whole is not a project list.
    pub fn parse(form: Form, body: &[u8]) -> Result<ProjectList, DocumentError> {
        let text = std::str::from_utf8(body).map_err(|_| DocumentError::NotUtf8)?;
        let mut list = match form {
            Form::Html => html::parse_list(text)?,
            Form::Json => json::parse_list(text)?,
        };
        // Of several spellings of one name the newest serial counts.
        list.projects.sort_by(|a, b| a.name.cmp(&b.name).then(b.serial.cmp(&a.serial)));
        list.projects.dedup_by(|later, first| later.name == first.name);
        Ok(list)
    }

    /// Whether the list has this project.
    pub fn has(&self, name: &str) -> bool {
        self.projects.binary_search_by(|project| project.name.as_str().cmp(name)).is_ok()
    }

    fn add(&mut self, raw: &str, serial: Option<Serial>) {
        match ProjectName::normalise(raw) {
            Ok(name) => self.projects.push(ListedProject { name, serial }),
            Err(_) => self.refused.push(Shown(raw).to_string()),
        }
    }
}

/// A document is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// A greater major version of the Simple API than 1.
    #[error("it speaks Simple API version {0}, and only 1.x is understood here")]
    ApiVersion(String),
    /// Not of the form it says.
    #[error("it is not well-formed: {0}")]
    Malformed(String),
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It ends before its end.
    #[error("it is cut off")]
    Truncated,
    /// Another project's page.
    #[error("it is the page of another project: {0}")]
    WrongProject(String),
}

/// A listed file as a document states it, before it is judged.
#[derive(Debug, Default)]
struct StatedFile {
    filename: String,
    url: String,
    sha256: Option<String>,
    size: Option<u64>,
    uploaded: Option<String>,
    yanked: Option<String>,
    metadata: Option<String>,
    provenance: bool,
}

impl StatedFile {
    fn admit(self, project: &ProjectName, versions: &[String]) -> Result<ListedFile, RefusedFile> {
        match loggable_digest(&self.filename, self.sha256.as_deref()) {
            Ok(sha256) => Ok(self.listed(sha256, project, versions)),
            Err(problem) => Err(RefusedFile { filename: Some(self.filename), problem }),
        }
    }

    fn listed(self, sha256: Digest, project: &ProjectName, versions: &[String]) -> ListedFile {
        let uploaded = self.uploaded.filter(|time| {
            !time.is_empty() && time.len() <= MAX_UPLOADED_LEN && !has_control(time)
        });
        ListedFile {
            project: project.clone(),
            version: version_of(&self.filename, project, versions),
            sha256,
            size: self.size.filter(|size| *size <= record::MAX_NUMBER),
            blake2b: path_digest(&self.url, &self.filename),
            metadata: self.metadata.and_then(|hex| Digest::parse(&hex.to_ascii_lowercase()).ok()),
            uploaded,
            yanked: self.yanked.map(bounded),
            provenance: self.provenance,
            filename: self.filename,
        }
    }
}

/// A file's hash as it is stated, if such a file can be logged.
pub(crate) fn loggable_digest(filename: &str, sha256: Option<&str>) -> Result<Digest, FileProblem> {
    if filename.is_empty() {
        return Err(FileProblem::Nameless);
    }
    if has_control(filename) {
        return Err(FileProblem::ControlCharacter);
    }
    if filename.len() > MAX_FILENAME_LEN {
        return Err(FileProblem::TooLong);
    }
    let stated = sha256.ok_or(FileProblem::NoSha256)?;
    Digest::parse(stated)
        .or_else(|_| Digest::parse(&stated.to_ascii_lowercase()))
        .map_err(|_| FileProblem::NotADigest)
}

/// The second digest that an index's own file paths carry: `.../h[0:2]/h[2:4]/h[4:]/filename` with
/// `h` the BLAKE2b-256 of the file.
fn path_digest(url: &str, filename: &str) -> Option<Digest> {
    let path = url.split(['?', '#']).next()?;
    let mut parts = path.rsplit('/');
    if percent_decoded(parts.next()?) != filename {
        return None;
    }
    let (tail, middle, head) = (parts.next()?, parts.next()?, parts.next()?);
    if head.len() != 2 || middle.len() != 2 {
        return None;
    }
    Digest::parse(&format!("{head}{middle}{tail}")).ok()
}

/// Replaces `%XX`; what is not such an escape stays, and what is not UTF-8 then is replaced.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        bytes.push(escaped.map_or(*first, |(high, low)| high << 4 | low));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether entries hold such a version.
pub(crate) fn is_loggable_version(version: &str) -> bool {
    !version.is_empty() && version.len() <= MAX_VERSION_LEN && !has_control(version)
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_control())
}

/// Longest reason that is kept whole, in bytes.
const LONGEST_REASON: usize = 1_000;

/// A reason as it is logged: a long one as its beginning and the digest of the whole.
fn bounded(reason: String) -> String {
    if reason.len() <= LONGEST_REASON {
        return reason;
    }
    let end = (0..=LONGEST_REASON).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
    format!("{}... [sha256 of the whole: {}]", &reason[..end], Digest::sha256(reason.as_bytes()))
}

/// A project's status by the word that the index uses.
fn status_named(word: &str) -> Option<Status> {
    match word {
        "active" => Some(Status::Active),
        "archived" => Some(Status::Archived),
        "deprecated" => Some(Status::Deprecated),
        "quarantined" => Some(Status::Quarantined),
        _ => None,
    }
}

/// Refuses a Simple API version of another major number; warns, once, of a newer minor one.
fn check_api_version(stated: &str) -> Result<(), DocumentError> {
    const MINOR: u64 = 4;
    static NEWER: Once = Once::new();
    let mut numbers = stated.split('.').map(str::parse::<u64>);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(1)), Some(Ok(minor)), None) => {
            if minor > MINOR {
                NEWER.call_once(|| {
                    tracing::warn!("the index speaks Simple API 1.{minor}, newer than 1.{MINOR}");
                });
            }
            Ok(())
        }
        _ => Err(DocumentError::ApiVersion(Shown(stated).to_string())),
    }
}

/// Foreign text in a message: escaped, and not all of it if it is long.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LIMIT: usize = 120;
        for c in self.0.chars().take(LIMIT).flat_map(char::escape_debug) {
            write!(f, "{c}")?;
        }
        if self.0.chars().nth(LIMIT).is_some() { f.write_str("...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_paths_carry_a_second_digest() {
        let path = "ab/cd/ef00112233445566778899aabbccddeeff00112233445566778899aabbcc";
        let digest = path.replace('/', "");
        let cases = [
            (format!("https://files.example/packages/{path}/a-1.zip"), true),
            (format!("../../packages/{path}/a-1.zip#sha256=00"), true),
            (format!("../../packages/{path}/b-1.zip"), false),
            ("https://files.example/packages/source/a/a-1.zip".to_owned(), false),
            ("a-1.zip".to_owned(), false),
            (format!("packages/{}/a-1.zip", path.to_uppercase()), false),
        ];
        for (url, carries) in cases {
            let found = path_digest(&url, "a-1.zip").map(|digest| digest.to_string());
            assert_eq!(found.as_deref(), carries.then_some(digest.as_str()), "{url}");
        }
    }

    #[test]
    fn escapes_in_paths() {
        let cases =
            [("a%2Bb", "a+b"), ("100%", "100%"), ("%zz%41", "%zzA"), ("%ff", "\u{fffd}"), ("", "")];
        for (escaped, plain) in cases {
            assert_eq!(percent_decoded(escaped), plain);
        }
    }

    #[test]
    fn long_reasons_keep_a_beginning_and_a_digest() {
        assert_eq!(bounded("broken".to_owned()), "broken");
        let long = "\u{e9}".repeat(2_000);
        let kept = bounded(long.clone());
        assert!(kept.starts_with(&long[..LONGEST_REASON]) && kept.len() < LONGEST_REASON + 100);
        assert!(kept.ends_with(&format!("{}]", Digest::sha256(long.as_bytes()))));
        assert_ne!(kept, bounded(format!("{long}x")));
    }

    #[test]
    fn api_versions() {
        let cases = [("1.0", true), ("1.99", true), ("2.0", false), ("1", false), ("1.x", false)];
        for (version, fine) in cases {
            assert_eq!(check_api_version(version).is_ok(), fine, "{version}");
        }
    }
}
