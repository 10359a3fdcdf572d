//! The paths that are served, and what they mean.

use record::{Digest, ProjectName};
use reqwest::Url;

use super::refusal::Refusal;

/// Stands for the hash of a file of which none is known.
const UNHASHED: &str = "-";

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A file, or the core metadata of one.
    File(FileRoute),
    /// Another spelling of this path.
    Moved(String),
    /// A project's page.
    Project(ProjectName),
    /// The list of projects.
    Projects,
}

/// A file by project, hash and name. No URL is taken from a request: the index's page says where the
/// file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileRoute {
    /// Whose page lists it.
    pub(super) project: ProjectName,
    /// The hash that the page showed; `None` if it showed none.
    pub(super) sha256: Option<Digest>,
    /// Its name; with `.metadata` behind it, its core metadata are meant.
    pub(super) filename: String,
}

impl Route {
    /// Reads a request's path, without its query.
    pub(super) fn parse(path: &str) -> Result<Route, Refusal> {
        let decoded = |part: &str| decoded(part).ok_or_else(missing);
        let parts: Vec<String> = path.split('/').map(decoded).collect::<Result<_, _>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match *parts.as_slice() {
            ["", "" | "simple"] => Ok(Route::Moved("/simple/".to_owned())),
            ["", "simple", ""] => Ok(Route::Projects),
            ["", "simple", name] | ["", "simple", name, ""] => {
                let project = ProjectName::normalise(name).map_err(|_| missing())?;
                let plain = format!("/simple/{project}/");
                Ok(if path == plain { Route::Project(project) } else { Route::Moved(plain) })
            }
            ["", "files", project, sha256, filename] => {
                let project = ProjectName::parse(project).map_err(|_| missing())?;
                let sha256 = Some(sha256).filter(|sha256| *sha256 != UNHASHED);
                let sha256 = sha256.map(Digest::parse).transpose().map_err(|_| missing())?;
                let filename = filename.to_owned();
                Ok(Route::File(FileRoute { project, sha256, filename }))
            }
            _ => Err(missing()),
        }
    }
}

fn missing() -> Refusal {
    Refusal::missing("this is a package index: its pages are /simple/ and /simple/PROJECT/")
}

/// The path of a file.
pub(super) fn of_file(project: &ProjectName, sha256: Option<&Digest>, filename: &str) -> String {
    let sha256 = sha256.map_or_else(|| UNHASHED.to_owned(), Digest::to_string);
    let mut url = Url::parse("http://proxy.invalid/").expect("a constant URL");
    url.path_segments_mut().expect("an HTTP URL has a path").clear().extend([
        "files",
        project.as_str(),
        &sha256,
        filename,
    ]);
    url.path().to_owned()
}

/// Whether a name can be one part of a path: dots alone would be taken away.
pub(super) fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
}

/// Replaces `%XX`; `None` if there is none such after a `%`, or the bytes are not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at_checked(2)?;
        let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(hex, 16).ok().filter(|_| digits)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_files_come_back() {
        let project = ProjectName::parse("a").unwrap();
        let sha256 = Digest::sha256(b"");
        for filename in ["a-1.0+cpu.whl", "a b.zip", "a/../b.zip", "\u{e9}?#%41.zip", "..zip", "%"]
        {
            for sha256 in [Some(sha256), None] {
                let path = of_file(&project, sha256.as_ref(), filename);
                let (project, filename) = (project.clone(), filename.to_owned());
                let expected = Route::File(FileRoute { project, sha256, filename });
                assert_eq!(Route::parse(&path), Ok(expected), "{path}");
                assert!(path.is_ascii() && !path.contains(['?', '#', ' ', '"', '<']), "{path}");
            }
        }
    }

    #[test]
    fn nothing_else_is_served() {
        let moved = |to: &str| Ok(Route::Moved(to.to_owned()));
        assert_eq!(Route::parse("/simple/"), Ok(Route::Projects));
        assert_eq!(Route::parse("/simple/A_b"), moved("/simple/a-b/"));
        assert_eq!(Route::parse("/simple/a%2Db/"), moved("/simple/a-b/"));
        assert_eq!(Route::parse("/"), moved("/simple/"));
        for path in [
            "",
            "*",
            "simple/",
            "/simple/../etc/",
            "/simple/%2e%2e/",
            "/simple/a/b",
            "/simple/a\u{0}/",
            "/files/a/xyz/a-1.zip",
            "/files/A/-/a-1.zip",
            "/files/a/-/../../a-1.zip",
            "/files/a/-/%zz",
            "/files/a/-/%+1",
            "/files/http://files.example/a-1.zip",
            "http://files.example/a-1.zip",
        ] {
            assert_eq!(Route::parse(path), Err(missing()), "{path}");
        }
    }
}
