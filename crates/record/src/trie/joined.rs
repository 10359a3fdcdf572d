//! The upper part of the trie in memory, joined from subtrees.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bits;
use super::builder::{Joinable, OrderError, Spine};
use super::path::Step;
use super::subtree::Subtree;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// The map as a trie down to parts whose pairs are elsewhere.
///
/// A part may be a single pair or millions of them. Proofs take two steps:
/// [`plan_lookup`](MapTrie::plan_lookup) and [`plan_prefix`](MapTrie::plan_prefix) say which part's
/// pairs to load.
#[derive(Clone, Debug)]
pub struct MapTrie<K = MapKey> {
    top: Option<Node<K>>,
}

/// A node with its children; without them it is a part.
#[derive(Clone, Debug)]
struct Node<K> {
    subtree: Subtree<K>,
    children: Option<Box<(Node<K>, Node<K>)>>,
}

/// A way down from the top, steered by the bits of a key.
#[derive(Clone, Debug)]
pub(super) struct Descent<K> {
    /// Where it ends; `None` if the trie is empty.
    pub(super) end: Option<Subtree<K>>,
    /// What was passed by, top first.
    pub(super) steps: Vec<Step>,
}

impl<K: AsRef<[u8]> + Clone> MapTrie<K> {
    /// Joins parts in ascending order of their keys. Parts without pairs are simply not among them.
    ///
    /// # Errors
    /// [`OrderError`] if the parts do not ascend or have their places inside each other.
    pub fn join(parts: impl IntoIterator<Item = Subtree<K>>) -> Result<MapTrie<K>, OrderError> {
        let mut spine = Spine::new();
        for subtree in parts {
            spine.push(Node { subtree, children: None })?;
        }
        Ok(MapTrie { top: spine.finish() })
    }

    /// Root of the whole map.
    pub fn root(&self) -> MapRoot {
        self.top.as_ref().map_or(MapRoot::EMPTY, |top| top.subtree.hash())
    }

    /// Follows the bits of `key` down to a part.
    pub(super) fn descend(&self, key: &[u8]) -> Descent<K> {
        self.descend_until(key, |_| false)
    }

    /// Follows the bits of `key` down to a part or to the first node that `stop` accepts.
    pub(super) fn descend_until(
        &self,
        key: &[u8],
        stop: impl Fn(&Subtree<K>) -> bool,
    ) -> Descent<K> {
        let mut steps = Vec::new();
        let Some(mut node) = self.top.as_ref() else { return Descent { end: None, steps } };
        while !stop(&node.subtree)
            && let (Some(bit), Some(children)) = (node.subtree.top(), &node.children)
        {
            let (left, right) = &**children;
            let (next, other) = if bits::bit(key, bit) { (right, left) } else { (left, right) };
            steps.push(Step { bit, sibling: other.subtree.hash() });
            node = next;
        }
        Descent { end: Some(node.subtree.clone()), steps }
    }
}

impl<K: AsRef<[u8]> + Clone> Joinable for Node<K> {
    type Key = K;

    fn subtree(&self) -> &Subtree<K> {
        &self.subtree
    }

    fn join(bit: u8, left: Node<K>, right: Node<K>) -> Node<K> {
        let subtree = Subtree::join(bit, left.subtree.clone(), &right.subtree);
        Node { subtree, children: Some(Box::new((left, right))) }
    }
}
