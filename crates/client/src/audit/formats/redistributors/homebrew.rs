//! Formulae of Homebrew: each `url` with its `sha256`, of the formula and of its resources.
//!
//! Formulae are laid out by one formatter: an `end` stands under the line that it ends.

use crate::audit::address::HOLE;
use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::{Source, numbered};

/// Blocks whose URLs and hashes are not those of sources.
const OTHER_BLOCKS: [&str; 4] = ["bottle do", "head do", "livecheck do", "test do"];

/// Options of a URL that is a repository's.
const REPOSITORY: [&str; 5] = ["tag:", "revision:", "branch:", "using:", "commit:"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.text.lines().any(|line| {
        line.starts_with("class ")
            && line.split_once('<').is_some_and(|(_, base)| base.trim() == "Formula")
    })
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut formula = Formula { pending: None, closed_by: None };
    for (line, text) in numbered(source.text) {
        if text == "__END__" {
            break;
        }
        formula.read_line(line, text, pins)?;
    }
    if let Some((line, _)) = formula.closed_by {
        return Err(InvalidSource::at(line, "a block begins here and does not end"));
    }
    formula.finish(pins)
}

/// What has been read of a formula.
struct Formula<'a> {
    /// The file whose hash is yet to come.
    pending: Option<Pin>,
    /// Line of the block that is skipped, and the indentation of its end.
    closed_by: Option<(u64, &'a str)>,
}

impl<'a> Formula<'a> {
    fn read_line(
        &mut self,
        line: u64,
        text: &'a str,
        pins: &mut Pins,
    ) -> Result<(), InvalidSource> {
        let statement = text.trim_start();
        let indentation = &text[..text.len() - statement.len()];
        if let Some((_, end)) = self.closed_by {
            if statement.trim_end() == "end" && indentation == end {
                self.closed_by = None;
            }
            return Ok(());
        }
        if OTHER_BLOCKS.contains(&statement.trim_end()) {
            self.closed_by = Some((line, indentation));
        } else if let Some(url) = statement.strip_prefix("url ") {
            self.finish(pins)?;
            self.pending = url_of(line, url)?;
        } else if let Some(hash) = statement.strip_prefix("sha256 ") {
            self.add_hash(line, hash, pins)?;
        } else if let Some(pin) = &mut self.pending
            && REPOSITORY.iter().any(|option| statement.starts_with(option))
        {
            pin.from_index = Some(false);
        }
        Ok(())
    }

    fn add_hash(&mut self, line: u64, hash: &str, pins: &mut Pins) -> Result<(), InvalidSource> {
        let invalid = |reason: &str| InvalidSource::at(line, reason);
        let mut pin =
            self.pending.take().ok_or_else(|| invalid("a hash without a URL before it"))?;
        let (text, _) = string(hash).ok_or_else(|| invalid("the hash is not written out here"))?;
        let stated = Stated::of("sha256", text).and_then(|stated| pin.state(stated));
        stated.map_err(|reason| invalid(&reason))?;
        pins.add(Pin { line: Some(line), ..pin })
    }

    /// Adds a file that has no hash.
    fn finish(&mut self, pins: &mut Pins) -> Result<(), InvalidSource> {
        self.pending.take().map_or(Ok(()), |pin| pins.add(pin))
    }
}

/// The file at the URL that follows; `None` if it is that of something else.
fn url_of(line: u64, text: &str) -> Result<Option<Pin>, InvalidSource> {
    if text.trim_start().starts_with(':') {
        return Ok(None);
    }
    let (url, options) =
        string(text).ok_or_else(|| InvalidSource::at(line, "the URL is not written out here"))?;
    let mut pin = Pin { line: Some(line), ..Pin::default() };
    pin.locate(&url.replace("#{", &HOLE.to_string()));
    if REPOSITORY.iter().any(|option| options.contains(option)) {
        pin.from_index = Some(false);
    }
    Ok(Some(pin))
}

/// The string that a text begins with, and the rest.
fn string(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"class Foo < Formula
  include Language::Python::Virtualenv

  desc "Say url or sha256"
  url "https://files.example/packages/0a/0b/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d/foo-1.0.tar.gz"
  sha256 "<a>"
  head "https://forge.example/foo.git", branch: "main"

  livecheck do
    url "https://index.example/foo"
  end

  bottle do
    rebuild 1
    sha256 cellar: :any, arm64_big: "<x>"
    sha256 "<y>" => :old
  end

  resource "bar" do
    url "https://index.example/packages/source/b/bar/bar_baz-2.0.tar.gz"
    sha256 "<b>"
  end

  resource "git" do
    url "https://forge.example/git.git",
        tag:      "v1",
        revision: "0123"
  end

  resource "data" do
    url 'https://forge.example/a/archive/#{version}.tar.gz'
    sha256 "<c>"
  end

  test do
    sha256 wrong
  end
end

__END__
sha256 "<z>"
"#;

    #[test]
    fn the_formula_and_its_resources_are_pinned() {
        let expected = [
            "6 foo 1.0 foo-1.0.tar.gz <a> - index",
            "21 bar-baz 2.0 bar_baz-2.0.tar.gz <b> - index",
            "25 - - - - - elsewhere",
            "32 - - - <c> - elsewhere",
        ];
        assert_eq!(rows("foo.rb", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 6: '0' is no SHA-256 hash"),
            ("sha256 \"<b>\"", "sha256 HASH", "line 21: the hash is not written out here"),
            (
                "    url \"https://index.example/packages",
                "    link \"",
                "line 21: a hash without a URL",
            ),
            ("url 'https", "url https", "line 31: the URL is not written out here"),
        ] {
            let refused = refusal("foo.rb", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
        let (open, _) = SAMPLE.split_once("    rebuild").unwrap();
        assert_eq!(refusal("foo.rb", open), "line 13: a block begins here and does not end");
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("foo.rb", SAMPLE);
    }
}
