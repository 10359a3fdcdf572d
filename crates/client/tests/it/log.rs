//! A log in memory. Proofs come from the recursive definitions of RFC 6962, not from the code under test.

use std::collections::{BTreeMap, BTreeSet};

use record::{
    ContentEntry, Digest, Entry, EpochEntry, FileEntry, LookupKey, MapKey, Parsed, ProjectName,
    RemovedEntry, Status, StatusEntry, Timestamp,
};
use tlog::{
    Checkpoint, CosigningKey, Hash, RightEdge, SignedCheckpoint, SigningKey, TileKind, TilePath,
    TreeHead, bundle_prefix, cosign, leaf_hash, node_hash,
};

use crate::server::complete;

pub(crate) const ORIGIN: &str = "log.example/pypi";

#[derive(Clone)]
pub(crate) struct TestLog {
    edge: RightEdge,
    pub(crate) entries: Vec<Vec<u8>>,
    objects: BTreeMap<(TileKind, u64), Vec<u8>>,
    /// Positions about which the map is false: of these keys it lists what it should not, and the reverse.
    misstated: BTreeMap<MapKey, BTreeSet<u64>>,
}

impl TestLog {
    pub(crate) fn new(entries: &[Entry]) -> TestLog {
        let (edge, objects, misstated) = (RightEdge::empty(), BTreeMap::new(), BTreeMap::new());
        let mut log = TestLog { edge, entries: Vec::new(), objects, misstated };
        log.append(entries);
        log
    }

    pub(crate) fn append(&mut self, entries: &[Entry]) {
        self.append_bytes(entries.iter().map(|entry| entry.to_bytes().unwrap()).collect());
    }

    pub(crate) fn append_bytes(&mut self, entries: Vec<Vec<u8>>) {
        let integrated = self.edge.append(&entries).unwrap();
        for (path, bytes) in integrated.objects {
            self.objects.insert((path.kind(), path.index()), bytes);
        }
        self.edge = integrated.edge;
        self.entries.extend(entries);
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn head(&self) -> TreeHead {
        self.edge.head()
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        sign(self.head())
    }

    pub(crate) fn root_at(&self, size: u64) -> Hash {
        root(&self.leaves(size))
    }

    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        path(usize::try_from(index).unwrap(), &self.leaves(size))
    }

    pub(crate) fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        if from == 0 || from == to {
            return Vec::new();
        }
        subproof(usize::try_from(from).unwrap(), &self.leaves(to), true)
    }

    /// The tile or bundle, as wide as asked for.
    pub(crate) fn object(&self, path: &TilePath) -> Option<Vec<u8>> {
        let bytes = self.objects.get(&(path.kind(), path.index()))?;
        let len = match path.kind() {
            TileKind::Entries => bundle_prefix(bytes, path.width())?,
            TileKind::Hashes(_) => usize::from(path.width()) * Hash::SIZE,
        };
        bytes.get(..len).map(<[u8]>::to_vec)
    }

    /// Appends an epoch of everything before it, made by `change` into something else.
    pub(crate) fn append_epoch(&mut self, change: impl FnOnce(&mut EpochEntry)) {
        let mut epoch = EpochEntry {
            epoch: self.entries.iter().filter(|bytes| is_epoch(bytes)).count() as u64,
            map: complete::map(self, self.size()).root(),
            serial: Some(25_900_000),
            swept: Some(time(5)),
            time: time(6),
        };
        change(&mut epoch);
        self.append(&[Entry::Epoch(epoch)]);
    }

    /// Lies about these positions in every epoch from now on, and in answers below it.
    pub(crate) fn misstate(&mut self, key: &LookupKey, positions: &[u64]) {
        self.misstated.entry(key.map_key()).or_default().extend(positions);
    }

    /// What the map over the first `size` entries has for a key whose entries are at `positions`.
    pub(crate) fn mapped(
        &self,
        key: &MapKey,
        positions: &BTreeSet<u64>,
        size: u64,
    ) -> BTreeSet<u64> {
        let misstated = self.misstated.get(key).into_iter().flatten().copied();
        positions ^ &misstated.filter(|position| *position < size).collect()
    }

    /// The keys about which the map is false.
    pub(crate) fn misstated(&self) -> impl Iterator<Item = &MapKey> {
        self.misstated.keys()
    }

    /// Position of the newest epoch entry.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.entries.iter().rposition(|bytes| is_epoch(bytes)).map(|position| position as u64)
    }

    pub(crate) fn leaves(&self, size: u64) -> Vec<Hash> {
        self.entries[..usize::try_from(size).unwrap()].iter().map(|e| leaf_hash(e)).collect()
    }
}

