//! Nix expressions: what `fetchPypi` and `fetchurl` fetch.
//!
//! Other fetchers are left alone: their hashes are those of unpacked trees. `fetchPypi` makes up the
//! file's name from what it is told, so only a URL names a file.

use super::script::{Kind, NIX, Token};
use super::template;
use crate::audit::address::HOLE;
use crate::audit::digests::Stated;
use crate::audit::nix_hash::{parse_sha256, parse_stating};
use crate::audit::node::project;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

/// How many names may stand for each other before it is a circle.
const MAX_STEPS: u32 = 16;

/// Sets whose members are the attributes of the set around.
const OWN_SETS: [&str; 2] = ["finalAttrs", "self"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    let calls = |function: &str| {
        source.text.match_indices(function).any(|(at, _)| {
            let rest = source.text[at + function.len()..].trim_start();
            rest.strip_prefix("rec").map_or(rest, str::trim_start).starts_with('{')
        })
    };
    calls("fetchPypi") || calls("fetchurl")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let tokens = NIX.tokens(source.text)?;
    let scopes = Scopes::of(&tokens)?;
    for (scope, call) in scopes.0.iter().enumerate() {
        match call.function {
            Some("fetchPypi") => pins.add(scopes.pin_of_release(scope)?)?,
            Some("fetchurl") => pins.add(scopes.pin_of_url(scope)?)?,
            _ => {}
        }
    }
    Ok(())
}

/// All sets of an expression, each behind the one around it.
struct Scopes<'a>(Vec<Scope<'a>>);

/// What is bound between two braces.
struct Scope<'a> {
    line: u64,
    /// The function that is called with the set.
    function: Option<&'a str>,
    around: Option<usize>,
    bindings: Vec<Binding<'a>>,
}

