//! Whether a file was added to its release after others.

use record::Timestamp;

use super::facts::LoggedFile;

/// The files of one release are uploaded, and seen, within minutes; what comes later comes late.
const LATE_SECONDS: u64 = 600;

/// Which clock says that a file is late. The two are never compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The log first saw it later.
    Seen,
    /// The index claims that it was uploaded later.
    Uploaded,
}

/// Whether `file` is later than all of `others`.
pub(super) fn late(file: &LoggedFile, others: &[&LoggedFile]) -> Option<Late> {
    let all = |later: fn(&LoggedFile, &LoggedFile) -> bool| {
        !others.is_empty() && others.iter().all(|other| later(file, other))
    };
    if all(seen_later) {
        Some(Late::Seen)
    } else if all(uploaded_later) {
        Some(Late::Uploaded)
    } else {
        None
    }
}

fn seen_later(file: &LoggedFile, other: &LoggedFile) -> bool {
    // When data were imported says nothing about the files.
    file.via.is_none() && other.via.is_none() && is_late(file.first_seen, other.first_seen)
}

fn uploaded_later(file: &LoggedFile, other: &LoggedFile) -> bool {
    let times = claimed(file).zip(claimed(other));
    times.is_some_and(|(file, other)| is_late(file, other))
}

fn is_late(time: Timestamp, other: Timestamp) -> bool {
    time.unix().checked_sub(other.unix()).is_some_and(|later| later >= LATE_SECONDS)
}

/// The claimed upload time in whole seconds, if it has the usual form.
pub(super) fn claimed(file: &LoggedFile) -> Option<Timestamp> {
    let claim = file.uploaded.as_deref()?;
    let seconds = claim.get(..19).filter(|_| claim.ends_with('Z'))?;
    Timestamp::parse(&format!("{seconds}Z")).ok()
}
