//! One row for each verdict, and for each rule that decides between two.

use record::{
    ContentEntry, Digest, Entry, FileEntry, ProjectName, RemovedEntry, Status, StatusEntry,
    Timestamp,
};
use tlog::LeafIndex;

use super::{Artifact, Coverage, Known, decide};
use crate::entry::VerifiedEntry;
use crate::verdict::Verdict;

const SDIST: &str = "a-1.0.tar.gz";
const WHEEL: &str = "a-1.0-py3-none-any.whl";

fn digest(content: &str) -> Digest {
    Digest::sha256(content.as_bytes())
}

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_223_638).unwrap()
}

fn names(filename: &str) -> (ProjectName, String, String) {
    let (project, version) = record::split_filename(filename, None).unwrap();
    (project, version, filename.into())
}

fn file_of(version: &str, filename: &str, content: &str, yanked: Option<&str>) -> Entry {
    Entry::File(FileEntry {
        project: names(filename).0,
        version: version.into(),
        filename: filename.into(),
        sha256: digest(content),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: yanked.map(String::from),
        provenance: false,
        via: None,
        observed: time(),
    })
}

fn file(filename: &str, content: &str) -> Entry {
    file_of(&names(filename).1, filename, content, None)
}

fn removed(filename: &str, content: &str) -> Entry {
    let (project, version, filename) = names(filename);
    let sha256 = digest(content);
    Entry::Removed(RemovedEntry { project, version, filename, sha256, via: None, observed: time() })
}

fn content(filename: &str, listed: &str, got: &str) -> Entry {
    let (project, version, filename) = names(filename);
    let (sha256, got) = (digest(listed), digest(got));
    Entry::Content(ContentEntry { project, version, filename, sha256, got, observed: time() })
}

fn status(version: Option<&str>, filename: Option<&str>, status: Status) -> Entry {
    let (project, version) = (names(SDIST).0, version.map(String::from));
    let (filename, reason, via) = (filename.map(String::from), None, None);
    Entry::Status(StatusEntry { project, version, filename, status, reason, via, observed: time() })
}

fn verified(log: &[Entry]) -> Vec<VerifiedEntry> {
    let entry = |(index, entry): (u64, &Entry)| {
        let bytes = entry.to_bytes().unwrap().into();
        VerifiedEntry::new(LeafIndex::new(index).unwrap(), bytes)
    };
    (0..).zip(log).map(entry).collect()
}

fn name(entry: &VerifiedEntry) -> Option<String> {
    entry.entry()?.filename().map(String::from)
}

