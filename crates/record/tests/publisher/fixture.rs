//! A project's history, one entry after the other.

use record::{
    Digest, Entry, Expectation, ExpectedEntry, FileEntry, KeyAction, KeyChange, KeyEntry,
    KeyRefusal, ProjectName, PublicKey, PublisherState, RemovedEntry, Signature, StatementRefusal,
    Timestamp,
};
use tlog::{LeafIndex, SigningKey};

pub(crate) const ORIGIN: &str = "log.example/pypi";
pub(crate) const NOW: u64 = 1_795_223_638;

pub(crate) fn project(name: &str) -> ProjectName {
    ProjectName::parse(name).unwrap()
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from([byte; 32])
}

/// The publisher's key number `number`.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&format!("example-{number}"), &[number; 32]).unwrap()
}

pub(crate) fn public(key: &SigningKey) -> PublicKey {
    PublicKey::parse(&key.verifying_key().to_string()).unwrap()
}

pub(crate) fn sign(key: &SigningKey, text: &str) -> Signature {
    Signature::new(key.sign(text).bytes().to_vec()).unwrap()
}

pub(crate) fn expectation(file: &str, sha256: Digest) -> Expectation {
    Expectation {
        project: project("example"),
        version: "1.0".into(),
        filename: file.into(),
        sha256,
    }
}

pub(crate) fn expected(by: &SigningKey, what: Expectation, origin: &str) -> ExpectedEntry {
    let signature = sign(by, &what.text(origin));
    what.into_entry(public(by), signature, Timestamp::from_unix(NOW).unwrap())
}

/// The state of the project `example`, and the entries that made it.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) state: PublisherState,
    next: u64,
}

impl History {
    pub(crate) fn new() -> History {
        History { state: PublisherState::new(ORIGIN, project("example")), next: 0 }
    }

    /// A project whose first key is number 1.
    pub(crate) fn enrolled() -> History {
        let mut history = History::new();
        history.change(KeyAction::Enrol, &key(1), &key(1)).unwrap();
        history
    }

    pub(crate) fn push(&mut self, entry: impl Into<Entry>) -> Result<LeafIndex, StatementRefusal> {
        let index = LeafIndex::new(self.next).unwrap();
        let (entry, before) = (entry.into(), self.state.clone());
        self.next += 1;
        match self.state.apply(index, &entry) {
            Ok(()) => Ok(index),
            Err(refusal) => {
                assert_eq!(self.state, before, "what is refused changes nothing");
                Err(refusal)
            }
        }
    }

    /// A change of keys as `by` signs it here and now.
    pub(crate) fn signed(
        &self,
        action: KeyAction,
        which: &SigningKey,
        by: &SigningKey,
    ) -> KeyEntry {
        let after = self.state.ring().last();
        let change = KeyChange { project: project("example"), action, key: public(which), after };
        KeyEntry {
            project: project("example"),
            action,
            key: public(which),
            by: public(by).to_string(),
            signature: Some(sign(by, &change.text(ORIGIN))),
            received: Timestamp::from_unix(NOW).unwrap(),
        }
    }

    pub(crate) fn change(
        &mut self,
        action: KeyAction,
        which: &SigningKey,
        by: &SigningKey,
    ) -> Result<LeafIndex, KeyRefusal> {
        let entry = self.signed(action, which, by);
        self.push_key(entry)
    }

    pub(crate) fn operator(
        &mut self,
        action: KeyAction,
        which: &SigningKey,
    ) -> Result<LeafIndex, KeyRefusal> {
        let signed = self.signed(action, which, which);
        self.push_key(KeyEntry { by: KeyEntry::OPERATOR.into(), signature: None, ..signed })
    }

    pub(crate) fn push_key(&mut self, entry: KeyEntry) -> Result<LeafIndex, KeyRefusal> {
        self.push(entry).map_err(|refusal| match refusal {
            StatementRefusal::Key(refusal) => refusal,
            StatementRefusal::Expectation(other) => panic!("{other}"),
        })
    }

    pub(crate) fn expect(&mut self, by: &SigningKey, file: &str, sha256: u8) -> bool {
        let entry = expected(by, expectation(file, digest(sha256)), ORIGIN);
        self.push(entry).is_ok()
    }

    pub(crate) fn list(&mut self, file: &str, sha256: u8) {
        self.push(listed(file, sha256)).unwrap();
    }

    pub(crate) fn remove(&mut self, file: &str, sha256: u8) {
        let FileEntry { project, version, filename, sha256, via, observed, .. } =
            listed(file, sha256);
        self.push(RemovedEntry { project, version, filename, sha256, via, observed }).unwrap();
    }
}

pub(crate) fn listed(file: &str, sha256: u8) -> FileEntry {
    FileEntry {
        project: project("example"),
        version: "1.0".into(),
        filename: file.into(),
        sha256: digest(sha256),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: Timestamp::from_unix(NOW).unwrap(),
    }
}
