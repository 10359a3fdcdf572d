//! How the map is divided into buckets, and how those are named.

use record::{BucketTree, MapBucket};
use tlog::TreeSize;

/// Entries for each bucket, at most, up to [`MAX_BITS`]: they have two or three keys each.
const ENTRIES_PER_BUCKET: u64 = 64;

/// Entries for each part of a bucket, at most: some eight keys.
const ENTRIES_PER_PART: u64 = 3;

/// A million buckets, which take some 80 MB of memory: 40 keys each in a log of 20 million files.
const MAX_BITS: u8 = 20;

/// Bits by which the parts of one bucket are told apart, at most: a byte says which part it is.
pub(crate) const MAX_PART_BITS: u8 = 8;

/// By how many bits the buckets of a map over so many entries are told apart.
///
/// It depends on the size alone, and never decreases with it.
pub(crate) fn bits_for(size: TreeSize) -> u8 {
    let fits = |bits: &u8| size.get() >> bits <= ENTRIES_PER_BUCKET;
    (0..MAX_BITS).step_by(BucketTree::FAN_BITS.into()).find(fits).unwrap_or(MAX_BITS)
}

/// By how many bits the parts of its buckets are told apart: those of the buckets if these are small enough.
pub(crate) fn part_bits_for(size: TreeSize) -> u8 {
    let bits = bits_for(size);
    let fits = |bits: &u8| size.get() >> bits <= ENTRIES_PER_PART;
    let most = bits + MAX_PART_BITS;
    (bits..most).find(fits).unwrap_or(most)
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

    #[test]
    fn parts_are_small_and_no_smaller_than_buckets() {
        let cases = [
            (0, 0),
            (3, 0),
            (4, 1),
            (64, 5),
            (65, 5),
            (1_000_000, 18),
            (65 << 15, 20),
            (20_000_000, 23),
            (1 << 62, 28),
        ];
        for (size, bits) in cases {
            assert_eq!(part_bits_for(TreeSize::new(size).unwrap()), bits, "{size}");
        }
    }
}
