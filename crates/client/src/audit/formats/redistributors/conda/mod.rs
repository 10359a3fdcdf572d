//! Recipes of conda-forge: `meta.yaml` with its Jinja, and `recipe.yaml`.
//!
//! Each mapping below a `source:` is one file, or one for each platform that a comment selects.

mod block;
mod jinja;
#[cfg(test)]
mod tests;

use self::block::{Group, Row, below, groups, rows};
use self::jinja::Variables;
use super::template::whole;
use crate::audit::digests::Stated;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;
use record::ProjectName;

/// Keys that state a digest.
const DIGESTS: [&str; 4] = ["sha256", "sha512", "sha1", "md5"];

/// Keys of sources that are no files.
const ELSEWHERE: [&str; 9] =
    ["git_url", "git", "hg_url", "svn_url", "path", "git_rev", "rev", "tag", "branch"];

/// Keys that recipes have at the top.
const TOP: [&str; 6] = ["package", "recipe", "build", "requirements", "about", "context"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    let top = |key: &str| {
        source
            .text
            .lines()
            .any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_end() == ":"))
    };
    let has_source = source.text.lines().any(|line| line.trim() == "source:");
    has_source && TOP.iter().filter(|key| top(key)).count() > 1
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let rows = rows(source.text);
    let recipe = Recipe::of(source.text, &rows);
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.key == "source") {
        if row.value.starts_with(['{', '[']) {
            return Err(InvalidSource::at(
                row.line,
                "a source is expected to have a line for each key",
            ));
        }
        for group in groups(below(&rows, at)) {
            recipe.read_group(&group, pins)?;
        }
    }
    Ok(())
}

/// What a recipe says above its sources.
struct Recipe<'a> {
    variables: Variables<'a>,
    /// What expressions stand between.
    marks: (&'static str, &'static str),
}

impl<'a> Recipe<'a> {
    fn of(text: &'a str, rows: &[Row<'a>]) -> Recipe<'a> {
        let mut variables = Variables::default();
        let mut marks = ("{{", "}}");
        for line in text.lines() {
            variables.set_by(line);
        }
        if let Some(at) = rows.iter().position(|row| row.key == "context" && row.column == 0) {
            marks = ("${{", "}}");
            for row in below(rows, at) {
                variables.set(row.key, variables.whole(row.value, marks));
            }
        }
        Recipe { variables, marks }
    }

    /// Adds the files of one mapping: one for each digest, with the URLs for the same platforms.
    fn read_group(&self, group: &Group<'a>, pins: &mut Pins) -> Result<(), InvalidSource> {
        let with = |keys: &'static [&str]| {
            group.rows.iter().filter(move |row| keys.contains(&row.key) && !row.value.is_empty())
        };
        let mut selectors: Vec<&str> = Vec::new();
        for row in with(&DIGESTS) {
            if !selectors.contains(&row.selector) {
                selectors.push(row.selector);
            }
        }
        for selector in &selectors {
            let digests = with(&DIGESTS).filter(|row| row.selector == *selector);
            let mut pin = self.located(with(&["url"]), selector);
            for row in digests {
                self.state(row, &mut pin)?;
            }
            pins.add(pin)?;
        }
        let bare = with(&["url"]).chain(with(&ELSEWHERE)).next().filter(|_| selectors.is_empty());
        if let Some(row) = bare {
            let is_elsewhere = with(&ELSEWHERE).next().is_some();
            let located = self.located(with(&["url"]), row.selector);
            let from_index = if is_elsewhere { Some(false) } else { located.from_index };
            pins.add(Pin { line: Some(row.line), from_index, ..located })?;
        }
        Ok(())
    }

    /// What the URLs say of a file: those for the same platforms, else those for all.
    fn located<'r>(&self, urls: impl Iterator<Item = &'r Row<'a>> + Clone, selector: &str) -> Pin
    where
        'a: 'r,
    {
        let has_own = urls.clone().any(|row| row.selector == selector);
        let own = urls.filter(|row| row.selector == if has_own { selector } else { "" });
        let places = own.map(|row| self.located_at(row.value));
        let mut places: Vec<Pin> = places.collect();
        // Several URLs are mirrors of one file; the index's name counts, if there is but one.
        places.sort_by_key(|pin| pin.from_index != Some(true));
        let Some(first) = places.first().cloned() else { return Pin::default() };
        let is_other = |pin: &Pin| pin.from_index == Some(true) && pin.filename != first.filename;
        if places.iter().any(is_other) {
            return Pin { from_index: first.from_index, ..Pin::default() };
        }
        first
    }

    fn located_at(&self, url: &str) -> Pin {
        let mut pin = Pin::default();
        pin.locate(&self.variables.filled(url, self.marks));
        if pin.from_index == Some(true) && pin.filename.is_none() {
            let name = self.variables.get("name");
            pin.project = name.and_then(|name| ProjectName::normalise(name).ok());
            pin.version = self.variables.get("version").map(str::to_owned);
        }
        pin
    }

    fn state(&self, row: &Row<'_>, pin: &mut Pin) -> Result<(), InvalidSource> {
        let invalid = |reason: String| InvalidSource::at(row.line, reason);
        let digest = whole(self.variables.filled(row.value, self.marks))
            .ok_or_else(|| invalid(format!("the value of '{}' is not known", row.value)))?;
        let stated = Stated::of(row.key, &digest).and_then(|stated| pin.state(stated));
        pin.line = Some(pin.line.map_or(row.line, |line| line.min(row.line)));
        stated.map_err(invalid)
    }
}
