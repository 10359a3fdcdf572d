//! Damaged samples: whatever happens to a byte, nothing panics and no hash is made up.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::collection::vec;
use proptest::prelude::*;
use record::Digest;

use super::fill;
use crate::audit::nix_hash::to_base32;
use crate::audit::{MAX_SOURCE_LEN, read_pins};

/// What single bytes are replaced by.
const BYTES: [u8; 7] = *b"\n \"0:#[";

/// Reads a sample cut off at every byte, and with every byte replaced and left out.
pub(in crate::audit) fn survives_damage(name: &str, sample: &str) {
    let whole = fill(sample).into_bytes();
    for at in 0..whole.len() {
        check(name, &whole[..at]);
        let (before, behind) = (&whole[..at], &whole[at + 1..]);
        check(name, &[before, behind].concat());
        for byte in BYTES {
            check(name, &[before, &[byte], behind].concat());
        }
    }
}

/// Reads a text of any make: every hash that comes out must stand in it.
pub(in crate::audit) fn check(name: &str, bytes: &[u8]) {
    let Ok(pins) = read_pins(name, bytes) else { return };
    let text = String::from_utf8_lossy(bytes);
    let hex = text.to_ascii_lowercase();
    let stated = |digest: Digest| {
        hex.contains(&digest.to_string())
            || text.contains(&URL_SAFE_NO_PAD.encode(digest.as_bytes()))
            || text.contains(&STANDARD.encode(digest.as_bytes()))
            || text.contains(&to_base32(digest.as_bytes()))
    };
    for pin in &pins.pins {
        assert!(pin.sha256.is_none_or(stated), "{name}: {pin:?} is not in {text}");
    }
}

/// Names that make the reader take a source for what it is called.
const NAMES: [&str; 13] = [
    "MODULE.bazel.lock",
    "Pipfile.lock",
    "SHA256SUMS",
    "any",
    "conda-lock.yml",
    "pdm.lock",
    "pixi.lock",
    "poetry.lock",
    "pylock.toml",
    "requirements.txt",
    "uv.lock",
    "x.cdx.json",
    "x.spdx.json",
];

/// What sources are made of, more or less.
fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "[[package]]\n",
        "[metadata]\n",
        "name = ",
        "version = 1\n",
        "requires-python = ",
        "\"a\"\n",
        "source = {",
        "registry = ",
        "hash = ",
        "files = [",
        "hashes = {",
        "lock-version = \"1.0\"\n",
        "{\"",
        "\": ",
        "}",
        "]",
        ",",
        "\"_meta\": {}",
        "\"bomFormat\": ",
        "\"spdxVersion\": ",
        "\"purl\": ",
        "pkg:pypi/a@1?",
        "\"components\": [",
        "a==1 ",
        "--hash=",
        "sha256:",
        "-r ",
        "-e ",
        "# sha256: ",
        " \\\n",
        "\n",
        " @ ",
        "https://x.example/a.zip#egg=",
        "SHA256 (a) = ",
        "  ",
        "<a>",
        "<b>",
        "é",
    ]);
    vec(words, 0..40).prop_map(|words| fill(&words.concat()))
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(
        name in prop::sample::select(NAMES.to_vec()),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        check(name, &bytes);
    }

    #[test]
    fn arbitrary_pieces_are_read_or_refused(
        name in prop::sample::select(NAMES.to_vec()),
        text in pieces(),
    ) {
        check(name, text.as_bytes());
    }
}

#[test]
fn a_source_is_bounded() {
    let refused = read_pins("any", &vec![b'\n'; MAX_SOURCE_LEN + 1]).unwrap_err();
    assert_eq!(refused.to_string(), "more than 268435456 bytes");
}
