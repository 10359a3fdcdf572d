//! What people asked on issue trackers, rebuilt. Hashes that the threads do not show are made up.

use super::listing::{FIRST, explained, observe};
use super::says::{pdm, pip, pipenv, poetry, poetry_link, poetry_lock, requirement, uv, uv_lock};
use crate::explain::{Cause, Known, parse};
use crate::verdict::Class;

/// Thread or event, recorded listing, what was pasted, and what happened.
type Row = (&'static str, &'static str, String, Cause, Class);

const CRONTAB: [&str; 2] = [
    "1e35ed7a3cdc3100545b43e196d34754e6551e7f95e4caebbe0e1c0ca41c2f1b",
    "f308a64b8b1d072da4a235e9320398a242e92d080c1d8143bd0c600b24e160f8",
];
const DOCOPT: [&str; 2] = [
    "49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491",
    "0340515c74203895f92f87702896e45424bf51dc71bf15b4748450f50be04346",
];
const GUNICORN: [&str; 2] = [
    "e0a968b5ba15f8a328fdfd7ab1fcb5af4470c28aaf7e55df02a99bc13138e6e8",
    "9dcc4547dbb1cb284accfb15ab5667a0e5d1881cc443e0677b4882a4067a807e",
];
const PARSE: [&str; 2] = [
    "9ff82852bcb65d139813e2a5197627a94966245c897796760a3a2a8eb66f020b",
    "6ce007645384a91150cb7cd7c8a9db2559e273c2e2542b508cd1e342508c2601",
];
const PILLOW: &str = "cee9bc75bff455d317b6947081df0824a8f118de2786dc3d74a3503fd631f4ef";
const SCIPY: &str = "scipy-1.10.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
const WCWIDTH: [&str; 2] = [
    "a5220780a404dbe3353789870978e472cfe477761f06ee55077256e509b156d0",
    "795b138f6875577cd91bba52baf9e445cd5118fd32723b460e30a0af30ea230e",
];

/// A wheel came that was added to the release long after its source archive.
fn late_wheels() -> Vec<Row> {
    let late = |thread, listing, text| (thread, listing, text, Cause::LateFile, Class::Good);
    let wheel = "example_project-1.0-py3-none-any.whl";
    let sdist = "example_project-1.0.tar.gz";
    let hiredis = "hiredis-1.0.0-cp37-cp37m-manylinux1_x86_64.whl";
    let livereload = "livereload-2.6.3-py2.py3-none-any.whl";
    let msgpack = "msgpack-0.6.0-cp37-cp37m-manylinux1_x86_64.whl";
    let parse = "parse-1.19.0-py2.py3-none-any.whl";
    let toolz = "toolz-0.11.0-py3-none-any.whl";
    vec![
        late("pip#3996", "example", pip("example-project==1.0", wheel, &[sdist], wheel)),
        late("pip#5874", "example", uv("example-project==1.0", &[sdist], wheel)),
        late(
            "pip#11692",
            "python-crontab",
            pip(
                "python-crontab==2.6.0",
                "python_crontab-2.6.0-py3-none-any.whl",
                &CRONTAB[..1],
                CRONTAB[1],
            ),
        ),
        late("pipenv#2001", "example", pipenv("example-project==1.0", wheel, &[sdist], wheel)),
        late(
            "gunicorn#2889",
            "gunicorn",
            pip(
                "gunicorn==20.1.0",
                "gunicorn-20.1.0-py3-none-any.whl",
                &GUNICORN[..1],
                GUNICORN[1],
            ),
        ),
        late(
            "hiredis-py#69",
            "hiredis",
            pip("hiredis==1.0.0", hiredis, &["hiredis-1.0.0.tar.gz"], hiredis),
        ),
        late(
            "livereload#265",
            "livereload",
            pdm(livereload, "livereload-2.6.3.tar.gz", livereload),
        ),
        // Both were there when the log began: only the index's claim tells which came late.
        late(
            "msgpack-python#337",
            "msgpack",
            pipenv("msgpack==0.6.0", msgpack, &["msgpack-0.6.0.tar.gz"], msgpack),
        ),
        late("packaging.python.org#564", "example", poetry_link(wheel, wheel, &[sdist])),
        late("parse#156", "parse", pipenv("parse==1.19.0", parse, &PARSE[..1], PARSE[1])),
        late("parse#158", "parse", pip("parse==1.19.0", parse, &PARSE[..1], PARSE[1])),
        late("toolz#498", "toolz", pip("toolz==0.11.0", toolz, &["toolz-0.11.0.tar.gz"], toolz)),
        late(
            "wcwidth#70",
            "wcwidth",
            pip("wcwidth==0.2.6", "wcwidth-0.2.6-py2.py3-none-any.whl", &WCWIDTH[..1], WCWIDTH[1]),
        ),
    ]
}

