//! Structured text as a tree in which every value knows its line.

use std::borrow::Cow;
use std::collections::HashSet;

use record::ProjectName;

use super::pin::InvalidSource;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    /// Line where it begins, from 1.
    pub(super) line: u64,
    /// What it is.
    pub(super) value: Value<'a>,
}

/// Keys and values of a table, in order.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// A value of TOML or the like.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// Values in order.
    List(Vec<Node<'a>>),
    /// A number, a truth value, a time or nothing, as it is written.
    Scalar(Cow<'a, str>),
    /// Values by key.
    Table(Members<'a>),
    /// A string.
    Text(Cow<'a, str>),
}

impl<'a> Node<'a> {
    /// An error at this value.
    pub(super) fn invalid(&self, reason: impl Into<String>) -> InvalidSource {
        InvalidSource::at(self.line, reason)
    }

    /// The value of a key, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        let Value::Table(members) = &self.value else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Keys and values of a table.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is no table.
    pub(super) fn members(&self) -> Result<&[(Cow<'a, str>, Node<'a>)], InvalidSource> {
        match &self.value {
            Value::Table(members) => Ok(members),
            _ => Err(self.invalid("a table is expected here")),
        }
    }

    /// The values of a list.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is no list.
    pub(super) fn items(&self) -> Result<&[Node<'a>], InvalidSource> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.invalid("a list is expected here")),
        }
    }

    /// The string that it is.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is none.
    pub(super) fn text(&self) -> Result<&str, InvalidSource> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.invalid("a string is expected here")),
        }
    }

    /// The values of the list at a key; none if there is no such key.
    ///
    /// # Errors
    /// [`InvalidSource`] if the key has another value.
    pub(super) fn items_of(&self, key: &str) -> Result<&[Node<'a>], InvalidSource> {
        self.get(key).map_or(Ok(&[]), Node::items)
    }

    /// The tables of the list at a key; none if there is no such key.
    ///
    /// # Errors
    /// [`InvalidSource`] if the key has another value, or an item is no table.
    pub(super) fn tables_of(&self, key: &str) -> Result<&[Node<'a>], InvalidSource> {
        let items = self.items_of(key)?;
        items.iter().try_for_each(|item| item.members().map(drop))?;
        Ok(items)
    }

    /// The string at a key, if there is such a key.
    ///
    /// # Errors
    /// [`InvalidSource`] if the key has another value.
    pub(super) fn text_of(&self, key: &str) -> Result<Option<&str>, InvalidSource> {
        self.get(key).map(Node::text).transpose()
    }

    /// A number, a truth value, a time or nothing, as it is written.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// [`InvalidSource`] if there is none.
    pub(super) fn required(&self, key: &str) -> Result<&Node<'a>, InvalidSource> {
        self.get(key).ok_or_else(|| self.invalid(format!("'{key}' is missing")))
    }

    /// The project that a key names; it must be there.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is missing or no name.
    pub(super) fn project_of(&self, key: &str) -> Result<ProjectName, InvalidSource> {
        let name = self.required(key)?;
        project(name.line, name.text()?)
    }
}

/// Refuses a key that stands twice: programs differ in which of the two they believe.
///
/// # Errors
/// [`InvalidSource`] in `line`.
pub(super) fn only_once<'k>(
    keys: impl IntoIterator<Item = &'k str>,
    line: u64,
) -> Result<(), InvalidSource> {
    let mut seen = HashSet::new();
    match keys.into_iter().find(|key| !seen.insert(*key)) {
        Some(key) => Err(InvalidSource::at(line, format!("'{key}' stands twice"))),
        None => Ok(()),
    }
}

/// The project that a source names in a line.
///
/// # Errors
/// [`InvalidSource`] if the text is no name.
pub(super) fn project(line: u64, name: &str) -> Result<ProjectName, InvalidSource> {
    ProjectName::normalise(name).map_err(|problem| {
        let shown: String = name.chars().take(100).collect();
        InvalidSource::at(line, format!("'{shown}' is no project's name: {problem}"))
    })
}
