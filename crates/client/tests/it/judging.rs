//! Many files judged at once: each key is asked for once, and only if it matters.

use client::judging::{Judgement, Progress, Step, judge};
use client::{Artifact, Verdict};

use crate::log::{TestLog, digest, file, filler, project};
use crate::questions::client;
use crate::server::Server;

fn artifact(filename: Option<&str>, content: &str) -> Artifact {
    Artifact {
        filename: filename.map(String::from),
        sha256: Some(digest(content)),
        project: None,
        version: None,
        from_index: None,
    }
}

async fn server() -> Server {
    let mut log = TestLog::new(&filler(10));
    log.append(&[
        file("a-1.0.tar.gz", "sdist"),
        file("a-1.0-py3-none-any.whl", "wheel"),
        file("b-1.0.tar.gz", "first"),
        file("b-1.0.tar.gz", "second"),
    ]);
    log.append_epoch(|_| ());
    Server::start(log).await
}

async fn judged(server: &Server, artifacts: Vec<Artifact>) -> (Judgement, Vec<Progress>) {
    let dir = tempfile::tempdir().unwrap();
    let mut client = client(server, &dir);
    let mut seen = Vec::new();
    let judgement = judge(&mut client, artifacts, &mut |progress| seen.push(progress)).await;
    (judgement.unwrap(), seen)
}

#[tokio::test]
async fn each_key_is_asked_for_once_and_only_if_it_matters() {
    let server = server().await;
    let sdist = || artifact(Some("a-1.0.tar.gz"), "sdist");
    let named = |filename| artifact(Some(filename), "unheard of");
    let of_release = |name: &str, content: &str| Artifact {
        project: Some(project(name)),
        version: Some("1.0".to_owned()),
        ..artifact(None, content)
    };
    for (lookups, artifacts) in [
        (0, vec![]),
        (0, vec![Artifact { sha256: None, ..sdist() }]),
        // Hash, filename, and the project for its quarantine.
        (3, vec![sdist()]),
        (3, vec![sdist(); 100]),
        (5, vec![sdist(), artifact(Some("a-1.0-py3-none-any.whl"), "wheel")]),
        // A conflict stays one, whatever the project is.
        (2, vec![artifact(Some("b-1.0.tar.gz"), "second")]),
        // The hash tells the filename.
        (3, vec![of_release("a", "wheel")]),
        // Nothing under the hash: whether the release is known counts.
        (2, vec![of_release("a", "unheard of")]),
        (3, vec![named("a-1.0.zip")]),
        // A name that no file of the index can have is not asked for.
        (1, vec![named("a\n1.0.zip")]),
    ] {
        let before = server.lookups();
        let (judgement, _) = judged(&server, artifacts.clone()).await;
        assert_eq!(judgement.judged.len(), artifacts.len());
        assert_eq!(server.lookups() - before, lookups, "{artifacts:?}");
    }
}

#[tokio::test]
async fn verdicts_come_in_the_order_of_the_files() {
    let server = server().await;
    let artifacts = vec![
        artifact(Some("b-1.0.tar.gz"), "second"),
        artifact(None, "wheel"),
        artifact(Some("a-1.0.zip"), "repacked"),
        artifact(Some("a-1.0.tar.gz"), "sdist"),
        artifact(None, "repacked"),
    ];
    let (judgement, seen) = judged(&server, artifacts).await;
    let verdicts: Vec<Verdict> =
        judgement.judged.iter().map(|judged| judged.finding.verdict).collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Conflict,
            Verdict::Match,
            Verdict::KnownReleaseUnknownHash,
            Verdict::Match,
            Verdict::UnknownRelease,
        ]
    );
    let first: Vec<Option<u64>> =
        judgement.judged.iter().map(|j| Some(j.first_seen.as_ref()?.index.get())).collect();
    assert_eq!(first, [Some(13), Some(11), None, Some(10), None]);
    assert_eq!(judgement.basis.epoch().unwrap().epoch, 0);
    assert_eq!(judgement.basis.checkpoint().unwrap().head().size.get(), 15);
    for (step, total) in [(Step::Hashes, 4), (Step::Names, 4), (Step::Projects, 1)] {
        let done: Vec<usize> =
            seen.iter().filter(|p| p.step == step && p.total == total).map(|p| p.done).collect();
        assert_eq!(done, (0..=total).collect::<Vec<_>>(), "{step:?}");
    }
}
