//! `.hash` files of Buildroot: `<algorithm>  <digest>  <file>`.
//!
//! The site that a file comes from stands in the package's makefile, and a forge's archive can have the
//! name of the index's file: a name is a guess of the release and no more. License texts are listed, too.

use std::collections::BTreeMap;

use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::{Source, numbered};
use record::Distribution;

/// What stands for an algorithm where a file is to have no digest.
const NONE: &str = "none";

pub(super) fn matches(source: &Source<'_>) -> bool {
    let mut rows = source.text.lines().filter(|line| !is_remark(line)).peekable();
    rows.peek().is_some() && rows.all(|row| columns(row).is_some())
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut files: BTreeMap<&str, Pin> = BTreeMap::new();
    for (line, text) in numbered(source.text).filter(|(_, text)| !is_remark(text)) {
        let invalid = |reason: String| InvalidSource::at(line, reason);
        let [algorithm, digest, file] = columns(text)
            .ok_or_else(|| invalid("a line is an algorithm, a digest and a file".to_owned()))?;
        let pin = files.entry(file).or_insert_with(|| Pin { line: Some(line), ..Pin::default() });
        if algorithm != NONE {
            let stated = Stated::of(algorithm, digest).and_then(|stated| pin.state(stated));
            stated.map_err(invalid)?;
        }
        if algorithm == "sha256" {
            pin.line = Some(line);
        }
        if Distribution::of(file).is_none() {
            pin.from_index = Some(false);
        }
        pin.guess_release(file);
    }
    files.into_values().try_for_each(|pin| pins.add(pin))
}

fn is_remark(text: &str) -> bool {
    text.trim().is_empty() || text.starts_with('#')
}

fn columns(text: &str) -> Option<[&str; 3]> {
    let mut columns = text.split_ascii_whitespace();
    let row = [columns.next()?, columns.next()?, columns.next()?];
    let is_known = row[0] == NONE || Stated::knows(row[0]);
    (is_known && columns.next().is_none()).then_some(row)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = "\
# from the index
md5  00  foo_bar-1.0.tar.gz
sha256  <a>  foo_bar-1.0.tar.gz
# computed here
sha512  00  other-2.0.tar.xz
sha256  <b>  LICENSE
none  xxx  git-3.0.tar.gz
";

    #[test]
    fn files_are_pinned_without_names() {
        let expected = [
            "3 foo-bar 1.0 - <a> md5 -",
            "5 other 2.0 - - sha512 -",
            "6 - - - <b> - elsewhere",
            "7 git 3.0 - - - -",
        ];
        assert_eq!(rows("python-foo.hash", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 3: '0' is no SHA-256 hash"),
            ("none", "nothing", "line 7: a line is an algorithm, a digest and a file"),
            ("  LICENSE", "", "line 6: a line is"),
            ("sha512  00  other-2.0.tar.xz", "sha256  <c>  foo_bar-1.0.tar.gz", "line 5: two"),
        ] {
            let refused = refusal("python-foo.hash", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("python-foo.hash", SAMPLE);
    }
}
