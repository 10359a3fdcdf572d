//! `Manifest` of Gentoo (GLEP 74): `DIST <file> <size> <algorithm> <digest> ...`.
//!
//! Ebuilds rename what they fetch, so a file's name is a guess of the release and no more. Lines of
//! other kinds are about files of the repository itself.

use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::{Source, numbered};

/// Kinds of lines that are not about distributed files.
const OTHER_KINDS: [&str; 8] =
    ["AUX", "DATA", "EBUILD", "IGNORE", "MANIFEST", "MISC", "OPTIONAL", "TIMESTAMP"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.text.lines().any(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().take(4).collect();
        matches!(columns[..], ["DIST", _, size, algorithm]
            if size.parse::<u64>().is_ok() && Stated::knows(&algorithm.to_ascii_lowercase()))
    })
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut is_signature = false;
    for (line, text) in numbered(source.text) {
        let columns: Vec<&str> = text.split_ascii_whitespace().collect();
        // A signed Manifest ends with its signature, which is not verified here.
        is_signature |= text.starts_with("-----BEGIN PGP SIGNATURE");
        match columns[..] {
            ["DIST", file, size, ref digests @ ..] => pins.add(dist(line, file, size, digests)?)?,
            _ if is_signature || text.starts_with("-----") || text.starts_with("Hash: ") => {}
            [] => {}
            [kind, ..] if OTHER_KINDS.contains(&kind) => {}
            _ => {
                return Err(InvalidSource::at(
                    line,
                    "a line begins with the kind of a file, as DIST",
                ));
            }
        }
    }
    Ok(())
}

fn dist(line: u64, file: &str, size: &str, digests: &[&str]) -> Result<Pin, InvalidSource> {
    let invalid = |reason: String| InvalidSource::at(line, reason);
    if size.parse::<u64>().is_err() {
        return Err(invalid(format!("'{size}' is no size")));
    }
    let (pairs, rest) = digests.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(invalid("a file's digests are pairs of algorithm and digest".to_owned()));
    }
    let mut pin = Pin { line: Some(line), ..Pin::default() };
    for [algorithm, digest] in pairs {
        Stated::of(algorithm, digest).and_then(|stated| pin.state(stated)).map_err(invalid)?;
    }
    pin.guess_release(file);
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = "\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

DIST foo_bar-1.0.tar.gz 10 BLAKE2B 00 SHA512 00
DIST foo-1.0.gh.tar.gz 10 SHA256 <a> SHA512 00 WHIRLPOOL 00
EBUILD foo-1.0.ebuild 10 SHA256 <b>
-----BEGIN PGP SIGNATURE-----

iQ
-----END PGP SIGNATURE-----
";

    #[test]
    fn distributed_files_are_pinned_without_names() {
        let expected =
            ["4 foo-bar 1.0 - - blake2b,sha512 -", "5 foo 1.0.gh - <a> sha512,unknown -"];
        assert_eq!(rows("Manifest", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 5: '0' is no SHA-256 hash"),
            ("SHA512 00\nDIST", "SHA512\nDIST", "line 4: a file's digests are pairs"),
            ("gz 10 SHA256", "gz x SHA256", "line 5: 'x' is no size"),
            ("EBUILD", "BUILD", "line 6: a line begins with the kind"),
        ] {
            let refused = refusal("Manifest", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("Manifest", SAMPLE);
    }
}