/// The file is not what it was, or not there any more.
fn changes() -> Vec<Row> {
    let (removed, good, bad) = (Cause::Removed, Class::Good, Class::Bad);
    let sdist = "python-dateutil-2.3.tar.gz";
    let dateutil = requirement("python-dateutil==2.3", &["dateutil first"]);
    let pinned = pip(
        "pinned==2.0",
        "pinned-2.0-py3-none-any.whl",
        &["pinned-2.0.tar.gz"],
        "pinned-2.0-py3-none-any.whl",
    );
    let swapped = pip("swapped==1.0", "swapped-1.0.tar.gz", &["swapped first"], "swapped second");
    vec![
        ("dateutil#67", "python-dateutil", dateutil, Cause::ChangedAfterRemoval, bad),
        (
            "dateutil#67, from the other side",
            "python-dateutil",
            pip("python-dateutil==2.3", sdist, &["dateutil second"], "dateutil first"),
            Cause::ChangedAfterRemoval,
            bad,
        ),
        ("a file replaced while listed", "swapped", swapped, Cause::ChangedInPlace, bad),
        (
            "quality-time#4235",
            "pyquality",
            requirement("pyquality==3.0", &["pyquality-3.0.tar.gz"]),
            removed,
            good,
        ),
        ("pip-tools#1170", "pinned", pinned, removed, good),
        (
            "pypi/support#1248",
            "restored",
            poetry_lock("restored-1.0-py3-none-any.whl", "restored bytes"),
            removed,
            good,
        ),
        (
            "pypi/support#1248, the new name",
            "restored",
            uv_lock("restored-1.0-1-py3-none-any.whl", "restored bytes"),
            Cause::Unchanged,
            good,
        ),
        (
            "a project in quarantine",
            "held",
            requirement("held==1.0", &["held-1.0.tar.gz"]),
            Cause::Quarantined,
            good,
        ),
        (
            "a yanked release",
            "pulled",
            requirement("pulled==1.0", &["pulled-1.0.tar.gz"]),
            Cause::Yanked,
            good,
        ),
    ]
}

/// The bytes, or the hash, come from elsewhere.
fn elsewhere() -> Vec<Row> {
    let (bad, note) = (Class::Bad, Class::Note);
    let edge = "edge_case-1.2-py3-none-any.whl";
    let docopt = format!("docopt-0.6.2-py2.py3-none-any.whl#sha256={}", DOCOPT[1]);
    let promised = format!("{edge}#sha256={}", super::listing::hash("rebuilt"));
    let together = ["together-1.0.tar.gz", "together-1.0-py3-none-any.whl"];
    vec![
        (
            "warehouse#17747",
            "edge-case",
            pip("edge-case==1.2", edge, &[edge], "corrupt bytes"),
            Cause::CorruptedDownload,
            bad,
        ),
        (
            "pypi/support#5879",
            "edge-case",
            uv("edge-case==1.2", &[edge], "other corrupt bytes"),
            Cause::CorruptedDownload,
            Class::Undecided,
        ),
        (
            "poetry#7881",
            "scipy",
            poetry("scipy", "1.10.1", SCIPY, "cut short"),
            Cause::CorruptedDownload,
            bad,
        ),
        (
            "Pillow#3199",
            "pillow",
            pip("pillow==5.1.0", "Pillow-5.1.0.tar.gz", &["forge tarball"], PILLOW),
            Cause::NeverOnIndex,
            note,
        ),
        (
            "babybuddy#41",
            "docopt",
            pipenv("docopt==0.6.2", &docopt, &DOCOPT[..1], DOCOPT[1]),
            Cause::OtherIndex,
            note,
        ),
        (
            "another page lists other bytes for a name of the index",
            "edge-case",
            pip("edge-case==1.2", &promised, &[edge], "rebuilt"),
            Cause::OtherIndex,
            bad,
        ),
        (
            "uv#14883",
            "together",
            uv("together==1.0", &together[..1], together[1]),
            Cause::OtherFile,
            Class::Good,
        ),
    ]
}

#[test]
fn what_people_asked_is_explained() {
    for (thread, listing, text, cause, class) in
        late_wheels().into_iter().chain(changes()).chain(elsewhere())
    {
        let asked = parse(text.as_bytes());
        assert_eq!((asked.questions.len(), asked.more), (1, false), "{thread}: {asked:?}");
        let log = observe(listing);
        let explanation = explained(&log, &asked.questions[0], &Known::default());
        assert_eq!(
            (explanation.cause, explanation.class),
            (cause, class),
            "{thread}: {explanation:?}"
        );
        assert!(!explanation.text.contains('\n') && explanation.text.ends_with('.'), "{thread}");
        let own = FIRST..FIRST + log.len() as u64;
        assert!(!explanation.entries.is_empty(), "{thread}: {explanation:?}");
        assert!(explanation.entries.iter().all(|index| own.contains(&index.get())), "{thread}");
        assert!(explanation.entries.is_sorted_by(|a, b| a < b), "{thread}: {explanation:?}");
    }
}

#[test]
fn times_of_the_log_and_claims_of_the_index_are_told_apart() {
    let wheel = "wcwidth-0.2.6-py2.py3-none-any.whl";
    let text = pip("wcwidth==0.2.6", wheel, &WCWIDTH[..1], WCWIDTH[1]);
    let question = &parse(text.as_bytes()).questions[0];
    let explanation = explained(&observe("wcwidth"), question, &Known::default());
    assert_eq!(
        explanation.text,
        "wcwidth-0.2.6-py2.py3-none-any.whl was added to wcwidth 0.2.6 later than what is expected: the \
         log first saw it 2023-01-16T14:24:58Z, and wcwidth-0.2.6.tar.gz 2023-01-15T19:01:58Z. The \
         expected hash is that of another file of the release, no file changed: this is no attack."
    );
    let [sdist, wheel] = explanation.files.as_slice() else { panic!("{explanation:?}") };
    assert!(sdist.expected && !sdist.got && !wheel.expected && wheel.got);
    assert_eq!(wheel.file.first_seen.to_string(), "2023-01-16T14:24:58Z");
    assert_eq!(wheel.file.uploaded.as_deref(), Some("2023-01-16T14:24:40.128411Z"));
}

#[test]
fn what_was_imported_is_no_sighting() {
    let question =
        &parse(requirement("python-dateutil==2.3", &["dateutil first"]).as_bytes()).questions[0];
    let explanation = explained(&observe("python-dateutil"), question, &Known::default());
    for part in ["imported from \"index-history\"", "before April 2015"] {
        assert!(explanation.text.contains(part), "{explanation:?}");
    }
    assert!(!explanation.text.contains("first seen by the log"), "{explanation:?}");
}
