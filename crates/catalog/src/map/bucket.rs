//! How the map is divided into buckets, and how those are named.

use record::{BucketTree, MapBucket};
use tlog::TreeSize;

/// Entries for each bucket, at most, up to [`MAX_BITS`]: they have two or three keys each.
const ENTRIES_PER_BUCKET: u64 = 64;

/// A million buckets, which take some 80 MB of memory: 40 keys each in a log of 20 million files.
const MAX_BITS: u8 = 20;

/// By how many bits the buckets of a map over so many entries are told apart.
///
/// It depends on the size alone, and never decreases with it.
pub(crate) fn bits_for(size: TreeSize) -> u8 {
    let fits = |bits: &u8| size.get() >> bits <= ENTRIES_PER_BUCKET;
    (0..MAX_BITS).step_by(BucketTree::FAN_BITS.into()).find(fits).unwrap_or(MAX_BITS)
}

/// How a bucket is named in the database.
pub(crate) fn name(bucket: MapBucket) -> [u8; 1 + size_of::<u32>()] {
    let [a, b, c, d] = bucket.number().to_be_bytes();
    [bucket.bits(), a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_grow_with_the_size() {
        let cases = [
            (0, 0),
            (64, 0),
            (65, 5),
            ((65 << 5) - 1, 5),
            (65 << 5, 10),
            (65 << 10, 15),
            (65 << 15, 20),
            (1 << 62, 20),
        ];
        for (size, bits) in cases {
            assert_eq!(bits_for(TreeSize::new(size).unwrap()), bits, "{size}");
        }
    }
}
