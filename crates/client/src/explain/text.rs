//! Pasted text, cleaned and cut into words.

use std::borrow::Cow;

/// Hex digits of a SHA-256 hash.
const HASH_LEN: usize = 64;
/// Fewer hex digits at the end of a line are not taken for the first part of a hash.
const MIN_CUT: usize = 8;
/// Longer words are no names, links or hashes.
const MAX_WORD: usize = 4096;

/// The text in bytes of unknown origin. Windows shells write UTF-16, programs write what they like.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
            let chars = char::decode_utf16(units);
            Cow::Owned(chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// The text without the sequences that colour a terminal.
pub(super) fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut pieces = text.split('\u{1b}');
    plain.extend(pieces.next());
    for piece in pieces {
        plain.push_str(behind_escape(piece));
    }
    Cow::Owned(plain)
}

/// What follows an escape sequence whose first character is already gone.
fn behind_escape(piece: &str) -> &str {
    if let Some(control) = piece.strip_prefix('[') {
        let is_last = |c: char| matches!(c, '@'..='~');
        let end = control.find(|c: char| is_last(c) || c.is_control());
        let rest = end.map_or("", |end| &control[end..]);
        return rest.strip_prefix(is_last).unwrap_or(rest);
    }
    if let Some(command) = piece.strip_prefix(']') {
        // A command ends with a bell, or with another escape, which begins the next piece.
        return command.split_once('\u{7}').map_or("", |(_, behind)| behind);
    }
    piece.strip_prefix('\\').unwrap_or(piece)
}

/// Hands out the words of a text. A hash that a narrow terminal cut in two is one word again.
pub(super) fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut take = |word: &str| {
        if word.len() <= MAX_WORD {
            take(word);
        }
    };
    let mut cut: Option<&str> = None;
    for line in text.split(['\n', '\r']) {
        let mut words = line.split_whitespace().peekable();
        let Some(first) = words.peek() else { continue };
        if let Some(head) = cut.take() {
            if completes(head, first) {
                take(&format!("{head}{first}"));
                words.next();
            } else {
                take(head);
            }
        }
        while let Some(word) = words.next() {
            if words.peek().is_none() && (MIN_CUT..HASH_LEN).contains(&last_digits(word)) {
                cut = Some(word);
            } else {
                take(word);
            }
        }
    }
    cut.into_iter().for_each(take);
}

fn completes(head: &str, tail: &str) -> bool {
    let digits = tail.bytes().take_while(u8::is_ascii_hexdigit).count();
    let ends = tail[digits..].chars().next().is_none_or(|c| !c.is_alphanumeric());
    ends && last_digits(head) + digits == HASH_LEN
}

/// How many hex digits a word ends with, if nothing but hex digits could belong to them.
fn last_digits(word: &str) -> usize {
    let last = word.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_hexdigit()) { last.len() } else { 0 }
}

/// A word without the quotes, brackets and stops around it.
pub(crate) fn bare(word: &str) -> &str {
    let around = |c: char| !c.is_alphanumeric() && !matches!(c, '\\' | '-' | '_' | '/');
    let word = word.trim_matches(around);
    // Line ends as programming languages write them.
    let shorter = word.trim_end_matches("\\n").trim_end_matches("\\r");
    if shorter.len() == word.len() { word } else { shorter.trim_matches(around) }
}

/// A digest as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated<'a> {
    /// 64 hex digits that nothing says to be anything but SHA-256.
    Sha256(&'a str),
    /// By another algorithm.
    Other,
}

/// The digests in a word, such as `--hash=sha256:...` or a bare one.
pub(crate) fn digests(word: &str) -> impl Iterator<Item = Stated<'_>> {
    const OTHERS: [&str; 9] = [
        "md5",
        "sha1",
        "sha224",
        "sha384",
        "sha512",
        "blake2b",
        "blake2b_256",
        "blake2s",
        "sha3_256",
    ];
    let is_text = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_');
    let mut algorithm = "";
    word.split(move |c| !is_text(c)).filter_map(move |part| {
        let hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let other = OTHERS.contains(&algorithm);
        algorithm = part;
        match part.len() {
            HASH_LEN if hex && !other => Some(Stated::Sha256(part)),
            _ if hex && other && !part.is_empty() => Some(Stated::Other),
            96 | 128 if hex => Some(Stated::Other),
            _ => None,
        }
    })
}

/// Replaces `%2B` and the like.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    while let [first, behind @ ..] = rest {
        let code = match behind {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Stated, bare, decode, digests, each_word, percent_decoded, without_escapes};

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn text_is_decoded_whatever_it_is() {
        assert_eq!(decode(b"\xff\xfeG\0o\0t\0"), "Got");
        assert_eq!(decode(b"\xff\xfe\0\xd8x\0y"), "\u{fffd}x");
        assert_eq!(decode(b"\xef\xbb\xbfGot"), "Got");
        assert_eq!(decode(b"G\xffot"), "G\u{fffd}ot");
    }

    #[test]
    fn colours_are_left_out() {
        for (text, plain) in [
            ("\u{1b}[1;31mGot\u{1b}[0m", "Got"),
            ("\u{1b}]8;;https://index.example\u{7}link\u{1b}]8;;\u{1b}\\ Got", "link Got"),
            ("\u{1b}[31", ""),
            ("a\u{1b}[3\nb", "a\nb"),
            ("\u{1b}", ""),
            ("\u{1b}(BGot", "(BGot"),
        ] {
            assert_eq!(without_escapes(text), plain, "{text:?}");
        }
    }

    #[test]
    fn hashes_are_put_together_again() {
        let hash = "0123456789abcdef".repeat(4);
        for at in [8, 32, 63] {
            let (head, tail) = hash.split_at(at);
            let text = format!("Expected sha256:{head}   \r\n\r\n{tail}, or");
            assert_eq!(words(&text), ["Expected", &format!("sha256:{hash},"), "or"]);
        }
        assert_eq!(words("00000000\nGot"), ["00000000", "Got"]);
        assert_eq!(words("x 00000000"), ["x", "00000000"]);
        let apart = format!("{}\n{}0", &hash[..8], &hash[8..]);
        assert_eq!(words(&apart).len(), 2);
    }

    #[test]
    fn words_lose_what_is_around_them() {
        for (word, inside) in [
            ("`attrs==1.0`", "attrs==1.0"),
            ("(was:", "was"),
            ("'abc',", "abc"),
            ("abc\\n',", "abc"),
            ("--hash=x", "--hash=x"),
            ("│", ""),
        ] {
            assert_eq!(bare(word), inside);
        }
    }

    #[test]
    fn digests_are_told_apart() {
        let hash = "0123456789abcdef".repeat(4);
        let found = |word: &str| digests(word).next().map(|stated| stated == Stated::Sha256(&hash));
        for (word, sha256) in [
            (hash.clone(), Some(true)),
            (format!("sha256:{hash}"), Some(true)),
            (format!("x.whl(sha256:{hash})"), Some(true)),
            (format!("blake2b_256:{hash}"), Some(false)),
            ("md5:00".to_owned(), Some(false)),
            (format!("{hash}{hash}"), Some(false)),
            (format!("{hash}0"), None),
            (format!("g{hash}"), None),
        ] {
            assert_eq!(found(&word), sha256, "{word}");
        }
    }

    #[test]
    fn percent_signs_are_decoded() {
        assert_eq!(percent_decoded("a-1.0%2Bcu1%zz%4"), "a-1.0+cu1%zz%4");
    }
}
