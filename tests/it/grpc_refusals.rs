//! Bad input over gRPC: each case has its code, says what is wrong, and changes nothing.

use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{
    BatchLookupRequest, ContentFact, Fact, GetConsistencyProofRequest, GetInclusionProofRequest,
    ListedFile, LookupRequest, StatusFact, UnlistedFile, WatchRequest,
};
use tonic::{Code, Status};

use crate::harness::{Reader, Server, Submitter, TOKEN, TestLog, fact, file, files, indelibled};

/// Entries of the log that is asked.
const SIZE: u64 = 10;

/// What was asked, what came back, and what is to come back: a code and a part of its message.
type Case = (&'static str, Result<(), Status>, Code, &'static str);

fn check(cases: impl IntoIterator<Item = Case>) {
    for (what, answer, code, fragment) in cases {
        let status = answer.expect_err(what);
        assert_eq!(status.code(), code, "{what}: {status}");
        assert!(status.message().contains(fragment), "{what}: {status}");
    }
}

async fn served() -> (TestLog, Server, Reader) {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..SIZE)).await;
    let reader = Reader::open(&server).await;
    (log, server, reader)
}

#[tokio::test]
async fn numbers_that_no_answer_fits() {
    let (_log, server, reader) = served().await;
    let inclusion = async |index, size| {
        let request = GetInclusionProofRequest { index, size };
        reader.clone().log.get_inclusion_proof(request).await.map(drop)
    };
    let consistency = async |from, to| {
        let request = GetConsistencyProofRequest { from, to };
        reader.clone().log.get_consistency_proof(request).await.map(drop)
    };
    let entries = async |start, end| reader.clone().messages(start, end).await.map(drop);
    let watch = async |start| {
        let request = WatchRequest { start, projects: Vec::new() };
        reader.clone().log.watch(request).await.map(drop)
    };
    let (half, most) = (1 << 63, u64::MAX);
    let too_large = "beyond 2^63-1";
    let (bad, beyond) = (Code::InvalidArgument, Code::OutOfRange);
    check([
        (
            "the next index",
            inclusion(SIZE, None).await,
            beyond,
            "index 10 is beyond the published size 10",
        ),
        ("the largest index", inclusion(half - 1, None).await, beyond, "ask again later"),
        ("index 2^63", inclusion(half, None).await, bad, too_large),
        ("index 2^64-1", inclusion(most, None).await, bad, too_large),
        ("size 0", inclusion(0, Some(0)).await, bad, "size 0: the empty tree has no entry"),
        (
            "a size to come",
            inclusion(0, Some(11)).await,
            beyond,
            "size 11 is beyond the published size 10",
        ),
        ("size 2^63", inclusion(0, Some(half)).await, bad, too_large),
        ("size 2^64-1", inclusion(0, Some(most)).await, bad, too_large),
        (
            "an index not in that tree",
            inclusion(5, Some(5)).await,
            bad,
            "index 5 is not in a tree of size 5",
        ),
        (
            "nor in one to come",
            inclusion(20, Some(15)).await,
            bad,
            "index 20 is not in a tree of size 15",
        ),
        ("from beyond to", consistency(6, Some(5)).await, bad, "from 6 is beyond to 5"),
        (
            "from to come",
            consistency(11, None).await,
            beyond,
            "size 11 is beyond the published size 10",
        ),
        (
            "to to come",
            consistency(5, Some(11)).await,
            beyond,
            "size 11 is beyond the published size 10",
        ),
        ("from 2^63", consistency(half, None).await, bad, too_large),
        ("to 2^63", consistency(0, Some(half)).await, bad, too_large),
        ("to 2^64-1", consistency(0, Some(most)).await, bad, too_large),
        ("start beyond end", entries(6, Some(5)).await, bad, "start 6 is beyond end 5"),
        (
            "end to come",
            entries(0, Some(11)).await,
            beyond,
            "end 11 is beyond the published size 10",
        ),
        (
            "start to come",
            entries(11, None).await,
            beyond,
            "start 11 is beyond the published size 10",
        ),
        ("start 2^63", entries(half, None).await, bad, too_large),
        ("end 2^64-1", entries(0, Some(most)).await, bad, too_large),
        ("watch from to come", watch(11).await, beyond, "start 11 is beyond the published size 10"),
        ("watch from 2^64-1", watch(most).await, beyond, "beyond the published size 10"),
    ]);
    server.terminate().await;
}