type Adjust<'a> = &'a dyn Fn(&mut Artifact, &mut Known<'_>);

/// Judges the sdist with the content "ours" by a log of these entries.
fn judge(log: &[Entry], adjust: impl FnOnce(&mut Artifact, &mut Known<'_>)) -> super::Finding {
    let entries = verified(log);
    let with_key = |key: record::MapKey| -> Vec<VerifiedEntry> {
        entries.iter().filter(|entry| entry.has_key(&key)).cloned().collect()
    };
    let mut artifact = Artifact {
        filename: Some(SDIST.into()),
        sha256: Some(digest("ours")),
        project: Some(names(SDIST).0),
        version: Some("1.0".into()),
        from_index: None,
    };
    let filename = with_key(record::MapKey::file(SDIST));
    let sha256 = with_key(record::MapKey::sha256(&digest("ours")));
    let project = with_key(record::MapKey::project(&names(SDIST).0));
    let mut known = Known {
        filename: &filename,
        sha256: &sha256,
        project: &project,
        publishers: &[],
        as_of: None,
        coverage: None,
    };
    adjust(&mut artifact, &mut known);
    decide(&artifact, &known)
}

#[test]
fn the_log_decides() {
    use Status::{Active, Quarantined, Unyanked, Yanked};
    let listed = || file(SDIST, "ours");
    let yanked = || file_of("1.0", SDIST, "ours", Some(""));
    let flip = |state| status(Some("1.0"), Some(SDIST), state);
    let cases: Vec<(Verdict, &[u64], Vec<Entry>)> = vec![
        (Verdict::Match, &[0], vec![listed()]),
        (Verdict::Match, &[1], vec![file("b-1.0.tar.gz", "theirs"), listed()]),
        (Verdict::Match, &[0, 1, 2], vec![listed(), removed(SDIST, "ours"), listed()]),
        (Verdict::Match, &[0, 1], vec![yanked(), flip(Unyanked)]),
        (Verdict::Match, &[0], vec![listed(), file("b-1.0.tar.gz", "ours")]),
        (Verdict::MatchRemoved, &[0, 1], vec![listed(), removed(SDIST, "ours")]),
        (Verdict::MatchYanked, &[0], vec![yanked()]),
        (Verdict::MatchYanked, &[0, 1], vec![listed(), flip(Yanked)]),
        (Verdict::MatchQuarantined, &[0, 1], vec![listed(), status(None, None, Quarantined)]),
        (
            Verdict::MatchQuarantined,
            &[0, 1],
            vec![listed(), status(Some("1.0"), None, Quarantined)],
        ),
        (
            Verdict::MatchQuarantined,
            &[0, 1, 2],
            vec![listed(), removed(SDIST, "ours"), status(None, None, Quarantined)],
        ),
        (
            Verdict::Match,
            &[0],
            vec![listed(), status(None, None, Quarantined), status(None, None, Active)],
        ),
        (Verdict::Match, &[0], vec![listed(), status(Some("2.0"), None, Quarantined)]),
        (Verdict::Conflict, &[0], vec![file(SDIST, "theirs")]),
        (Verdict::Conflict, &[0, 1, 2], vec![listed(), file(SDIST, "theirs"), listed()]),
        (Verdict::Conflict, &[0, 1], vec![listed(), content(SDIST, "ours", "theirs")]),
        (Verdict::Conflict, &[0], vec![file(SDIST, "theirs"), file(WHEEL, "ours")]),
        (Verdict::SameReleaseOtherFile, &[0], vec![file(WHEEL, "ours")]),
        (Verdict::SameReleaseOtherFile, &[0], vec![file_of("1.0.0", WHEEL, "ours", None)]),
        (Verdict::SameBytesOtherName, &[0], vec![file("a-2.0.tar.gz", "ours")]),
        (Verdict::SameBytesOtherName, &[0], vec![file("b-1.0.tar.gz", "ours")]),
        (Verdict::KnownReleaseUnknownHash, &[0], vec![file(WHEEL, "wheel")]),
        (Verdict::NotYetObserved, &[], vec![file("a-2.0.tar.gz", "newer")]),
        (Verdict::NotYetObserved, &[], vec![status(None, None, Active)]),
        (Verdict::NotYetObserved, &[], vec![]),
    ];
    for (verdict, positions, log) in cases {
        let finding = judge(&log, |_, _| {});
        let got: Vec<u64> = finding.entries.iter().map(|index| index.get()).collect();
        assert_eq!((finding.verdict, got.as_slice()), (verdict, positions), "{log:?}");
        assert!(!finding.detail.is_empty() && !finding.detail.contains('\n'));
    }
}

#[test]
fn what_comes_from_elsewhere_decides() {
    let coverage = Some(Coverage { serial: Some(25_900_000), swept: Some(time()) });
    let listed = [file(SDIST, "ours")];
    let forge = [file(SDIST, "theirs")];
    let changed = [file(SDIST, "ours"), file(SDIST, "theirs")];
    let elsewhere: Adjust<'_> = &|artifact, _| artifact.from_index = Some(false);
    let cases: [(Verdict, &[Entry], Adjust<'_>); 11] = [
        (Verdict::UnknownRelease, &[], &|_, known| known.coverage = coverage),
        (Verdict::NotFromIndex, &[], elsewhere),
        (Verdict::NotFromIndex, &forge, elsewhere),
        (Verdict::Match, &listed, elsewhere),
        (Verdict::Conflict, &changed, elsewhere),
        (Verdict::NotFromIndex, &listed, &|artifact, _| {
            artifact.from_index = Some(false);
            artifact.sha256 = None;
        }),
        (Verdict::NotYetObserved, &[], &|artifact, _| artifact.from_index = Some(true)),
        (Verdict::UncoveredAlgorithm, &listed, &|artifact, _| artifact.sha256 = None),
        (Verdict::NotYetObserved, &[], &|artifact, _| artifact.version = None),
        (Verdict::Match, &listed, &|_, known| known.coverage = coverage),
        (Verdict::MatchQuarantined, &listed, &|_, known| {
            known.project = Vec::leak(verified(&[status(None, None, Status::Quarantined)]));
        }),
    ];
    for (verdict, log, adjust) in cases {
        assert_eq!(judge(log, adjust).verdict, verdict, "{log:?}");
    }
}

#[test]
fn a_source_that_names_no_file_is_judged_by_the_bytes() {
    use Status::{Quarantined, Yanked};
    let (sdist, wheel) = (|| file(SDIST, "ours"), || file(WHEEL, "ours"));
    let release: Adjust<'_> = &|_, _| ();
    let project: Adjust<'_> = &|artifact, _| artifact.version = None;
    let nothing: Adjust<'_> = &|artifact, _| artifact.project = None;
    let elsewhere: Adjust<'_> = &|artifact, _| artifact.from_index = Some(false);
    let unhashed: Adjust<'_> = &|artifact, _| artifact.sha256 = None;
    let cases: Vec<(Verdict, &[u64], Adjust<'_>, Vec<Entry>)> = vec![
        (Verdict::Match, &[0], release, vec![sdist()]),
        (Verdict::Match, &[0], release, vec![wheel()]),
        (Verdict::Match, &[1], release, vec![file("a-2.0.tar.gz", "theirs"), wheel()]),
        (Verdict::Match, &[0], project, vec![file("a-2.0.tar.gz", "ours")]),
        (Verdict::Match, &[0], nothing, vec![file("b-1.0.tar.gz", "ours")]),
        (Verdict::Match, &[0], elsewhere, vec![sdist()]),
        (Verdict::MatchRemoved, &[0, 1], release, vec![sdist(), removed(SDIST, "ours")]),
        (Verdict::Match, &[2], release, vec![sdist(), removed(SDIST, "ours"), wheel()]),
        (Verdict::MatchYanked, &[0, 1], release, {
            vec![sdist(), status(Some("1.0"), Some(SDIST), Yanked)]
        }),
        (Verdict::MatchQuarantined, &[0, 1], release, {
            vec![sdist(), status(Some("1.0"), None, Quarantined)]
        }),
        (Verdict::Conflict, &[0, 1], release, vec![sdist(), file(SDIST, "theirs")]),
        (Verdict::Conflict, &[1, 2], release, vec![wheel(), sdist(), file(SDIST, "theirs")]),
        (Verdict::Conflict, &[0], release, vec![content(SDIST, "theirs", "ours")]),
        (Verdict::SameBytesOtherName, &[0], release, vec![file("a-2.0.tar.gz", "ours")]),
        (Verdict::SameBytesOtherName, &[0], release, vec![file("b-1.0.tar.gz", "ours")]),
        (Verdict::SameBytesOtherName, &[0], project, vec![file("b-1.0.tar.gz", "ours")]),
        (Verdict::KnownReleaseUnknownHash, &[0], release, vec![file(SDIST, "theirs")]),
        (Verdict::NotFromIndex, &[], elsewhere, vec![file(SDIST, "theirs")]),
        (Verdict::NotYetObserved, &[], project, vec![file(SDIST, "theirs")]),
        (Verdict::NotYetObserved, &[], nothing, vec![file(SDIST, "theirs")]),
        (Verdict::UncoveredAlgorithm, &[], unhashed, vec![sdist()]),
    ];
    for (verdict, positions, adjust, log) in cases {
        let entries = verified(&log);
        let of_bytes = |entry: &&VerifiedEntry| super::saw(entry, &digest("ours"));
        let names: Vec<_> = entries.iter().filter(of_bytes).map(name).collect();
        let named: Vec<VerifiedEntry> =
            entries.iter().filter(|entry| names.contains(&name(entry))).cloned().collect();
        let finding = judge(&log, |artifact, known| {
            artifact.filename = None;
            known.filename = Vec::leak(named);
            adjust(artifact, known);
        });
        let got: Vec<u64> = finding.entries.iter().map(|index| index.get()).collect();
        assert_eq!((finding.verdict, got.as_slice()), (verdict, positions), "{log:?}");
    }
}

#[test]
fn the_file_is_named_that_the_source_does_not_name() {
    let finding = judge(&[file(SDIST, "ours")], |artifact, _| artifact.filename = None);
    assert!(finding.detail.starts_with("these bytes are a-1.0.tar.gz: listed "), "{finding:?}");
}

#[test]
fn a_conflict_tells_the_whole_history() {
    let log = [file(SDIST, "ours"), file(SDIST, "theirs"), removed(SDIST, "theirs")];
    let detail = judge(&log, |_, _| {}).detail;
    assert_eq!(
        detail,
        format!(
            "this file has sha256 {}, the log has others: listed 2026-11-21T01:13:58Z with sha256 {}; \
             listed 2026-11-21T01:13:58Z with sha256 {}; removed from the index, seen \
             2026-11-21T01:13:58Z",
            digest("ours"),
            digest("ours"),
            digest("theirs")
        )
    );
}

#[test]
fn coverage_says_only_what_is_known() {
    let sentences = [
        (Some(7), Some(time()), "the index was seen up to serial 7, last complete sweep: {time}"),
        (Some(7), None, "the index was seen up to serial 7, but never swept completely"),
        (None, Some(time()), "last complete sweep of the index: {time}"),
        (None, None, "the index was never swept completely"),
    ];
    for (serial, swept, sentence) in sentences {
        let sentence = sentence.replace("{time}", &time().to_string());
        assert_eq!(Coverage { serial, swept }.to_string(), sentence);
    }
}
