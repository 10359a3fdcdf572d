//! Buckets: keys that are the same in their first bits.

use crate::map::MapKey;

/// All keys that are the same in their first bits, so that they are neighbours in the map.
///
/// ```
/// use record::{MapBucket, MapKey};
///
/// let key = MapKey::from([0xab; 32]);
/// let bucket = MapBucket::of(&key, 10);
/// assert!(bucket.contains(&key));
/// assert_eq!((bucket.number(), bucket.start()), (0b10_1010_1110, [0xab, 0x80, 0, 0]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapBucket {
    bits: u8,
    number: u32,
}

impl MapBucket {
    /// Bytes of a key that say which bucket it is in.
    pub const MARK_LEN: usize = size_of::<u32>();

    /// The bucket of a key. Keys are told apart by their first `bits` bits, at most 31.
    pub fn of(key: &MapKey, bits: u8) -> MapBucket {
        let (first, _) = key.as_bytes().split_first_chunk().expect("a key is longer than a mark");
        MapBucket::of_mark(*first, bits)
    }

    /// The bucket of the keys that begin so.
    pub fn of_mark(mark: [u8; MapBucket::MARK_LEN], bits: u8) -> MapBucket {
        let number = u32::from_be_bytes(mark).checked_shr(u32::BITS - u32::from(bits));
        MapBucket { bits, number: number.unwrap_or(0) }
    }

    /// All buckets, in the order of their keys.
    pub fn all(bits: u8) -> impl Iterator<Item = MapBucket> {
        (0..1 << bits).map(move |number| MapBucket { bits, number })
    }

    /// The buckets that it is made of when keys are told apart by `bits` bits, no fewer than its own, in the
    /// order of their keys.
    pub fn divided(self, bits: u8) -> impl Iterator<Item = MapBucket> {
        let more = bits - self.bits;
        let first = self.number << more;
        (first..first + (1 << more)).map(move |number| MapBucket { bits, number })
    }

    /// The bucket that it is a part of when keys are told apart by `bits` bits, no more than its own.
    #[must_use]
    pub const fn within(self, bits: u8) -> MapBucket {
        MapBucket { bits, number: self.number >> (self.bits - bits) }
    }

    /// Whether a key is in it.
    pub fn contains(self, key: &MapKey) -> bool {
        MapBucket::of(key, self.bits) == self
    }

    /// By how many bits it is told apart from others.
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// The first bits of its keys as a number.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// What its least possible key begins with.
    pub fn start(self) -> [u8; MapBucket::MARK_LEN] {
        let start = self.number.checked_shl(u32::BITS - u32::from(self.bits));
        start.unwrap_or(0).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_bucket_is_made_of_smaller_ones() {
        for (bucket, first) in [(0, 0), (5, 5 << 3), (31, 31 << 3)] {
            let bucket = MapBucket { bits: 5, number: bucket };
            let parts: Vec<MapBucket> = bucket.divided(8).collect();
            let expected = (first..first + 8).map(|number| MapBucket { bits: 8, number });
            assert_eq!(parts, expected.collect::<Vec<_>>());
            assert_eq!(parts[0].start(), bucket.start());
            assert!(parts.iter().all(|part| part.within(5) == bucket));
            assert_eq!(bucket.divided(5).collect::<Vec<_>>(), [bucket]);
        }
        let all = MapBucket { bits: 0, number: 0 };
        assert_eq!(all.divided(3).collect::<Vec<_>>(), MapBucket::all(3).collect::<Vec<_>>());
    }

    #[test]
    fn buckets_divide_the_keys() {
        let mut bytes = [0xff; MapKey::SIZE];
        bytes[..4].copy_from_slice(&[0xab, 0xcd, 0xef, 0x12]);
        let key = MapKey::from(bytes);
        let cases: [(u8, u32, [u8; 4]); 4] = [
            (0, 0, [0; 4]),
            (5, 0b10101, [0xa8, 0, 0, 0]),
            (15, 0b101_0101_1110_0110, [0xab, 0xcc, 0, 0]),
            (20, 0xa_bcde, [0xab, 0xcd, 0xe0, 0]),
        ];
        for (bits, number, start) in cases {
            let bucket = MapBucket::of(&key, bits);
            assert_eq!((bucket, bucket.start()), (MapBucket { bits, number }, start));
            let holders = MapBucket::all(bits).filter(|bucket| bucket.contains(&key));
            assert_eq!(holders.collect::<Vec<_>>(), [bucket]);
        }
    }
}
