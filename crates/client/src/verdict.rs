//! Verdicts: what a log says about one file, in one word.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What a log says about a file. `Display` is the name that scripts rely on.
///
/// ```
/// use client::{Class, Verdict};
///
/// assert_eq!(Verdict::KnownReleaseUnknownHash.to_string(), "known-release-unknown-hash");
/// assert_eq!(Verdict::Conflict.class(), Class::Bad);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Another hash was logged for this filename, perhaps beside this one.
    Conflict,
    /// The release was observed, this hash never: usually a forge tarball, a rebuild or a repack.
    KnownReleaseUnknownHash,
    /// This hash and no other was logged for this filename, which is listed now.
    Match,
    /// As [`Verdict::Match`], but the project or release is quarantined.
    MatchQuarantined,
    /// As [`Verdict::Match`], but the file is listed no more.
    MatchRemoved,
    /// As [`Verdict::Match`], but the file is yanked.
    MatchYanked,
    /// The file is said to come from elsewhere than the package index.
    NotFromIndex,
    /// Nothing is known, and nothing says that the log would know.
    NotYetObserved,
    /// The hash is logged under the name of another release's file.
    SameBytesOtherName,
    /// The hash is that of another file of the same release: a late wheel, for example.
    SameReleaseOtherFile,
    /// Only digests by other algorithms than the log's are known.
    UncoveredAlgorithm,
    /// The publisher's signed expectation for this filename names another hash, or there is none although
    /// the publisher expects every file.
    Unexpected,
    /// Project and version were never observed, although the log covers the index.
    UnknownRelease,
}

/// How good or bad a verdict is, and what follows for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The log knows the file, and nothing speaks against it.
    Good,
    /// Worth a word, no reason to fail.
    Note,
    /// Could not be decided.
    Undecided,
    /// Proven bad.
    Bad,
}

/// The text is no verdict's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected one of {}", Verdict::ALL.map(Verdict::name).join(", "))]
pub struct UnknownVerdict;

impl Verdict {
    /// All of them, in the order of their names.
    pub const ALL: [Verdict; 13] = [
        Verdict::Conflict,
        Verdict::KnownReleaseUnknownHash,
        Verdict::Match,
        Verdict::MatchQuarantined,
        Verdict::MatchRemoved,
        Verdict::MatchYanked,
        Verdict::NotFromIndex,
        Verdict::NotYetObserved,
        Verdict::SameBytesOtherName,
        Verdict::SameReleaseOtherFile,
        Verdict::UncoveredAlgorithm,
        Verdict::Unexpected,
        Verdict::UnknownRelease,
    ];

    /// What it means, in words for a person who reads it for the first time.
    pub const fn meaning(self) -> &'static str {
        match self {
            Verdict::Conflict => "another hash was logged for this filename",
            Verdict::KnownReleaseUnknownHash => {
                "the release is known, these bytes are not: often a forge archive, a rebuild or a repack"
            }
            Verdict::Match => "logged with this hash and no other, and listed now",
            Verdict::MatchQuarantined => "logged with this hash, but quarantined by the index",
            Verdict::MatchRemoved => "logged with this hash, but listed no more",
            Verdict::MatchYanked => "logged with this hash, but yanked",
            Verdict::NotFromIndex => "not from the package index",
            Verdict::NotYetObserved => "not known, and nothing says that the log would know it",
            Verdict::SameBytesOtherName => "these bytes were logged as a file of another release",
            Verdict::SameReleaseOtherFile => {
                "these bytes were logged as another file of the release"
            }
            Verdict::UncoveredAlgorithm => "pinned without a SHA-256, which alone the log holds",
            Verdict::Unexpected => "not what the publisher expects, by its own signed word",
            Verdict::UnknownRelease => "neither the release nor the bytes were ever logged",
        }
    }

    /// The name that reports and scripts use.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Conflict => "conflict",
            Verdict::KnownReleaseUnknownHash => "known-release-unknown-hash",
            Verdict::Match => "match",
            Verdict::MatchQuarantined => "match-quarantined",
            Verdict::MatchRemoved => "match-removed",
            Verdict::MatchYanked => "match-yanked",
            Verdict::NotFromIndex => "not-from-index",
            Verdict::NotYetObserved => "not-yet-observed",
            Verdict::SameBytesOtherName => "same-bytes-other-name",
            Verdict::SameReleaseOtherFile => "same-release-other-file",
            Verdict::UncoveredAlgorithm => "uncovered-algorithm",
            Verdict::Unexpected => "unexpected",
            Verdict::UnknownRelease => "unknown-release",
        }
    }

    /// Whether it is good, and still worth a warning: the file is no longer plainly listed.
    pub const fn warns(self) -> bool {
        matches!(self, Verdict::MatchQuarantined | Verdict::MatchRemoved | Verdict::MatchYanked)
    }

    /// How good or bad it is.
    pub const fn class(self) -> Class {
        match self {
            Verdict::Match
            | Verdict::MatchQuarantined
            | Verdict::MatchRemoved
            | Verdict::MatchYanked
            | Verdict::SameBytesOtherName
            | Verdict::SameReleaseOtherFile => Class::Good,
            Verdict::KnownReleaseUnknownHash
            | Verdict::NotFromIndex
            | Verdict::UncoveredAlgorithm
            | Verdict::UnknownRelease => Class::Note,
            Verdict::NotYetObserved => Class::Undecided,
            Verdict::Conflict | Verdict::Unexpected => Class::Bad,
        }
    }
}

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(name: &str) -> Result<Verdict, UnknownVerdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name).ok_or(UnknownVerdict)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Class {
    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Good => "good",
            Class::Note => "note",
            Class::Undecided => "undecided",
            Class::Bad => "bad",
        }
    }

    /// Exit code of a program: 0, 1 if proven bad, 2 if undecided. Of several verdicts the greatest
    /// class counts.
    pub const fn exit_code(self) -> u8 {
        match self {
            Class::Good | Class::Note => 0,
            Class::Bad => 1,
            Class::Undecided => 2,
        }
    }
}
