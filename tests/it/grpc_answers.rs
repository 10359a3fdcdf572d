//! Good answers over gRPC, every proof verified with `tlog`.

use std::collections::BTreeSet;

use bytes::Bytes;
use indelible_proto::v1::lookup_request::Key;
use indelible_proto::v1::{GetCheckpointRequest, LookupRequest, ProvenEntry, WatchRequest};
use tlog::{ConsistencyProof, Hash, InclusionProof, TreeHead, leaf_hash};
use tonic::{Code, Streaming};

use crate::harness::{
    Reader, Server, Submitter, TestLog, connect, files, hashes, index, raw, sha256, size, within,
};

async fn served(entries: u64) -> (TestLog, Server, Reader) {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..entries)).await;
    let reader = Reader::open(&server).await;
    (log, server, reader)
}

#[tokio::test]
async fn an_empty_log_answers() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let mut reader = Reader::open(&server).await;
    assert_eq!(log.head(&reader.checkpoint().await), TreeHead::EMPTY);
    assert_eq!(reader.tree().await.size(), 0);
    assert_eq!(reader.consistency(0, None).await.unwrap(), []);
    assert_eq!(reader.consistency(0, Some(0)).await.unwrap(), []);
    assert_eq!(reader.inclusion(0, None).await.unwrap_err().code(), Code::OutOfRange);
    assert_eq!(raw(server.address(), "GET", "/tile/0/000.p/1", "").await.status, 404);
    server.terminate().await;
    let server = log.serve().await;
    assert_eq!(log.head(&Reader::open(&server).await.checkpoint().await), TreeHead::EMPTY);
}

#[tokio::test]
async fn every_entry_is_included_at_several_sizes() {
    let (log, server, mut reader) = served(300).await;
    let tree = reader.tree().await;
    assert_eq!(log.head(&reader.checkpoint().await), tree.head(300));
    for count in [1, 2, 3, 7, 64, 255, 256, 257, 300] {
        let head = tree.head(count);
        let step = if count > 64 { 17 } else { 1 };
        for at in (0..count).step_by(step).chain([count - 1]) {
            let asked = Some(count).filter(|count| *count < 300 || at % 2 == 0);
            let (proof, entry) = reader.inclusion(at, asked).await.unwrap();
            assert_eq!(entry, tree.entries[usize::try_from(at).unwrap()]);
            let proof = InclusionProof::new(proof);
            head.verify_inclusion(index(at), &leaf_hash(&entry), &proof).unwrap();
        }
    }
    server.terminate().await;
}

#[tokio::test]
async fn all_pairs_of_small_sizes_are_consistent() {
    let (_log, server, mut reader) = served(260).await;
    let tree = reader.tree().await;
    let near: Vec<u64> = (0..=18).chain([255, 256, 257, 260]).collect();
    for &to in &near {
        for &from in near.iter().filter(|from| **from <= to) {
            let asked = Some(to).filter(|to| *to < 260 || from % 2 == 0);
            let proof = ConsistencyProof::new(reader.consistency(from, asked).await.unwrap());
            let (older, newer) = (tree.head(from), tree.head(to));
            let verdict = newer.verify_consistency(&older, &proof);
            assert!(verdict.is_ok(), "{from} to {to}: {verdict:?}");
        }
    }
    server.terminate().await;
}

#[tokio::test]
async fn ranges_of_entries_are_gapless_across_bundles() {
    let (_log, server, mut reader) = served(700).await;
    let tree = reader.tree().await;
    assert_eq!(tree.size(), 700);
    for (start, end) in
        [(0, 0), (0, 1), (255, 257), (256, 512), (3, 699), (511, 513), (700, 700), (699, 700)]
    {
        let messages = reader.messages(start, Some(end)).await.unwrap();
        let mut next = start;
        for message in &messages {
            assert_eq!(message.start, next, "{start}..{end}");
            assert!((1..=256).contains(&message.entries.len()), "{start}..{end}");
            next += message.entries.len() as u64;
        }
        assert_eq!(next, end, "{start}..{end}");
        let (from, to) = (usize::try_from(start).unwrap(), usize::try_from(end).unwrap());
        let entries: Vec<Bytes> =
            messages.into_iter().flat_map(|message| message.entries).collect();
        assert_eq!(entries, tree.entries[from..to], "{start}..{end}");
    }
    server.terminate().await;
}

/// Positions of proven entries, each proof verified under `head`.
fn verified(head: TreeHead, nodes: &[Bytes], entries: &[ProvenEntry]) -> Vec<u64> {
    let nodes: Vec<Hash> = hashes(nodes);
    assert_eq!(nodes.iter().collect::<BTreeSet<_>>().len(), nodes.len(), "a hash is sent twice");
    let check = |proven: &ProvenEntry| {
        let path = proven.path.iter().map(|place| nodes[*place as usize]).collect();
        let leaf = leaf_hash(&proven.entry);
        let proof = InclusionProof::new(path);
        head.verify_inclusion(index(proven.index), &leaf, &proof).unwrap();
        proven.index
    };
    entries.iter().map(check).collect()
}

