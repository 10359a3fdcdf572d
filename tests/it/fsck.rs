//! `indelibled fsck` against a log in which one byte is wrong, or one file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Ended, Reader, Server, Submitter, TestLog, Tree, copy_tree, files, fsck};

/// A clean log with files of every class, and what it serves.
struct Original {
    log: TestLog,
    tree: Tree,
}

impl Original {
    async fn create() -> Original {
        let log = TestLog::create().await;
        // Entries from before the last start are in sorted files, later ones in the logs of writes.
        for range in [0..200, 200..400, 400..500] {
            let server = log.serve().await;
            for first in range.step_by(50) {
                Submitter::open(&server).await.submit(files(first..first + 50)).await;
            }
            server.terminate().await;
        }
        let copy = log.path("read");
        copy_tree(log.data(), &copy);
        let server = Server::start(log.command_at(&copy, &[])).await;
        let tree = Reader::open(&server).await.tree().await;
        server.terminate().await;
        assert_eq!(tree.size(), 500);
        Original { log, tree }
    }

    /// What fsck says about a copy that was damaged. It is never both damaged and clean: what fsck
    /// lets pass serves exactly what the undamaged log serves.
    async fn damaged(&self, damage: impl FnOnce(&Path)) -> Ended {
        let copy = self.log.path("damaged");
        let _ = fs::remove_dir_all(&copy);
        copy_tree(self.log.data(), &copy);
        damage(&copy);
        let ended = fsck(&copy).await;
        match ended.code {
            Some(0) => self.check_served(&copy, &ended).await,
            Some(1) => assert!(ended.stdout.starts_with("damaged: "), "{ended:?}"),
            Some(2) => assert!(ended.stderr.starts_with("indelibled: "), "{ended:?}"),
            _ => panic!("fsck died: {ended:?}"),
        }
        ended
    }

    async fn check_served(&self, copy: &Path, ended: &Ended) {
        let server = Server::try_start(self.log.command_at(copy, &[])).await;
        let server = server.unwrap_or_else(|failed| panic!("{ended:?} and yet {failed:?}"));
        let mut reader = Reader::open(&server).await;
        assert_eq!(reader.tree().await.entries, self.tree.entries, "{ended:?}");
        for (index, entry) in (0..).zip(&self.tree.entries).step_by(7) {
            let key = tlog::leaf_hash(entry);
            let (proof, _) = reader.inclusion(index, None).await.unwrap();
            let proof = tlog::InclusionProof::new(proof);
            let head = self.tree.head(500);
            head.verify_inclusion(crate::harness::index(index), &key, &proof).unwrap();
        }
        assert_eq!(Submitter::open(&server).await.submit(files(0..500)).await.entries, 0);
        server.terminate().await;
    }

    /// Files in `dir` that are of one of the classes: beginnings of names, or extensions.
    fn files(&self, dir: &str, classes: &[&str]) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.log.data().join(dir)).unwrap();
        let names = entries.map(|entry| PathBuf::from(entry.unwrap().file_name()));
        let is_of = |name: &Path, class: &str| {
            let begins = name.to_str().unwrap().starts_with(class);
            begins || name.extension().is_some_and(|extension| extension == class)
        };
        let mut chosen: Vec<_> =
            names.filter(|name| classes.iter().any(|class| is_of(name, class))).collect();
        chosen.sort();
        chosen.into_iter().map(|name| Path::new(dir).join(name)).collect()
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x04;
    fs::write(path, bytes).unwrap();
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn length(original: &Original, file: &Path) -> usize {
    usize::try_from(fs::metadata(original.log.data().join(file)).unwrap().len()).unwrap()
}

/// `count` places, from the first byte to the last.
fn places(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |n| n * (length - 1) / (count - 1).max(1))
}

#[tokio::test]
async fn a_clean_log_is_clean_and_stays_so() {
    let original = Original::create().await;
    for _ in 0..2 {
        let ended = original.log.fsck().await;
        let clean = format!("clean: size 500, root {}\n", original.tree.head(500).root);
        assert_eq!((ended.code, ended.stdout), (Some(0), clean), "{}", ended.stderr);
    }
    let fresh = TestLog::create().await;
    assert_eq!(fresh.fsck().await.code, Some(0), "a log that never was served");
    let nothing = fsck(&fresh.path("absent")).await;
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(!fresh.path("absent").exists());
}

#[tokio::test]
async fn a_flip_in_key_or_head_is_found() {
    let original = Original::create().await;
    for (file, code) in [("key", 2), ("head", 1)] {
        let length = length(&original, Path::new(file));
        for at in places(length, 12) {
            let ended = original.damaged(|copy| flip(&copy.join(file), at)).await;
            assert_eq!(ended.code, Some(code), "{file} at {at}: {ended:?}");
        }
        let ended = original.damaged(|copy| truncate(&copy.join(file))).await;
        assert_eq!(ended.code, Some(code), "{file} cut: {ended:?}");
        let ended = original.damaged(|copy| fs::remove_file(copy.join(file)).unwrap()).await;
        assert_eq!(ended.code, Some(code), "{file} gone: {ended:?}");
    }
    let ended = original.damaged(|copy| fs::remove_dir_all(copy.join("store")).unwrap()).await;
    assert_eq!(ended.code, Some(2), "store gone: {ended:?}");
}

