//! The verifiable map: a Merkle Patricia trie over 32-byte keys ("torchwood 2026").
//!
//! ```text
//! empty map   SHA-256("")
//! leaf        SHA-256(00 || uvarint(len key) || key || uvarint(len value) || value)
//! inner node  SHA-256(01 || uvarint(B) || left || right)
//! ```
//!
//! An inner node exists only where keys part: `B` is the first bit in which its keys differ, bit 0
//! being the most significant one of byte 0, and the keys with a 0 there are left. So the shape
//! depends on the set of keys alone:
//!
//! ```text
//!  0010..  0100..  0111..  1011..        0
//!                                      /   \
//!                                     1    1011..
//!                                   /   \
//!                               0010..    2
//!                                       /   \
//!                                   0100..  0111..
//! ```
//!
//! A subtree's hash is the root of the map that has its pairs alone. That is what makes proofs cheap
//! without stored nodes: [`MapBuilder`] turns each bucket of neighbouring keys into a [`Subtree`],
//! [`MapTrie`] joins those to the whole, and a proof needs the pairs of one of them only. [`MapBucket`]
//! divides the keys, [`BucketTree`] keeps the hashes of all buckets.
//!
//! ```
//! use record::{MapAnswer, MapKey, MapTrie, MapValue, Subtree, map_value};
//! use tlog::LeafIndex;
//!
//! let mut pairs: Vec<(MapKey, MapValue)> = Vec::new();
//! for n in 0..5 {
//!     pairs.push((MapKey::file(&format!("{n}.whl")), map_value([LeafIndex::new(n)?])?));
//! }
//! pairs.sort();
//! let leaves = pairs.iter().map(|(key, value)| Subtree::leaf(*key, value));
//! let trie = MapTrie::join(leaves)?;
//!
//! let absent = MapKey::file("other.whl");
//! let plan = trie.plan_lookup(absent);
//! let part = plan.part().expect("the map is not empty").key();
//! let at = pairs.iter().position(|(key, _)| key == part).expect("made from the pairs");
//! let proof = plan.finish(&pairs[at..=at])?;
//! assert_eq!(trie.root().verify_lookup(&absent, &proof)?, MapAnswer::Absent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The types are generic over the byte strings of the format; [`MapKey`](crate::MapKey) and
//! [`MapValue`] are the ones of this log. Keys of other lengths are continued by `00 FF FF ...` and
//! must differ in that form's first 256 bits.

mod absence;
mod bits;
mod bucket;
mod bucket_tree;
mod builder;
mod group;
mod hash;
mod joined;
mod listing;
mod lookup;
mod parts;
mod path;
mod plan;
mod prefix;
mod subtree;
mod uvarint;
mod value;

pub use bucket::MapBucket;
pub use bucket_tree::BucketTree;
pub use builder::{MapBuilder, OrderError};
pub use joined::MapTrie;
pub use listing::ListingError;
pub use lookup::{MapAnswer, MapProof};
pub use parts::MapProofParts;
pub use path::{InvalidMapProof, MapProofError};
pub use plan::{LookupPlan, PairsError, PrefixPlan};
pub use prefix::PrefixProof;
pub use subtree::Subtree;
pub use value::{MapValue, MapValueBuilder, PositionsError, map_value};
