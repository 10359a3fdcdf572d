//! Two servers on one bucket, under load: the writer is killed, paused or cut off, again and again, and the
//! other takes over. No answered entry is lost, and there is one history.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use client::{Client, Disproof, Error, LogUrl, Memory, Trust};
use rustix::process::Signal;
use tlog::{Checkpoint, SignedCheckpoint, SigningKey, TreeHead, TreeSize};
use tokio_util::sync::CancellationToken;

use super::{Log, writes};
use crate::harness::{
    Namespace, Server, Submitter, TOKEN, Weed, files, free_address, long, raw, within,
};

/// Facts of one submission.
const BATCH: u64 = 10;
/// After this a submitter asks the other server. Submitting the same again is safe.
const PATIENCE: Duration = Duration::from_secs(1);

/// What happens to a writer.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Killed,
    Paused,
    CutOff,
}

/// Two servers on one log, each in a network namespace of its own if it can be cut off.
struct Pair<'a> {
    log: &'a Log<'a>,
    homes: [Home; 2],
    servers: [Option<Server>; 2],
    writer: usize,
}

/// Where a server runs.
struct Home {
    directory: &'static str,
    address: String,
    /// And where it finds the object store from there.
    namespace: Option<(Namespace, SocketAddr)>,
}

impl Home {
    fn here(directory: &'static str) -> Home {
        Home { directory, address: free_address(), namespace: None }
    }

