//! `uvarint`: numbers in groups of seven bits, least significant first, as protobuf writes them.

use core::iter;

/// The bytes of a number: the shortest form, the only one that [`parse`] takes.
pub(super) fn bytes(number: usize) -> impl Iterator<Item = u8> {
    let rest = |number: &usize| Some(number >> 7).filter(|rest| *rest != 0);
    iter::successors(Some(number), rest).map(|number| {
        let [group, ..] = (number & 0x7f).to_le_bytes();
        if number > 0x7f { group | 0x80 } else { group }
    })
}

/// Reads a number below 2^14, beyond every bit and every length there is, and returns what follows.
///
/// `None` if the number is cut off, larger, or not in its shortest form.
pub(super) fn parse(input: &[u8]) -> Option<(u16, &[u8])> {
    match *input {
        [low @ ..0x80, ref rest @ ..] => Some((low.into(), rest)),
        [low, high @ 1..0x80, ref rest @ ..] => {
            Some((u16::from(low & 0x7f) | u16::from(high) << 7, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_number_that_is_read_comes_back() {
        for number in 0..1 << 14 {
            let mut input: Vec<u8> = bytes(number).collect();
            assert_eq!(input.len(), if number < 128 { 1 } else { 2 });
            input.push(0xcc);
            let (read, rest) = parse(&input).unwrap();
            assert_eq!((usize::from(read), rest), (number, [0xcc].as_slice()));
        }
    }

    #[test]
    fn long_numbers_are_written() {
        assert_eq!(bytes(300).collect::<Vec<_>>(), [0xac, 0x02]);
        assert_eq!(bytes(1 << 14).collect::<Vec<_>>(), [0x80, 0x80, 0x01]);
    }

    #[test]
    fn other_forms_are_refused() {
        let cases: [&[u8]; 6] =
            [b"", b"\x80", b"\x80\x00", b"\x8b\x00", b"\x80\x80\x01", b"\x80\x80\x80\x80\x10"];
        for input in cases {
            assert_eq!(parse(input), None, "{input:x?}");
        }
    }
}
