//! Guix packages: origins whose URL is made by `pypi-uri`.
//!
//! Origins from elsewhere are left alone: many of their hashes are those of unpacked trees. `pypi-uri`
//! makes up the file's name, so none is known.

use super::script::{Kind, SCHEME, Token};
use crate::audit::nix_hash::parse_sha256;
use crate::audit::node::project;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.text.contains("(pypi-uri") && source.text.contains("(origin")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let tokens = SCHEME.tokens(source.text)?;
    let lists = Lists::of(&tokens)?;
    for (number, list) in lists.all.iter().enumerate() {
        if lists.head(list) == Some("pypi-uri") {
            pins.add(lists.pin(number)?)?;
        }
    }
    Ok(())
}

/// All lists of a text.
struct Lists<'t, 'a> {
    tokens: &'t [Token<'a>],
    all: Vec<List>,
}

/// One list.
struct List {
    /// Place of its opening bracket.
    begin: usize,
    /// Place of its closing bracket.
    end: usize,
    /// The list around it.
    around: Option<usize>,
}

impl<'t, 'a> Lists<'t, 'a> {
    fn of(tokens: &'t [Token<'a>]) -> Result<Lists<'t, 'a>, InvalidSource> {
        let mut all: Vec<List> = Vec::new();
        let mut current = None;
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign) {
            if matches!(token.text, "(" | "[") {
                all.push(List { begin: at, end: at, around: current });
                current = Some(all.len() - 1);
            } else if matches!(token.text, ")" | "]") {
                let open = current.and_then(|open: usize| all.get_mut(open));
                let problem = "a bracket is closed that was not opened";
                let open = open.ok_or_else(|| InvalidSource::at(token.line, problem))?;
                open.end = at;
                current = open.around;
            }
        }
        match current.and_then(|open| tokens.get(all[open].begin)) {
            Some(open) => Err(InvalidSource::at(open.line, "a bracket is opened and not closed")),
            None => Ok(Lists { tokens, all }),
        }
    }

    /// What stands in a list, with the lists in it.
    fn inside(&self, list: &List) -> &'t [Token<'a>] {
        self.tokens.get(list.begin + 1..list.end).unwrap_or_default()
    }

    /// The word that a list begins with.
    fn head(&self, list: &List) -> Option<&'a str> {
        self.inside(list).first().filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    /// The lists around a list, from the inside.
    fn around(&self, list: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.all[list].around, |list| self.all[*list].around)
    }

    /// The pin of a call of `pypi-uri`.
    fn pin(&self, call: usize) -> Result<Pin, InvalidSource> {
        let arguments = self.inside(&self.all[call]);
        let line = arguments.first().map_or(1, |head| head.line);
        let origin = self.around(call).find(|list| self.head(&self.all[*list]) == Some("origin"));
        let origin =
            origin.ok_or_else(|| InvalidSource::at(line, "'pypi-uri' outside of an origin"))?;
        let name = match arguments.get(1) {
            Some(name) if name.kind == Kind::Text => Some(project(name.line, name.text)?),
            _ => None,
        };
        let version = match arguments.get(2) {
            Some(version) if version.kind == Kind::Text => Some(version.text),
            Some(version) if version.is_word("version") => self.version_around(origin),
            _ => None,
        };
        let mut pin = Pin {
            project: name,
            version: version.map(str::to_owned),
            from_index: Some(true),
            ..Pin::default()
        };
        self.add_hash(origin, &mut pin)?;
        Ok(pin)
    }

    /// The version that the innermost package or `let` around an origin states.
    fn version_around(&self, origin: usize) -> Option<&'a str> {
        self.around(origin).find_map(|around| {
            let List { begin, end, .. } = self.all[around];
            let first = self.all.partition_point(|list| list.begin <= begin);
            let inner = self.all[first..].iter().take_while(|list| list.begin < end);
            inner.filter(|list| self.is_near(list, around)).find_map(|list| {
                match self.inside(list) {
                    [word, version] if word.is_word("version") && version.kind == Kind::Text => {
                        Some(version.text)
                    }
                    _ => None,
                }
            })
        })
    }

    /// Whether a list is a member of another, or of a list of bindings that is.
    fn is_near(&self, list: &List, around: usize) -> bool {
        let is_let = self.head(&self.all[around]).is_some_and(|head| head.starts_with("let"));
        let second = list.around.and_then(|list| self.all[list].around);
        list.around == Some(around) || is_let && second == Some(around)
    }

    /// Adds the hash that an origin states.
    fn add_hash(&self, origin: usize, pin: &mut Pin) -> Result<(), InvalidSource> {
        let List { begin, end, .. } = self.all[origin];
        let mut last = "";
        for token in &self.tokens[begin..end] {
            let stated = match (token.kind, last) {
                (Kind::Text, "base32" | "content-hash" | "sha256" | "base64") => {
                    parse_sha256(token.text)
                }
                (Kind::Word, _) => {
                    last = token.text;
                    continue;
                }
                _ => continue,
            };
            last = "";
            let stated = stated.and_then(|stated| pin.state(stated));
            stated.map_err(|reason| InvalidSource::at(token.line, reason))?;
            pin.line = Some(token.line);
        }
        let line = self.tokens[begin].line;
        pin.line
            .map(drop)
            .ok_or_else(|| InvalidSource::at(line, "the origin states no SHA-256 hash"))
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"(define-module (gnu packages python-xyz)) ; "
(define-public python-foo
  (package
    (name "python-foo")
    (version "1.0")
    (source
     (origin
       (method url-fetch)
       (uri (pypi-uri "Foo_Bar" version))
       (sha256
        (base32
         "<a-base32>"))))
    (inputs (list #\" python-x))))

(define-public python-bar
  (let ((commit "x") (version "2.0"))
    (package
      (inherit python-foo)
      (version version)
      (source (origin (method url-fetch)
        (uri (pypi-uri "bar" "2.1" ".zip"))
        (sha256 (base32 "<b-base32>")))))))

(define-public python-baz
  (let ((version "3.0"))
    (package
      (version version)
      (source (origin (method url-fetch)
        (uri (pypi-uri name version))
        (sha256 (base32 "<c-base32>")))))))

(define-public other
  (package (version "9") (source (origin (method git-fetch)
    (sha256 (base32 "<d-base32>"))))))
"#;

    #[test]
    fn origins_on_the_index_are_pinned() {
        let expected =
            ["12 foo-bar 1.0 - <a> - index", "22 bar 2.1 - <b> - index", "30 - 3.0 - <c> - index"];
        assert_eq!(rows("python-xyz.scm", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a-base32>", "e", "line 12: 'e' is no SHA-256 hash"),
            ("\"<a-base32>\"", "x", "line 7: the origin states no SHA-256 hash"),
            ("\"Foo_Bar\"", "\"Foo Bar\"", "line 9: 'Foo Bar' is no project's name"),
            ("(origin\n", "(original\n", "line 9: 'pypi-uri' outside of an origin"),
            ("(source\n", "\n", "line 13: a bracket is closed"),
            ("python-x))))", "python-x)))", "line 2: a bracket is opened"),
            ("\"Foo_Bar\"", "\"Foo", "line 34: a string"),
        ] {
            let refused = refusal("python-xyz.scm", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("python-xyz.scm", SAMPLE);
    }
}
