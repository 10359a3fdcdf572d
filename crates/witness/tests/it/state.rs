//! What a witness remembers, and that it never makes do with less.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use indelible_witness::{DataDir, StateFile, origin_hash};
use tlog::{CosigningKey, SignedCheckpoint, VerifyingKey, cosign};

use crate::harness::{Log, NOW, ORIGIN, Served, new_dir, open};

fn state_file(dir: &Path) -> PathBuf {
    dir.join("state").join(format!("{}.checkpoint", origin_hash(ORIGIN)))
}

/// Why the witness in `dir` does not open.
fn refused(dir: &Path, keys: &[VerifyingKey]) -> String {
    let clock = Arc::new(AtomicU64::new(NOW));
    match open(dir, keys, &clock) {
        Ok(_) => panic!("it opened"),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let log = Log::new("entry");
    let (dir, own_key) = new_dir();
    for (old, new) in [(0, 3), (3, 3), (3, 200), (200, 201)] {
        let served = Served::start(dir.path(), &[log.key()]).await;
        served.post(log.request(old, new)).await.cosignature();
        served.stop().await;
        let kept = fs::read(state_file(dir.path())).unwrap();
        assert!(kept.len() < 600, "a few hundred bytes");
        let kept = SignedCheckpoint::parse(&kept).unwrap();
        let verified = kept.verify(ORIGIN, &[log.key(), own_key.clone()]).unwrap();
        assert_eq!(verified.head(), log.head(new));
        assert_eq!(verified.cosigned_at().len(), 1);
        let served = Served::start(dir.path(), &[log.key()]).await;
        assert_eq!(served.post(log.request(0, 250)).await.body, format!("{new}\n"));
        served.stop().await;
    }
}

#[tokio::test]
async fn forged_lines_are_not_kept() {
    let log = Log::new("entry");
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    let stranger = CosigningKey::from_seed("witness.example/w2", &[3; 32]).unwrap();
    let line = cosign("not this checkpoint\n", &stranger, 1);
    // Of this witness's own key too, of which nobody else should have any.
    let own = fs::read_to_string(dir.path().join("key")).unwrap();
    let own = CosigningKey::parse(own.trim_end()).unwrap();
    let own_line = cosign("not this checkpoint\n", &own, 1);
    let forged = format!("{}{line}\n{own_line}\n", log.request(0, 5));
    served.post(forged).await.cosignature();
    served.post(log.request(5, 9)).await.cosignature();
    let kept = fs::read_to_string(state_file(dir.path())).unwrap();
    assert!(!kept.contains("w2"), "{kept}");
    served.stop().await;
    Served::start(dir.path(), &[log.key()]).await.stop().await;
}

#[tokio::test]
async fn a_damaged_state_file_is_an_error() {
    let log = Log::new("entry");
    let keys = [log.key()];
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &keys).await;
    served.post(log.request(0, 5)).await.cosignature();
    served.stop().await;
    let path = state_file(dir.path());
    let good = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..good.len())
        .map(|at| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        })
        .collect();
    damaged.extend((0..good.len()).step_by(7).map(|len| good[..len].to_vec()));
    damaged.push(vec![0; good.len()]);
    damaged.push([&good[..], b"\n"].concat());
    damaged.push(log.signed(5).to_bytes());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let why = refused(dir.path(), &keys);
        assert!(why.contains("does not start without knowing it"), "{why}");
    }
    fs::write(&path, &good).unwrap();
    Served::start(dir.path(), &keys).await.stop().await;
}

#[tokio::test]
async fn the_state_of_another_log_or_witness_is_an_error() {
    let (log, other) = (Log::new("entry"), Log::named("log.example/other", "entry"));
    let keys = [log.key(), other.key()];
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &keys).await;
    served.post(log.request(0, 5)).await.cosignature();
    served.post(other.request(0, 6)).await.cosignature();
    served.stop().await;
    let other_path =
        dir.path().join("state").join(origin_hash("log.example/other") + ".checkpoint");
    fs::copy(other_path, state_file(dir.path())).unwrap();
    assert!(refused(dir.path(), &keys).contains(ORIGIN));
    let (stranger, _) = new_dir();
    fs::copy(state_file(dir.path()), state_file(stranger.path())).unwrap();
    assert!(refused(stranger.path(), &keys).contains("no signature by a known key"));
}

/// The key that signed what is remembered stays configured beside the new one.
#[tokio::test]
async fn a_log_may_change_its_key() {
    let (old, new) = (Log::new("entry"), Log::new("entry").signed_by(2));
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[old.key()]).await;
    served.post(old.request(0, 5)).await.cosignature();
    served.stop().await;
    assert!(refused(dir.path(), &[new.key()]).contains("the new and the old one"));
    let served = Served::start(dir.path(), &[new.key(), old.key()]).await;
    served.post(new.request(5, 9)).await.cosignature();
    served.stop().await;
    let served = Served::start(dir.path(), &[new.key()]).await;
    assert_eq!(served.post(new.request(0, 9)).await.body, "9\n");
}

