//! The rules that decide between causes.

use record::Digest;

use super::cause::Cause;
use super::facts::{Facts, LoggedFile, Release};
use super::late::late;
use super::question::Question;
use super::{Known, words};
use crate::verdict::Class;

/// What happened, and how bad it is.
pub(super) struct Judgement {
    pub(super) cause: Cause,
    pub(super) class: Class,
    pub(super) text: String,
}

impl Judgement {
    fn new(cause: Cause, text: impl Into<String>) -> Judgement {
        Judgement { cause, class: cause.class(), text: text.into() }
    }

    fn with_class(mut self, class: Class) -> Judgement {
        self.class = class;
        self
    }
}

pub(super) fn judge(question: &Question, facts: &Facts, known: &Known<'_>) -> Judgement {
    let case = Case { question, facts, known };
    if question.other_algorithms && !question.has_hashes() {
        return Judgement::new(Cause::UncoveredAlgorithm, words::UNCOVERED);
    }
    let decided = match &question.got {
        _ if !question.has_hashes() => case.without_hash(),
        Some(got) if !question.expected.contains(got) => {
            case.changed().or_else(|| case.unexpected()).or_else(|| case.mismatch(got))
        }
        _ => {
            let stated = || case.stated(&question.expected);
            case.changed().or_else(|| case.unexpected()).or_else(stated)
        }
    };
    decided.unwrap_or_else(|| case.absent())
}

struct Case<'a> {
    question: &'a Question,
    facts: &'a Facts,
    known: &'a Known<'a>,
}

impl<'a> Case<'a> {
    /// The release that the question states.
    fn release(&self) -> Option<Release> {
        let (project, version) = self.question.project().zip(self.question.version())?;
        Some(Release { project, version })
    }

