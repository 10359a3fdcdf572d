//! Neighbouring parts of the map with the nodes above them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bits;
use super::builder::{Joinable, OrderError, Spine};
use super::path::Step;
use super::subtree::Subtree;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// Parts that have a node in common, and all nodes between it and them.
#[derive(Clone, Debug)]
pub(super) struct Group<P> {
    /// Ascending.
    parts: Vec<P>,
    /// A node, then those below it on the left, then those on the right.
    inner: Box<[Inner]>,
}

/// A node between the top of a group and its parts.
#[derive(Clone, Copy, Debug)]
struct Inner {
    bit: u8,
    /// How many parts are below it on the left.
    left: u8,
    hash: MapRoot,
}

/// Some neighbouring parts of a group, and where the nodes above them begin.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    count: usize,
    inner: usize,
}

/// A node of the group while it grows, with the nodes below it.
struct Growing {
    subtree: Subtree,
    count: u8,
    inner: Vec<Inner>,
}

impl<P: AsRef<Subtree>> Group<P> {
    /// Joins parts, at least one and at most 255. Returns their common node with them.
    pub(super) fn new(parts: Vec<P>) -> Result<(Subtree, Group<P>), OrderError> {
        let mut spine = Spine::new();
        for part in &parts {
            spine.push(Growing { subtree: *part.as_ref(), count: 1, inner: Vec::new() })?;
        }
        let top = spine.finish().expect("a group is made of at least one part");
        Ok((top.subtree, Group { parts, inner: top.inner.into() }))
    }

    /// The parts, ascending.
    pub(super) fn parts(&self) -> &[P] {
        &self.parts
    }

    /// Follows the bits of `key` down to a part, and adds what is passed by.
    pub(super) fn descend(&self, key: &[u8], steps: &mut Vec<Step>) -> &P {
        let mut span = Span { first: 0, count: self.parts.len(), inner: 0 };
        while span.count > 1 {
            let node = self.inner[span.inner];
            let (left, right) = span.halves(node.left.into());
            let (next, other) =
                if bits::bit(key, node.bit) { (right, left) } else { (left, right) };
            steps.push(Step { bit: node.bit, sibling: self.hash(other) });
            span = next;
        }
        &self.parts[span.first]
    }

    fn hash(&self, span: Span) -> MapRoot {
        match span.count {
            1 => self.parts[span.first].as_ref().hash(),
            _ => self.inner[span.inner].hash,
        }
    }
}

impl Span {
    /// What is below the node of a span, so many parts of it on the left. The nodes above `n` parts are
    /// one fewer.
    const fn halves(self, left: usize) -> (Span, Span) {
        let Span { first, count, inner } = self;
        (
            Span { first, count: left, inner: inner + 1 },
            Span { first: first + left, count: count - left, inner: inner + left },
        )
    }
}

impl Joinable for Growing {
    type Key = MapKey;

    fn subtree(&self) -> &Subtree {
        &self.subtree
    }

    fn join(bit: u8, left: Growing, right: Growing) -> Growing {
        let subtree = Subtree::join(bit, left.subtree, &right.subtree);
        let mut inner = left.inner;
        inner.insert(0, Inner { bit, left: left.count, hash: subtree.hash() });
        inner.extend(right.inner);
        Growing { subtree, count: left.count + right.count, inner }
    }
}
