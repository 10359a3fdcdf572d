//! The whole story: a publisher says what was released, the index offers something else, and everybody who
//! should learn of it does.

use std::path::Path;
use std::time::Duration;

use client::publish::Signer;
use client::{LookupKey, VerifiedInclusion};
use indelible::Unobserved;
use record::{Digest, KeyAction};
use tlog::ProofFile;

use super::index::make_dists;
use super::tools::TOOLS;
use super::{Stage, WHEEL, assert_refused};
use crate::harness::{Ended, Publisher, change, expect, indelible, run, within};

const SDIST: &str = "indelible_one-1.0.tar.gz";

/// The log that sees the index once a second, and whose publishers enrol by themselves.
const OPTIONS: [&str; 4] = ["--enrolment", "open", "--sweep-interval", "1"];

fn hash(path: &Path) -> Digest {
    Digest::sha256(&std::fs::read(path).unwrap())
}

impl Stage {
    /// Waits until the log has seen a file with this hash.
    async fn seen(&self, sha256: Digest) {
        let mut client = self.log.client(&self.server, "seen");
        let seen = async {
            while client.lookup(&LookupKey::Sha256(sha256)).await.unwrap().entries().is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        within("observation", seen).await;
    }

    async fn program(&self, arguments: &[&str]) -> Ended {
        let mut command = indelible();
        command.args(arguments).env("INDELIBLE_LOG", &self.server.url);
        command.env("INDELIBLE_KEY", self.log.key().to_string());
        command.env("HOME", self.log.path("home"));
        run(command).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swapped_file_alarms_the_publisher_and_is_not_installed() {
    let Some(stage) = Stage::set_with(Unobserved::Refuse, &OPTIONS).await else { return };
    // The publisher, with the program as anybody has it.
    let key = stage.log.path("release.key");
    let key = key.to_str().unwrap();
    let dists = [WHEEL, SDIST].map(|name| stage.dist(name));
    let [wheel, sdist] = &dists;
    let released = hash(wheel);
    for arguments in [
        &["key", "new", "one-release", "-o", key][..],
        &["key", "enrol", "indelible-one", "--sign-with", key],
        &["expect", wheel.to_str().unwrap(), sdist.to_str().unwrap(), "--sign-with", key],
    ] {
        let ended = stage.program(arguments).await;
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    }
    // The redistributor's proof, from before.
    let proof = stage.log.path("one.tlog-proof");
    let proof = proof.to_str().unwrap();
    let ended = stage.program(&["proof", WHEEL, "-o", proof]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let watch = stage.log.path("watch");
    let monitor = ["monitor", "--project", "indelible-one", "--once", "--json", "--state"];
    let monitor = [monitor.as_slice(), &[watch.to_str().unwrap()]].concat();
    let quiet = stage.program(&monitor).await;
    assert_eq!(quiet.code, Some(0), "{quiet:?}");

    // The index swaps the files, and lists them with their new hashes.
    let shipped = stage.log.path(WHEEL);
    std::fs::copy(wheel, &shipped).unwrap();
    for dist in &dists {
        let mut bytes = std::fs::read(dist).unwrap();
        bytes.extend_from_slice(b"evil");
        std::fs::write(dist, &bytes).unwrap();
        stage.seen(hash(dist)).await;
    }

    let alarm = stage.program(&monitor).await;
    assert_eq!(alarm.code, Some(1), "{alarm:?}");
    for kind in ["\"event\":\"hash-changed\"", "\"event\":\"unexpected\""] {
        assert!(alarm.stdout.contains(kind), "{kind} is missing in {alarm:?}");
    }
    let events = alarm.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let events: Vec<serde_json::Value> = events.collect();
    let bad = events.iter().filter(|event| event["class"] == "bad");
    for event in bad {
        let evidence = event["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty(), "{event}");
        for file in evidence {
            let file = std::fs::read(file.as_str().unwrap()).unwrap();
            let file = ProofFile::parse(&file).unwrap();
            VerifiedInclusion::from_proof_file(file, &stage.log.trust()).unwrap();
        }
    }
    for tool in TOOLS {
        let desk = stage.desk();
        let what = ["--no-cache-dir", "indelible-one==1.0"];
        let ended = desk.install(tool, "swapped", &what).await;
        assert_refused(&desk, "swapped", &ended, "conflict: this file has sha256");
    }
    // What was shipped is what was released, for anybody who kept the proof.
    let shipped = shipped.to_str().unwrap();
    let ended = stage.program(&["verify", "--proof", proof, shipped]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = stage.program(&["lookup", "project", "indelible-one", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(shown["publisher"].to_string().contains("differs"), "{shown}");
    assert!(ended.stdout.contains(&released.to_string()));
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_is_not_the_publishers_is_not_installed() {
    let Some(stage) = Stage::set_with(Unobserved::Refuse, &OPTIONS).await else { return };
    let publisher = Publisher::new("indelible-one", 1);
    change(&stage.server, publisher.enrolment()).await.unwrap().unwrap();
    let names = [WHEEL, SDIST].map(|name| name.replace("1.0", "2.0"));
    let released = Digest::sha256(b"what the publisher built");
    let expectations = names.iter().map(|name| publisher.expectation("2.0", name, &released));
    expect(&stage.server, expectations.collect()).await.unwrap();
    // The index never lists what was built, but something else under its name.
    make_dists(&stage.python, stage.dists.path(), &["indelible-one", "2.0"]).await;
    for name in &names {
        stage.seen(hash(&stage.dist(name))).await;
    }
    for tool in TOOLS {
        let desk = stage.desk();
        let what = ["--no-cache-dir", "indelible-one==2.0"];
        let ended = desk.install(tool, "other", &what).await;
        assert_refused(&desk, "other", &ended, "unexpected: the publisher expects");
    }
    // A revoked key guards what it said, and says nothing new, while clients go on.
    let signer = Signer::Note(Box::new(publisher.key.clone()));
    let mut client = stage.log.client(&stage.server, "publisher");
    let (found, _) = client.publisher(&publisher.project).await.unwrap();
    let after = found.state.ring().last();
    let revoke = publisher.change(KeyAction::Revoke, &signer.public_key(), after);
    change(&stage.server, revoke).await.unwrap().unwrap();
    let refused = expect(&stage.server, vec![publisher.sdist("3.0")]).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{refused}");
    let (found, _) = client.publisher(&publisher.project).await.unwrap();
    assert_eq!(found.state.expected_hashes(&names[0]), [released]);
    stage.clear().await;
}
