//! Requirements as pip reads them, with `--hash`, and as peep read them, with hashes in comments.
//!
//! A requirement has one pin for each hash: any file of the release may have it.

mod lines;
mod requirement;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use record::Digest;

use super::super::digests::Stated;
use super::super::pin::{InvalidSource, Mentioned, Pin, Pins};
use super::super::source::Source;
use lines::{Word, joined};
use requirement::Requirement;

/// Options that make a requirement of what follows.
const EDITABLE: [&str; 2] = ["-e", "--editable"];
/// Options that name another file.
const INCLUDES: [&str; 4] = ["-c", "-r", "--constraint", "--requirement"];
/// Options of the whole file that have a value and name no file to be installed.
const WITH_VALUE: [&str; 12] = [
    "-f",
    "-i",
    "--allow-external",
    "--allow-unverified",
    "--config-settings",
    "--extra-index-url",
    "--find-links",
    "--index-url",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
];
/// Options of the whole file that have no value.
const WITHOUT_VALUE: [&str; 7] = [
    "--allow-all-external",
    "--no-index",
    "--no-use-wheel",
    "--pre",
    "--prefer-binary",
    "--require-hashes",
    "--use-wheel",
];
/// Options of one requirement besides its hashes; all have a value.
const OF_REQUIREMENT: [&str; 4] =
    ["--config-setting", "--config-settings", "--global-option", "--install-option"];

/// A hash and the line it stands in.
type Hash = (u64, Stated);

pub(super) fn is_named(name: &str) -> bool {
    let extension = name.rsplit('.').next();
    matches!(extension, Some("in" | "txt"))
        && (name.contains("requirements") || name.contains("constraints"))
}

/// Whether there is a requirement of one version or with a hash, or an option, and before it nothing but
/// other requirements.
pub(super) fn matches(source: &Source<'_>) -> bool {
    for line in joined(source.text) {
        let Some((first, rest)) = line.words.split_first() else { continue };
        if first.text.starts_with('-') {
            let (name, _) = split_option(first.text);
            let known = [&EDITABLE[..], &INCLUDES, &WITH_VALUE, &WITHOUT_VALUE];
            return known.iter().any(|options| options.contains(&name));
        }
        let (text, options) = text_of(first, rest);
        let Ok(Requirement { base, .. }) = Requirement::parse(&text) else { return false };
        if base.version.is_some() || options.iter().any(|word| word.text.starts_with("--hash")) {
            return true;
        }
    }
    false
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut above = Vec::new();
    for line in joined(source.text) {
        if let Some((first, rest)) = line.words.split_first() {
            if first.text.starts_with('-') {
                read_options(&line.words, pins)?;
            } else {
                read_requirement(first, rest, std::mem::take(&mut above), pins)?;
            }
        }
        above.extend(line.comment.and_then(peep_hash));
    }
    // The requirement may be commented out: its hashes are still there.
    above.into_iter().try_for_each(|hash| add(&Pin::default(), hash, pins))
}

/// The hash in `# sha256: ...`, in the letters that URLs allow.
fn peep_hash(comment: Word<'_>) -> Option<Hash> {
    let text = comment.text.trim_start_matches('#').trim().strip_prefix("sha256:")?;
    let bytes = URL_SAFE_NO_PAD.decode(text.split_whitespace().next()?).ok()?;
    let bytes = <[u8; 32]>::try_from(bytes).ok()?;
    Some((comment.line, Stated::Sha256(Digest::from(bytes))))
}

/// Name of an option, and its value if that is part of the word.
fn split_option(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    }
    match word.split_at_checked(2) {
        Some((name, value)) if !value.is_empty() => (name, Some(value)),
        _ => (word, None),
    }
}