#[tokio::test]
async fn keys_that_no_entry_has() {
    let (_log, server, reader) = served().await;
    let lookup = async |key| {
        let request = LookupRequest { key };
        reader.clone().log.lookup(request).await.map(drop)
    };
    let many = async |key, keys: usize| {
        let lookups = vec![LookupRequest { key }; keys];
        let messages = lookups.chunks(1000).map(|part| BatchLookupRequest { lookups: part.into() });
        let messages = futures::stream::iter(messages.collect::<Vec<_>>());
        reader.clone().log.batch_lookup(messages).await.map(drop)
    };
    let watch = async |projects| {
        let request = WatchRequest { start: 0, projects };
        reader.clone().log.watch(request).await.map(drop)
    };
    let sha256 = |hex: String| Some(Key::Sha256(hex));
    let project = |name: &str| Some(Key::Project(name.to_owned()));
    let filename = |length: usize| Some(Key::Filename("f".repeat(length)));
    let bad = Code::InvalidArgument;
    let hex = "64 characters of lower-case hex";
    check([
        ("no key", lookup(None).await, bad, "name a project, a filename or a sha256"),
        ("no hex", lookup(sha256(String::new())).await, bad, hex),
        ("63 digits", lookup(sha256("a".repeat(63))).await, bad, hex),
        ("65 digits", lookup(sha256("a".repeat(65))).await, bad, hex),
        ("upper case", lookup(sha256("A".repeat(64))).await, bad, hex),
        ("no digits", lookup(sha256("g".repeat(64))).await, bad, hex),
        ("no filename", lookup(filename(0)).await, bad, "filename: between 1 and 1024 bytes"),
        (
            "a long filename",
            lookup(filename(1025)).await,
            bad,
            "filename: between 1 and 1024 bytes",
        ),
        ("no project", lookup(project("")).await, bad, "project: a project name is ASCII"),
        ("a path", lookup(project("../etc")).await, bad, "project: a project name is ASCII"),
        ("a long project", lookup(project(&"p".repeat(513))).await, bad, "at most 512 bytes"),
        ("none of many", many(None, 3).await, bad, "name a project, a filename or a sha256"),
        ("no hex of many", many(sha256(String::new()), 1).await, bad, hex),
        ("too many", many(filename(9), 20_001).await, bad, "at most 20000 keys a call"),
        ("watch no project", watch(vec![String::new()]).await, bad, "project: a project name"),
        ("watch many", watch(vec!["a".to_owned(); 1001]).await, bad, "at most 1000 projects"),
    ]);
    for (what, key) in [
        ("an unknown project", project("Never.Seen")),
        ("an unknown file", filename(1024)),
        ("an unknown hash", sha256("0".repeat(64))),
    ] {
        let request = LookupRequest { key };
        let answer = reader.clone().log.lookup(request).await.expect(what).into_inner();
        assert!(answer.entries.is_empty() && answer.nodes.is_empty(), "{what}");
        assert!(!answer.checkpoint.is_empty(), "{what}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn who_does_not_hold_the_token_can_not_submit() {
    let (log, server, mut reader) = served().await;
    let open = async |token| Submitter::try_open(&server.url, token).await.map(drop);
    let close = format!("{TOKEN}x");
    let needed = "submitting needs the metadata `authorization: Bearer <token>`";
    let wrong = "this is not the token of this log";
    let code = Code::Unauthenticated;
    check([
        ("no token", open(None).await, code, needed),
        ("an empty token", open(Some("")).await, code, wrong),
        ("the start of it", open(Some(&TOKEN[..16])).await, code, wrong),
        ("more than it", open(Some(&close)).await, code, wrong),
    ]);
    assert_eq!(reader.tree().await.size(), SIZE);
    server.terminate().await;

    let mut command = indelibled(["serve", "--listen", "127.0.0.1:0", "--min-free", "0", "--data"]);
    command.arg(log.data());
    let server = Server::start(command).await;
    let status = Submitter::try_open(&server.url, Some(TOKEN)).await.map(drop);
    let none = "this log has no token";
    check([("a log without a token", status, code, none)]);
    server.terminate().await;
}

#[tokio::test]
async fn unknown_methods_are_unimplemented() {
    let (_log, server, mut reader) = served().await;
    let http = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for path in ["/indelible.v1.Log/Rewrite", "/indelible.v2.Log/GetCheckpoint", "/x.Y/Z"] {
        let request = http.post(format!("{}{path}", server.url)).body(&[0; 5][..]);
        let answer = request.header("content-type", "application/grpc").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let status = answer.headers().get("grpc-status").map(|code| code.to_str().unwrap());
        assert_eq!(status, Some("12"), "{path}: {answer:?}");
    }
    assert_eq!(reader.tree().await.size(), SIZE);
    server.terminate().await;
}

fn listed(change: impl FnOnce(&mut ListedFile)) -> Fact {
    let mut file = file(SIZE);
    change(&mut file);
    fact(Kind::Listed(file))
}

fn of_project(name: &str) -> Fact {
    listed(|file| name.clone_into(&mut file.project))
}

fn named(filename: &str) -> Fact {
    listed(|file| filename.clone_into(&mut file.filename))
}

/// Facts that can not be logged, and what the log says to each.
fn bad_facts() -> Vec<(Fact, &'static str)> {
    let status = |status: &str, project: &str| {
        let (status, project) = (status.to_owned(), project.to_owned());
        fact(Kind::Status(StatusFact { project, status, ..StatusFact::default() }))
    };
    let content = |sha256: usize, got: usize| {
        fact(Kind::Content(ContentFact {
            project: "project-0".to_owned(),
            filename: "f.tar.gz".to_owned(),
            sha256: vec![1; sha256].into(),
            got: vec![2; got].into(),
            ..ContentFact::default()
        }))
    };
    let unlisted = UnlistedFile { project: "No/Name".to_owned(), filename: "f".to_owned() };
    vec![
        (Fact { fact: None }, "the fact is empty"),
        (of_project(""), "project: a project name is ASCII"),
        (of_project("Project-3"), "project: not normalised"),
        (of_project("a..b"), "project: not normalised"),
        (named(&"f".repeat(1025)), "`filename` is longer than 1024 bytes"),
        (named(""), "`filename` is empty"),
        (named("a\nb"), "`filename` holds a control character"),
        (named("a\u{7f}"), "`filename` holds a control character"),
        (listed(|file| file.sha256 = vec![1; 31].into()), "sha256: a digest is 32 bytes, not 31"),
        (listed(|file| file.sha256 = vec![1; 33].into()), "sha256: a digest is 32 bytes, not 33"),
        (listed(|file| file.sha256.clear()), "sha256: a digest is 32 bytes, not 0"),
        (listed(|file| file.blake2b = Some(vec![1; 64].into())), "blake2b: a digest is 32 bytes"),
        (listed(|file| file.metadata = Some(Vec::new().into())), "metadata: a digest is 32 bytes"),
        (fact(Kind::Unlisted(unlisted)), "project: a project name is ASCII"),
        (status("resurrected", "project-0"), "status: \"resurrected\" is none that the log knows"),
        (status("", "project-0"), "status: \"\" is none that the log knows"),
        (status("yanked", "project-0"), "status entry: `status` does not go with the other fields"),
        (status("archived", "-"), "project: a project name is ASCII"),
        (content(31, 32), "sha256: a digest is 32 bytes, not 31"),
        (content(32, 0), "got: a digest is 32 bytes, not 0"),
    ]
}

#[tokio::test]
async fn a_refused_submission_logs_nothing_and_the_stream_goes_on() {
    let (log, server, mut reader) = served().await;
    let mut submitter = Submitter::open(&server).await;
    let mut next = SIZE;
    for (bad, fragment) in bad_facts() {
        // Good facts on both sides of the bad one are not logged either.
        let mut facts = files(next..next + 2);
        facts.insert(1, bad);
        let refused = submitter.refused(facts).await;
        assert_eq!(refused.code, Code::InvalidArgument as i32, "{fragment}: {refused:?}");
        assert!(refused.message.contains(fragment), "{fragment}: {refused:?}");
        assert!(refused.message.contains("fact 1"), "{fragment}: {refused:?}");
        assert_eq!(reader.tree().await.size(), next, "{fragment}");

        let logged = submitter.submit(files(next..next + 1)).await;
        next += 1;
        assert_eq!((logged.entries, log.head(&logged.checkpoint).size.get()), (1, next));
    }
    server.terminate().await;
}

#[tokio::test]
async fn requests_that_are_no_submission_are_refused_alone() {
    let (_log, server, mut reader) = served().await;
    let mut submitter = Submitter::open(&server).await;
    let many = submitter.refused(vec![Fact::default(); 16_385]).await;
    assert_eq!(many.code, Code::InvalidArgument as i32);
    assert!(many.message.contains("at most 16384 facts a request, not 16385"), "{many:?}");

    let answer = submitter.ask(None).await.unwrap();
    let text = format!("{answer:?}");
    assert!(text.contains("asks nothing this log knows"), "{text}");

    let unnamed = submitter.listed("Not_Normal").await.unwrap_err();
    assert_eq!(unnamed.code, Code::InvalidArgument as i32);
    assert!(unnamed.message.contains("not normalised"), "{unnamed:?}");
    assert!(!submitter.listed("never-seen").await.unwrap().known);

    assert_eq!(submitter.submit(Vec::new()).await.entries, 0, "nothing is not an error");
    assert_eq!(submitter.submit(files(0..SIZE)).await.entries, 0, "nor is nothing new");
    assert_eq!(reader.tree().await.size(), SIZE);
    server.terminate().await;
}

#[tokio::test]
async fn a_request_that_is_too_long_ends_its_stream_alone() {
    let (_log, server, mut reader) = served().await;
    let mut submitter = Submitter::open(&server).await;
    let reason = Some("r".repeat(33 << 20));
    let project = "project-0".to_owned();
    let long = StatusFact { project, status: "archived".to_owned(), reason, version: None };
    let status = submitter.try_submit(vec![fact(Kind::Status(long))]).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    assert_eq!(reader.tree().await.size(), SIZE);
    assert_eq!(Submitter::open(&server).await.submit(files(SIZE..SIZE + 1)).await.entries, 1);
    server.terminate().await;
}

#[tokio::test]
async fn text_that_an_entry_can_do_without_is_left_out() {
    let (_log, server, mut reader) = served().await;
    let bad_version = listed(|file| "1\u{0}2".clone_into(&mut file.version));
    assert_eq!(Submitter::open(&server).await.submit(vec![bad_version]).await.entries, 1);
    let entry = reader.entries(SIZE..SIZE + 1).await.remove(0);
    let text = String::from_utf8(entry.to_vec()).unwrap();
    assert!(text.contains("\"version\":\"\""), "{text}");
    server.terminate().await;
}
