//! The part of YAML that lock files are written in: mappings and lists by indentation, and scalars on
//! one line. Whatever is more is refused.

use std::borrow::Cow;

use super::node::{Members, Node, Value, only_once};
use super::pin::InvalidSource;
use super::source::numbered;

/// Most values within one another.
const MAX_DEPTH: usize = 64;

/// Parses a document.
///
/// # Errors
/// [`InvalidSource`] with the line of the first problem.
pub(super) fn parse(text: &str) -> Result<Node<'_>, InvalidSource> {
    let said = |line: &Line<'_>| {
        !line.text.is_empty() && !line.text.starts_with('#') && line.text != "---"
    };
    let mut lines: Vec<Line<'_>> = numbered(text).map(Line::of).filter(said).collect();
    lines.reverse();
    let mut parser = Parser { lines };
    let Some(indent) = parser.next_indent() else {
        return Ok(Node { line: 1, value: Value::Table(Vec::new()) });
    };
    let document = parser.block(indent, 0)?;
    match parser.lines.last() {
        Some(line) => Err(line.invalid("is not indented as what is before it")),
        None => Ok(document),
    }
}

/// Whether a document has this key at its top.
pub(super) fn has(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
}

#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    number: u64,
    indent: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn of((number, line): (u64, &'a str)) -> Line<'a> {
        let text = line.trim_start_matches(' ');
        Line { number, indent: line.len() - text.len(), text: text.trim_end() }
    }

    fn invalid(&self, reason: &str) -> InvalidSource {
        let shown: String = self.text.chars().take(100).collect();
        InvalidSource::at(self.number, format!("'{shown}' {reason}"))
    }

    /// What follows the dash of a list's item, and how far from the beginning.
    fn item(&self) -> Option<(usize, &'a str)> {
        let rest = self.text.strip_prefix('-').filter(|it| it.is_empty() || it.starts_with(' '))?;
        let item = rest.trim_start();
        Some((self.text.len() - item.len(), item))
    }

    /// Key and value.
    fn member(&self) -> Option<(&'a str, &'a str)> {
        let quoted = self.text.starts_with(['\'', '"']);
        let (key, value) = match self.text.split_once(": ") {
            Some((key, value)) => (key, value.trim_start()),
            None => (self.text.strip_suffix(':')?, ""),
        };
        let unquoted = key.strip_prefix(['\'', '"']).and_then(|key| key.strip_suffix(['\'', '"']));
        (!quoted || unquoted.is_some()).then_some((unquoted.unwrap_or(key), value))
    }
}

/// The lines that are left, the next one last.
struct Parser<'a> {
    lines: Vec<Line<'a>>,
}

impl<'a> Parser<'a> {
    fn next_indent(&self) -> Option<usize> {
        self.lines.last().map(|line| line.indent)
    }

    /// Takes the next line if it has this indentation and `part` finds in it what it looks for.
    fn take<T>(
        &mut self,
        indent: usize,
        part: impl Fn(&Line<'a>) -> Option<T>,
    ) -> Option<(Line<'a>, T)> {
        let line = *self.lines.last().filter(|line| line.indent == indent)?;
        let found = part(&line)?;
        self.lines.pop();
        Some((line, found))
    }

    /// The list or mapping whose lines have this indentation.
    fn block(&mut self, indent: usize, depth: usize) -> Result<Node<'a>, InvalidSource> {
        let Some(first) = self.lines.last().copied() else {
            return Err(InvalidSource::whole("nothing is there"));
        };
        if depth > MAX_DEPTH {
            return Err(first.invalid("is too deep"));
        }
        let value = if first.item().is_some() {
            Value::List(self.items(indent, depth)?)
        } else {
            Value::Table(self.members(indent, depth)?)
        };
        Ok(Node { line: first.number, value })
    }