/// Reads a line of options.
fn read_options(words: &[Word<'_>], pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut rest = words;
    while let Some((word, behind)) = rest.split_first() {
        rest = behind;
        let invalid = |problem| InvalidSource::at(word.line, format!("{} {problem}", word.text));
        let (name, inner) = split_option(word.text);
        if WITHOUT_VALUE.contains(&name) && inner.is_none() {
            continue;
        }
        let mut value = inner.map(|text| Word { line: word.line, text });
        if let (None, Some((next, behind))) = (value, rest.split_first()) {
            (value, rest) = (Some(*next), behind);
        }
        let value =
            value.ok_or_else(|| invalid("has no value, or is no option of requirements"))?;
        if EDITABLE.contains(&name) {
            return read_requirement(&value, rest, Vec::new(), pins);
        } else if INCLUDES.contains(&name) {
            let target = value.text.to_owned();
            pins.mentioned.push(Mentioned { line: value.line, target });
        } else if !WITH_VALUE.contains(&name) {
            return Err(invalid("is no option of requirements"));
        }
    }
    Ok(())
}

/// A requirement without its options, and the options.
fn text_of<'w, 'a>(first: &Word<'a>, rest: &'w [Word<'a>]) -> (String, &'w [Word<'a>]) {
    let start = rest.iter().position(|word| word.text.starts_with("--")).unwrap_or(rest.len());
    let (words, options) = rest.split_at(start);
    let words = std::iter::once(first).chain(words).map(|word| word.text);
    (words.collect::<Vec<_>>().join(" "), options)
}

/// Reads a requirement with its options and the hashes in the comments above.
fn read_requirement(
    first: &Word<'_>,
    rest: &[Word<'_>],
    mut hashes: Vec<Hash>,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let (text, options) = text_of(first, rest);
    let requirement =
        Requirement::parse(&text).map_err(|reason| InvalidSource::at(first.line, reason))?;
    hashes.extend(requirement.hashes.iter().map(|stated| (first.line, *stated)));
    read_hashes(options, &mut hashes)?;
    if hashes.is_empty() {
        return pins.add(Pin { line: Some(first.line), ..requirement.base });
    }
    hashes.into_iter().try_for_each(|hash| add(&requirement.base, hash, pins))
}

/// Reads the options of a requirement.
fn read_hashes(options: &[Word<'_>], hashes: &mut Vec<Hash>) -> Result<(), InvalidSource> {
    let mut options = options.iter();
    while let Some(word) = options.next() {
        let (name, inner) = split_option(word.text);
        let value = inner.or_else(|| options.next().map(|next| next.text));
        if name == "--hash" {
            let stated = Stated::parse(value.unwrap_or_default().trim_matches(['"', '\'']));
            hashes
                .push((word.line, stated.map_err(|reason| InvalidSource::at(word.line, reason))?));
        } else if !OF_REQUIREMENT.contains(&name) {
            let reason = format!("{} is no option of a requirement", word.text);
            return Err(InvalidSource::at(word.line, reason));
        }
    }
    Ok(())
}

fn add(base: &Pin, (line, stated): Hash, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut pin = Pin { line: Some(line), ..base.clone() };
    pin.state(stated).map_err(|reason| InvalidSource::at(line, reason))?;
    pins.add(pin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Format;
    use crate::audit::tests::{hash, read, refusal, rows, survives_damage};

    const SAMPLE: &str = r#"# Made by a tool from requirements.in
--index-url https://index.example/simple --pre --allow-external=x
-r other.txt
-cconstraints.txt
--requirement=third.txt

Foo_Bar[x,y]==1.0 ; python_version >= "3.8" \
    --hash=sha256:<a> \
    --hash=sha512:00 \
    --hash 'sha256:<b>'
    # via something
bare==2
open>=3
linked @ https://files.example/linked-4.zip#sha256=<c>
https://forge.example/x.zip#egg=direct-5&md5=00
-e git+https://forge.example/z#egg=from-git
./local
"#;

    #[test]
    fn every_requirement_is_read() {
        let expected = [
            "8 foo-bar 1.0 - <a> - -",
            "9 foo-bar 1.0 - - sha512 -",
            "10 foo-bar 1.0 - <b> - -",
            "12 bare 2 - - - -",
            "13 open - - - - -",
            "14 linked - linked-4.zip <c> - elsewhere",
            "15 direct 5 x.zip - md5 elsewhere",
            "16 from-git - - - - elsewhere",
            "17 - - - - - elsewhere",
        ];
        assert_eq!(rows("requirements.txt", SAMPLE), expected);
        assert_eq!(rows("any.name", SAMPLE), expected);
        assert_eq!(rows("any.name", &SAMPLE.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn other_texts_are_no_requirements() {
        for (text, format) in [
            ("a\nb>1\nc==1\n", Some(Format::Requirements)),
            ("./x\nb --hash=sha256:<a>\n", Some(Format::Requirements)),
            ("--pre\n", Some(Format::Requirements)),
            ("Files\nof us: <a>\nc==1\n", Some(Format::AnyText)),
            ("--- a\n+++ <a>\n", Some(Format::AnyText)),
            ("a\nb\n", None),
        ] {
            assert_eq!(read("any.name", text).ok().map(|pins| pins.format), format, "{text}");
        }
    }

    #[test]
    fn files_that_are_included_are_mentioned() {
        let mentioned = read("requirements.txt", SAMPLE).unwrap().mentioned;
        let mentioned: Vec<_> = mentioned.iter().map(|it| (it.line, it.target.as_str())).collect();
        assert_eq!(mentioned, [(3, "other.txt"), (4, "constraints.txt"), (5, "third.txt")]);
    }

    #[test]
    fn hashes_in_comments_belong_to_what_follows() {
        let [a, b, c] =
            ['a', 'b', 'c'].map(|letter| URL_SAFE_NO_PAD.encode(hash(letter).as_bytes()));
        let text = format!(
            "# sha256: {a}\n# a word\n# sha256: {b}\n\nfoo==1\nbar==2\n# sha256: short\n# sha256: {c}\n# x==1\n"
        );
        let expected =
            ["1 foo 1 - <a> - -", "3 foo 1 - <b> - -", "6 bar 2 - - - -", "8 - - - <c> - -"];
        assert_eq!(rows("requirements.txt", &text), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("sha256:<a>", "sha256:<a>0", "line 8: '"),
            ("'sha256:<b>'", "", "line 10: '' is no SHA-256 hash"),
            ("bare==2", "bare 2", "line 12: 'bare 2' is no requirement"),
            ("bare==2", "bare==2 --unknown", "line 12: --unknown is no option of a requirement"),
            ("--pre", "--unknown x", "line 2: --unknown is no option of requirements"),
            ("-r other.txt", "-r", "line 3: -r has no value"),
            ("sha256=<c>", "sha256=c", "line 14: 'c' is no SHA-256 hash"),
        ] {
            let refused = refusal("requirements.txt", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("requirements.txt", SAMPLE);
    }
}