    async fn apart(directory: &'static str, weed: &Weed) -> Option<Home> {
        let namespace = Namespace::create().await?;
        let store = namespace.forward(weed.address().to_owned()).await;
        let address = format!("{}:7117", namespace.guest());
        Some(Home { directory, address, namespace: Some((namespace, store)) })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Pair<'_> {
    async fn start<'a>(log: &'a Log<'a>, homes: [Home; 2]) -> Pair<'a> {
        let mut pair = Pair { log, homes, servers: [None, None], writer: 0 };
        for which in [0, 1] {
            pair.restart(which).await;
        }
        pair
    }

    /// Starts one, which must not be running.
    async fn restart(&mut self, which: usize) {
        let home = &self.homes[which];
        let mut command = self.log.command_at(home.directory, &home.address);
        command.args(["--lease", "1", "--follow-interval", "100"]);
        let command = match &home.namespace {
            None => command,
            Some((namespace, store)) => {
                command.env("AWS_ENDPOINT", format!("http://{store}"));
                namespace.enter(&command)
            }
        };
        self.servers[which] = Some(Server::start(command).await);
    }

    fn running(&mut self, which: usize) -> Server {
        self.servers[which].take().expect("it was running")
    }

    /// Does that to the writer and waits until the other has answered; then brings the former back as a
    /// standby. Returns how long nobody was answered.
    async fn strike(&mut self, blow: Blow, load: &Load) -> Duration {
        let former = self.writer;
        let mut server = self.running(former);
        let struck = Instant::now();
        match blow {
            Blow::Killed => server.signal(Signal::KILL),
            Blow::Paused => server.signal(Signal::STOP),
            Blow::CutOff => self.homes[former].namespace.as_ref().unwrap().0.cut().await,
        }
        let gap = load.answered_after(struck).await;
        self.writer = 1 - former;
        match blow {
            Blow::Killed => {}
            Blow::Paused => server.signal(Signal::CONT),
            Blow::CutOff => self.homes[former].namespace.as_ref().unwrap().0.mend().await,
        }
        let status = server.ended().await;
        if !matches!(blow, Blow::Killed) {
            assert_eq!(status.code(), Some(2), "{}", server.said());
            server.has_said("another process has taken over").await;
        }
        self.restart(former).await;
        gap
    }

    async fn end(mut self) {
        for which in [0, 1] {
            self.running(which).terminate().await;
        }
    }
}

/// Batches that were logged, and when that was answered.
type Answers = Vec<(Range<u64>, Instant)>;

/// A submitter that never stops, and checks every head.
struct Load {
    answers: Arc<Mutex<Answers>>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    fn start(log: &Log<'_>, urls: [String; 2]) -> Load {
        let answers: Arc<Mutex<Answers>> = Arc::default();
        let stop = CancellationToken::new();
        let memory = log.dir.path().join("load");
        let trust = Trust::from_key(&log.key.to_string()).unwrap();
        let (told, ends) = (Arc::clone(&answers), stop.clone());
        let task = tokio::spawn(async move {
            let mut from = 0;
            let mut turn = 0;
            while !ends.is_cancelled() {
                let url = &urls[turn % 2];
                let answered = tokio::time::timeout(PATIENCE, submit(url, from)).await;
                if answered.is_ok_and(|answered| answered) {
                    told.lock().unwrap().push((from..from + BATCH, Instant::now()));
                    from += BATCH;
                    check(&trust, url, &memory).await;
                } else {
                    turn += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        Load { answers, stop, task }
    }

    /// Time from `struck` to the first answers after it, of which the first may have been on its way.
    async fn answered_after(&self, struck: Instant) -> Duration {
        let answered = async {
            loop {
                let answers = self.answers.lock().unwrap().clone();
                let mut after = answers.iter().filter(|(_, at)| *at > struck).map(|(_, at)| *at);
                if let (Some(first), Some(second), Some(_)) =
                    (after.next(), after.next(), after.next())
                {
                    let is_late = first - struck < Duration::from_millis(100);
                    return if is_late { second } else { first } - struck;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within("a take-over", answered).await
    }

    /// All that was answered.
    async fn end(self) -> Vec<Range<u64>> {
        self.stop.cancel();
        self.task.await.expect("the load found a fork");
        let answers = self.answers.lock().unwrap();
        answers.iter().map(|(batch, _)| batch.clone()).collect()
    }
}

/// Whether the server at `url` logged this batch.
async fn submit(url: &str, from: u64) -> bool {
    let Ok(mut submitter) = Submitter::try_open(url, Some(TOKEN)).await else { return false };
    matches!(submitter.try_submit(files(from..from + BATCH)).await, Ok(Ok(_)))
}

/// Panics if the server's head contradicts one that was seen before.
async fn check(trust: &Trust, url: &str, memory: &std::path::Path) {
    let memory = Memory::open(memory).unwrap();
    let mut client = Client::new(trust.clone(), LogUrl::parse(url).unwrap(), memory).unwrap();
    let head = tokio::time::timeout(PATIENCE, client.checkpoint()).await;
    if let Ok(Err(Error::Disproven(disproof))) = head {
        let fork = matches!(disproof, Disproof::Fork { .. });
        panic!("fork: {fork}, {disproof}");
    }
}

/// Strikes as often as `rounds` says, with each of `blows` in turn.
async fn take_overs(weed: &Weed, homes: [Home; 2], blows: &[Blow], rounds: usize) {
    let log = Log::create(weed, "log").await;
    let urls = [homes[0].url(), homes[1].url()];
    let mut pair = Pair::start(&log, homes).await;
    let load = Load::start(&log, urls.clone());
    let mut gaps = Vec::new();
    for round in 0..rounds {
        let blow = blows[round % blows.len()];
        gaps.push(pair.strike(blow, &load).await);
    }
    let answered = load.end().await;
    assert!(answered.len() > rounds, "{answered:?}");
    let writer = pair.homes[pair.writer].url();
    let mut submitter = Submitter::try_open(&writer, Some(TOKEN)).await.unwrap();
    for batch in &answered {
        let again = submitter.submit(files(batch.clone())).await;
        assert_eq!(again.entries, 0, "an answered entry is gone");
    }
    let trust = Trust::from_key(&log.key.to_string()).unwrap();
    for url in &urls {
        check(&trust, url, &log.dir.path().join("load")).await;
    }
    let size = answered.last().unwrap().end;
    pair.end().await;
    log.assert_clean("log", size).await;
    report(gaps, blows, answered.len());
}

/// Says how long nobody was answered.
#[allow(clippy::print_stderr, reason = "who reads the test's output wants to see it")]
fn report(mut gaps: Vec<Duration>, blows: &[Blow], answered: usize) {
    gaps.sort();
    let at = |share: usize| gaps[(gaps.len() - 1) * share / 100].as_millis();
    let (half, most_of, longest) = (at(50), at(99), at(100));
    eprintln!(
        "{} take-overs ({blows:?}), {answered} batches answered; nobody was answered for {half} ms (median), \
         {most_of} ms (p99), {longest} ms (longest)",
        gaps.len()
    );
}

#[tokio::test]
async fn a_writer_that_is_killed_or_paused_is_replaced_and_nothing_is_lost() {
    let Some(weed) = Weed::start().await else { return };
    let homes = [Home::here("log"), Home::here("two")];
    let rounds = if long() { 200 } else { 6 };
    take_overs(&weed, homes, &[Blow::Killed, Blow::Paused], rounds).await;
}

#[tokio::test]
async fn a_writer_that_is_cut_off_is_replaced_and_nothing_is_lost() {
    let Some(weed) = Weed::start().await else { return };
    let (Some(one), Some(two)) = (Home::apart("log", &weed).await, Home::apart("two", &weed).await)
    else {
        return;
    };
    take_overs(&weed, [one, two], &[Blow::CutOff], if long() { 60 } else { 3 }).await;
}

#[tokio::test]
async fn a_standby_shows_what_is_published_takes_nothing_and_is_let_in_at_once() {
    let Some(weed) = Weed::start().await else { return };
    let log = Log::create(&weed, "log").await;
    let one = log.serve("log").await;
    Submitter::open(&one).await.submit(files(0..5)).await;
    let two = log.serve("two").await;
    let same = |path: &'static str| {
        let (one, two) = (one.address().to_owned(), two.address().to_owned());
        async move {
            let [one, two] = [raw(&one, "GET", path, "").await, raw(&two, "GET", path, "").await];
            assert_eq!((one.status, one.body), (two.status, two.body), "{path}");
        }
    };
    same("/checkpoint").await;
    same("/tile/entries/000.p/5").await;
    assert_eq!(raw(two.address(), "GET", "/healthz", "").await.status, 200);
    let refused = Submitter::open(&two).await.refused(files(5..10)).await;
    assert!(refused.message.contains("stands by"), "{}", refused.message);

    // With the default of 15 seconds it would not be there so soon.
    let ended = Instant::now();
    one.terminate().await;
    writes(&two).await;
    assert!(ended.elapsed() < Duration::from_secs(12), "{:?}", ended.elapsed());
    Submitter::open(&two).await.submit(files(5..15)).await;
    two.terminate().await;
    log.assert_clean("two", 15).await;
}

#[tokio::test]
async fn who_remembers_another_history_neither_stands_by_nor_writes() {
    let Some(weed) = Weed::start().await else { return };
    let log = Log::create(&weed, "log").await;
    let one = log.serve("log").await;
    Submitter::open(&one).await.submit(files(0..5)).await;
    // A head that this log's key signed, and that is none of its heads.
    let directory = log.dir.path().join("two");
    let refused = log.command("two");
    let secret = std::fs::read_to_string(directory.join("key")).unwrap();
    let key = SigningKey::parse(secret.trim_end()).unwrap();
    let head = TreeHead { size: TreeSize::new(3).unwrap(), root: tlog::leaf_hash(b"another") };
    let checkpoint = Checkpoint::new(key.verifying_key().name(), head).unwrap();
    let memory = Memory::open(directory.join("heads")).unwrap();
    memory.replace(None, &SignedCheckpoint::sign(&checkpoint, &key)).unwrap();
    let is_refused = async |command| {
        let why = Server::refusal(command).await;
        assert!(why.contains("the log forked"), "{why}");
    };
    is_refused(refused).await;
    one.terminate().await;
    // The lease is free, and all the same.
    is_refused(log.command("two")).await;
    let one = log.serve("log").await;
    Submitter::open(&one).await.submit(files(5..6)).await;
    one.terminate().await;
}
