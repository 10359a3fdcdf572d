//! What filenames say: kind of distribution, project and version.
//!
//! A search aid, never an identity: the index has names of every age and make. Where a name can be read
//! in several ways, the versions that the index lists decide.

use alloc::string::String;
use alloc::vec::Vec;

use crate::project::ProjectName;
use crate::version::canonical_version;

/// Kind of distribution, by its filename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distribution {
    /// Built files of one platform in an archive, to be unpacked over the file system (`bdist_dumb`).
    Dumb,
    /// Built for setuptools' old installer.
    Egg,
    /// Windows installer package.
    Msi,
    /// RPM package.
    Rpm,
    /// Source archive.
    Sdist,
    /// Wheel.
    Wheel,
    /// Windows installer program.
    Wininst,
}

/// Extensions by kind; a longer one precedes its own ending.
const EXTENSIONS: [(&str, Distribution); 15] = [
    (".whl", Distribution::Wheel),
    (".tar.gz", Distribution::Sdist),
    (".zip", Distribution::Sdist),
    (".tar.bz2", Distribution::Sdist),
    (".tar.xz", Distribution::Sdist),
    (".tar.lzma", Distribution::Sdist),
    (".tar.z", Distribution::Sdist),
    (".tar", Distribution::Sdist),
    (".tgz", Distribution::Sdist),
    (".tbz2", Distribution::Sdist),
    (".tbz", Distribution::Sdist),
    (".egg", Distribution::Egg),
    (".exe", Distribution::Wininst),
    (".msi", Distribution::Msi),
    (".rpm", Distribution::Rpm),
];

/// Where the platform begins that `bdist_dumb` and the Windows installers write behind the version.
const PLATFORMS: [&str; 10] = [
    ".linux-",
    ".macosx-",
    ".win32",
    ".win-",
    ".cygwin-",
    ".freebsd-",
    ".openbsd-",
    ".netbsd-",
    ".solaris-",
    ".aix-",
];

impl Distribution {
    /// Kind of the file with this name; `None` if the name ends like none of them.
    ///
    /// ```
    /// use record::Distribution;
    ///
    /// let kind = Distribution::of("charset_normalizer-3.3.2-py3-none-any.whl");
    /// assert_eq!(kind, Some(Distribution::Wheel));
    /// assert_eq!(Distribution::of("x-1.0.macosx-10.11-x86_64.tar.gz"), Some(Distribution::Dumb));
    /// ```
    pub fn of(filename: &str) -> Option<Distribution> {
        let (stem, kind) = split_extension(filename)?;
        let dumb = kind == Distribution::Sdist && platform_start(stem).is_some();
        Some(if dumb { Distribution::Dumb } else { kind })
    }
}

/// Project and version by the filename alone, or with the project known from elsewhere; `None` if the
/// name cannot be read so.
///
/// Without `project` an sdist's name is split before the longest ending that is a version of PEP 440,
/// else at the last hyphen.
///
/// ```
/// use record::split_filename;
///
/// let (project, version) = split_filename("charset-normalizer-3.3.2.tar.gz", None).unwrap();
/// assert_eq!((project.as_str(), version.as_str()), ("charset-normalizer", "3.3.2"));
/// ```
pub fn split_filename(
    filename: &str,
    project: Option<&ProjectName>,
) -> Option<(ProjectName, String)> {
    let (stem, kind) = split_extension(filename)?;
    let (project, rest) = match project {
        Some(project) => (project.clone(), after_project(stem, project)?),
        None => guess_split(stem, kind)?,
    };
    let version = version_part(rest, kind);
    (!version.is_empty()).then(|| (project, version.into()))
}

