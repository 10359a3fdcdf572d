//! Buckets: keys that are the same in their first bits.

use record::MapKey;
use tlog::TreeSize;

use crate::rows::MARK_LEN;

/// Bits by which a group of buckets, or of groups, is divided.
pub(crate) const FAN_BITS: u8 = 5;

/// Entries for each bucket, at most, up to [`MAX_BITS`]: they have two or three keys each.
const ENTRIES_PER_BUCKET: u64 = 64;

/// A million buckets, which take some 80 MB of memory: 40 keys each in a log of 20 million files.
const MAX_BITS: u8 = 20;

/// All keys whose first `bits` bits are `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket {
    bits: u8,
    number: u32,
}

/// By how many bits the buckets of a map over so many entries are told apart.
///
/// It depends on the size alone, and never decreases with it.
pub(crate) fn bits_for(size: TreeSize) -> u8 {
    let fits = |bits: &u8| size.get() >> bits <= ENTRIES_PER_BUCKET;
    (0..MAX_BITS).step_by(FAN_BITS.into()).find(fits).unwrap_or(MAX_BITS)
}

impl Bucket {
    /// The bucket of a key.
    pub(crate) fn of(key: &MapKey, bits: u8) -> Bucket {
        let (first, _) = key.as_bytes().split_first_chunk().expect("a key is longer than a mark");
        Bucket::of_mark(*first, bits)
    }

    /// The bucket of the keys that begin so.
    pub(crate) fn of_mark(mark: [u8; MARK_LEN], bits: u8) -> Bucket {
        let number = u32::from_be_bytes(mark).checked_shr(u32::BITS - u32::from(bits));
        Bucket { bits, number: number.unwrap_or(0) }
    }

    /// All buckets, in the order of their keys.
    pub(crate) fn all(bits: u8) -> impl Iterator<Item = Bucket> {
        (0..1 << bits).map(move |number| Bucket { bits, number })
    }

    /// Whether a key is in it.
    pub(crate) fn contains(self, key: &MapKey) -> bool {
        Bucket::of(key, self.bits) == self
    }

    /// What its least possible key begins with.
    pub(crate) fn start(self) -> [u8; MARK_LEN] {
        let start = self.number.checked_shl(u32::BITS - u32::from(self.bits));
        start.unwrap_or(0).to_be_bytes()
    }

    /// How it is named in the database.
    pub(crate) fn name(self) -> [u8; 1 + size_of::<u32>()] {
        let [a, b, c, d] = self.number.to_be_bytes();
        [self.bits, a, b, c, d]
    }
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
            let bucket = Bucket::of(&key, bits);
            assert_eq!((bucket, bucket.start()), (Bucket { bits, number }, start));
            let holders = Bucket::all(bits).filter(|bucket| bucket.contains(&key));
            assert_eq!(holders.collect::<Vec<_>>(), [bucket]);
        }
    }
}
