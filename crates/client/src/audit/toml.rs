//! TOML with lines.

use std::borrow::Cow;
use std::collections::HashSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Node, Value};
use super::pin::InvalidSource;
use super::source::Lines;

/// Parses a document.
///
/// # Errors
/// [`InvalidSource`] with the line of the first problem.
pub(super) fn parse(text: &str) -> Result<Node<'_>, InvalidSource> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| lines.at(span.start));
        InvalidSource { line, reason: error.message().to_owned() }
    })?;
    Ok(Node { line: 1, value: members(table.into_inner(), &lines) })
}

fn members<'a>(table: DeTable<'a>, lines: &Lines) -> Value<'a> {
    let member = |(key, value): (Spanned<Cow<'a, str>>, Spanned<DeValue<'a>>)| {
        // A table of its own begins at its heading, not at its first value.
        let line = lines.at(key.span().start);
        (key.into_inner(), Node { line, value: value_of(value.into_inner(), lines) })
    };
    Value::Table(table.into_iter().map(member).collect())
}

fn value_of<'a>(value: DeValue<'a>, lines: &Lines) -> Value<'a> {
    let scalar = |text: &str| Value::Scalar(Cow::Owned(text.to_owned()));
    match value {
        DeValue::Array(items) => {
            let item = |item: Spanned<DeValue<'a>>| Node {
                line: lines.at(item.span().start),
                value: value_of(item.into_inner(), lines),
            };
            Value::List(items.into_iter().map(item).collect())
        }
        DeValue::Boolean(flag) => scalar(&flag.to_string()),
        DeValue::Datetime(time) => scalar(&time.to_string()),
        DeValue::Float(number) => scalar(number.as_str()),
        DeValue::Integer(number) => scalar(number.as_str()),
        DeValue::String(text) => Value::Text(text),
        DeValue::Table(table) => members(table, lines),
    }
}

/// Which keys a document has in which tables, read line by line: enough to tell what it is, even if it
/// is damaged.
#[derive(Debug)]
pub(super) struct Outline<'a>(HashSet<(&'a str, &'a str)>);

impl<'a> Outline<'a> {
    pub(super) fn of(text: &'a str) -> Outline<'a> {
        let mut table = "";
        let mut keys = HashSet::new();
        for line in text.lines() {
            let line = line.trim_end();
            if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                table = heading;
            } else if let Some((key, _)) = line.split_once('=') {
                keys.insert((table, key.trim_end()));
            }
        }
        Outline(keys)
    }

    /// Whether there is a `key` in a `table`: empty at the top, in brackets for an array of tables.
    pub(super) fn has(&self, table: &str, key: &str) -> bool {
        self.0.contains(&(table, key))
    }
}