fn is_epoch(bytes: &[u8]) -> bool {
    matches!(Entry::parse(bytes), Ok(Parsed::Known(Entry::Epoch(_))))
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

pub(crate) fn vkey() -> String {
    key().verifying_key().to_string()
}

pub(crate) fn sign(head: TreeHead) -> SignedCheckpoint {
    SignedCheckpoint::sign(&Checkpoint::new(ORIGIN, head).unwrap(), &key())
}

/// One of the witnesses.
fn witness(number: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/w{number}"), &[100 + number; 32]).unwrap()
}

/// A checkpoint of the log, cosigned by these witnesses at these times.
pub(crate) fn cosigned(log: &TestLog, cosigners: &[(u8, u64)]) -> SignedCheckpoint {
    let text = log.checkpoint().checkpoint().to_string();
    cosigners.iter().fold(log.checkpoint(), |signed, (number, time)| {
        signed.with_cosignature(cosign(&text, &witness(*number), *time)).unwrap()
    })
}

/// A policy that asks for two of the witnesses w1, w2 and w3.
pub(crate) fn policy() -> String {
    let line = |number| format!("witness w{number} {}\n", witness(number).verifying_key());
    let witnesses: String = (1..=3).map(line).collect();
    format!("log {}\n{witnesses}group two 2 w1 w2 w3\nquorum two\n", vkey())
}

fn split(len: usize) -> usize {
    len.next_power_of_two() / 2
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, sibling) = if index < left.len() {
        (path(index, left), right)
    } else {
        (path(index - left.len(), right), left)
    };
    below.push(root(sibling));
    below
}

fn subproof(size: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, other) = if size <= left.len() {
        (subproof(size, left, whole), right)
    } else {
        (subproof(size - left.len(), right, false), left)
    };
    below.push(root(other));
    below
}

pub(crate) fn project(name: &str) -> ProjectName {
    ProjectName::normalise(name).unwrap()
}

pub(crate) fn digest(content: &str) -> Digest {
    Digest::sha256(content.as_bytes())
}

pub(crate) fn time(minute: u64) -> Timestamp {
    Timestamp::from_unix(1_795_223_638 + 60 * minute).unwrap()
}

/// A file whose project and version are read from its name and whose bytes are `content`.
pub(crate) fn file(filename: &str, content: &str) -> Entry {
    let (project, version) = record::split_filename(filename, None).unwrap();
    Entry::File(FileEntry {
        project,
        version,
        filename: filename.into(),
        sha256: digest(content),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: None,
        yanked: None,
        provenance: false,
        via: None,
        observed: time(0),
    })
}

pub(crate) fn removed(filename: &str, content: &str) -> Entry {
    let (project, version) = record::split_filename(filename, None).unwrap();
    let (filename, sha256) = (filename.into(), digest(content));
    Entry::Removed(RemovedEntry {
        project,
        version,
        filename,
        sha256,
        via: None,
        observed: time(1),
    })
}

pub(crate) fn content(filename: &str, listed: &str, got: &str) -> Entry {
    let (project, version) = record::split_filename(filename, None).unwrap();
    let (sha256, got) = (digest(listed), digest(got));
    let filename = filename.into();
    Entry::Content(ContentEntry { project, version, filename, sha256, got, observed: time(2) })
}

pub(crate) fn yanked(filename: &str, reason: &str) -> Entry {
    let (project, version) = record::split_filename(filename, None).unwrap();
    Entry::Status(StatusEntry {
        project,
        version: Some(version),
        filename: Some(filename.into()),
        status: Status::Yanked,
        reason: Some(reason.into()),
        via: None,
        observed: time(3),
    })
}

pub(crate) fn status(name: &str, status: Status) -> Entry {
    Entry::Status(StatusEntry {
        project: project(name),
        version: None,
        filename: None,
        status,
        reason: None,
        via: None,
        observed: time(4),
    })
}

/// Entries of projects that no test asks for.
pub(crate) fn filler(count: usize) -> Vec<Entry> {
    let name = |n| format!("filler_{n}-1.0.tar.gz");
    (0..count).map(|n| file(&name(n), &format!("filler {n}"))).collect()
}
