//! The sentences of explanations.

use record::{Digest, Timestamp};

use super::cause::Cause;
use super::facts::{Download, LoggedFile, Quarantine, Release};
use super::late::{Late, claimed};
use crate::decide::Coverage;

/// From 2015-04-01 on, the index no longer lets a file's bytes be replaced.
const IMMUTABLE_SINCE: u64 = 1_427_846_400;

pub(super) const NOT_YET: &str = "The log has neither the release nor any of these hashes, and it does \
    not say how far it has seen the index: nothing can be concluded yet.";

pub(super) const PARTIAL: &str = "There are too many entries for one answer: only those of some \
    filenames and hashes were read, not whether the project is quarantined.";

pub(super) const UNCOVERED: &str =
    "The log holds SHA-256 hashes alone, and only other ones are stated.";

fn release_of(file: &LoggedFile) -> String {
    name(&Release::of(file))
}

fn name(release: &Release) -> String {
    if release.version.is_empty() {
        release.project.to_string()
    } else {
        format!("{} {}", release.project, release.version)
    }
}

/// "on 2026-..., when this log saw it", or what was imported.
fn first_seen(file: &LoggedFile) -> String {
    match &file.via {
        Some(via) => format!("imported from {via:?} {}", file.first_seen),
        None => format!("first seen by the log {}", file.first_seen),
    }
}

pub(super) fn changed(hashes: &[&LoggedFile], cause: Cause) -> String {
    let (first, last) = (hashes[0], hashes[hashes.len() - 1]);
    let how = match (cause, first.removed) {
        (Cause::ChangedAfterRemoval, Some(removed)) => {
            format!("It was removed (seen {removed}) and listed again with other bytes")
        }
        (Cause::ChangedAfterRemoval, None) => {
            "It was removed and listed again with other bytes".to_owned()
        }
        _ => "Its bytes were replaced while it was listed".to_owned(),
    };
    let mut text = format!(
        "{} was listed with {} different hashes. {how}: the first hash was {}, the last one was {}.",
        first.filename,
        hashes.len(),
        first_seen(first),
        first_seen(last),
    );
    let before = |time: Timestamp| time.unix() < IMMUTABLE_SINCE;
    if hashes.iter().all(|file| claimed(file).is_some_and(before)) {
        text.push_str(
            " The index claims that all of them were uploaded before April 2015, when it still let \
             maintainers replace files.",
        );
    }
    text
}

pub(super) fn unexpected(subject: &Digest, expected: &[Digest]) -> String {
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    let expected = if expected.is_empty() { "no such file".into() } else { expected.join(" or ") };
    format!("The publisher signed that the file is {expected}, but this is {subject}.")
}

pub(super) fn late(came: &LoggedFile, siblings: &[&LoggedFile], clock: Late) -> String {
    let newest = siblings.iter().max_by_key(|file| file.first_seen).unwrap_or(&came);
    let times = match clock {
        Late::Seen => {
            format!(
                "the log first saw it {}, and {} {}",
                came.first_seen, newest.filename, newest.first_seen
            )
        }
        Late::Uploaded => format!(
            "the index claims that it was uploaded {}, and {} {}",
            came.uploaded.as_deref().unwrap_or_default(),
            newest.filename,
            newest.uploaded.as_deref().unwrap_or_default(),
        ),
    };
    format!(
        "{} was added to {} later than what is expected: {times}. The expected hash is that of another \
         file of the release, no file changed: this is no attack.",
        came.filename,
        release_of(came),
    )
}

pub(super) fn other_file(expected: &LoggedFile, came: &LoggedFile) -> String {
    format!(
        "The expected hash is that of {}, but {} came, another file of {}. No file changed: this is no \
         attack.",
        expected.filename,
        came.filename,
        release_of(came),
    )
}

pub(super) fn removed_and_other(expected: &LoggedFile, came: &LoggedFile) -> String {
    let removed = expected.removed.map(|time| format!(" (seen {time})")).unwrap_or_default();
    format!(
        "The expected hash is that of {}, which was removed from the index{removed}. What came is {}, \
         another file of {}: no file changed its bytes.",
        expected.filename,
        came.filename,
        release_of(came),
    )
}

pub(super) fn other_release(known: &LoggedFile, came: Option<&LoggedFile>) -> String {
    let (filename, release) = (&known.filename, release_of(known));
    match came {
        Some(came) => format!(
            "The expected hash is that of {filename}, which belongs to {release}. What came is {} of {}, \
             as the index lists it.",
            came.filename,
            release_of(came),
        ),
        None => format!(
            "The hash is that of {filename}, which belongs to {release}, not to this release."
        ),
    }
}

