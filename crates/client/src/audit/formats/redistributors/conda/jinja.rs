//! Variables of recipes, and the few expressions over them that recipes name files with.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::super::template::{fill, whole};

/// Variables by name; `None` for one whose value is not known or not one.
#[derive(Debug, Default)]
pub(super) struct Variables<'a>(BTreeMap<&'a str, Option<String>>);

impl<'a> Variables<'a> {
    /// Sets a variable. One that is set to several values, as for several platforms, has none.
    pub(super) fn set(&mut self, name: &'a str, value: Option<String>) {
        match self.0.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) if *entry.get() != value => {
                entry.insert(None);
            }
            Entry::Occupied(_) => {}
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    /// Sets the variable of a line `{% set name = expression %}`; whether it is one.
    pub(super) fn set_by(&mut self, line: &'a str) -> bool {
        let Some(name_and_value) = set_statement(line) else { return false };
        let (name, expression) = name_and_value;
        self.set(name, self.value(expression));
        true
    }

    /// A text with the values of its expressions, which stand between `marks`.
    pub(super) fn filled(&self, text: &str, marks: (&str, &str)) -> String {
        fill(text, marks, |expression| self.value(expression))
    }

    /// The same, if all values are known.
    pub(super) fn whole(&self, text: &str, marks: (&str, &str)) -> Option<String> {
        whole(self.filled(text, marks))
    }

    /// Value of an expression: a string or a variable, then parts and replacements of it.
    fn value(&self, expression: &str) -> Option<String> {
        let (mut value, mut rest) = self.operand(expression.trim())?;
        while !rest.is_empty() {
            let (next, behind) = applied(&value, rest)?;
            (value, rest) = (next, behind.trim());
        }
        Some(value)
    }

    /// The operand that an expression begins with, and the rest.
    fn operand<'e>(&self, expression: &'e str) -> Option<(String, &'e str)> {
        if let Some((text, rest)) = quoted(expression) {
            return Some((text.to_owned(), rest.trim_start()));
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = expression.find(|c| !is_word(c)).unwrap_or(expression.len());
        let (name, rest) = expression.split_at(end);
        let is_number = name.starts_with(|c: char| c.is_ascii_digit());
        let value = if is_number { name } else { self.get(name)? };
        Some((value.to_owned(), rest.trim_start()))
    }
}

/// Name and expression of `{% set name = expression %}`.
fn set_statement(line: &str) -> Option<(&str, &str)> {
    let statement = line.trim().strip_prefix("{%")?.split("%}").next()?;
    let statement = statement.trim_matches(['-', '+']).trim();
    let (name, expression) = statement.strip_prefix("set ")?.split_once('=')?;
    Some((name.trim(), expression.trim()))
}

/// A value after the operation that `rest` begins with, and what follows.
fn applied<'e>(value: &str, rest: &'e str) -> Option<(String, &'e str)> {
    if let Some(inner) = rest.strip_prefix('[') {
        let (range, behind) = inner.split_once(']')?;
        return Some((part(value, range)?, behind));
    }
    let call = rest.strip_prefix(['|', '.'])?.trim_start();
    if let Some(behind) = call.strip_prefix("lower") {
        return Some((value.to_lowercase(), behind.strip_prefix("()").unwrap_or(behind)));
    }
    if let Some(behind) = call.strip_prefix("string").or(call.strip_prefix("trim")) {
        return Some((value.to_owned(), behind));
    }
    let (arguments, behind) = call.strip_prefix("replace(")?.split_once(')')?;
    let (from, rest) = quoted(arguments.trim())?;
    let (to, _) = quoted(rest.trim().strip_prefix(',')?.trim())?;
    Some((value.replace(from, to), behind))
}

/// What an index or the end of a range takes from the beginning.
fn part(value: &str, range: &str) -> Option<String> {
    let range = range.trim();
    let len = match range.split_once(':') {
        None if range == "0" => 1,
        Some(("" | "0", end)) => end.trim().parse().ok()?,
        _ => return None,
    };
    Some(value.chars().take(len).collect())
}

/// The string in quotes that a text begins with, and the rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_worked_out() {
        let mut variables = Variables::default();
        for line in [
            "{% set name = \"Foo-Bar\" %}",
            "{%- set version='1.0' -%}",
            "{% set module = name.replace('-', '_') %}",
            "{% set twice = 'a' %}",
            "{% set twice = 'b' %}",
            "{% set year = 2020 %}",
        ] {
            assert!(variables.set_by(line), "{line}");
        }
        assert!(!variables.set_by("{% if x %}"));
        for (text, value) in [
            ("{{ name }}-{{version}}.tar.gz", Some("Foo-Bar-1.0.tar.gz")),
            ("{{ name[0] }}/{{ name[:2] }}/{{ name[0:3]|lower }}", Some("F/Fo/foo")),
            ("{{ name|lower|replace(\"-\", \"_\") }}", Some("foo_bar")),
            ("{{ name.lower() }}", Some("foo-bar")),
            ("{{ module }} {{ year }} {{ 'x' }}", Some("Foo_Bar 2020 x")),
            ("{{ twice }}", None),
            ("{{ other }}", None),
            ("{{ name[1] }}", None),
            ("{{ name.split('-')[0] }}", None),
            ("{{ name + version }}", None),
            ("{{ name.replace('-' }}", None),
        ] {
            assert_eq!(variables.whole(text, ("{{", "}}")).as_deref(), value, "{text}");
        }
    }
}
