//! `distinfo` of the BSD ports: `SHA256 (file) = digest` and `SIZE (file) = bytes`.
//!
//! Ports fetch a file under the name that its site gives it. Which site that is stands in the port's
//! Makefile.

use std::collections::BTreeMap;

use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::{Source, numbered};
use crate::audit::url::basename;
use record::Distribution;

pub(super) fn matches(source: &Source<'_>) -> bool {
    let mut rows = source.text.lines().filter_map(row);
    rows.any(|(key, _, value)| is_size(key) && size(value).is_some())
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut files: BTreeMap<&str, Pin> = BTreeMap::new();
    for (line, text) in numbered(source.text) {
        let invalid = |reason: &str| InvalidSource::at(line, reason);
        if is_remark(text) {
            continue;
        }
        let (key, file, value) =
            row(text).ok_or_else(|| invalid("a line is written as 'NAME (file) = value'"))?;
        let pin = files.entry(file).or_insert_with(|| pin_of(line, file));
        if is_size(key) {
            size(value).ok_or_else(|| invalid(&format!("'{value}' is no size")))?;
            continue;
        }
        let stated = Stated::of(key, value).and_then(|stated| pin.state(stated));
        stated.map_err(|reason| invalid(&reason))?;
        if key == "SHA256" {
            pin.line = Some(line);
        }
    }
    files.into_values().try_for_each(|pin| pins.add(pin))
}

fn is_remark(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with(['#', '$']) || text.starts_with("TIMESTAMP =")
}

/// Name, file and value of a line.
fn row(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once(" (")?;
    let (file, value) = rest.rsplit_once(") = ")?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_key.then_some((key, file, value.trim()))
}

fn is_size(key: &str) -> bool {
    key.eq_ignore_ascii_case("size")
}

fn size(value: &str) -> Option<u64> {
    value.strip_suffix(" bytes").unwrap_or(value).parse().ok()
}

/// A file before its digests. The directory is one of the ports' own; a name that is none of a
/// distribution is not the index's, nor is one that tells of a forge.
fn pin_of(line: u64, file: &str) -> Pin {
    let mut pin = Pin { line: Some(line), filename: basename(file), ..Pin::default() };
    let is_forge = ["_GH", "_GL"].iter().any(|mark| {
        file.rsplit_once(mark)
            .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    if is_forge || Distribution::of(file).is_none() {
        return Pin { filename: None, from_index: is_forge.then_some(false), ..pin };
    }
    if let Some(name) = pin.filename.clone() {
        pin.guess_release(&name);
    }
    pin
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = "\
$Revision$
TIMESTAMP = 1700000000
SHA256 (python/foo_bar-1.0.tar.gz) = <a>
SIZE (python/foo_bar-1.0.tar.gz) = 10

BLAKE2s (baz-2.0.zip) = 00
SHA512 (baz-2.0.zip) = 00
Size (baz-2.0.zip) = 10 bytes
SHA256 (owner-repo-v1.0_GH0.tar.gz) = <b>
SIZE (owner-repo-v1.0_GH0.tar.gz) = 10
SHA1 (patch-a (b).diff) = 00
";

    #[test]
    fn files_are_pinned_with_their_names() {
        let expected = [
            "3 foo-bar 1.0 foo_bar-1.0.tar.gz <a> - -",
            "6 baz 2.0 baz-2.0.zip - unknown,sha512 -",
            "9 - - - <b> - elsewhere",
            "11 - - - - sha1 -",
        ];
        assert_eq!(rows("distinfo", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 3: '0' is no SHA-256 hash"),
            (" = 10\n", " = ten\n", "line 4: 'ten' is no size"),
            ("(baz-2.0.zip) = 10", "baz-2.0.zip 10", "line 8: a line is written as"),
            ("SIZE (owner-repo-v1.0", "SHA256 (owner-repo-v1.0", "line 10: "),
        ] {
            let refused = refusal("distinfo", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("distinfo", SAMPLE);
    }
}