/// A name and what it stands for.
struct Binding<'a> {
    line: u64,
    name: &'a str,
    value: Bound<'a>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Bound<'a> {
    /// What this name stands for in the set around.
    Around(&'a str),
    /// What this name stands for here.
    Same(&'a str),
    Text(&'a str),
    /// An expression.
    Unknown,
}

impl<'a> Scopes<'a> {
    fn of(tokens: &[Token<'a>]) -> Result<Scopes<'a>, InvalidSource> {
        let outermost = Scope { line: 1, function: None, around: None, bindings: Vec::new() };
        let mut scopes = Scopes(vec![outermost]);
        let mut current = 0;
        for (at, token) in tokens.iter().enumerate() {
            if token.is_sign("{") {
                let function = function_before(&tokens[..at]);
                let scope = Scope {
                    line: token.line,
                    function,
                    around: Some(current),
                    bindings: Vec::new(),
                };
                current = scopes.0.len();
                scopes.0.push(scope);
            } else if token.is_sign("}") {
                let unopened =
                    || InvalidSource::at(token.line, "a brace is closed that was not opened");
                current = scopes.0[current].around.ok_or_else(unopened)?;
            } else {
                scopes.0[current].bindings.extend(bindings_at(tokens, at));
            }
        }
        match current {
            0 => Ok(scopes),
            _ => Err(InvalidSource::at(scopes.0[current].line, "a brace is opened and not closed")),
        }
    }

    /// What a name stands for in a set or around it; `None` if it is not written out, or in two ways.
    fn text(&self, scope: usize, name: &str) -> Option<String> {
        self.text_within(scope, name, MAX_STEPS)
    }

    fn text_within(&self, scope: usize, name: &str, steps: u32) -> Option<String> {
        let steps = steps.checked_sub(1)?;
        let Scope { around, bindings, .. } = &self.0[scope];
        let mut values = bindings.iter().filter(|binding| binding.name == name);
        let Some(binding) = values.next() else { return self.text_within((*around)?, name, steps) };
        if values.next().is_some() {
            return None;
        }
        match binding.value {
            Bound::Around(other) => self.text_within((*around)?, other, steps),
            Bound::Same(other) if other == name => self.text_within((*around)?, other, steps),
            Bound::Same(other) => self.text_within(scope, other, steps),
            Bound::Text(text) => template::whole(self.filled(scope, text, steps)),
            Bound::Unknown => None,
        }
    }

    /// A string with the values of the names in it, and holes where one is not known.
    fn filled(&self, scope: usize, text: &str, steps: u32) -> String {
        template::fill(text, ("${", "}"), |name| {
            let own = OWN_SETS.iter().find_map(|set| name.strip_prefix(set)?.strip_prefix('.'));
            self.text_within(scope, own.unwrap_or(name), steps)
        })
    }

    /// The pin of a call of `fetchPypi`.
    fn pin_of_release(&self, scope: usize) -> Result<Pin, InvalidSource> {
        let name = self.text(scope, "pname");
        let name = name.map(|name| project(self.0[scope].line, &name)).transpose()?;
        let mut pin = Pin {
            project: name,
            version: self.text(scope, "version"),
            from_index: Some(true),
            ..Pin::default()
        };
        self.add_hash(scope, &mut pin)?;
        Ok(pin)
    }

    /// The pin of a call of `fetchurl`.
    fn pin_of_url(&self, scope: usize) -> Result<Pin, InvalidSource> {
        let mut pin = Pin::default();
        let Scope { bindings, .. } = &self.0[scope];
        if let Some(url) = bindings.iter().find(|binding| binding.name == "url") {
            let unknown = || HOLE.to_string();
            pin.locate(&match url.value {
                Bound::Text(text) => self.filled(scope, text, MAX_STEPS),
                _ => self.text(scope, "url").unwrap_or_else(unknown),
            });
        }
        self.add_hash(scope, &mut pin)?;
        Ok(pin)
    }

    fn add_hash(&self, scope: usize, pin: &mut Pin) -> Result<(), InvalidSource> {
        let Scope { line, bindings, .. } = &self.0[scope];
        for binding in bindings {
            let stating: fn(&str) -> Result<Stated, String> = match binding.name {
                "hash" | "outputHash" => parse_stating,
                "sha256" => parse_sha256,
                "sha512" => |text| Stated::of("sha512", text),
                "sha1" => |text| Stated::of("sha1", text),
                "md5" => |text| Stated::of("md5", text),
                _ => continue,
            };
            let unknown = || InvalidSource::at(binding.line, "the hash is not written out here");
            let text = self.text(scope, binding.name).ok_or_else(unknown)?;
            let stated = stating(&text).and_then(|stated| pin.state(stated));
            stated.map_err(|reason| InvalidSource::at(binding.line, reason))?;
            pin.line = Some(binding.line);
        }
        pin.line
            .map(drop)
            .ok_or_else(|| InvalidSource::at(*line, "a file is fetched here without a hash"))
    }
}

/// The function that is called with the set that follows.
fn function_before<'a>(before: &[Token<'a>]) -> Option<&'a str> {
    let [.., last] = before else { return None };
    let last = if last.is_word("rec") { before.iter().rev().nth(1)? } else { last };
    (last.kind == Kind::Word).then_some(last.text)
}

/// The names that are bound by the token at a place.
fn bindings_at<'a>(tokens: &[Token<'a>], at: usize) -> Vec<Binding<'a>> {
    let is_sign = |at: usize, sign| tokens.get(at).is_some_and(|token| token.is_sign(sign));
    let token = tokens[at];
    if token.is_word("inherit") {
        return inherited(&tokens[at + 1..]);
    }
    let is_member = at.checked_sub(1).is_some_and(|before| is_sign(before, "."));
    if token.kind != Kind::Word || is_member || !is_sign(at + 1, "=") || is_sign(at + 2, "=") {
        return Vec::new();
    }
    let value = match tokens.get(at + 2..).unwrap_or_default() {
        [value, end, ..] if end.is_sign(";") && value.kind == Kind::Text => Bound::Text(value.text),
        [value, end, ..] if end.is_sign(";") && value.kind == Kind::Word => Bound::Same(value.text),
        [set, dot, value, end, ..]
            if OWN_SETS.contains(&set.text) && dot.is_sign(".") && end.is_sign(";") =>
        {
            Bound::Around(value.text)
        }
        _ => Bound::Unknown,
    };
    vec![Binding { line: token.line, name: token.text, value }]
}

