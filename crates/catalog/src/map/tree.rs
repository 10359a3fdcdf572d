//! The upper part of the map in memory: from the buckets to the root.

use std::sync::Arc;

use record::{MapBuilder, MapKey, MapRoot, MapTrie, OrderError, Subtree};

use super::bucket::{Bucket, FAN_BITS};

/// The buckets that have keys, in groups of groups.
///
/// A change of some buckets makes a new tree that shares what is unchanged with the old one.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    bits: u8,
    top: Option<Node>,
}

/// A bucket, or a group of what has keys among its 32 parts.
#[derive(Clone, Debug)]
struct Node {
    subtree: Subtree,
    /// Ascending; `None` for a bucket.
    children: Option<Arc<Vec<Node>>>,
}

impl Tree {
    /// The tree of no keys.
    pub(crate) const fn empty(bits: u8) -> Tree {
        Tree { bits, top: None }
    }

    /// By how many bits its buckets are told apart.
    pub(crate) const fn bits(&self) -> u8 {
        self.bits
    }

    /// Root of the map.
    pub(crate) fn root(&self) -> MapRoot {
        self.top.as_ref().map_or(MapRoot::EMPTY, |top| top.subtree.hash())
    }

    /// The tree in which these buckets, ascending, take the places of those before.
    pub(crate) fn with(&self, buckets: &[Subtree]) -> Result<Tree, OrderError> {
        if buckets.is_empty() {
            return Ok(self.clone());
        }
        let top = Node::with(self.top.as_ref(), 0, self.bits, buckets)?;
        Ok(Tree { bits: self.bits, top: Some(top) })
    }

    /// The map as a trie in which the way of `key` ends at a bucket: whole groups elsewhere.
    pub(crate) fn trie_towards(&self, key: &MapKey) -> Result<MapTrie, OrderError> {
        let mut parts: Vec<&Node> = self.top.iter().collect();
        loop {
            let trie = MapTrie::join(parts.iter().map(|part| part.subtree))?;
            let reached = trie.plan_lookup(*key).part().map(|part| *part.key());
            let at = parts.iter().position(|part| Some(*part.subtree.key()) == reached);
            match at.map(|at| (at, &parts[at].children)) {
                Some((at, Some(children))) => drop(parts.splice(at..=at, children.iter())),
                _ => return Ok(trie),
            }
        }
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
        let below = depth + FAN_BITS;
        let place = |subtree: &Subtree| Bucket::of(subtree.key(), below);
        let mut old = old.and_then(|old| old.children.as_deref()).into_iter().flatten().peekable();
        let mut children = Vec::with_capacity(1 << FAN_BITS);
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
        let mut builder = MapBuilder::new();
        children.iter().try_for_each(|child| builder.push_subtree(child.subtree))?;
        children.shrink_to_fit();
        let subtree = builder.finish().expect("a group is made of at least what changed in it");
        Ok(Node { subtree, children: Some(Arc::new(children)) })
    }
}
