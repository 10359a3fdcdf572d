//! Publishers at the real program: keys, expectations, and those who would like to be publishers.

mod expectations;
mod keys;

use record::{Entry, LookupKey};
use tlog::{Hash, leaf_hash};

use crate::harness::{Publisher, Server, Submitter, TestLog, change, fact, file};
use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::{Fact, ListedFile};

/// A log in which the project `project-1` is seen and may enrol by itself.
async fn open_log(more: &[&str]) -> (TestLog, Server) {
    let log = TestLog::create().await;
    let mut options = vec!["--enrolment", "open", "--epoch-interval", "0"];
    options.extend(more);
    let server = log.serve_with(&options).await;
    Submitter::open(&server).await.submit(vec![fact(Kind::Listed(file(1)))]).await;
    (log, server)
}

/// The same, with the first publisher of `project-1` enrolled.
async fn published_log(more: &[&str]) -> (TestLog, Server, Publisher) {
    let (log, server) = open_log(more).await;
    let publisher = Publisher::new("project-1", 1);
    change(&server, publisher.enrolment()).await.unwrap().unwrap();
    (log, server, publisher)
}

/// Leaf hash of the newest key entry of `project-1`.
async fn last_key(log: &TestLog, server: &Server) -> Option<Hash> {
    let key = LookupKey::parse("project", "project-1").unwrap();
    let lookup = log.client(server, "heads").lookup(&key).await.unwrap();
    let keys = lookup.entries().iter().filter(|entry| matches!(entry.entry(), Some(Entry::Key(_))));
    keys.last().map(|entry| leaf_hash(entry.bytes()))
}

/// A listing of a file of `project-1`.
fn listing(version: &str, filename: &str, sha256: &record::Digest) -> Fact {
    fact(Kind::Listed(ListedFile {
        project: "project-1".to_owned(),
        version: version.to_owned(),
        filename: filename.to_owned(),
        sha256: sha256.as_bytes().to_vec().into(),
        ..ListedFile::default()
    }))
}
