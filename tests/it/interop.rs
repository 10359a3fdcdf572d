//! What is served, verified by other people's code: `tlog_tiles`, `signed_note`, and in Python
//! `aics-tlog` with the script in `tests/interop`.

use std::path::Path;

use signed_note::{StandardVerifier, VerifierList};
use tlog::{TileKind, TilePath};
use tlog_tiles::{Tile, TileHashReader, TileReader};
use tokio::process::Command;
use tokio::runtime::Handle;

use crate::harness::{Ended, Reader, Server, Submitter, TestLog, environment, files, raw, run};

async fn served(entries: u64) -> (TestLog, Server) {
    let log = TestLog::create().await;
    let server = log.serve().await;
    Submitter::open(&server).await.submit(files(0..entries)).await;
    (log, server)
}

/// Tiles over HTTP, offered to `tlog_tiles`, which knows no waiting.
struct ServedTiles {
    runtime: Handle,
    address: String,
}

impl TileReader for ServedTiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let fetch = |tile: &Tile| {
            let width = u16::try_from(tile.width()).unwrap();
            let kind = TileKind::Hashes(tile.level());
            let path = TilePath::new(kind, tile.level_index(), width).unwrap();
            let path = format!("/{path}");
            let answer = self.runtime.block_on(raw(&self.address, "GET", &path, ""));
            assert_eq!(answer.status, 200, "{path}");
            answer.body
        };
        Ok(tiles.iter().map(fetch).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: &tlog::Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rust_code_verifies_what_is_served() {
    let (log, server) = served(600).await;
    let note = raw(server.address(), "GET", "/checkpoint", "").await.body;
    let verifier = StandardVerifier::new(&log.key().to_string()).unwrap();
    let keys = VerifierList::new(vec![Box::new(verifier)]);
    let parsed = signed_note::Note::from_bytes(&note).unwrap();
    let (verified, unverified) = parsed.verify(&keys).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(parsed.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("log.example/pypi", 600));

    let mut reader = Reader::open(&server).await;
    let tree = reader.tree().await;
    let root = *checkpoint.hash();
    let tiles = ServedTiles { runtime: Handle::current(), address: server.address().to_owned() };
    for index in [0, 1, 255, 256, 511, 512, 598, 599] {
        let (ours, entry) = reader.inclusion(index, None).await.unwrap();
        let ours: Vec<_> = ours.iter().map(theirs).collect();
        let own = tokio::task::block_in_place(|| {
            let hashes = TileHashReader::new(600, root, &tiles);
            tlog_tiles::prove_record(600, index, &hashes).unwrap()
        });
        assert_eq!(own, ours, "inclusion of {index}");
        let leaf = tlog_tiles::record_hash(&entry);
        tlog_tiles::check_record(&ours, 600, root, index, leaf).unwrap();
    }
    for older in [1, 2, 255, 256, 257, 512, 599, 600] {
        let ours = reader.consistency(older, None).await.unwrap();
        let ours: Vec<_> = ours.iter().map(theirs).collect();
        let older_root = theirs(&tree.head(older).root);
        tlog_tiles::check_tree(&ours, 600, root, older, older_root).unwrap();
        // Tiles of the older size authenticate against the older root.
        let own = tokio::task::block_in_place(|| {
            let hashes = TileHashReader::new(older, older_root, &tiles);
            tlog_tiles::tree_hash(older, &hashes).unwrap()
        });
        assert_eq!(own, older_root, "size {older}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn other_code_in_python_verifies_what_is_served() {
    let Some(interpreter) = environment("aics-tlog", &["aics-tlog==0.2.1"]).await else { return };
    let (log, server) = served(700).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/verify_log.py");
    let verify = async |url: &str, key: &str| -> Ended {
        let mut command = Command::new(&interpreter);
        command.arg(&script).args([url, key]).kill_on_drop(true);
        run(command).await
    };
    let good = verify(&format!("{}/pypi", server.url), &log.key().to_string()).await;
    assert_eq!(good.code, Some(0), "{good:?}");
    let said = "checkpoint of 700 entries\n4 tiles and 3 bundles audited\n\
                70 inclusion proofs\n12 consistency proofs\n9 changed files refused\n";
    assert_eq!(good.stdout, said);

    let stranger = TestLog::create().await;
    let bad = verify(&server.url, &stranger.key().to_string()).await;
    assert_eq!(bad.code, Some(1), "{bad:?}");
    server.terminate().await;
}
