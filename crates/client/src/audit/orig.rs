//! Upstream tarballs as Debian and its derivatives rename them.

use record::{ProjectName, canonical_version};

/// Prefixes that sources of Python projects get; a longer one precedes its own beginning.
const PREFIXES: [&str; 2] = ["python3-", "python-"];

/// What marks a tarball that was packed again, with files left out or added.
const REPACKED: [&str; 4] = ["dfsg", "ds", "repack", "debian"];

/// What the name `<source>_<version>.orig[-<component>].tar.<compression>` says.
///
/// ```
/// use client::audit::OrigTarball;
///
/// let tarball = OrigTarball::parse("python-foo_2.0~rc1+dfsg.orig.tar.gz").unwrap();
/// assert_eq!(tarball.projects()[0].as_str(), "foo");
/// assert_eq!(tarball.projects()[1].as_str(), "python-foo");
/// assert_eq!(tarball.version(), "2.0rc1");
/// assert!(tarball.is_repacked());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrigTarball {
    projects: Vec<ProjectName>,
    version: String,
    component: Option<String>,
    is_repacked: bool,
}

impl OrigTarball {
    /// Reads a tarball's name; `None` if it is not of this form.
    pub fn parse(filename: &str) -> Option<OrigTarball> {
        let (source, rest) = filename.split_once('_')?;
        let (version, rest) = rest.split_once(".orig")?;
        let (component, compression) = rest.split_once(".tar.")?;
        let component = match component {
            "" => None,
            _ => Some(component.strip_prefix('-')?.to_owned()),
        };
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word(compression) || version.is_empty() {
            return None;
        }
        let projects = if component.is_none() { projects(source) } else { Vec::new() };
        let (version, is_repacked) = upstream_version(version);
        Some(OrigTarball { projects, version, component, is_repacked })
    }

    /// Projects of the package index that it may be a release of, the likeliest first; none for a
    /// component, whose project has a name that the archive does not tell.
    pub fn projects(&self) -> &[ProjectName] {
        &self.projects
    }

    /// The version upstream, without what the redistributor added to it. Of a component: that of the
    /// tarball which it comes with.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Which further tarball of a source it is; `None` for the main one.
    pub fn component(&self) -> Option<&str> {
        self.component.as_deref()
    }

    /// Whether the name says that the redistributor packed it again, so that its bytes are not upstream's.
    pub fn is_repacked(&self) -> bool {
        self.is_repacked
    }
}

/// What a source may be called on the package index, the likeliest first.
fn projects(source: &str) -> Vec<ProjectName> {
    let bare = PREFIXES.iter().find_map(|prefix| source.strip_prefix(prefix));
    bare.into_iter().chain([source]).filter_map(|name| ProjectName::normalise(name).ok()).collect()
}

/// The version upstream, and whether the tarball was packed again.
fn upstream_version(version: &str) -> (String, bool) {
    let marker = version
        .match_indices(['+', '~', '.', '-'])
        .map(|(at, _)| at)
        .find(|at| is_marker(&version[at + 1..]));
    let kept = marker.map_or(version, |at| &version[..at]);
    // The version of an older upstream release under a number that sorts behind a newer one.
    let kept = kept.rsplit_once("+really").map_or(kept, |(_, really)| really);
    // A tilde sorts before everything: it is how pre-releases are written.
    let joined = kept.replace('~', "");
    let shown = if canonical_version(&joined).is_some() { joined } else { kept.to_owned() };
    (shown, marker.is_some())
}

/// Whether what follows a separator says that the tarball was packed again; `+~` joins the versions of
/// components.
fn is_marker(rest: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphabetic());
    rest.starts_with('~') || REPACKED.iter().any(|word| rest.strip_prefix(word).is_some_and(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tarballs_tell_project_and_version() {
        for (filename, projects, version, is_repacked) in [
            ("foo_1.0.orig.tar.gz", "foo", "1.0", false),
            ("foo_1.0.orig.tar.xz", "foo", "1.0", false),
            ("python-foo_1.0.orig.tar.gz", "foo python-foo", "1.0", false),
            ("python3-foo.bar_1.0.orig.tar.gz", "foo-bar python3-foo-bar", "1.0", false),
            ("python-_1.0.orig.tar.gz", "", "1.0", false),
            ("foo_1.0+dfsg.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0+dfsg1.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0~dfsg.1.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0.dfsg.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0+ds2+~2.0.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0+~2.0.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0+repack.orig.tar.gz", "foo", "1.0", true),
            ("foo_2.0+really1.0.orig.tar.gz", "foo", "1.0", false),
            ("foo_2.0+really1.0+ds.orig.tar.gz", "foo", "1.0", true),
            ("foo_1.0~rc1.orig.tar.gz", "foo", "1.0rc1", false),
            ("foo_1.0~git20200101.abc.orig.tar.gz", "foo", "1.0~git20200101.abc", false),
            ("foo_1.0+git20200101.orig.tar.gz", "foo", "1.0+git20200101", false),
            ("foo_1.0+dsomething.orig.tar.gz", "foo", "1.0+dsomething", false),
            ("foo_1.0.orig-docs.tar.gz", "", "1.0", false),
        ] {
            let tarball = OrigTarball::parse(filename).unwrap();
            let names: Vec<&str> = tarball.projects().iter().map(ProjectName::as_str).collect();
            let read = (names.join(" "), tarball.version(), tarball.is_repacked());
            assert_eq!(read, (projects.to_owned(), version, is_repacked), "{filename}");
        }
    }

    #[test]
    fn components_are_named() {
        let tarball = OrigTarball::parse("foo_1.0.orig-docs-en.tar.gz").unwrap();
        assert_eq!(tarball.component(), Some("docs-en"));
        assert_eq!(OrigTarball::parse("foo_1.0.orig.tar.gz").unwrap().component(), None);
    }

    #[test]
    fn other_names_are_none() {
        for filename in [
            "foo-1.0.tar.gz",
            "foo_1.0.tar.gz",
            "foo_1.0-1.debian.tar.xz",
            "foo_1.0.orig.tar",
            "foo_1.0.orig.tar.gz.asc",
            "foo_1.0.original.tar.gz",
            "foo_.orig.tar.gz",
            "_",
            "",
        ] {
            assert_eq!(OrigTarball::parse(filename), None, "{filename}");
        }
    }
}
