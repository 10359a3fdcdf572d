//! Killed again and again while many ask, among them a log that signs two histories.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indelible_witness::origin_hash;
use tlog::{Hash, SignedCheckpoint, VerifyingKey};

use crate::harness::{Log, ORIGIN, Process, exchange, new_dir};

/// How often the witness is killed.
const KILLS: u64 = 12;
/// Clients at once.
const CLIENTS: usize = 6;

/// Every cosignature that anybody has got.
#[derive(Default)]
struct Cosigned {
    roots: BTreeMap<usize, Hash>,
    /// Steps between sizes, of one history or the other.
    steps: Vec<(usize, usize)>,
}

impl Cosigned {
    fn note(&mut self, old: usize, new: usize, root: Hash) {
        let known = *self.roots.entry(new).or_insert(root);
        assert_eq!(known, root, "two roots are cosigned for the size {new}");
        if old < new {
            self.steps.push((old, new));
        }
    }

    /// No step starts before another one has ended: the size has never gone back.
    fn check(&mut self) {
        self.steps.sort_unstable();
        for pair in self.steps.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "from {:?} to {:?}", pair[0], pair[1]);
        }
    }

    fn largest(&self) -> usize {
        self.roots.last_key_value().map_or(0, |(size, _)| *size)
    }
}

/// Asks for steps of one history or the other until the witness is gone.
async fn client(number: usize, address: String, logs: Arc<[Log; 2]>, got: Arc<Mutex<Cosigned>>) {
    let mut size = 0;
    for turn in 0.. {
        let log = &logs[(number + turn) % 2];
        // Small steps, so that the tree lasts; some are none.
        let next = (size + (number + turn / 2) % 3).min(300);
        let body = log.request(size, next);
        let Ok(answer) = exchange(&address, "POST", "/add-checkpoint", body).await else { return };
        match answer.status {
            200 => {
                got.lock().unwrap().note(size, next, log.head(next).root);
                size = next;
            }
            409 => size = answer.body.trim_end().parse().unwrap(),
            422 => {}
            other => panic!("{other}: {}", answer.body),
        }
        // The tree of the tests has an end, and is not to be reached at once.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts the witness, checks that it knows all that it has promised, and kills it after a while.
async fn life(
    dir: &Path,
    logs: &Arc<[Log; 2]>,
    got: &Arc<Mutex<Cosigned>>,
    own: &VerifyingKey,
    lifetime: Duration,
) {
    let process = Process::start(dir, &logs[0].key());
    let path = format!("/{}/checkpoint", origin_hash(ORIGIN));
    let answer = exchange(&process.address, "GET", &path, "").await.unwrap();
    let known = if answer.status == 404 {
        0
    } else {
        let checkpoint = SignedCheckpoint::parse(answer.body.as_bytes()).unwrap();
        let head = checkpoint.verify(ORIGIN, &[logs[0].key(), own.clone()]).unwrap().head();
        let size = usize::try_from(head.size.get()).unwrap();
        got.lock().unwrap().note(size, size, head.root);
        size
    };
    let promised = got.lock().unwrap().largest();
    assert!(known >= promised, "{known} is remembered, and {promised} was cosigned");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (logs, got) = (Arc::clone(logs), Arc::clone(got));
            tokio::spawn(client(number, process.address.clone(), logs, got))
        })
        .collect();
    tokio::time::sleep(lifetime).await;
    process.kill();
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_never_goes_back() {
    let (dir, own_key) = new_dir();
    let logs = Arc::new([Log::new("entry"), Log::new("forked entry")]);
    let got = Arc::new(Mutex::new(Cosigned::default()));
    for kill in 0..KILLS {
        let lifetime = Duration::from_millis(15 + 11 * kill);
        life(dir.path(), &logs, &got, &own_key, lifetime).await;
        got.lock().unwrap().check();
    }
    let got = got.lock().unwrap();
    assert!(got.steps.len() > 5, "too little happened: {:?}", got.steps);
    let history = logs.iter().find(|log| {
        got.roots.iter().filter(|(size, _)| **size > 0).all(|(n, root)| log.head(*n).root == *root)
    });
    assert!(history.is_some(), "the roots are not of one history");
}