    fn release_files(&self) -> Vec<&'a LoggedFile> {
        self.release().map_or(Vec::new(), |release| self.facts.of_release(&release))
    }

    fn with_hashes(&self, hashes: &[Digest]) -> Vec<&'a LoggedFile> {
        hashes.iter().flat_map(|hash| self.facts.with_hash(hash)).collect()
    }

    /// The file with this hash that is nearest to what the question is about.
    fn nearest(&self, sha256: &Digest) -> Option<&'a LoggedFile> {
        let release = self.release();
        let near = |file: &&LoggedFile| release.as_ref().is_some_and(|release| release.has(file));
        let mut files = self.facts.with_hash(sha256);
        let first = files.next()?;
        if near(&first) { Some(first) } else { files.find(near).or(Some(first)) }
    }

    /// The hash that is in doubt, if there is exactly one.
    fn subject(&self) -> Option<&'a Digest> {
        match (&self.question.got, self.question.expected.as_slice()) {
            (Some(got), _) => Some(got),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// A file that the question is about was listed with several hashes.
    fn changed(&self) -> Option<Judgement> {
        let by_hash = self.question.hashes().flat_map(|hash| self.facts.with_hash(hash));
        let mut names =
            by_hash.map(|file| file.filename.as_str()).chain(self.question.filename.as_deref());
        let hashes = names
            .find_map(|name| Some(self.facts.with_name(name)).filter(|hashes| hashes.len() > 1))?;
        let was_removed = hashes
            .windows(2)
            .any(|pair| pair[0].removed.is_some_and(|removed| removed <= pair[1].first_seen));
        let cause = if was_removed { Cause::ChangedAfterRemoval } else { Cause::ChangedInPlace };
        Some(Judgement::new(cause, words::changed(&hashes, cause)))
    }

    /// The publisher expects something else.
    fn unexpected(&self) -> Option<Judgement> {
        let expected = self.known.publisher?;
        let subject = self.subject().filter(|subject| !expected.contains(subject))?;
        Some(Judgement::new(Cause::Unexpected, words::unexpected(subject, expected)))
    }

    /// Other bytes came than any of the expected ones.
    fn mismatch(&self, got: &Digest) -> Option<Judgement> {
        match self.nearest(got) {
            Some(_) if self.question.expected.is_empty() => self.stated(&[*got]),
            Some(came) => Some(self.listed_came(came)),
            None => self.unlisted_came(got),
        }
    }

    /// What came is a file of the index.
    fn listed_came(&self, came: &LoggedFile) -> Judgement {
        let release = Release::of(came);
        let known = self.with_hashes(&self.question.expected);
        let siblings: Vec<&LoggedFile> =
            known.iter().copied().filter(|file| release.has(file)).collect();
        let Some(first) = siblings.first() else {
            return match known.first() {
                Some(other) => {
                    Judgement::new(Cause::OtherRelease, words::other_release(other, Some(came)))
                }
                None => Judgement::new(Cause::NeverOnIndex, words::never_but_got(came)),
            };
        };
        if siblings.iter().all(|file| file.removed.is_some()) {
            return Judgement::new(Cause::Removed, words::removed_and_other(first, came));
        }
        match late(came, &siblings) {
            Some(clock) => Judgement::new(Cause::LateFile, words::late(came, &siblings, clock)),
            None => Judgement::new(Cause::OtherFile, words::other_file(first, came)),
        }
    }

    /// What came was never listed.
    fn unlisted_came(&self, got: &Digest) -> Option<Judgement> {
        let promised = self.question.linked == Some(*got);
        let name = self.question.filename.as_deref();
        if let Some(listed) = self.named() {
            return Some(if promised {
                Judgement::new(Cause::OtherIndex, words::other_index_changed(listed))
            } else {
                Judgement::new(Cause::CorruptedDownload, words::corrupted(listed))
            });
        }
        let known = self.with_hashes(&self.question.expected);
        let expected = known.first()?;
        Some(match name {
            Some(name) => Judgement::new(Cause::OtherIndex, words::other_index(name, expected))
                .with_class(Class::Note),
            None if promised => {
                Judgement::new(Cause::OtherIndex, words::other_index("the file", expected))
                    .with_class(Class::Note)
            }
            // Without the name of what came, it may as well be another file from another index.
            None => Judgement::new(Cause::CorruptedDownload, words::corrupted_or_other(expected))
                .with_class(Class::Undecided),
        })
    }

    /// Hashes are stated, and nothing is said to contradict them.
    fn stated(&self, hashes: &[Digest]) -> Option<Judgement> {
        let known = self.with_hashes(hashes);
        let Some(first) = known.first() else {
            let listed = self.named();
            return listed.map(|it| Judgement::new(Cause::OtherBytes, words::other_bytes(it)));
        };
        let unknown = hashes.iter().filter(|hash| self.facts.with_hash(hash).next().is_none());
        let (unknown, release) = (unknown.count(), self.release());
        if unknown > 0 {
            let text = words::never(unknown, hashes.len(), release.as_ref());
            return Some(Judgement::new(Cause::NeverOnIndex, text));
        }
        if let Some(release) = &release
            && !known.iter().any(|file| release.has(file))
        {
            return Some(Judgement::new(Cause::OtherRelease, words::other_release(first, None)));
        }
        let Some(name) = self.question.filename.as_deref() else { return Some(self.state(&known)) };
        let of_name: Vec<&LoggedFile> =
            known.iter().copied().filter(|file| file.filename == name).collect();
        Some(if of_name.is_empty() {
            let text = words::under_other_name(name, first, self.named().is_some());
            Judgement::new(Cause::OtherFile, text)
        } else {
            self.state(&of_name)
        })
    }

    /// The file that the question names, as the log knows it.
    fn named(&self) -> Option<&'a LoggedFile> {
        self.facts.with_name(self.question.filename.as_deref()?).first().copied()
    }

    /// The hashes are right; what remains is whether the files are plainly listed.
    fn state(&self, known: &[&LoggedFile]) -> Judgement {
        let first = known[0];
        let quarantined =
            known.iter().any(|file| self.facts.quarantine(&Release::of(file)).is_some());
        let cause = if quarantined {
            Cause::Quarantined
        } else if known.iter().all(|file| file.removed.is_some()) {
            Cause::Removed
        } else if known.iter().any(|file| file.yanked.is_some()) {
            Cause::Yanked
        } else {
            Cause::Unchanged
        };
        Judgement::new(cause, words::state(cause, first, known.len()))
    }

    /// No hash to explain: the release's own are shown.
    fn without_hash(&self) -> Option<Judgement> {
        let count = self.release_files().len();
        (count > 0).then(|| Judgement::new(Cause::NoHash, words::no_hash(count)))
    }

    /// No stated hash is known.
    fn absent(&self) -> Judgement {
        let release = self.release();
        if !self.release_files().is_empty() {
            let count = self.question.hashes().count();
            return Judgement::new(
                Cause::NeverOnIndex,
                words::never(count, count, release.as_ref()),
            );
        }
        // A project that was not read may have the release.
        match self.known.coverage.filter(|_| !self.known.partial) {
            Some(coverage) if release.is_some() => {
                Judgement::new(Cause::UnknownRelease, words::unknown_release(coverage))
            }
            Some(coverage) => Judgement::new(Cause::NeverOnIndex, words::unknown_hash(coverage)),
            None => Judgement::new(Cause::NotYetObserved, words::NOT_YET),
        }
    }
}