/// The names between `inherit` and its semicolon, from the set around or one that is named.
fn inherited<'a>(rest: &[Token<'a>]) -> Vec<Binding<'a>> {
    let end = rest.iter().position(|token| token.is_sign(";")).unwrap_or(0);
    let (is_around, names) = match &rest[..end] {
        [open, set, close, names @ ..] if open.is_sign("(") && close.is_sign(")") => {
            (OWN_SETS.contains(&set.text), names)
        }
        names => (names.iter().all(|name| name.kind == Kind::Word), names),
    };
    let words = names.iter().filter(|name| name.kind == Kind::Word);
    let bind = |name: &Token<'a>| {
        let value = if is_around { Bound::Around(name.text) } else { Bound::Unknown };
        Binding { line: name.line, name: name.text, value }
    };
    words.map(bind).collect()
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{ lib, buildPythonPackage, fetchPypi, fetchurl }:
let
  old = fetchPypi { pname = "Old_Name"; version = "0.1"; sha256 = "<a>"; };
in
buildPythonPackage rec {
  pname = "foo"; # "
  version = "1.0";
  src = fetchPypi {
    inherit pname version;
    extension = "zip";
    hash = "<b-sri>";
  };
  data = fetchurl {
    url = "mirror://pypi/f/foo/${pname}-${version}.tar.gz";
    sha256 = "<c-base32>";
  };
  more = fetchurl {
    url = "https://index.example/packages/source/${lib.substring 0 1 pname}/foo/foo-2.zip";
    hash = "sha512-AAAA";
  };
  tool = fetchurl rec {
    version = "3";
    url = "https://forge.example/a/b/archive/v${version}.tar.gz";
    sha256 = "<d>";
  };
  meta.version = "9";
}
"#;

    const FINAL: &str = r#"buildPythonPackage (finalAttrs: {
  pname = "foo";
  version = "1.0${suffix}";
  src = fetchPypi {
    pname = "Foo.Bar";
    inherit (finalAttrs) version;
    hash = "<a-sri>";
  };
  other = fetchPypi {
    inherit (old) version;
    pname = finalAttrs.pname;
    hash = "<b-sri>";
  };
})
"#;

    #[test]
    fn what_is_fetched_is_pinned() {
        let expected = [
            "3 old-name 0.1 - <a> - index",
            "11 foo 1.0 - <b> - index",
            "15 foo 1.0 foo-1.0.tar.gz <c> - index",
            "19 foo 2 foo-2.zip - sha512 index",
            "24 - - - <d> - elsewhere",
        ];
        assert_eq!(rows("default.nix", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
        let expected = ["7 foo-bar - - <a> - index", "12 foo - - <b> - index"];
        assert_eq!(rows("default.nix", FINAL), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<b-sri>", "<b>", "line 11: "),
            ("<b-sri>", "sha256-AAAA", "line 11: 'AAAA' is no SHA-256 hash"),
            ("<c-base32>", "e<c-base32>", "line 15: "),
            ("\"<d>\"", "lib.fakeSha256", "line 24: the hash is not written out here"),
            ("    hash = \"<b-sri>\";\n", "", "line 8: a file is fetched here without a hash"),
            ("\"foo\";", "\"f/o\";", "line 8: 'f/o' is no project's name"),
            ("\"zip\"", "\"zip", "line "),
            ("extension = \"zip\";", "};", "line 27: a brace is closed"),
            ("meta.", "{", "line 5: a brace is opened"),
        ] {
            let refused = refusal("default.nix", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("default.nix", SAMPLE);
        survives_damage("default.nix", FINAL);
    }
}
