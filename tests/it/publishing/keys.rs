//! Who speaks for a project.

use indelible_proto::v1;
use record::KeyAction;
use tonic::Code;

use super::{last_key, open_log, published_log};
use crate::harness::{
    Publisher, Submitter, TestLog, as_operator, change, desk, expect, fact, file, indelibled, run,
};

#[tokio::test]
async fn an_enrolment_waits_for_the_operator_even_across_a_restart() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let publisher = Publisher::new("project-1", 1);
    let unseen = change(&server, publisher.enrolment()).await.unwrap_err();
    assert_eq!(unseen.code(), Code::FailedPrecondition, "{unseen}");
    assert!(unseen.message().contains("not seen a file of project-1"), "{unseen}");

    let listed = v1::fact::Fact::Listed(file(1));
    Submitter::open(&server).await.submit(vec![fact(listed)]).await;
    assert_eq!(change(&server, publisher.enrolment()).await.unwrap(), None);
    assert_eq!(change(&server, publisher.enrolment()).await.unwrap(), None, "asked again");
    let refused = expect(&server, vec![publisher.sdist("2.0")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    server.terminate().await;

    let server = log.serve().await;
    let key = |command: &str, more: &[&str]| {
        let mut program = indelibled(["key", command, "--log", &server.url, "--token-file"]);
        program.arg(log.path("token")).args(more);
        run(program)
    };
    let pending = key("pending", &[]).await;
    assert_eq!(pending.stdout.lines().count(), 1, "{pending:?}");
    assert!(pending.stdout.contains(publisher.public().as_str()), "{pending:?}");
    let approved = key("approve", &["project_1"]).await;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert!(approved.stdout.contains("for project-1: entry 1"), "{approved:?}");
    assert_eq!(key("pending", &[]).await.stdout, "");
    assert_eq!(key("approve", &["project-1"]).await.code, Some(2));
    expect(&server, vec![publisher.sdist("2.0")]).await.unwrap();

    let vkey = publisher.public().to_string();
    let revoked = key("revoke", &["project-1", "--key", &vkey]).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let refused = expect(&server, vec![publisher.sdist("3.0")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let next = Publisher::new("project-1", 2).public().to_string();
    let enrolled = key("enrol", &["project-1", "--key", &next]).await;
    assert_eq!(enrolled.code, Some(0), "{enrolled:?}");
    let back = key("enrol", &["project-1", "--key", &vkey]).await;
    assert_eq!(back.code, Some(2));
    assert!(back.stderr.contains("never comes back"), "{back:?}");
}

#[tokio::test]
async fn waiting_enrolments_are_bounded_and_can_be_refused() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let listed = v1::fact::Fact::Listed(file(1));
    Submitter::open(&server).await.submit(vec![fact(listed)]).await;
    for number in 1..=4 {
        let publisher = Publisher::new("project-1", number);
        assert_eq!(change(&server, publisher.enrolment()).await.unwrap(), None);
    }
    let fifth = Publisher::new("project-1", 5);
    let full = change(&server, fifth.enrolment()).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted, "{full}");
    let refuse = v1::RefuseKeyRequest {
        project: "project-1".to_owned(),
        key: Publisher::new("project-1", 2).public().to_string(),
    };
    let refused = desk(&server).await.refuse_key(as_operator(refuse.clone())).await.unwrap();
    assert!(refused.into_inner().found);
    let again = desk(&server).await.refuse_key(as_operator(refuse)).await.unwrap();
    assert!(!again.into_inner().found);
    assert_eq!(change(&server, fifth.enrolment()).await.unwrap(), None);
}

#[tokio::test]
async fn a_closed_log_enrols_by_its_operator_alone() {
    let log = TestLog::create().await;
    let server = log.serve_with(&["--enrolment", "closed"]).await;
    let publisher = Publisher::new("project-1", 1);
    let closed = change(&server, publisher.enrolment()).await.unwrap_err();
    assert_eq!(closed.code(), Code::FailedPrecondition, "{closed}");
    let by_operator = v1::EnrolKeyRequest {
        by: "operator".to_owned(),
        signature: bytes::Bytes::new(),
        ..publisher.enrolment()
    };
    let impostor = change(&server, by_operator.clone()).await.unwrap_err();
    assert_eq!(impostor.code(), Code::Unauthenticated, "{impostor}");
    let mut wrong = as_operator(by_operator.clone());
    let value = "Bearer something-else-altogether".parse().unwrap();
    wrong.metadata_mut().insert("authorization", value);
    let wrong = change(&server, wrong).await.unwrap_err();
    assert_eq!(wrong.code(), Code::Unauthenticated, "{wrong}");
    let peek = desk(&server).await.pending_keys(v1::PendingKeysRequest {}).await.unwrap_err();
    assert_eq!(peek.code(), Code::Unauthenticated, "{peek}");
    change(&server, as_operator(by_operator)).await.unwrap().unwrap();
    expect(&server, vec![publisher.sdist("2.0")]).await.unwrap();
}

#[tokio::test]
async fn nobody_enrols_over_a_key_and_old_statements_are_worth_nothing() {
    let (log, server, publisher) = published_log(&[]).await;
    let thief = Publisher::new("project-1", 66);
    let first = last_key(&log, &server).await;
    let denied = |request| async {
        let status = change(&server, request).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    };
    denied(thief.enrolment()).await;
    denied(thief.change(KeyAction::Enrol, &thief.public(), first)).await;
    denied(thief.change(KeyAction::Add, &thief.public(), first)).await;
    denied(thief.change(KeyAction::Rotate, &thief.public(), first)).await;
    denied(thief.change(KeyAction::Revoke, &publisher.public(), first)).await;
    let in_its_name = v1::EnrolKeyRequest {
        by: publisher.public().to_string(),
        ..thief.change(KeyAction::Add, &thief.public(), first)
    };
    denied(in_its_name).await;

    let second = Publisher::new("project-1", 2);
    let add = publisher.change(KeyAction::Add, &second.public(), first);
    change(&server, add.clone()).await.unwrap().unwrap();
    let after = last_key(&log, &server).await;
    let revoke = publisher.change(KeyAction::Revoke, &second.public(), after);
    change(&server, revoke).await.unwrap().unwrap();
    denied(add).await;
    // Made before the keys changed.
    denied(publisher.change(KeyAction::Complete, &publisher.public(), after)).await;
    let after = last_key(&log, &server).await;
    let complete = publisher.change(KeyAction::Complete, &publisher.public(), after);
    change(&server, complete).await.unwrap().unwrap();
    let refused = expect(&server, vec![second.sdist("2.0")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    server.terminate().await;

    // What was folded from the log again decides the same.
    let server = log.serve_with(&["--enrolment", "open"]).await;
    let refused = expect(&server, vec![second.sdist("2.0")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let refused = change(&server, thief.enrolment()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    expect(&server, vec![publisher.sdist("2.0")]).await.unwrap();
}

#[tokio::test]
async fn malformed_changes_are_refused_with_the_reason() {
    let (_log, server) = open_log(&[]).await;
    let good = Publisher::new("project-1", 1).enrolment();
    let cases = [
        (v1::EnrolKeyRequest { project: "Project_1".into(), ..good.clone() }, "project:"),
        (v1::EnrolKeyRequest { action: "steal".into(), ..good.clone() }, "action:"),
        (v1::EnrolKeyRequest { key: "no key".into(), ..good.clone() }, "key:"),
        (v1::EnrolKeyRequest { signature: vec![0; 5000].into(), ..good.clone() }, "signature:"),
        (
            v1::EnrolKeyRequest {
                key: "example+f2d5e3c1+AQEB".into(),
                by: "example+f2d5e3c1+AQEB".into(),
                ..good.clone()
            },
            "ssh-ed25519",
        ),
    ];
    for (request, reason) in cases {
        let status = change(&server, request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(reason), "{status}");
    }
    let unsigned = v1::EnrolKeyRequest { signature: bytes::Bytes::new(), ..good };
    let status = change(&server, unsigned).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
}
