//! JSON with lines.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::node::{Node, Value, only_once};
use super::pin::InvalidSource;
use super::source::Lines;

/// Most values within one another.
const MAX_DEPTH: usize = 64;

/// Parses a document.
///
/// # Errors
/// [`InvalidSource`] with the line of the first problem.
pub(super) fn parse(text: &str) -> Result<Node<'_>, InvalidSource> {
    let document = Document { text, lines: Lines::of(text) };
    document.node(part(text, 1)?, 0)
}

/// The keys of the object that a text is, as far as it is one: enough to tell what it is, even if it is
/// damaged.
pub(super) fn keys(text: &str) -> Vec<&str> {
    let mut keys = Vec::new();
    if !text.trim_start().starts_with('{') {
        return keys;
    }
    let (mut depth, mut quote, mut last) = (0_usize, None, "");
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, quote) {
            (b'\\', Some(_)) => drop(bytes.next()),
            (b'"', Some(from)) => (last, quote) = (text.get(from..at).unwrap_or_default(), None),
            (b'"', None) => quote = at.checked_add(1),
            (b':', None) if depth == 1 => keys.push(last),
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    keys
}

struct Document<'a> {
    text: &'a str,
    lines: Lines,
}

impl<'a> Document<'a> {
    fn node(&self, raw: &'a RawValue, depth: usize) -> Result<Node<'a>, InvalidSource> {
        let text = raw.get();
        // A value that was not changed is a part of the text.
        let offset = text.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let line = self.lines.at(offset);
        if depth > MAX_DEPTH {
            let reason = format!("more than {MAX_DEPTH} values within one another");
            return Err(InvalidSource::at(line, reason));
        }
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let InOrder(members) = part(text, line)?;
                only_once(members.iter().map(|(key, _)| key.as_str()), line)?;
                let member = |(key, raw)| Ok((Cow::Owned(key), self.node(raw, depth + 1)?));
                Value::Table(members.into_iter().map(member).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = part(text, line)?;
                let item = |raw| self.node(raw, depth + 1);
                Value::List(items.into_iter().map(item).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(Cow::Owned(part(text, line)?)),
            _ => Value::Scalar(Cow::Borrowed(text)),
        };
        Ok(Node { line, value })
    }
}

/// Parses a part of the document that begins in `line`.
fn part<'a, T: Deserialize<'a>>(text: &'a str, line: u64) -> Result<T, InvalidSource> {
    serde_json::from_str(text).map_err(|error| {
        let below = u64::try_from(error.line()).unwrap_or(u64::MAX).saturating_sub(1);
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        InvalidSource::at(line.saturating_add(below), reason)
    })
}

/// Keys and values of an object, in order.
struct InOrder<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for InOrder<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = InOrder<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(InOrder(members))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let text = "\n{\"a\":\n [1,\n  \"b\\u0063\"],\n\"d\": {}}\n";
        let document = parse(text).unwrap();
        let list = document.get("a").unwrap();
        let items = list.items().unwrap();
        assert_eq!((document.line, list.line), (2, 3));
        assert_eq!((items[0].line, items[0].scalar()), (3, Some("1")));
        assert_eq!((items[1].line, items[1].text()), (4, Ok("bc")));
        assert_eq!(document.get("d").unwrap().line, 5);
    }

    #[test]
    fn problems_are_told_with_their_line() {
        let deep = format!("\n{}1{}", "[".repeat(66), "]".repeat(66));
        for (text, problem) in [
            ("{\n\"a\": 1,\n}", "line 3: key must be a string"),
            ("{\"a\":\n{\"b\": 1,\n\"b\": 2}}", "line 2: 'b' stands twice"),
            ("[\n\n\"\\ud800\"]", "line 3: unexpected end of hex escape"),
            ("[1] 2", "line 1: trailing characters"),
            (deep.as_str(), "line 2: more than 64 values within one another"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), problem, "{text}");
        }
    }

    #[test]
    fn keys_are_those_of_the_outermost_object() {
        for (text, expected) in [
            (
                "{\"a\": {\"b\": 1}, \"c\\\"\" : [\"d\", {\"e\": 2}], \"f\": 1}",
                &["a", "c\\\"", "f"][..],
            ),
            ("\n {\"a\": {\"b", &["a"]),
            ("[{\"a\": 1}]", &[]),
            ("{% set a: 1 %}", &[""]),
            ("", &[]),
        ] {
            assert_eq!(keys(text), expected, "{text}");
        }
    }
}