    fn items(&mut self, indent: usize, depth: usize) -> Result<Vec<Node<'a>>, InvalidSource> {
        let mut items = Vec::new();
        while let Some((line, (offset, text))) = self.take(indent, Line::item) {
            let inner = Line { indent: indent.saturating_add(offset), text, ..line };
            items.push(if text.is_empty() {
                self.below(indent, &line, depth)?
            } else if inner.item().is_some() || inner.member().is_some() {
                self.lines.push(inner);
                self.block(inner.indent, depth + 1)?
            } else {
                scalar(&inner, text)?
            });
        }
        Ok(items)
    }

    fn members(&mut self, indent: usize, depth: usize) -> Result<Members<'a>, InvalidSource> {
        let first = self.lines.last().map_or(1, |line| line.number);
        let mut members: Members<'a> = Vec::new();
        while let Some((line, (key, value))) = self.take(indent, Line::member) {
            let node = if value.is_empty() {
                self.below(indent, &line, depth)?
            } else {
                scalar(&line, value)?
            };
            members.push((Cow::Borrowed(key), node));
        }
        only_once(members.iter().map(|(key, _)| &**key), first)?;
        match self.lines.last() {
            Some(line) if line.indent >= indent && line.item().is_none() => {
                Err(line.invalid("is no 'key: value'"))
            }
            _ => Ok(members),
        }
    }

    /// The block below a key or a dash; a list may stand as far left as its key.
    fn below(
        &mut self,
        indent: usize,
        line: &Line<'a>,
        depth: usize,
    ) -> Result<Node<'a>, InvalidSource> {
        let next = self.lines.last().copied();
        let list = |next: &Line<'_>| {
            next.indent == indent && next.item().is_some() && line.item().is_none()
        };
        match next.filter(|next| next.indent > indent || list(next)) {
            Some(next) => self.block(next.indent, depth + 1),
            None => Ok(Node { line: line.number, value: Value::Scalar(Cow::Borrowed("")) }),
        }
    }
}

/// A value on one line.
fn scalar<'a>(line: &Line<'a>, text: &'a str) -> Result<Node<'a>, InvalidSource> {
    let plain = text.split(" #").next().unwrap_or_default().trim_end();
    let value = if let Some(rest) = text.strip_prefix('\'') {
        let inner =
            rest.strip_suffix('\'').ok_or_else(|| line.invalid("does not end its string"))?;
        Value::Text(Cow::Owned(inner.replace("''", "'")))
    } else if text.starts_with('"') {
        let inner = serde_json::from_str(text);
        let inner = inner.map_err(|_| line.invalid("does not end its string"))?;
        Value::Text(Cow::Owned(inner))
    } else if text.starts_with(['|', '>', '&', '*', '!']) {
        return Err(line.invalid("is more of YAML than is read"));
    } else {
        match plain {
            "[]" => Value::List(Vec::new()),
            "{}" => Value::Table(Vec::new()),
            _ => Value::Text(Cow::Borrowed(plain)),
        }
    };
    Ok(Node { line: line.number, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value in one line, with the lines of its scalars.
    fn shown(node: &Node<'_>) -> String {
        match &node.value {
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(shown).collect();
                format!("[{}]", items.join(" "))
            }
            Value::Scalar(text) => format!("scalar({text})@{}", node.line),
            Value::Table(members) => {
                let member =
                    |(key, node): &(Cow<'_, str>, Node<'_>)| format!("{key}={}", shown(node));
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(" "))
            }
            Value::Text(text) => format!("{text}@{}", node.line),
        }
    }

    #[test]
    fn blocks_are_read_by_their_indentation() {
        for (text, expected) in [
            ("a: 1\nb:\n  c: 2\n  d:\nf: 3", "{a=1@1 b={c=2@3 d=scalar()@4} f=3@5}"),
            ("a:\n- 1\n- 2\nb:\n  - 3", "{a=[1@2 2@3] b=[3@5]}"),
            ("- a: 1\n  b:\n  - 2\n-\n  c: 3\n- - 4\n  - 5", "[{a=1@1 b=[2@3]} {c=3@5} [4@6 5@7]]"),
            (
                "# x\n---\n\na: x # y\nb: 'it''s # z'\n'c': \"\\u0041\"",
                "{a=x@4 b=it's # z@5 c=A@6}",
            ),
            ("a: []\nb: {}\nc: https://x:1/y#z", "{a=[] b={} c=https://x:1/y#z@3}"),
            ("", "{}"),
        ] {
            assert_eq!(parse(text).map(|node| shown(&node)).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_more_is_refused_with_its_line() {
        let deep = format!("{}a", "- ".repeat(70));
        for (text, problem) in [
            ("a: 1\n  b: 2", "line 2: 'b: 2' is no 'key: value'"),
            ("a:\n    b: 1\n  c: 2", "line 3: 'c: 2' is no 'key: value'"),
            (" a: 1\nb: 2", "line 2: 'b: 2' is not indented as what is before it"),
            ("a: 1\n- b", "line 2: '- b' is not indented as what is before it"),
            ("a: 1\nb: 2\na: 3", "line 1: 'a' stands twice"),
            ("a: |\n  b", "line 1: 'a: |' is more of YAML than is read"),
            ("a: \"b", "line 1: 'a: \"b' does not end its string"),
            ("word", "line 1: 'word' is no 'key: value'"),
        ] {
            let refused = parse(text).map(|node| shown(&node)).unwrap_err();
            assert_eq!(refused.to_string(), problem, "{text}");
        }
        assert!(parse(&deep).unwrap_err().to_string().ends_with("is too deep"));
    }
}