#[tokio::test]
async fn each_key_finds_its_entries() {
    let (log, server, mut reader) = served(300).await;
    let of_project = |project: u64| (0..300).filter(|n| n % 7 == project).collect::<Vec<_>>();
    let cases = [
        (Key::Project("project-3".to_owned()), of_project(3)),
        (Key::Project("Project__3".to_owned()), of_project(3)),
        (Key::Filename("project_5-1.299.tar.gz".to_owned()), vec![299]),
        (Key::Filename("project_5-1.299.tar.GZ".to_owned()), vec![]),
        (Key::Sha256(sha256(256).to_string()), vec![256]),
    ];
    for (key, expected) in cases {
        let request = LookupRequest { key: Some(key.clone()) };
        let answer = reader.log.lookup(request).await.unwrap().into_inner();
        let head = log.head(&answer.checkpoint);
        assert_eq!(verified(head, &answer.nodes, &answer.entries), expected, "{key:?}");
    }
    server.terminate().await;
}

/// Reads a `Watch` until `next` is reached; checks that no message goes back or overlaps.
async fn watched(
    log: &TestLog,
    stream: &mut Streaming<indelible_proto::v1::WatchResponse>,
    start: u64,
    end: u64,
) -> Vec<u64> {
    let (mut next, mut seen) = (start, Vec::new());
    while next < end {
        let message = within("a message of Watch", stream.message()).await.unwrap().unwrap();
        let positions = verified(log.head(&message.checkpoint), &message.nodes, &message.entries);
        assert!(positions.iter().all(|at| (next..message.next).contains(at)));
        assert!(positions.len() <= 256 && message.next > next);
        next = message.next;
        seen.extend(positions);
    }
    seen
}

#[tokio::test]
async fn watch_goes_on_where_it_ended_and_skips_nothing() {
    let (log, server, mut reader) = served(300).await;
    let mut submitter = Submitter::open(&server).await;
    let all = WatchRequest { start: 5, projects: Vec::new() };
    let mut stream = reader.log.watch(all).await.unwrap().into_inner();
    assert_eq!(watched(&log, &mut stream, 5, 300).await, (5..300).collect::<Vec<_>>());
    submitter.submit(files(300..303)).await;
    submitter.submit(files(303..304)).await;
    assert_eq!(watched(&log, &mut stream, 300, 304).await, [300, 301, 302, 303]);
    drop(stream);

    submitter.submit(files(304..310)).await;
    let resumed = WatchRequest { start: 304, projects: Vec::new() };
    let mut stream = reader.log.watch(resumed).await.unwrap().into_inner();
    assert_eq!(watched(&log, &mut stream, 304, 310).await, (304..310).collect::<Vec<_>>());
    drop(stream);

    let projects = vec!["project-1".to_owned(), "Project.6".to_owned()];
    let some = WatchRequest { start: 0, projects };
    let mut stream = reader.log.watch(some).await.unwrap().into_inner();
    let of_interest: Vec<u64> = (0..310).filter(|n| n % 7 == 1 || n % 7 == 6).collect();
    assert_eq!(watched(&log, &mut stream, 0, 310).await, of_interest);
    server.terminate().await;
}

#[tokio::test]
async fn as_many_entries_as_a_look_up_may_have() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let mut submitter = Submitter::open(&server).await;
    let of_one = |range| {
        let mut facts = files(range);
        for fact in &mut facts {
            if let Some(indelible_proto::v1::fact::Fact::Listed(file)) = &mut fact.fact {
                file.project = "many".to_owned();
            }
        }
        facts
    };
    submitter.submit(of_one(0..10_000)).await;
    submitter.submit(of_one(10_000..20_000)).await;
    let mut reader = Reader::open(&server).await;
    let request = LookupRequest { key: Some(Key::Project("many".to_owned())) };
    let answer = reader.log.lookup(request.clone()).await.unwrap().into_inner();
    let head = log.head(&answer.checkpoint);
    let positions = verified(head, &answer.nodes, &answer.entries);
    assert_eq!(positions, (0..20_000).collect::<Vec<_>>());

    submitter.submit(of_one(20_000..20_001)).await;
    let status = reader.log.lookup(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("at most 20000"), "{status}");
    server.terminate().await;
}

#[tokio::test]
async fn health_and_reflection_answer() {
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response as answer};

    let (_log, server, _) = served(1).await;
    let mut health = HealthClient::new(connect(&server).await);
    for service in ["", "indelible.v1.Log", "indelible.v1.Submit"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    let mut reflection = ServerReflectionClient::new(connect(&server).await);
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = tokio_stream::iter([list]);
    let mut answers = reflection.server_reflection_info(requests).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let answer::MessageResponse::ListServicesResponse(services) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = services.service.into_iter().map(|service| service.name).collect();
    for name in ["indelible.v1.Log", "indelible.v1.Submit", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn an_answer_comes_after_the_checkpoint_that_covers_it() {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let mut reader = Reader::open(&server).await;
    let mut submitter = Submitter::open(&server).await;
    for count in 1..=20 {
        let logged = submitter.submit(files(count - 1..count)).await;
        let head = log.head(&logged.checkpoint);
        assert_eq!((logged.entries, head.size), (1, size(count)));
        let published = reader.log.get_checkpoint(GetCheckpointRequest {}).await.unwrap();
        assert_eq!(published.into_inner().checkpoint, logged.checkpoint);
        assert_eq!(reader.tree().await.head(count), head);
    }
    server.terminate().await;
}