pub(super) fn under_other_name(stated: &str, known: &LoggedFile, logged: bool) -> String {
    let stated = if logged {
        format!("{stated} was listed with another hash")
    } else {
        format!("The log has never seen {stated}")
    };
    format!("{stated}; this one is that of {}, a file of {}.", known.filename, release_of(known))
}

pub(super) fn never_but_got(came: &LoggedFile) -> String {
    format!(
        "The expected hash was never seen on the index. What came is {} of {} as the index lists it, {}, \
         and it never had another hash.",
        came.filename,
        release_of(came),
        first_seen(came),
    )
}

pub(super) fn never(unknown: usize, stated: usize, release: Option<&Release>) -> String {
    let release = release.map_or("the release".to_owned(), name);
    let which = match (stated, stated.saturating_sub(unknown)) {
        (1, _) => "this hash was never".to_owned(),
        (_, 0) => format!("none of the {stated} hashes was ever"),
        (_, 1) => format!("only one of the {stated} hashes was ever"),
        (_, known) => format!("only {known} of the {stated} hashes were ever"),
    };
    format!("The log knows {release}, but {which} seen on the index.")
}

pub(super) fn corrupted(listed: &LoggedFile) -> String {
    format!(
        "The bytes that came were never listed. {} was {} and never had another hash: the download was \
         cut short or damaged on its way, or somebody replaced it for you alone.",
        listed.filename,
        first_seen(listed),
    )
}

pub(super) fn corrupted_or_other(expected: &LoggedFile) -> String {
    format!(
        "The bytes that came were never listed. The expected hash is that of {}, {} and unchanged: the \
         download was damaged, or it was another file, from another index.",
        expected.filename,
        first_seen(expected),
    )
}

pub(super) fn other_index_changed(listed: &LoggedFile) -> String {
    format!(
        "The page that the installer read promised the bytes that came, but the log never saw the index \
         list them: {} was {} with another hash, and never had a different one. Another index rebuilt it, \
         or the index shows you something else than everybody.",
        listed.filename,
        first_seen(listed),
    )
}

pub(super) fn other_index(came: &str, expected: &LoggedFile) -> String {
    format!(
        "The log has never seen {came}, neither its name nor its bytes; the expected hash is that of {} \
         of {}, unchanged. It comes from another index, which rebuilds files or has its own.",
        expected.filename,
        release_of(expected),
    )
}

pub(super) fn other_bytes(listed: &LoggedFile) -> String {
    format!(
        "{} was {} with another hash, and the stated one was never listed.",
        listed.filename,
        first_seen(listed)
    )
}

pub(super) fn state(cause: Cause, first: &LoggedFile, count: usize) -> String {
    let subject = match count {
        1 => format!("{} has this hash and never had another", first.filename),
        _ => format!(
            "All hashes are those of files of {}, which never had others",
            release_of(first)
        ),
    };
    let removed = first.removed.map(|time| format!(" (seen {time})")).unwrap_or_default();
    match cause {
        Cause::Quarantined => format!("{subject}. It is quarantined on the index."),
        Cause::Removed => format!("{subject}. It was removed from the index{removed}."),
        Cause::Yanked => {
            format!("{subject}. It was yanked: installers choose it only where it is pinned.")
        }
        _ => format!("{subject}; {}.", first_seen(first)),
    }
}

pub(super) fn no_hash(count: usize) -> String {
    format!(
        "No hash is stated, so nothing can have mismatched. The log has {count} for this release."
    )
}

pub(super) fn unknown_release(coverage: Coverage) -> String {
    format!("The log does not have this release; {coverage}.")
}

pub(super) fn unknown_hash(coverage: Coverage) -> String {
    format!("No file that the log knows has this hash; {coverage}.")
}

pub(super) fn quarantine(release: &Release, quarantine: &Quarantine) -> String {
    let reason = quarantine.reason.as_ref().map(|reason| format!(" ({reason:?})"));
    let (since, reason) = (quarantine.since, reason.unwrap_or_default());
    format!("{} is quarantined since {since}{reason}.", name(release))
}

pub(super) fn download(download: &Download, got: Option<Digest>) -> String {
    let same = if got == Some(download.got) { ", the same that came here" } else { "" };
    format!(
        "The log's own downloads of {} had other bytes than listed, too: {}{same}, seen {}.",
        download.filename, download.got, download.time,
    )
}
