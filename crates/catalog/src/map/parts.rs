//! What buckets are made of: a way past most of their rows.
//!
//! The parts of a bucket are buckets of keys that are told apart by a few bits more. Nothing depends on what is
//! kept of them: it counts where it gives the hash that the bucket has in a map, and where it does not, because
//! it is absent, damaged, or of another map, all rows of the bucket are read.

use record::{MapBucket, MapBuilder, MapKey, MapRoot, Subtree};

use super::bucket::{self, MAX_PART_BITS};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::rows::PARTS;

/// Place of a part in its bucket, the bit at which its keys part, its hash.
const PART_LEN: usize = 2 + MapRoot::SIZE;
/// In place of the bit, if there is one key. No part's keys are told apart by the first bit.
const ONE_KEY: u8 = 0;

/// The parts of a bucket that have keys, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// By how many bits they are told apart: more than the bucket.
    pub(super) bits: u8,
    /// Of their keys only so many bits are right.
    pub(super) subtrees: Vec<Subtree>,
}

impl Parts {
    /// What is kept of the parts of a bucket.
    pub(super) fn to_bytes(&self, bucket: MapBucket) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.subtrees.len() * PART_LEN);
        bytes.push(self.bits);
        for part in &self.subtrees {
            bytes.push(place(MapBucket::of(part.key(), self.bits), bucket));
            bytes.push(part.top().unwrap_or(ONE_KEY));
            bytes.extend(part.hash().as_bytes());
        }
        bytes
    }

    /// Reads what [`to_bytes`](Parts::to_bytes) wrote of a bucket; `None` for what it can not have written.
    fn parse(bucket: MapBucket, bytes: &[u8]) -> Option<Parts> {
        let (&bits, bytes) = bytes.split_first()?;
        bits.checked_sub(bucket.bits()).filter(|more| (1..=MAX_PART_BITS).contains(more))?;
        let (parts, []) = bytes.as_chunks::<PART_LEN>() else { return None };
        let mut subtrees = Vec::with_capacity(parts.len());
        for [place, top, hash @ ..] in parts {
            let part = bucket.divided(bits).nth((*place).into())?;
            let top = (*top != ONE_KEY).then_some(*top);
            subtrees.push(Subtree::from_parts(least_key(part), top, MapRoot::from(*hash)));
        }
        Some(Parts { bits, subtrees })
    }

    /// Whether they make up a bucket as a map has it.
    pub(super) fn make_up(&self, bucket: &Subtree) -> bool {
        let mut builder = MapBuilder::new();
        let ascend = self.subtrees.iter().all(|part| builder.push_subtree(*part).is_ok());
        ascend && builder.root() == bucket.hash()
    }
}

impl Catalog {
    /// What is kept of the parts of a bucket, if it is anything.
    pub(super) fn parts(&self, bucket: MapBucket) -> Result<Option<Parts>, CatalogError> {
        let kept = self.db().get_pinned_cf(self.family(PARTS), bucket::name(bucket))?;
        Ok(kept.and_then(|kept| Parts::parse(bucket, &kept)))
    }
}

/// Place of a part in its bucket.
fn place(part: MapBucket, bucket: MapBucket) -> u8 {
    let first = bucket.number() << (part.bits() - bucket.bits());
    u8::try_from(part.number() - first).expect("a bucket has no more than 256 parts")
}

/// The least key that a bucket can have.
pub(super) fn least_key(bucket: MapBucket) -> MapKey {
    let mut key = [0; MapKey::SIZE];
    key[..MapBucket::MARK_LEN].copy_from_slice(&bucket.start());
    MapKey::from(key)
}
