//! Any bytes at all: refused, or written back exactly as they were read. Never a panic.

use proptest::prelude::*;
use tlog::{
    AddCheckpoint, Checkpoint, Hash, InclusionProof, Note, NoteSignature, Policy, ProofFile,
    SignedCheckpoint, SigningKey, TilePath, VerifyingKey,
};

use crate::fixture::{TestLog, index, size};

/// A proof file, which holds a note, a checkpoint, hashes and a signature line.
fn valid() -> Vec<u8> {
    let log = TestLog::new(9);
    let key = SigningKey::from_seed("log.example", &[1; 32]).unwrap();
    let checkpoint = Checkpoint::new("log.example", log.head()).unwrap();
    let file = ProofFile {
        extra: Some(b"extra".to_vec()),
        index: index(4),
        proof: log.all().inclusion(index(4)).unwrap(),
        checkpoint: SignedCheckpoint::sign(&checkpoint, &key),
    };
    file.to_string().into_bytes()
}

/// A request to a witness.
fn valid_request() -> Vec<u8> {
    let file = ProofFile::parse(&valid()).unwrap();
    let proof = TestLog::new(9).all().consistency(size(5)).unwrap();
    let request = AddCheckpoint::new(size(5), proof, file.checkpoint).unwrap();
    request.to_string().into_bytes()
}

/// Gives `bytes` to every parser.
fn check(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_bytes(), bytes);
    }
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_bytes(), bytes);
    }
    if let Ok(file) = ProofFile::parse(bytes) {
        assert_eq!(file.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
    if let Ok(hash) = Hash::try_from(bytes) {
        assert_eq!(hash.as_bytes(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(line) = NoteSignature::parse(text) {
        assert_eq!(line.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = VerifyingKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = SigningKey::parse(text) {
        assert_eq!(*key.secret_text(), text);
    }
    if let Ok(hash) = Hash::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(policy) = Policy::parse(text) {
        assert_eq!(Policy::parse(&policy.to_string()), Ok(policy));
    }
}

#[derive(Clone, Debug)]
enum Change {
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(&b"\n\r\t +=0A/"[..])];
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, mask)| Change::Flip(at, mask)),
        (place(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        place().prop_map(Change::Remove),
        (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
        place().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match change {
        Change::Flip(at, mask) => bytes[at.index(len)] ^= mask,
        Change::Insert(at, byte) => bytes.insert(at.index(len), *byte),
        Change::Remove(at) => drop(bytes.remove(at.index(len))),
        Change::Repeat(from, to) => {
            let part = bytes[from.index(len)..].to_vec();
            let at = to.index(len);
            bytes.splice(at..at, part);
        }
        Change::Cut(at) => bytes.truncate(at.index(len)),
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn arbitrary_lines(text in "([ -~]{0,12}|— [a-c+ ]{0,3} [A-Za-z0-9+/]{0,8}={0,2}|[0-9+]{1,3}|\n){0,8}") {
        check(text.as_bytes());
    }

    #[test]
    fn valid_files_with_changes(changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = valid();
        for change in &changes {
            apply(&mut bytes, change);
        }
        check(&bytes);
        let first_blank = bytes.windows(2).position(|pair| pair == b"\n\n");
        check(&bytes[first_blank.map_or(0, |at| at + 2)..]);
    }

    #[test]
    fn valid_requests_with_changes(changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = valid_request();
        for change in &changes {
            apply(&mut bytes, change);
        }
        check(&bytes);
    }
}

#[test]
fn what_is_valid_parses() {
    let bytes = valid();
    let file = ProofFile::parse(&bytes).unwrap();
    assert_ne!(file.proof, InclusionProof::default());
    check(&bytes);
    assert!(AddCheckpoint::parse(&valid_request()).is_ok());
}