/// Version of a file that a project's page lists: the one of `listed` that its name states, spelled as
/// there, or as in the name if the page lists no versions at all; empty if unknown.
///
/// ```
/// use record::{ProjectName, version_of};
///
/// let project = ProjectName::normalise("foo_bar")?;
/// let listed = ["1.0", "1.0-1"].map(String::from);
/// assert_eq!(version_of("foo__bar-1.0-1.tar.gz", &project, &listed), "1.0-1");
/// assert_eq!(version_of("foo_bar-1.0.post1-py3-none-any.whl", &project, &listed), "1.0-1");
/// assert_eq!(version_of("foo_bar-nightly.zip", &project, &listed), "");
/// # Ok::<(), record::InvalidProjectName>(())
/// ```
pub fn version_of(filename: &str, project: &ProjectName, listed: &[String]) -> String {
    let Some((stem, kind)) = split_extension(filename) else { return String::new() };
    let Some(rest) = after_project(stem, project) else { return String::new() };
    let stated = version_part(rest, kind);
    if listed.is_empty() {
        return stated.into();
    }
    [stated, rest]
        .into_iter()
        .find_map(|candidate| find_listed(candidate, listed))
        .cloned()
        .unwrap_or_default()
}

/// The filename without its extension, and what the extension says.
fn split_extension(filename: &str) -> Option<(&str, Distribution)> {
    EXTENSIONS.iter().find_map(|(extension, kind)| {
        let end = filename.len().checked_sub(extension.len())?;
        let (stem, found) = filename.split_at_checked(end)?;
        (found.eq_ignore_ascii_case(extension) && !stem.is_empty()).then_some((stem, *kind))
    })
}

/// What follows the project's name, however the name is spelled.
fn after_project<'a>(stem: &'a str, project: &ProjectName) -> Option<&'a str> {
    stem.match_indices('-')
        .find(|(at, _)| ProjectName::normalise(&stem[..*at]).is_ok_and(|name| name == *project))
        .map(|(at, _)| stem[at..].trim_start_matches('-'))
}

/// Name and rest of a stem whose project is not known.
fn guess_split(stem: &str, kind: Distribution) -> Option<(ProjectName, &str)> {
    let hyphens: Vec<usize> = stem.match_indices('-').map(|(at, _)| at).collect();
    let at = match kind {
        Distribution::Wheel if !matches!(hyphens.len(), 4 | 5) => return None,
        // These two kinds never write a hyphen within a name.
        Distribution::Egg | Distribution::Wheel => *hyphens.first()?,
        _ => {
            let is_version =
                |at: &&usize| canonical_version(version_part(&stem[**at + 1..], kind)).is_some();
            *hyphens.iter().find(is_version).or(hyphens.last())?
        }
    };
    Some((ProjectName::normalise(&stem[..at]).ok()?, &stem[at + 1..]))
}

/// The version at the beginning of what follows the project's name.
fn version_part(rest: &str, kind: Distribution) -> &str {
    let end = match kind {
        Distribution::Wheel => rest.find('-'),
        Distribution::Rpm => rest.rfind('-'),
        _ => platform_start(rest).into_iter().chain(python_start(rest)).min(),
    };
    end.map_or(rest, |end| &rest[..end])
}

fn platform_start(stem: &str) -> Option<usize> {
    PLATFORMS.iter().filter_map(|platform| stem.find(platform)).min()
}

/// Where `-pyX.Y` begins.
fn python_start(stem: &str) -> Option<usize> {
    stem.match_indices("-py")
        .map(|(at, tag)| (at, at + tag.len()))
        .find(|(_, end)| stem[*end..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|(at, _)| at)
}

/// The listed version that `candidate` is: the same text, else an equal version.
fn find_listed<'a>(candidate: &str, listed: &'a [String]) -> Option<&'a String> {
    let raw = listed.iter().find(|version| *version == candidate);
    raw.or_else(|| {
        let canonical = spellings(candidate);
        listed.iter().find(|version| {
            canonical_version(version).is_some_and(|version| canonical.contains(&version))
        })
    })
}

/// The canonical versions that `candidate` may stand for: file names write `_` for `-` and for `+`.
fn spellings(candidate: &str) -> Vec<String> {
    let hyphens = candidate.replace('_', "-");
    let local = candidate.replacen(['_', '-'], "+", 1);
    [candidate, hyphens.as_str(), local.as_str()]
        .into_iter()
        .filter_map(canonical_version)
        .collect()
}
