//! What publishers expect, and how much of it a log takes.

use indelible_proto::v1;
use record::{Digest, Entry, LookupKey};
use tonic::Code;

use super::{listing, open_log, published_log};
use crate::harness::{Publisher, Submitter, change, expect, raw};

#[tokio::test]
async fn expectations_are_logged_once_and_together() {
    let (log, server, publisher) = published_log(&[]).await;
    let both = vec![publisher.sdist("2.0"), publisher.sdist("2.1")];
    let first = expect(&server, both.clone()).await.unwrap();
    assert_eq!(first.indexes.len(), 2);
    assert_eq!(log.head(&first.checkpoint).size.get(), first.indexes[1] + 1);
    let again = expect(&server, both.clone()).await.unwrap();
    assert_eq!(again.indexes, first.indexes, "nothing is logged twice");
    let twice = vec![publisher.sdist("2.2"), publisher.sdist("2.2"), publisher.sdist("2.0")];
    let twice = expect(&server, twice).await.unwrap().indexes;
    assert_eq!((twice[0], twice[2]), (twice[1], first.indexes[0]));

    // One that is not allowed keeps out all of its request.
    let mut forged = publisher.sdist("2.4");
    forged.signature = publisher.sdist("2.5").signature;
    let refused = expect(&server, vec![publisher.sdist("2.3"), forged]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("expectation 1"), "{refused}");
    let key = LookupKey::parse("file", "project_1-2.3.tar.gz").unwrap();
    let mut client = log.client(&server, "heads");
    assert!(client.lookup(&key).await.unwrap().entries().is_empty());

    let key = LookupKey::parse("file", "project_1-2.0.tar.gz").unwrap();
    let found = client.lookup(&key).await.unwrap();
    let entry = found.entries()[0].entry().unwrap();
    assert!(matches!(entry, Entry::Expected(e) if e.key == publisher.public()), "{entry:?}");
    server.terminate().await;
    assert_eq!(log.fsck().await.code, Some(0));
}

#[tokio::test]
async fn what_never_appears_can_not_fill_the_log() {
    let (_log, server, publisher) = published_log(&["--outstanding", "3"]).await;
    let versions = ["2.0", "2.1", "2.2"].map(|version| publisher.sdist(version));
    expect(&server, versions.to_vec()).await.unwrap();
    let full = expect(&server, vec![publisher.sdist("2.3")]).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted, "{full}");
    assert!(full.message().contains("4 files of project-1"), "{full}");
    // Another word about a file that is expected already is not another file.
    let name = "project_1-2.0.tar.gz";
    let other = publisher.expectation("2.0", name, &Digest::from([9; 32]));
    expect(&server, vec![other]).await.unwrap();
    // What the index lists makes room.
    let listed = listing("2.0", name, &Digest::sha256(name.as_bytes()));
    Submitter::open(&server).await.submit(vec![listed]).await;
    expect(&server, vec![publisher.sdist("2.3")]).await.unwrap();
    let full = expect(&server, vec![publisher.sdist("2.4")]).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted, "{full}");
}

#[tokio::test]
async fn a_spammer_is_held_back_and_nobody_else() {
    let (_log, server, spammer) = published_log(&["--expectations-per-hour", "5"]).await;
    let listed = |number: u64| v1::fact::Fact::Listed(crate::harness::file(number));
    Submitter::open(&server).await.submit(vec![crate::harness::fact(listed(2))]).await;
    let other = Publisher::new("project-2", 2);
    change(&server, other.enrolment()).await.unwrap().unwrap();

    let versions = |publisher: &Publisher, from: u32, to: u32| {
        let versions = (from..to).map(|minor| publisher.sdist(&format!("2.{minor}")));
        versions.collect::<Vec<_>>()
    };
    expect(&server, versions(&spammer, 0, 5)).await.unwrap();
    let held = expect(&server, versions(&spammer, 5, 6)).await.unwrap_err();
    assert_eq!(held.code(), Code::ResourceExhausted, "{held}");
    assert!(held.message().contains("try again in"), "{held}");
    let never = expect(&server, versions(&spammer, 5, 15)).await.unwrap_err();
    assert_eq!(never.code(), Code::FailedPrecondition, "{never}");
    // Forged in the name of the other, which uses up nothing of what it may.
    for minor in 0..10 {
        let mut forged = other.sdist(&format!("1.{minor}"));
        forged.signature = spammer.sdist("9").signature;
        let denied = expect(&server, vec![forged]).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied, "{denied}");
    }
    expect(&server, versions(&other, 0, 5)).await.unwrap();
    let metrics = raw(server.address(), "GET", "/metrics", "");
    let metrics = String::from_utf8(metrics.await.body).unwrap();
    for line in [
        "indelible_expectations_total{outcome=\"logged\"} 10",
        "indelible_expectations_total{outcome=\"not-allowed\"} 10",
        "indelible_expectations_total{outcome=\"limit\"} 1",
        "indelible_key_changes_total{outcome=\"enrol\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn malformed_expectations_are_refused_with_the_reason() {
    let (_log, server, publisher) = published_log(&[]).await;
    let good = publisher.sdist("2.0");
    let foreign = Digest::from([1; 32]);
    let cases = [
        (v1::Expectation { project: "Project-1".into(), ..good.clone() }, "project:"),
        (v1::Expectation { sha256: vec![1; 20].into(), ..good.clone() }, "sha256:"),
        (v1::Expectation { key: "x".into(), ..good.clone() }, "key:"),
        (v1::Expectation { signature: bytes::Bytes::new(), ..good.clone() }, "signature:"),
        (v1::Expectation { filename: "a\nb".into(), ..good.clone() }, "`filename`"),
        (v1::Expectation { version: "v".repeat(2000), ..good.clone() }, "`version`"),
        (
            publisher.expectation("2.31.0", "requests-2.31.0.tar.gz", &foreign),
            "not the name of a file of project-1",
        ),
        (publisher.expectation("2.1", "project_1-2.0.tar.gz", &foreign), "not the name of a file"),
    ];
    for (expectation, reason) in cases {
        let status = expect(&server, vec![good.clone(), expectation]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(reason), "{status}");
        assert!(status.message().contains("expectation 1"), "{status}");
    }
    for many in [Vec::new(), vec![good; 1001]] {
        let status = expect(&server, many).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
}

#[tokio::test]
async fn a_log_without_a_token_takes_what_publishers_sign() {
    let (log, server) = open_log(&[]).await;
    server.terminate().await;
    let mut command = crate::harness::indelibled(["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(log.data()).args(["--min-free", "0", "--enrolment", "open"]);
    let server = crate::harness::Server::start(command).await;
    let publisher = Publisher::new("project-1", 1);
    change(&server, publisher.enrolment()).await.unwrap().unwrap();
    expect(&server, vec![publisher.sdist("2.0")]).await.unwrap();
    let refused = Submitter::try_open(&server.url, Some("some-token-of-nobody")).await.err();
    assert_eq!(refused.unwrap().code(), Code::Unauthenticated);
}
