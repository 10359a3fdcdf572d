//! One requirement: a project, a URL or a path.

use record::{Distribution, ProjectName, canonical_version, split_filename};

use super::super::super::digests::Stated;
use super::super::super::pin::Pin;
use super::super::super::url::filename_of;

/// What a requirement says of all its files, and the hashes in its URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) base: Pin,
    pub(super) hashes: Vec<Stated>,
}

impl Requirement {
    /// Reads `name[extra]==1.0; marker`, `name @ URL`, a URL or a path.
    ///
    /// # Errors
    /// The reason, if it is none of these.
    pub(super) fn parse(text: &str) -> Result<Requirement, String> {
        let first = text.split_whitespace().next().unwrap_or_default();
        if is_url(first) {
            return Requirement::of_url(first);
        }
        if is_path(first) {
            return Ok(Requirement::elsewhere(
                filename_of(first).filter(|name| Distribution::of(name).is_some()),
            ));
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let (name, rest) = text.split_at(text.find(|c| !named(c)).unwrap_or(text.len()));
        let project = ProjectName::normalise(name).map_err(|_| unclear(text))?;
        let rest = without_extras(rest.trim_start()).ok_or_else(|| unclear(text))?;
        let mut requirement = match rest.strip_prefix('@') {
            Some(url) => Requirement::of_url(url.split_whitespace().next().unwrap_or_default())?,
            None => Requirement::default(),
        };
        if !rest.starts_with('@') {
            requirement.base.version = exact_version(rest).map_err(|()| unclear(text))?;
        }
        requirement.base.project = Some(project);
        Ok(requirement)
    }

    fn elsewhere(filename: Option<String>) -> Requirement {
        let base = Pin { filename, from_index: Some(false), ..Pin::default() };
        Requirement { base, hashes: Vec::new() }
    }

    /// A URL, whose fragment may state the project and hashes.
    fn of_url(url: &str) -> Result<Requirement, String> {
        let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (scheme, _) = place.split_once(':').unwrap_or_default();
        let is_file = !scheme.contains('+');
        let mut requirement = Requirement::elsewhere(filename_of(place).filter(|_| is_file));
        for (key, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            if key == "egg" {
                (requirement.base.project, requirement.base.version) = egg(value);
            } else if Stated::knows(key) {
                requirement.hashes.push(Stated::of(key, value)?);
            }
        }
        Ok(requirement)
    }
}

fn unclear(text: &str) -> String {
    let shown: String = text.chars().take(100).collect();
    format!("'{shown}' is no requirement")
}

fn is_url(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let scheme = word.split_once(':').map(|(scheme, _)| scheme);
    // A single letter is a drive.
    scheme.is_some_and(|scheme| scheme.len() > 1 && scheme.chars().all(plain))
}

fn is_path(word: &str) -> bool {
    let place = word.split(['@', ';', '=', '<', '>', '!', '~', '[']).next().unwrap_or_default();
    word.starts_with(['.', '/', '~'])
        || place.contains(['/', '\\'])
        || Distribution::of(place).is_some()
}

/// What follows `[extra]`, if a list of extras is there and closed.
fn without_extras(rest: &str) -> Option<&str> {
    match rest.strip_prefix('[') {
        None => Some(rest),
        Some(extras) => extras.split_once(']').map(|(_, rest)| rest.trim_start()),
    }
}

/// The version in `==1.0 ; marker`; `None` if other versions are allowed, too.
///
/// # Errors
/// If it is no restriction of versions at all.
fn exact_version(rest: &str) -> Result<Option<String>, ()> {
    let clauses = rest.split(';').next().unwrap_or_default().trim();
    let inner = clauses.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    let clauses = inner.unwrap_or(clauses).trim();
    if !clauses.is_empty() && !clauses.starts_with(['<', '>', '=', '!', '~']) {
        return Err(());
    }
    let version = clauses.strip_prefix("===").or_else(|| clauses.strip_prefix("=="));
    let is_other = |c: char| matches!(c, '*' | ',') || c.is_whitespace();
    let version = version.map(str::trim).filter(|version| !version.contains(is_other));
    Ok(version.filter(|version| !version.is_empty()).map(str::to_owned))
}

/// Project and version in `name`, `name[extra]`, `name==1.0` or `name-1.0`.
fn egg(text: &str) -> (Option<ProjectName>, Option<String>) {
    let name = text.split(['[', '=']).next().unwrap_or_default();
    let sdist = split_filename(&format!("{name}.zip"), None);
    if let Some((project, version)) =
        sdist.filter(|(_, version)| canonical_version(version).is_some())
    {
        return (Some(project), Some(version));
    }
    let version = text.split_once("==").map(|(_, version)| version.to_owned());
    (ProjectName::normalise(name).ok(), version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_of_every_kind_are_read() {
        for (text, project, version, filename, elsewhere) in [
            ("a", "a", None, None, false),
            ("Foo.Bar==1.0", "foo-bar", Some("1.0"), None, false),
            ("a [x, y] == 1.0 ; python_version < '3'", "a", Some("1.0"), None, false),
            ("a===1.0-x", "a", Some("1.0-x"), None, false),
            ("a (==1.0)", "a", Some("1.0"), None, false),
            ("a==1.*", "a", None, None, false),
            ("a==1.0,>0", "a", None, None, false),
            ("a>=1.0; extra == 'b'", "a", None, None, false),
            ("a @ https://x.example/b%2B1.zip ; m", "a", None, Some("b+1.zip"), true),
            ("a[x]@file:///tmp/a-1.whl", "a", None, Some("a-1.whl"), true),
            ("a @ git+https://x.example/a@v1#egg=b", "a", None, None, true),
            ("git+ssh://git@x.example/a#egg=b[c]", "b", None, None, true),
            (
                "https://x.example/z/1f.zip#egg=b-0.7.5alpha",
                "b",
                Some("0.7.5alpha"),
                Some("1f.zip"),
                true,
            ),
            ("https://x.example/1f.zip#egg=b==2", "b", Some("2"), Some("1f.zip"), true),
            ("https://u:p@x.example/a-1.zip", "", None, Some("a-1.zip"), true),
            ("./dist/a-1.0.tar.gz[x]", "", None, None, true),
            ("dist/a-1.0.tar.gz", "", None, Some("a-1.0.tar.gz"), true),
            ("a-1.0.tar.gz", "", None, Some("a-1.0.tar.gz"), true),
            (".", "", None, None, true),
        ] {
            let base = Requirement::parse(text).unwrap().base;
            let named = base.project.as_ref().map_or("", ProjectName::as_str);
            assert_eq!(named, project, "{text}");
            assert_eq!(base.version.as_deref(), version, "{text}");
            assert_eq!(base.filename.as_deref(), filename, "{text}");
            assert_eq!(base.from_index, elsewhere.then_some(false), "{text}");
        }
    }

    #[test]
    fn hashes_in_urls_are_read() {
        let digest = record::Digest::sha256(b"a");
        let text = format!("https://x.example/a-1.zip#subdirectory=b&sha256={digest}&md5=00");
        let hashes = Requirement::parse(&text).unwrap().hashes;
        assert_eq!(hashes, [Stated::Sha256(digest), Stated::Other("md5")]);
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for text in
            ["two words", "a[x==1", "-a", "a_", "==1", "a 1.0", "https://x.example/#sha256=0"]
        {
            assert!(Requirement::parse(text).is_err(), "{text}");
        }
    }
}