/// The acknowledged head is a second copy that a power cut may leave old or torn: such a one says
/// nothing, and the store's own head stands. Any other head of the same or a larger size is damage.
#[tokio::test]
async fn an_acknowledged_head_that_contradicts_the_store_is_found() {
    let original = Original::create().await;
    let file = "store/acknowledged-head";
    let (version, size_low, root) = (0, 8, 9);
    for at in [size_low, root, root + 17, root + 31] {
        // 500 is 0x1f4: this flip makes it smaller, 0x1f0, like a copy from before.
        let older = at == size_low;
        let ended = original.damaged(|copy| flip(&copy.join(file), at)).await;
        assert_eq!(ended.code, Some(i32::from(!older)), "at {at}: {ended:?}");
    }
    for at in [version + 1, size_low - 2] {
        let ended = original.damaged(|copy| flip(&copy.join(file), at)).await;
        assert_eq!(ended.code, Some(1), "at {at}: {ended:?}");
    }
    original.damaged(|copy| flip(&copy.join(file), version)).await;
    original.damaged(|copy| truncate(&copy.join(file))).await;
    original.damaged(|copy| fs::remove_file(copy.join(file)).unwrap()).await;
}

#[tokio::test]
async fn flips_in_sorted_files_are_found_or_touch_no_data() {
    let original = Original::create().await;
    for dir in ["store/rocksdb", "catalog"] {
        let tables = original.files(dir, &["sst"]);
        assert!(!tables.is_empty(), "{dir} has no sorted file");
        for table in &tables {
            let length = length(&original, table);
            let mut found = 0;
            for at in places(length, 6) {
                let ended = original.damaged(|copy| flip(&copy.join(table), at)).await;
                found += u32::from(ended.code != Some(0));
            }
            // The rest were in filters and statistics: `damaged` compared all that is served.
            assert!(found >= 2, "{}: {found} found", table.display());
        }
        for table in tables.iter().take(2) {
            let ended = original.damaged(|copy| truncate(&copy.join(table))).await;
            assert_ne!(ended.code, Some(0), "{} cut: {ended:?}", table.display());
            let ended = original.damaged(|copy| fs::remove_file(copy.join(table)).unwrap()).await;
            assert_ne!(ended.code, Some(0), "{} gone: {ended:?}", table.display());
        }
    }
}

#[tokio::test]
async fn flips_in_what_holds_the_store_together_are_found() {
    let original = Original::create().await;
    let files = original.files("store/rocksdb", &["MANIFEST", "CURRENT", "log"]);
    assert_eq!(files.len(), 3, "{files:?}");
    for file in &files {
        let length = length(&original, file);
        // The last record of the log of writes publishes the head once more: nothing is lost with it.
        let end = if file.extension().is_some() { length - length / 4 } else { length };
        for at in places(end, 6) {
            let ended = original.damaged(|copy| flip(&copy.join(file), at)).await;
            assert_ne!(ended.code, Some(0), "{} at {at}: {ended:?}", file.display());
        }
        let ended = original.damaged(|copy| truncate(&copy.join(file))).await;
        assert_ne!(ended.code, Some(0), "{} cut: {ended:?}", file.display());
        let ended = original.damaged(|copy| fs::remove_file(copy.join(file)).unwrap()).await;
        assert_ne!(ended.code, Some(0), "{} gone: {ended:?}", file.display());
    }
}

/// What RocksDB writes for people or for itself alone is no data.
#[tokio::test]
async fn notes_of_the_database_to_people_do_not_matter() {
    let original = Original::create().await;
    for file in original.files("store/rocksdb", &["OPTIONS", "IDENTITY", "LOG"]) {
        let ended = original.damaged(|copy| flip(&copy.join(&file), 5)).await;
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", file.display());
    }
}

/// Whoever has the key can sign anything; a signed head of another history is a fork.
#[tokio::test]
async fn a_signed_head_of_another_history_is_found() {
    let original = Original::create().await;
    let secret = fs::read_to_string(original.log.data().join("key")).unwrap();
    let key = tlog::SigningKey::parse(secret.trim_end()).unwrap();
    let sign = |size: u64, root_of: u64| {
        let root = original.tree.head(root_of).root;
        let head = tlog::TreeHead { size: crate::harness::size(size), root };
        let checkpoint = tlog::Checkpoint::new("log.example/pypi", head).unwrap();
        tlog::SignedCheckpoint::sign(&checkpoint, &key).to_bytes()
    };
    for (size, root_of, code, why) in [
        (500, 500, 0, ""),
        (300, 300, 0, ""),
        (300, 299, 1, "the remembered head has another root than the store"),
        (500, 499, 1, "the remembered head has another root than the store"),
        (501, 500, 1, "the remembered head is of size 501, the store ends at 500"),
    ] {
        let note = sign(size, root_of);
        let ended = original.damaged(|copy| fs::write(copy.join("head"), note).unwrap()).await;
        assert_eq!(ended.code, Some(code), "{size} with the root of {root_of}: {ended:?}");
        assert!(ended.stdout.contains(why), "{why}: {ended:?}");
    }
}

#[tokio::test]
async fn a_catalog_may_be_absent_but_not_wrong() {
    let original = Original::create().await;
    let ended = original.damaged(|copy| fs::remove_dir_all(copy.join("catalog")).unwrap()).await;
    assert_eq!(ended.code, Some(0), "it is derived: {ended:?}");

    let other = TestLog::create().await;
    let server = other.serve().await;
    Submitter::open(&server).await.submit(files(1000..1500)).await;
    server.terminate().await;
    let ended = original
        .damaged(|copy| {
            fs::remove_dir_all(copy.join("catalog")).unwrap();
            copy_tree(&other.data().join("catalog"), &copy.join("catalog"));
        })
        .await;
    assert_eq!(ended.code, Some(1), "the catalog of another log: {ended:?}");
    assert!(ended.stdout.contains("a row of it is missing from the catalog"), "{ended:?}");
}
