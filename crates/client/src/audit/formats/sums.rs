//! Lines of `sha256sum` and its kin: `hash  name`, `hash *name` and `SHA256 (name) = hash`.

use super::super::digests::Stated;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::{Source, numbered};
use crate::audit::url::basename;

pub(super) fn is_named(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("sums") || name.ends_with("sums.txt") || name.ends_with(".sha256")
}

pub(super) fn matches(source: &Source<'_>) -> bool {
    let mut lines = numbered(source.text).map(|(_, line)| line).filter(|line| !is_comment(line));
    lines.next().is_some_and(|line| parse_line(line).is_some())
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    for (number, line) in numbered(source.text).filter(|(_, line)| !is_comment(line)) {
        let Some((algorithm, digest, name)) = parse_line(line) else {
            let reason = "neither 'hash  name' nor 'ALGORITHM (name) = hash'";
            return Err(InvalidSource::at(number, reason));
        };
        let mut pin = Pin { line: Some(number), filename: basename(&name), ..Pin::default() };
        let stated = Stated::of(algorithm, digest).and_then(|stated| pin.state(stated));
        stated.map_err(|reason| InvalidSource::at(number, reason))?;
        pins.add(pin)?;
    }
    Ok(())
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// Algorithm, digest and name of a line.
fn parse_line(line: &str) -> Option<(&str, &str, String)> {
    let escaped = line.strip_prefix('\\');
    let line = escaped.unwrap_or(line);
    let (algorithm, digest, name) = parse_tagged(line).or_else(|| parse_plain(line))?;
    let name = if escaped.is_some() { unescape(name)? } else { name.to_owned() };
    Some((algorithm, digest, name))
}

/// `SHA256 (name) = hash`.
fn parse_tagged(line: &str) -> Option<(&str, &str, &str)> {
    let (algorithm, rest) = line.split_once(" (")?;
    let (name, digest) = rest.rsplit_once(") = ")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    (algorithm.chars().all(plain) && is_hex(digest)).then_some((algorithm, digest, name))
}

/// `hash  name` or `hash *name`: the length tells the algorithm.
fn parse_plain(line: &str) -> Option<(&str, &str, &str)> {
    let (digest, name) = line.split_once(' ')?;
    let name = name.strip_prefix([' ', '*'])?;
    let algorithm = match digest.len() {
        32 => "md5",
        40 => "sha1",
        56 => "sha224",
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => return None,
    };
    (is_hex(digest) && !name.is_empty()).then_some((algorithm, digest, name))
}

fn is_hex(digest: &str) -> bool {
    !digest.is_empty() && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name behind a line that begins with a backslash.
fn unescape(name: &str) -> Option<String> {
    let mut chars = name.chars();
    let mut plain = String::with_capacity(name.len());
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r"# made by hand
<a>  dist/a-1.0.tar.gz
<b> *a-1.0-py3-none-any.whl
\<c>  odd\\name\n-1.zip

SHA256 (b (1)-1.0.zip) = <d>
SHA512 (b-1.0.zip) = 00
d41d8cd98f00b204e9800998ecf8427e  c-1.0.zip
";

    #[test]
    fn every_form_of_line_is_read() {
        let expected = [
            "2 - - a-1.0.tar.gz <a> - -",
            "3 - - a-1.0-py3-none-any.whl <b> - -",
            "4 - - odd\\name\n-1.zip <c> - -",
            "6 - - b (1)-1.0.zip <d> - -",
            "7 - - b-1.0.zip - sha512 -",
            "8 - - c-1.0.zip - md5 -",
        ];
        assert_eq!(rows("SHA256SUMS", SAMPLE), expected);
        assert_eq!(rows("any.name", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<b> *", "<b>", "line 3: neither"),
            ("<b> *", "<b>0 *", "line 3: neither"),
            ("odd\\\\", "odd\\x", "line 4: neither"),
            ("= <d>", "= 00", "line 6: '00' is no SHA-256 hash"),
            ("= 00", "= x", "line 7: neither"),
        ] {
            let refused = refusal("SHA256SUMS", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("SHA256SUMS", SAMPLE);
    }
}
