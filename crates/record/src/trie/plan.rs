//! Making proofs: plan, load the pairs of one part, finish.

use alloc::vec::Vec;

use thiserror::Error;

use super::absence::Absence;
use super::builder::OrderError;
use super::joined::{Descent, MapTrie};
use super::lookup::MapProof;
use super::path::{Path, Step};
use super::prefix::PrefixProof;
use super::subtree::Subtree;
use crate::digest::MapRoot;
use crate::map::MapKey;

/// The pairs that were loaded are not those that the plan asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PairsError {
    /// They are the pairs of another part, or of another state of it.
    #[error("the pairs hash to {computed}, not to {expected}: they are not those of the part")]
    HashMismatch {
        /// Hash of the part; that of the empty map if there was nothing to load.
        expected: MapRoot,
        /// Hash of the pairs.
        computed: MapRoot,
    },
    /// They are out of order.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// A proof about one key that lacks the pairs of one part.
#[derive(Clone, Debug)]
pub struct LookupPlan<K = MapKey> {
    key: K,
    descent: Descent<K>,
}

/// A proof about a prefix that may lack the pairs of one part.
#[derive(Clone, Debug)]
pub struct PrefixPlan<'a, K = MapKey> {
    prefix: &'a [u8],
    found: Found<K>,
}

/// How far the search for the keys with a prefix comes.
#[derive(Clone, Debug)]
enum Found<K> {
    /// To a part without them, or to one that may have others.
    Part(Descent<K>),
    /// To the subtree that has them and no others.
    Subtree(MapRoot, Vec<Step>),
}

impl<K: AsRef<[u8]> + Clone> MapTrie<K> {
    /// Says which pairs the proof about `key` needs.
    pub fn plan_lookup(&self, key: K) -> LookupPlan<K> {
        let descent = self.descend(key.as_ref());
        LookupPlan::new(key, descent)
    }

    /// Says which pairs the proof about the keys that start with `prefix` needs.
    pub fn plan_prefix<'a>(&'a self, prefix: &'a [u8]) -> PrefixPlan<'a, K> {
        PrefixPlan { prefix, found: self.find(prefix) }
    }

    fn find(&self, prefix: &[u8]) -> Found<K> {
        let shares = |subtree: &Subtree<K>| subtree.shares(8 * prefix.len());
        let Descent { end, steps } = self.descend_until(prefix, shares);
        match end.filter(|end| shares(end) && end.key().as_ref().starts_with(prefix)) {
            Some(subtree) => Found::Subtree(subtree.hash(), steps),
            None => Found::Part(self.descend(prefix)),
        }
    }
}

impl<K: AsRef<[u8]> + Clone> LookupPlan<K> {
    pub(super) const fn new(key: K, descent: Descent<K>) -> LookupPlan<K> {
        LookupPlan { key, descent }
    }

    /// The part whose pairs to load, all of them; `None` if there is nothing to load.
    pub const fn part(&self) -> Option<&Subtree<K>> {
        self.descent.end.as_ref()
    }

    /// Goes on into the part when it is known what smaller parts it is made of, so that the pairs of
    /// one of those are enough.
    ///
    /// # Errors
    /// [`PairsError`] if these are not they; the plan is unchanged.
    pub fn enter(&mut self, parts: impl IntoIterator<Item = Subtree<K>>) -> Result<(), PairsError> {
        let trie = MapTrie::join(parts)?;
        check(self.part(), trie.root())?;
        let Descent { end, steps } = trie.descend(self.key.as_ref());
        self.descent.steps.extend(steps);
        self.descent.end = end;
        Ok(())
    }

    /// Makes the proof from the part's pairs, in ascending order.
    ///
    /// # Errors
    /// [`PairsError`] if they are not that.
    pub fn finish<V>(self, pairs: &[(K, V)]) -> Result<MapProof<K, V>, PairsError>
    where
        V: AsRef<[u8]> + Clone,
    {
        let LookupPlan { key, descent } = self;
        let inside = trie_of(pairs, descent.end.as_ref())?;
        Ok(match reach(pairs, &inside, descent.steps, key.as_ref()) {
            Absence::OtherLeaf { key: reached, value, path }
                if reached.as_ref() == key.as_ref() =>
            {
                MapProof::present(value, path)
            }
            absence => MapProof::absent(absence),
        })
    }
}

impl<K: AsRef<[u8]> + Clone> PrefixPlan<'_, K> {
    /// The part whose pairs to load, all of them; `None` if there is nothing to load.
    pub const fn part(&self) -> Option<&Subtree<K>> {
        match &self.found {
            Found::Part(descent) => descent.end.as_ref(),
            Found::Subtree(..) => None,
        }
    }

    /// Makes the proof from the part's pairs, in ascending order.
    ///
    /// # Errors
    /// [`PairsError`] if they are not that.
    pub fn finish<V>(self, pairs: &[(K, V)]) -> Result<PrefixProof<K, V>, PairsError>
    where
        V: AsRef<[u8]> + Clone,
    {
        let inside = trie_of(pairs, self.part())?;
        Ok(match self.found {
            Found::Subtree(hash, steps) => PrefixProof::within(hash, Path::from_top(steps)),
            Found::Part(Descent { mut steps, .. }) => match inside.find(self.prefix) {
                Found::Subtree(hash, below) => {
                    steps.extend(below);
                    PrefixProof::within(hash, Path::from_top(steps))
                }
                Found::Part(_) => PrefixProof::none(reach(pairs, &inside, steps, self.prefix)),
            },
        })
    }
}

/// The trie of a part's pairs down to its leaves.
fn trie_of<K, V>(pairs: &[(K, V)], part: Option<&Subtree<K>>) -> Result<MapTrie<K>, PairsError>
where
    K: AsRef<[u8]> + Clone,
    V: AsRef<[u8]>,
{
    let leaves = pairs.iter().map(|(key, value)| Subtree::leaf(key.clone(), value));
    let trie = MapTrie::join(leaves)?;
    check(part, trie.root())?;
    Ok(trie)
}

/// Checks what was computed of a part; `None` is the empty map.
fn check<K: AsRef<[u8]>>(part: Option<&Subtree<K>>, computed: MapRoot) -> Result<(), PairsError> {
    let expected = part.map_or(MapRoot::EMPTY, Subtree::hash);
    if computed == expected { Ok(()) } else { Err(PairsError::HashMismatch { expected, computed }) }
}

/// The leaf to which the bits of `key` lead, below the part that `steps` lead to.
fn reach<K, V>(
    pairs: &[(K, V)],
    inside: &MapTrie<K>,
    mut steps: Vec<Step>,
    key: &[u8],
) -> Absence<K, V>
where
    K: AsRef<[u8]> + Clone,
    V: Clone,
{
    let Descent { end, steps: below } = inside.descend(key);
    let is_end = |leaf: &Subtree<K>, pair: &K| leaf.key().as_ref() == pair.as_ref();
    let pair = end.and_then(|leaf| pairs.iter().find(|(key, _)| is_end(&leaf, key)));
    let Some((key, value)) = pair else { return Absence::EmptyMap };
    steps.extend(below);
    Absence::OtherLeaf { key: key.clone(), value: value.clone(), path: Path::from_top(steps) }
}
