//! Where the URL of a file leads, by the shape of its path: hosts are never looked at.
//!
//! The package index keeps its files below `/packages/`: under the hash of their content, or, in the
//! paths of old that redistributors write, under a project's name.

use record::split_filename;

use super::pin::Pin;
use super::url::{filename_of, has_extension};

/// What stands for a part of a URL that could not be worked out.
pub(super) const HOLE: char = '\u{fffd}';

/// Parts of a path that forges make archives under.
const FORGE_PARTS: [&str; 5] = ["archive", "tarball", "zipball", "tar.gz", "legacy.tar.gz"];

/// Beginning of the short form of the old paths.
const MIRROR: &str = "mirror://pypi/";

/// Where a URL leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A file of the package index.
    Index,
    /// Something that a forge makes or keeps.
    Forge,
    /// Its path does not tell.
    Unknown,
}

impl Pin {
    /// Adds what the URL of the file says. Only the index's own paths name one of the index's files:
    /// elsewhere another file may have the same name.
    pub(super) fn locate(&mut self, url: &str) {
        match Place::of(url) {
            Place::Forge => self.from_index = Some(false),
            Place::Unknown => self.from_index = None,
            Place::Index => {
                self.from_index = Some(true);
                self.filename = filename_of(url).filter(|name| !name.contains(HOLE));
                if let Some(filename) = self.filename.clone() {
                    self.guess_release(&filename);
                }
            }
        }
    }

    /// The pin of a file of which only the URL tells where it comes from.
    pub(super) fn located(self, url: &str) -> Pin {
        let mut pin = Pin { filename: None, ..self };
        pin.locate(url);
        pin
    }

    /// Takes project and version, where they are not known, from the name of a file that need not be
    /// one of the package index.
    pub(super) fn guess_release(&mut self, filename: &str) {
        if let Some((project, version)) = split_filename(filename, self.project.as_ref()) {
            self.project.get_or_insert(project);
            self.version.get_or_insert(version);
        }
    }
}

impl Place {
    fn of(url: &str) -> Place {
        if let Some(path) = url.strip_prefix(MIRROR) {
            let parts: Vec<&str> = path.split('/').collect();
            return if is_by_name(&parts) { Place::Index } else { Place::Unknown };
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let files = parts.iter().position(|part| *part == "packages").map(|at| &parts[at + 1..]);
        if files.is_some_and(|below| is_by_hash(below) || is_by_kind(below)) {
            return Place::Index;
        }
        if is_forge(url, &parts) { Place::Forge } else { Place::Unknown }
    }
}

/// `ab/cd/<60 digits>/<file>`, the digits being a hash of the content.
fn is_by_hash(parts: &[&str]) -> bool {
    let is_hex =
        |part: &str, len| part.len() == len && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    matches!(parts, [a, b, rest, _] if is_hex(a, 2) && is_hex(b, 2) && is_hex(rest, 60))
}

/// `<kind>/x/<project>/<file>`, where the kind is `source` or a version of Python.
fn is_by_kind(parts: &[&str]) -> bool {
    let is_kind = |part: &str| {
        part == "source"
            || part == "any"
            || part.contains(|c: char| c.is_ascii_digit() || c == HOLE)
    };
    matches!(parts, [kind, by_name @ ..] if is_kind(kind) && is_by_name(by_name))
}

/// `x/<project>/<file>`, `x` being the first letter of the project's name.
fn is_by_name(parts: &[&str]) -> bool {
    let [letter, project, _] = parts else { return false };
    let mut letters = letter.chars();
    let (first, rest) = (letters.next(), letters.next());
    let begins = |letter: char| {
        project
            .chars()
            .next()
            .is_some_and(|first| first == HOLE || first.eq_ignore_ascii_case(&letter))
    };
    first.is_some_and(|letter| letter == HOLE || begins(letter) && rest.is_none())
}

fn is_forge(url: &str, parts: &[&str]) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_download = matches!(scheme, "" | "http" | "https" | "ftp" | "mirror");
    let is_released = parts.windows(2).any(|pair| pair == ["releases", "download"]);
    let is_archive = parts.iter().any(|part| FORGE_PARTS.contains(part));
    let is_repository = parts.last().is_some_and(|last| has_extension(last, "git"));
    !is_download || is_released || is_archive || is_repository
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_where_a_file_comes_from() {
        let digits = "0a".repeat(30);
        for (url, place) in [
            ("https://index.example/packages/source/r/requests/requests-1.0.tar.gz", Place::Index),
            (
                "https://index.example/packages/source/R/requests/requests-1.0.tar.gz#md5=0",
                Place::Index,
            ),
            (
                "https://index.example/packages/py2.py3/r/requests/requests-1.0-py3-none-any.whl",
                Place::Index,
            ),
            ("https://mirror.example/index/packages/any/r/r/r-1.zip", Place::Index),
            (&format!("https://files.example/packages/0a/0b/{digits}/x-1.0.zip"), Place::Index),
            ("https://index.example/packages/source/\u{fffd}/\u{fffd}/\u{fffd}.zip", Place::Index),
            ("mirror://pypi/r/requests/requests-1.0.tar.gz", Place::Index),
            ("mirror://gnu/r/requests/requests-1.0.tar.gz", Place::Unknown),
            ("mirror://pypi/x/requests/requests-1.0.tar.gz", Place::Unknown),
            (
                "https://files.example/packages/source/x/requests/requests-1.0.tar.gz",
                Place::Unknown,
            ),
            ("https://files.example/packages/foo-1.0.tar.gz", Place::Unknown),
            (
                &format!("https://files.example/packages/0a/0b/{}/x-1.0.zip", &digits[1..]),
                Place::Unknown,
            ),
            ("https://files.example/foo-1.0.tar.gz", Place::Unknown),
            ("https://forge.example/a/b/archive/v1.0.tar.gz", Place::Forge),
            ("https://forge.example/a/b/-/archive/1.0/b-1.0.tar.gz", Place::Forge),
            ("https://forge.example/a/b/releases/download/1.0/b-1.0.tar.gz", Place::Forge),
            ("https://forge.example/a/b.git", Place::Forge),
            ("git+https://forge.example/a/b#tag=v1", Place::Forge),
            ("", Place::Unknown),
        ] {
            assert_eq!(Place::of(url), place, "{url}");
        }
    }

    #[test]
    fn only_the_index_names_its_files() {
        let mut pin = Pin::default();
        pin.locate("https://index.example/packages/source/f/foo/Foo_x-1.0.tar.gz");
        assert_eq!(pin.filename.as_deref(), Some("Foo_x-1.0.tar.gz"));
        assert_eq!(pin.project.as_ref().map(AsRef::as_ref), Some("foo-x"));
        assert_eq!(pin.version.as_deref(), Some("1.0"));
        for url in
            ["https://forge.example/a/archive/foo-1.0.tar.gz", "https://a.example/foo-1.0.tar.gz"]
        {
            let mut pin = Pin::default();
            pin.locate(url);
            assert_eq!((pin.filename, pin.project), (None, None), "{url}");
        }
    }
}
