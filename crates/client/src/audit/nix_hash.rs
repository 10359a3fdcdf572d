//! Hashes as Nix and Guix write them: base 32 in an order of their own, base 64, hex, and W3C SRI.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::Digest;

use super::digests::Stated;

/// Digits of base 32: no `e`, `o`, `t`, `u`, so that no words arise.
const DIGITS: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Number of digits that 32 bytes take.
const LEN: usize = 52;

/// Reads a hash whose algorithm it states itself: `sha256-<base64>` (SRI) or `sha256:<digits>`.
///
/// # Errors
/// The reason, if it says SHA-256 and is none, or states no algorithm.
pub(super) fn parse_stating(text: &str) -> Result<Stated, String> {
    let (algorithm, digits) = text
        .split_once(['-', ':'])
        .ok_or_else(|| format!("'{text}' does not say by which algorithm it was made"))?;
    if algorithm == "sha256" { parse_sha256(digits) } else { Stated::of(algorithm, digits) }
}

/// Reads a SHA-256 hash in any of the notations, or in one that names the algorithm once more.
///
/// # Errors
/// The reason, if it is none.
pub(super) fn parse_sha256(text: &str) -> Result<Stated, String> {
    let digits = text.strip_prefix("sha256-").or(text.strip_prefix("sha256:")).unwrap_or(text);
    let bytes = match digits.len() {
        44 => STANDARD.decode(digits).ok().and_then(|bytes| bytes.try_into().ok()),
        LEN => from_base32(digits),
        _ => return Stated::of("sha256", digits),
    };
    bytes.map(|bytes: [u8; 32]| Stated::Sha256(Digest::from(bytes))).ok_or_else(|| {
        format!("'{digits}' is no SHA-256 hash in hex, in base 64 or in the base 32 of Nix")
    })
}

/// The 32 bytes that base 32 stands for: the last digit has the lowest bits of the first byte.
fn from_base32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != LEN {
        return None;
    }
    for (place, digit) in text.bytes().rev().enumerate() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        let bits = u16::try_from(value).ok()? << (place * 5 % 8);
        let [low, high] = bits.to_le_bytes();
        let at = place * 5 / 8;
        bytes[at] |= low;
        match bytes.get_mut(at + 1) {
            Some(byte) => *byte |= high,
            None if high == 0 => {}
            None => return None,
        }
    }
    Some(bytes)
}

/// Writes 32 bytes in base 32.
#[cfg(test)]
pub(super) fn to_base32(bytes: &[u8; 32]) -> String {
    let bit =
        |at: usize| usize::from(bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1));
    let digit = |place: usize| (0..5).map(|bits| bit(place * 5 + bits) << bits).sum::<usize>();
    (0..LEN).rev().map(|place| char::from(DIGITS[digit(place)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notations of published hashes.
    const KNOWN: [(&str, &str); 3] = [
        (
            "5722cd09762faa01276230270ff16af7acf7c5c45d623868d9ba116f15791ce8",
            "1s0wg4any4dsv5l3hqjxqk2zgb7pdbqhy9rhc8kh3aigfq4ws8jp",
        ),
        (
            "27973dd4a904a4f13b263a19c866c13b92a39ed1c964655f025f3f8d3d75b804",
            "sha256-J5c91KkEpPE7JjoZyGbBO5KjntHJZGVfAl8/jT11uAQ=",
        ),
        (
            "b8aa58f8cf793ffd8782d3d8cb19e66ef36f7aba4353eec859e74678b01b07a7",
            "19q73fq7hip7b74fwls3p9x6zwvfwqcwpn6kha3zsgvrrzw5iamq",
        ),
    ];

    #[test]
    fn all_notations_of_a_hash_are_one() {
        for (hex, other) in KNOWN {
            let digest = Digest::parse(hex).unwrap();
            let base32 = to_base32(digest.as_bytes());
            for text in [hex, other, &base32, &STANDARD.encode(digest.as_bytes())] {
                assert_eq!(parse_sha256(text), Ok(Stated::Sha256(digest)), "{text}");
                let stating = format!("sha256:{}", text.trim_start_matches("sha256-"));
                assert_eq!(parse_stating(&stating), Ok(Stated::Sha256(digest)), "{stating}");
            }
        }
        assert_eq!(to_base32(Digest::parse(KNOWN[0].0).unwrap().as_bytes()), KNOWN[0].1);
        assert_eq!(parse_stating("sha512-AAAA"), Ok(Stated::Other("sha512")));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let base32 = KNOWN[0].1;
        for text in [
            "",
            &base32[1..],
            &base32.replace('1', "e"),
            // The first digit has but one bit: more than 256 bits.
            &base32.replacen('1', "2", 1),
            "J5c91KkEpPE7JjoZyGbBO5KjntHJZGVfAl8/jT11uAR=",
            "J5c91KkEpPE7JjoZyGbBO5KjntHJZGVfAl8/jT11uA==",
        ] {
            assert!(parse_sha256(text).is_err(), "{text}");
        }
        assert!(parse_stating(base32).is_err());
    }
}
