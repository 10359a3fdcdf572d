//! The same questions to other people's code: `tlog_tiles` and `signed_note`.

use proptest::prelude::*;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use tlog::{
    Checkpoint, ConsistencyProof, Hash, InclusionProof, Note, SignedCheckpoint, SigningKey,
    TileKind, TilePath, TreeHead,
};
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader, stored_hashes};

use crate::fixture::{TestLog, entry, index, leaves, size};

/// Hashes kept the way `tlog_tiles` wants them, computed by itself.
struct Stored(Vec<tlog_tiles::Hash>);

impl Stored {
    fn new(n: usize) -> Stored {
        (0..n).fold(Stored(Vec::new()), |mut stored, index| {
            let more = stored_hashes(index as u64, &entry(index), &stored).unwrap();
            stored.0.extend(more);
            stored
        })
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

/// Our tiles, offered to `tlog_tiles`.
struct OurTiles<'a>(&'a TestLog);

impl TileReader for OurTiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let path = |tile: &Tile| {
            let width = u16::try_from(tile.width()).unwrap();
            TilePath::new(TileKind::Hashes(tile.level()), tile.level_index(), width).unwrap()
        };
        Ok(tiles.iter().map(|tile| self.0.load(&path(tile))).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::new(hash.0)).collect()
}

#[test]
fn roots_and_proofs_are_theirs_at_every_small_size() {
    let stored = Stored::new(130);
    let leaves = leaves(130);
    for n in 1..=130_usize {
        let log = TestLog::new(n);
        let (head, all, n64) = (log.head(), log.all(), n as u64);
        let root = tlog_tiles::tree_hash(n64, &stored).unwrap();
        assert_eq!(theirs(&head.root), root, "size {n}");
        for (m, leaf) in leaves.iter().enumerate().take(n) {
            let m64 = m as u64;
            let inclusion = tlog_tiles::prove_record(n64, m64, &stored).unwrap();
            assert_eq!(all.inclusion(index(m)).unwrap().hashes(), ours(&inclusion), "{m} of {n}");
            let verdict =
                head.verify_inclusion(index(m), leaf, &InclusionProof::new(ours(&inclusion)));
            assert!(verdict.is_ok(), "their proof of {m} in {n}");
            let growth = tlog_tiles::prove_tree(n64, m64 + 1, &stored).unwrap();
            let older = TreeHead { size: size(m + 1), root: all.root_at(size(m + 1)).unwrap() };
            assert_eq!(all.consistency(older.size).unwrap().hashes(), ours(&growth));
            let growth = ConsistencyProof::new(ours(&growth));
            assert!(head.verify_consistency(&older, &growth).is_ok(), "{} to {n}", m + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Their code authenticates our tiles, proves from them, and checks our proofs.
    #[test]
    fn our_tiles_and_proofs_satisfy_their_code(n in 1..3000_usize, m: prop::sample::Index) {
        let (log, m) = (TestLog::new(n), m.index(n));
        let (head, n64, m64) = (log.head(), n as u64, m as u64);
        let root = theirs(&head.root);
        let tiles = OurTiles(&log);
        let reader = TileHashReader::new(n64, root, &tiles);
        prop_assert_eq!(tlog_tiles::tree_hash(n64, &reader).unwrap(), root);

        let tree = log.verified(&head.plan_inclusion(index(m)).unwrap());
        let leaf = theirs(&tree.leaf(index(m)).unwrap());
        let inclusion = tlog_tiles::prove_record(n64, m64, &reader).unwrap();
        prop_assert_eq!(tree.inclusion(index(m)).unwrap(), InclusionProof::new(ours(&inclusion)));
        prop_assert!(tlog_tiles::check_record(&inclusion, n64, root, m64, leaf).is_ok());

        let older = size(m + 1);
        let tree = log.verified(&head.plan_consistency(older).unwrap());
        let growth: Vec<tlog_tiles::Hash> =
            tree.consistency(older).unwrap().hashes().iter().map(theirs).collect();
        let older_root = theirs(&tree.root_at(older).unwrap());
        let verdict = tlog_tiles::check_tree(&growth, n64, root, m64 + 1, older_root);
        prop_assert!(verdict.is_ok());
    }

    #[test]
    fn notes_are_read_in_both_directions(seed in any::<[u8; 32]>(), text in "([ -~é—]{0,20}\n){1,4}") {
        let ours = SigningKey::from_seed("example.com/note", &seed).unwrap();
        let vkey = ours.verifying_key().to_string();
        let signer = StandardSigner::new(&ours.secret_text()).unwrap();
        let verifier = StandardVerifier::new(&vkey).unwrap();
        prop_assert_eq!(verifier.name(), "example.com/note");
        prop_assert_eq!(verifier.key_id().to_be_bytes(), *ours.verifying_key().id().as_bytes());
        let signature = ours.sign(&text);
        prop_assert_eq!(&signer.sign(text.as_bytes()).unwrap(), signature.bytes());

        let note = Note::new(&text).unwrap().with_signature(signature).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let read = signed_note::Note::from_bytes(&note.to_bytes()).unwrap();
        prop_assert!(read.verify(&known).is_ok());
        prop_assert_eq!(read.text(), text.as_bytes());

        let mut written = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        written.add_sigs(&[&signer]).unwrap();
        prop_assert_eq!(Note::parse(&written.to_bytes()).unwrap(), note);
    }
}

#[test]
fn checkpoints_are_read_in_both_directions() {
    let head = TestLog::new(300).head();
    let checkpoint = Checkpoint::new("log.example/pypi", head).unwrap();
    let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
    assert_eq!((theirs.origin(), theirs.size()), ("log.example/pypi", 300));
    assert_eq!(theirs.hash().0, *head.root.as_bytes());
    let text = String::from_utf8(theirs.to_bytes()).unwrap();
    assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);
    let key = SigningKey::from_seed("log.example/pypi", &[1; 32]).unwrap();
    let signed = SignedCheckpoint::sign(&checkpoint, &key);
    assert!(signed_note::Note::from_bytes(&signed.to_bytes()).is_ok());
}
