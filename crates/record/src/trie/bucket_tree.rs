//! The upper part of the map in memory: from the buckets to the root.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::bucket::MapBucket;
use super::builder::OrderError;
use super::group::Group;
use super::joined::Descent;
use super::plan::LookupPlan;
use super::subtree::Subtree;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// The map as its buckets that have keys, in groups of groups.
///
/// A change of some buckets makes a new tree that shares what is unchanged with the old one: it costs
/// the groups above those buckets, whatever the size of the map.
///
/// ```
/// use record::{BucketTree, MapKey, MapRoot, Subtree};
///
/// let empty = BucketTree::empty(20);
/// assert_eq!(empty.root(), MapRoot::EMPTY);
/// let bucket = Subtree::leaf(MapKey::from([7; 32]), &[0x11; 32]);
/// let tree = empty.with(&[bucket])?;
/// assert_eq!((tree.root(), tree.get(bucket.key())), (bucket.hash(), Some(&bucket)));
/// # Ok::<(), record::OrderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BucketTree {
    bits: u8,
    top: Option<Node>,
}

/// A bucket, or a group of what has keys among its 32 parts.
#[derive(Clone, Debug)]
struct Node {
    subtree: Subtree,
    /// `None` for a bucket.
    children: Option<Arc<Group<Node>>>,
}

impl AsRef<Subtree> for Node {
    fn as_ref(&self) -> &Subtree {
        &self.subtree
    }
}

impl BucketTree {
    /// Bits by which a group of buckets, or of groups, is divided.
    pub const FAN_BITS: u8 = 5;

    /// The tree of no keys, whose buckets are told apart by `bits` bits.
    ///
    /// # Panics
    /// Unless that is a multiple of [`FAN_BITS`](Self::FAN_BITS) that [`MapBucket`] allows.
    pub const fn empty(bits: u8) -> BucketTree {
        assert!(bits.is_multiple_of(BucketTree::FAN_BITS) && bits < 32);
        BucketTree { bits, top: None }
    }

    /// By how many bits its buckets are told apart.
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// Root of the map.
    pub fn root(&self) -> MapRoot {
        self.top.as_ref().map_or(MapRoot::EMPTY, |top| top.subtree.hash())
    }

    /// The bucket of a key; `None` if it has no keys.
    pub fn get(&self, key: &MapKey) -> Option<&Subtree> {
        let mut node = self.top.as_ref()?;
        let mut depth = 0;
        while let Some(children) = &node.children {
            depth += BucketTree::FAN_BITS;
            let place = MapBucket::of(key, depth);
            let parts = children.parts();
            let at = parts
                .binary_search_by_key(&place, |child| MapBucket::of(child.subtree.key(), depth));
            node = &parts[at.ok()?];
        }
        let is_bucket = MapBucket::of(key, self.bits).contains(node.subtree.key());
        is_bucket.then_some(&node.subtree)
    }

    /// The tree in which these buckets take the places of those before.
    ///
    /// # Errors
    /// [`OrderError`] unless they are one subtree for each bucket, ascending.
    pub fn with(&self, buckets: &[Subtree]) -> Result<BucketTree, OrderError> {
        if buckets.is_empty() {
            return Ok(self.clone());
        }
        let top = Node::with(self.top.as_ref(), 0, self.bits, buckets)?;
        Ok(BucketTree { bits: self.bits, top: Some(top) })
    }

    /// Says which bucket's pairs the proof about `key` needs. Nothing is hashed for it.
    pub fn plan_lookup(&self, key: MapKey) -> LookupPlan {
        let mut steps = Vec::new();
        let mut node = self.top.as_ref();
        while let Some(children) = node.and_then(|node| node.children.as_deref()) {
            node = Some(children.descend(key.as_bytes(), &mut steps));
        }
        let end = node.map(|node| node.subtree);
        LookupPlan::new(key, Descent { end, steps })
    }
}

impl Node {
    /// What becomes of the keys that share their first `depth` bits, when these buckets of them change.
    fn with(
        old: Option<&Node>,
        depth: u8,
        bits: u8,
        changed: &[Subtree],
    ) -> Result<Node, OrderError> {
        if depth == bits {
            let [subtree] = changed else { return Err(OrderError::NotAscending) };
            return Ok(Node { subtree: *subtree, children: None });
        }
        let below = depth + BucketTree::FAN_BITS;
        let place = |subtree: &Subtree| MapBucket::of(subtree.key(), below);
        let old = old.and_then(|old| old.children.as_deref()).map_or(&[][..], Group::parts);
        let mut old = old.iter().peekable();
        let mut children = Vec::with_capacity(1 << BucketTree::FAN_BITS);
        for changed in changed.chunk_by(|one, next| place(one) == place(next)) {
            let here = place(&changed[0]);
            while let Some(before) = old.next_if(|node| place(&node.subtree) < here) {
                children.push(before.clone());
            }
            let replaced = old.next_if(|node| place(&node.subtree) == here);
            children.push(Node::with(replaced, below, bits, changed)?);
        }
        children.extend(old.cloned());
        Node::group(children)
    }

    /// The node above all of some keys' parts.
    fn group(mut children: Vec<Node>) -> Result<Node, OrderError> {
        children.shrink_to_fit();
        let (subtree, group) = Group::new(children)?;
        Ok(Node { subtree, children: Some(Arc::new(group)) })
    }
}
