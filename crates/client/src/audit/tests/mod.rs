//! What the tests of all formats share: samples in which `<a>` stands for the hash of `a`, and pins as
//! lines of text.

mod damage;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::Digest;

use super::nix_hash::to_base32;
use super::{InvalidSource, Pin, Pins, Reader};

pub(in crate::audit) use damage::{check, survives_damage};

/// The index that the samples mean.
pub(in crate::audit) const INDEX: &str = "https://index.example/simple";

/// A sample with every `<x>` replaced by the hash of `x`, for one lower-case letter `x`, and so in other
/// notations with `<x-base32>` and `<x-sri>`.
pub(in crate::audit) fn fill(sample: &str) -> String {
    ('a'..='z').fold(sample.to_owned(), |text, letter| {
        let hash = hash(letter);
        text.replace(&format!("<{letter}>"), &hash.to_string())
            .replace(&format!("<{letter}-base32>"), &to_base32(hash.as_bytes()))
            .replace(
                &format!("<{letter}-sri>"),
                &format!("sha256-{}", STANDARD.encode(hash.as_bytes())),
            )
    })
}

/// The hash that stands for a letter.
pub(in crate::audit) fn hash(letter: char) -> Digest {
    Digest::sha256(letter.to_string().as_bytes())
}

/// Reads a sample as a file of this name.
pub(in crate::audit) fn read(name: &str, sample: &str) -> Result<Pins, InvalidSource> {
    Reader::default().with_index(INDEX).read(name, fill(sample).as_bytes())
}

/// The pins of a sample, each as `line project version filename <hash> algorithms index`, and `-` for
/// what is not known.
pub(in crate::audit) fn rows(name: &str, sample: &str) -> Vec<String> {
    let pins = read(name, sample).unwrap_or_else(|error| panic!("{name}: {error}"));
    pins.pins.iter().map(row).collect()
}

/// Line and reason that a sample is refused with.
pub(in crate::audit) fn refusal(name: &str, sample: &str) -> String {
    match read(name, sample) {
        Err(error) => error.to_string(),
        Ok(pins) => panic!("{name} was read: {:?}", pins.pins.iter().map(row).collect::<Vec<_>>()),
    }
}

fn row(pin: &Pin) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let letter = |digest: Digest| ('a'..='z').find(|letter| hash(*letter) == digest);
    let digest = |digest| letter(digest).map_or("?".to_owned(), |letter| format!("<{letter}>"));
    let origin = match pin.from_index {
        Some(true) => "index",
        Some(false) => "elsewhere",
        None => "-",
    };
    let others = if pin.other_digests.is_empty() { "-" } else { &pin.other_digests.join(",") };
    [
        &or_none(pin.line.map(|line| line.to_string())),
        &or_none(pin.project.as_ref().map(ToString::to_string)),
        &or_none(pin.version.clone()),
        &or_none(pin.filename.clone()),
        &or_none(pin.sha256.map(digest)),
        others,
        origin,
    ]
    .join(" ")
}
