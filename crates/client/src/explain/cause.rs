//! Why a hash did not match, in one word.

use std::fmt;

use crate::verdict::Class;

/// Why a hash did not match, or what is to be known about one that did. `Display` is the name that
/// scripts rely on.
///
/// ```
/// use client::explain::Cause;
///
/// assert_eq!(Cause::LateFile.to_string(), "late-file");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The file has another hash since it was removed and listed again.
    ChangedAfterRemoval,
    /// The file has another hash, without ever having been removed.
    ChangedInPlace,
    /// The bytes that came were never listed, the expected ones are, unchanged.
    CorruptedDownload,
    /// The file was added to the release after the ones whose hashes are expected.
    LateFile,
    /// The release is known, the expected hash was never on the index.
    NeverOnIndex,
    /// No hash is stated; the logged ones are shown.
    NoHash,
    /// Nothing is known, and nothing says that the log would know.
    NotYetObserved,
    /// The filename is logged, but only with other hashes than the stated one.
    OtherBytes,
    /// The hash is that of another file of the same release.
    OtherFile,
    /// The file that came was never on the package index, or not with these bytes.
    OtherIndex,
    /// The hash is that of a file of another release.
    OtherRelease,
    /// The file is right; its project or release is quarantined.
    Quarantined,
    /// The file whose hash is expected was removed from the index.
    Removed,
    /// The file is right, listed, and never had another hash.
    Unchanged,
    /// Only digests by other algorithms than the log's are stated.
    UncoveredAlgorithm,
    /// The publisher's signed expectation names another hash.
    Unexpected,
    /// Project and version were never observed, although the log covers the index.
    UnknownRelease,
    /// The file is right; it was yanked.
    Yanked,
}

impl Cause {
    /// The name that reports and scripts use.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::ChangedAfterRemoval => "changed-after-removal",
            Cause::ChangedInPlace => "changed-in-place",
            Cause::CorruptedDownload => "corrupted-download",
            Cause::LateFile => "late-file",
            Cause::NeverOnIndex => "never-on-index",
            Cause::NoHash => "no-hash",
            Cause::NotYetObserved => "not-yet-observed",
            Cause::OtherBytes => "other-bytes",
            Cause::OtherFile => "other-file",
            Cause::OtherIndex => "other-index",
            Cause::OtherRelease => "other-release",
            Cause::Quarantined => "quarantined",
            Cause::Removed => "removed",
            Cause::Unchanged => "unchanged",
            Cause::UncoveredAlgorithm => "uncovered-algorithm",
            Cause::Unexpected => "unexpected",
            Cause::UnknownRelease => "unknown-release",
            Cause::Yanked => "yanked",
        }
    }

    /// How good or bad it is, where the cause alone decides.
    pub(super) const fn class(self) -> Class {
        match self {
            Cause::ChangedAfterRemoval
            | Cause::ChangedInPlace
            | Cause::CorruptedDownload
            | Cause::OtherBytes
            | Cause::OtherIndex
            | Cause::Unexpected => Class::Bad,
            Cause::LateFile
            | Cause::OtherFile
            | Cause::OtherRelease
            | Cause::Quarantined
            | Cause::Removed
            | Cause::Unchanged
            | Cause::Yanked => Class::Good,
            Cause::NeverOnIndex
            | Cause::NoHash
            | Cause::UncoveredAlgorithm
            | Cause::UnknownRelease => Class::Note,
            Cause::NotYetObserved => Class::Undecided,
        }
    }

    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Cause::ChangedAfterRemoval | Cause::ChangedInPlace => {
                "Do not update the hash before you know why the file changed: ask the project, and \
                 keep the file that you have."
            }
            Cause::CorruptedDownload => {
                "Clear the installer's cache and download again, from another network if it stays so. \
                 Keep the file: only its bytes tell damage from an attack."
            }
            Cause::LateFile | Cause::OtherFile => {
                "Lock the release again, so that the hashes of all its files are expected."
            }
            Cause::NeverOnIndex => {
                "Find out where the expected hash comes from: an archive of a source forge, a \
                 rebuild, a private index, or a file that was deleted before the log began."
            }
            Cause::NoHash => "Add the hashes of the files that you mean to install.",
            Cause::NotYetObserved => {
                "The log may only not have seen it yet: try again in some minutes."
            }
            Cause::OtherBytes => {
                "Find out where this hash comes from before you trust it: the index was never seen \
                 to list it under this name."
            }
            Cause::OtherIndex => {
                "Which index does the installer use? If it is the package index itself, it shows you \
                 something else than it shows the log: keep the file and report it."
            }
            Cause::OtherRelease => "Lock again: a hash of one release stands at another.",
            Cause::Quarantined => "Do not install it until the quarantine is over.",
            Cause::Removed => {
                "The release's other files, or another release, are what installers find now."
            }
            Cause::Unchanged => "Nothing is wrong with this hash.",
            Cause::UncoveredAlgorithm => "State SHA-256 hashes: they are what the log holds.",
            Cause::Unexpected => "Ask the publisher before you install it.",
            Cause::UnknownRelease => {
                "Are name and version right, and does this come from the package index at all?"
            }
            Cause::Yanked => "Choose another release, unless the reason does not concern you.",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
