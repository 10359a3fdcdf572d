//! Recipes that are settings, one a line: those of `OpenEmbedded` and of `OpenWrt`.

use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin};
use crate::audit::source::numbered;

/// Operators between a name and its value; a longer one precedes its own ending.
const OPERATORS: [&str; 7] = ["??=", ":=", "?=", "+=", ".=", "=+", "="];

/// One setting.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    /// Line where it begins, from 1.
    pub(super) line: u64,
    pub(super) name: &'a str,
    /// Without its quotes; only what stands in the first line.
    pub(super) value: &'a str,
}

/// All settings of a recipe. What is no setting is passed over.
#[derive(Debug)]
pub(super) struct Settings<'a>(pub(super) Vec<Setting<'a>>);

impl<'a> Settings<'a> {
    pub(super) fn of(text: &'a str) -> Settings<'a> {
        Settings(numbered(text).filter_map(|(line, text)| setting(line, text)).collect())
    }

    /// Value of a name; the last one, if there are several.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut named = self.0.iter().rev().filter(|setting| setting.name == name);
        named.next().map(|setting| setting.value).filter(|value| !value.is_empty())
    }
}

impl Setting<'_> {
    /// Adds the digest that the setting states.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is none.
    pub(super) fn state(&self, algorithm: &str, pin: &mut Pin) -> Result<(), InvalidSource> {
        let stated = Stated::of(algorithm, self.value).and_then(|stated| pin.state(stated));
        stated.map_err(|reason| InvalidSource::at(self.line, reason))?;
        pin.line = Some(self.line);
        Ok(())
    }
}

fn setting(line: u64, text: &str) -> Option<Setting<'_>> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    let end = text.find(|c| !is_name(c)).filter(|end| *end > 0)?;
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let value = OPERATORS.iter().find_map(|operator| rest.strip_prefix(operator))?;
    let value = value.trim().trim_end_matches('\\').trim();
    Some(Setting { line, name, value: value.trim_matches(['"', '\'']) })
}
