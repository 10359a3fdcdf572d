//! The bits of a key, continued without end: after its last byte come `00 FF FF ...`.

use core::cmp::Ordering;

/// Bytes in which two keys must differ, so that a bit's number fits in a `u8`.
const DISTINCT: usize = 32;

/// Bit of a key; bit 0 is the most significant one of byte 0.
pub(super) fn bit(key: &[u8], index: u8) -> bool {
    byte(key, usize::from(index / 8)) << (index % 8) & 0x80 != 0
}

/// First bit in which two keys differ; `None` if there is none below 256.
pub(super) fn first_difference(one: &[u8], other: &[u8]) -> Option<u8> {
    let differing = |at: &usize| byte(one, *at) != byte(other, *at);
    let at = (0..DISTINCT).find(differing)?;
    let within = (byte(one, at) ^ byte(other, at)).leading_zeros();
    u8::try_from(8 * at + within as usize).ok()
}

fn byte(key: &[u8], at: usize) -> u8 {
    match at.cmp(&key.len()) {
        Ordering::Less => key[at],
        Ordering::Equal => 0x00,
        Ordering::Greater => 0xff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_start_at_the_most_significant_one() {
        let set = |key: &[u8]| {
            (0..=255).filter(|index| bit(key, *index)).collect::<alloc::vec::Vec<u8>>()
        };
        assert!(set(&[0; 32]).is_empty());
        let mut key = [0; 32];
        (key[0], key[1], key[31]) = (0x80, 0x01, 0x03);
        assert_eq!(set(&key), [0, 15, 254, 255]);
    }

    #[test]
    fn a_key_goes_on_after_its_end() {
        assert!((8..16).all(|index| !bit(&[0xab], index)));
        assert!((16..=255).all(|index| bit(&[0xab], index)));
    }

    #[test]
    fn first_differences() {
        let cases: [(&[u8], &[u8], Option<u8>); 8] = [
            (b"", b"", None),
            (&[0x00], &[0x80], Some(0)),
            (&[0xab], &[0xaa], Some(7)),
            // AB is AB 00 FF FF ..., so it meets AB00 in the third byte and AB00FF in the fourth.
            (&[0xab], &[0xab, 0x00], Some(16)),
            (&[0xab], &[0xab, 0x00, 0xff], Some(24)),
            (&[0xab], &[0xab, 0x01], Some(15)),
            (&[7; 32], &[7; 32], None),
            (&[7; 33], &[7; 34], None),
        ];
        for (one, other, expected) in cases {
            assert_eq!(first_difference(one, other), expected, "{one:x?} {other:x?}");
            assert_eq!(first_difference(other, one), expected, "{other:x?} {one:x?}");
        }
        let (low, mut high) = ([0; 32], [0; 32]);
        high[31] = 1;
        assert_eq!(first_difference(&low, &high), Some(255));
    }
}