#[test]
fn a_missing_directory_is_an_error() {
    let (dir, _) = new_dir();
    fs::remove_dir(dir.path().join("state")).unwrap();
    assert!(refused(dir.path(), &[Log::new("entry").key()]).contains("is missing"));
    assert!(!dir.path().join("state").exists(), "nothing is made up");
    let nothing = tempfile::tempdir().unwrap();
    assert!(refused(nothing.path(), &[]).contains("no readable cosigning key"));
}

#[test]
fn one_process_has_it_and_no_other() {
    let (dir, _) = new_dir();
    let keys = [Log::new("entry").key()];
    let clock = Arc::new(AtomicU64::new(NOW));
    let first = open(dir.path(), &keys, &clock).unwrap();
    assert!(refused(dir.path(), &keys).contains("another process"));
    drop(first);
    open(dir.path(), &keys, &clock).unwrap();
}

#[test]
fn only_logs_are_cosigned() {
    let (dir, own_key) = new_dir();
    assert!(refused(dir.path(), &[own_key]).contains("is not of a log"));
    assert!(refused(dir.path(), &[]).contains("no log"));
}

#[test]
fn a_witness_is_created_once() {
    let (dir, key) = new_dir();
    let mode = fs::metadata(dir.path().join("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = DataDir::new(dir.path().to_owned()).create("witness.example/w1").unwrap_err();
    assert!(again.to_string().contains("not empty"), "{again}");
    let opened = DataDir::new(dir.path().to_owned()).open().unwrap();
    assert_eq!(*opened.key().verifying_key(), key);
}

/// After a failed write nobody knows what the disk holds: this log waits for a restart.
#[tokio::test]
async fn a_failed_write_is_not_tried_again() {
    let (log, other) = (Log::new("entry"), Log::named("log.example/other", "entry"));
    let keys = [log.key(), other.key()];
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &keys).await;
    served.post(log.request(0, 5)).await.cosignature();
    let (state, aside) = (dir.path().join("state"), dir.path().join("aside"));
    fs::rename(&state, &aside).unwrap();
    let answer = served.post(log.request(5, 9)).await;
    assert_eq!((answer.status, &*answer.body), (503, "the checkpoint can not be remembered\n"));
    fs::rename(&aside, &state).unwrap();
    for request in [log.request(5, 9), log.request(5, 5), log.request(0, 5)] {
        assert_eq!(served.post(request).await.status, 503);
    }
    assert_eq!(served.get(&format!("/{}/checkpoint", origin_hash(ORIGIN))).await.status, 503);
    let health = served.get("/healthz").await;
    assert!(health.status == 503 && health.body.contains(ORIGIN), "{}", health.body);
    served.post(other.request(0, 5)).await.cosignature();
    served.stop().await;
    let served = Served::start(dir.path(), &keys).await;
    served.post(log.request(5, 9)).await.cosignature();
}

#[tokio::test]
async fn the_proof_of_a_fork_is_kept() {
    let (log, forked) = (Log::new("entry"), Log::new("forked entry"));
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    served.post(log.request(0, 5)).await.cosignature();
    let path = state_file(dir.path()).with_extension("fork");
    assert_eq!(served.post(forked.request(3, 5)).await.status, 409);
    assert!(!path.exists());
    assert_eq!(served.post(forked.request(5, 5)).await.status, 422);
    let kept = fs::read_to_string(&path).unwrap();
    let (first, second) = kept.split_at(kept.rfind("\n\nlog.example").unwrap() + 1);
    for (note, history) in [(first, &log), (&second[1..], &forked)] {
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let verified = checkpoint.verify(ORIGIN, &[log.key()]).unwrap();
        assert_eq!(verified.head(), history.head(5));
    }
    served.post(log.request(5, 9)).await.cosignature();
    assert_eq!(served.post(forked.request(9, 9)).await.status, 422);
    assert_eq!(fs::read_to_string(&path).unwrap(), kept, "the first one stays");
}

#[test]
fn a_state_file_is_replaced_as_a_whole() {
    let log = Log::new("entry");
    let dir = tempfile::tempdir().unwrap();
    let witness = CosigningKey::from_seed("witness.example/w1", &[3; 32]).unwrap();
    let own_key = witness.verifying_key();
    let file = StateFile::new(dir.path(), ORIGIN);
    assert_eq!(file.read(&[log.key()], own_key).unwrap(), None);
    for size in [5, 9] {
        let text = log.signed(size).checkpoint().to_string();
        let cosigned = log.signed(size).with_cosignature(cosign(&text, &witness, NOW)).unwrap();
        file.write(&cosigned).unwrap();
        assert_eq!(file.read(&[log.key()], own_key).unwrap(), Some(cosigned));
        // What a crash in the middle of a write leaves behind means nothing.
        fs::write(dir.path().join(origin_hash(ORIGIN) + ".new"), "half of a").unwrap();
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
