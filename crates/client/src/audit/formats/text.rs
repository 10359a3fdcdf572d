//! Any text: whatever looks like a SHA-256 hash, for want of a better reading.

use record::{Digest, Distribution};

use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::{Source, numbered};
use super::super::url::filename_of;
use crate::explain::text::{Stated, bare, digests};

pub(super) fn matches(source: &Source<'_>) -> bool {
    numbered(source.text).any(|(_, line)| hashes(line).next().is_some())
}

/// Every hash of a line is a pin. A filename is taken with the hash if there is one of each.
pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    for (number, line) in numbered(source.text) {
        let mut found: Vec<Pin> = hashes(line)
            .map(|digest| Pin { line: Some(number), sha256: Some(digest), ..Pin::default() })
            .collect();
        if let [pin] = found.as_mut_slice() {
            pin.filename = only_filename(line);
        }
        found.into_iter().try_for_each(|pin| pins.add(pin))?;
    }
    Ok(())
}

fn hashes(line: &str) -> impl Iterator<Item = Digest> {
    line.split_whitespace().flat_map(digests).filter_map(|stated| match stated {
        Stated::Sha256(hex) => Digest::parse(&hex.to_ascii_lowercase()).ok(),
        Stated::Other => None,
    })
}

/// The name of a distribution that a line mentions, if it is one.
fn only_filename(line: &str) -> Option<String> {
    let names = line.split(|c: char| c.is_whitespace() || "\"'<>()=,".contains(c));
    let names = names.filter_map(|word| filename_of(bare(word)));
    let mut names: Vec<String> = names.filter(|name| Distribution::of(name).is_some()).collect();
    names.dedup();
    names.pop().filter(|_| names.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = "Our files:\n\
        * a-1.0.tar.gz: <a>\n\
        * <b> and <c> of b-1.0.zip\n\
        <a href=\"https://files.example/c-1.0.zip#sha256=<d>\">c-1.0.zip</a>\n\
        md5:d41d8cd98f00b204e9800998ecf8427e is nothing\n";

    #[test]
    fn whatever_looks_like_a_hash_is_read() {
        let expected = [
            "2 - - a-1.0.tar.gz <a> - -",
            "3 - - - <b> - -",
            "3 - - - <c> - -",
            "4 - - c-1.0.zip <d> - -",
        ];
        assert_eq!(rows("notes.md", SAMPLE), expected);
    }

    #[test]
    fn a_text_without_hashes_is_of_no_known_format() {
        let refused = refusal("notes.md", "nothing here\n");
        assert!(refused.starts_with("of no known format; tried: "), "{refused}");
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("notes.md", SAMPLE);
    }
}
