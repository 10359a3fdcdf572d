//! Values that are written out in Python: strings, lists, tables. Everything else is a scalar that
//! nobody works out.

use std::borrow::Cow;

use super::{Kind, MAX_DEPTH, Token};
use crate::audit::node::{Node, Value};
use crate::audit::pin::InvalidSource;

/// Arguments of a call.
#[derive(Debug, Default)]
pub(in super::super) struct Arguments<'a> {
    /// Those without a name.
    pub(in super::super) places: Vec<Node<'a>>,
    /// Those with one.
    pub(in super::super) names: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Arguments<'a> {
    /// The argument of this name.
    pub(in super::super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.names.iter().find(|(other, _)| *other == name).map(|(_, node)| node)
    }
}

/// All `name = value` that begin a line, wherever they stand.
///
/// # Errors
/// [`InvalidSource`] if a bracket does not close.
pub(in super::super) fn assignments<'a>(
    tokens: &[Token<'a>],
) -> Result<Vec<(&'a str, Node<'a>)>, InvalidSource> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = at.checked_sub(1).and_then(|before| tokens.get(before));
        let begins = begins.is_none_or(|before| before.last_line < token.line);
        let [is, value] = [1, 2].map(|next| tokens.get(at + next));
        let is =
            is.is_some_and(|is| is.is_sign("=")) && value.is_some_and(|value| !value.is_sign("="));
        if begins && is && token.kind == Kind::Word {
            let mut reader = Reader { tokens, at: at + 2, depth: 0 };
            found.push((token.text, reader.value()?));
        }
    }
    Ok(found)
}

/// The arguments of all calls of a function that is not another's member or being defined, each with
/// the line where it stands.
///
/// # Errors
/// [`InvalidSource`] if a bracket does not close.
pub(in super::super) fn calls<'a>(
    tokens: &[Token<'a>],
    function: &str,
) -> Result<Vec<(u64, Arguments<'a>)>, InvalidSource> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_other = before.is_some_and(|before| before.is_sign(".") || before.is_word("def"));
        let is_call = tokens.get(at + 1).is_some_and(|next| next.is_sign("("));
        if token.is_word(function) && is_call && !is_other {
            let mut reader = Reader { tokens, at: at + 2, depth: 1 };
            found.push((token.line, reader.arguments(token.line)?));
        }
    }
    Ok(found)
}

/// Reads values off tokens.
struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    /// Number of open brackets; outside of them a value ends with its line.
    depth: u32,
}

impl<'a> Reader<'_, 'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_sign(sign));
        self.at += usize::from(found);
        found
    }

    /// What stands up to the closing parenthesis of a call that begins in `line`.
    fn arguments(&mut self, line: u64) -> Result<Arguments<'a>, InvalidSource> {
        let mut arguments = Arguments::default();
        while !self.take_sign(")") {
            let name = self.peek().ok_or_else(|| unclosed(line))?;
            let is_named = self.tokens.get(self.at + 1).is_some_and(|next| next.is_sign("="));
            if is_named && name.kind == Kind::Word {
                self.at += 2;
                arguments.names.push((name.text, self.value()?));
            } else {
                arguments.places.push(self.value()?);
            }
            self.separator(")", line)?;
        }
        Ok(arguments)
    }

    /// Takes a comma, or stays before the closing bracket.
    fn separator(&mut self, close: &str, line: u64) -> Result<(), InvalidSource> {
        let is_close = self.peek().is_some_and(|token| token.is_sign(close));
        if is_close || self.take_sign(",") { Ok(()) } else { Err(unclosed(line)) }
    }

    fn value(&mut self) -> Result<Node<'a>, InvalidSource> {
        let begin = self.at;
        let first =
            self.peek().ok_or_else(|| InvalidSource::whole("a value is missing at the end"))?;
        let value = self.written_out(first)?;
        let is_whole = self.at > begin && self.is_end();
        self.skip(first.line)?;
        let word = Value::Scalar(Cow::Borrowed(first.text));
        let value = if is_whole { value.unwrap_or(word) } else { Value::Scalar(Cow::Borrowed("")) };
        Ok(Node { line: first.line, value })
    }

    /// A string, a list, a table or a word; `None` for a word.
    fn written_out(&mut self, first: Token<'a>) -> Result<Option<Value<'a>>, InvalidSource> {
        let open = |sign: &str| first.is_sign(sign);
        if first.kind == Kind::Text {
            return Ok(Some(Value::Text(self.strings())));
        }
        if first.kind == Kind::Sign && !(open("[") || open("(") || open("{")) {
            return Ok(None);
        }
        self.at += 1;
        if first.kind == Kind::Word {
            return Ok(None);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(InvalidSource::at(first.line, "too many brackets within brackets"));
        }
        let value = match first.text {
            "{" => self.table(first.line)?,
            "[" => self.list("]", first.line)?,
            _ => self.list(")", first.line)?,
        };
        self.depth -= 1;
        Ok(Some(value))
    }

    /// One string, written in several pieces or one.
    fn strings(&mut self) -> Cow<'a, str> {
        let mut whole = Cow::Borrowed("");
        let begin = self.at;
        while let Some(token) = self.peek().filter(|token| token.kind == Kind::Text) {
            if self.at > begin && self.is_end() {
                break;
            }
            whole += token.text;
            self.at += 1;
        }
        whole
    }

    fn list(&mut self, close: &str, line: u64) -> Result<Value<'a>, InvalidSource> {
        let mut items = Vec::new();
        let mut has_comma = false;
        while !self.take_sign(close) {
            items.push(self.value()?);
            self.separator(close, line)?;
            has_comma |=
                self.tokens.get(self.at.wrapping_sub(1)).is_some_and(|last| last.is_sign(","));
        }
        // Parentheses around one value only group.
        match items.pop() {
            Some(item) if close == ")" && items.is_empty() && !has_comma => Ok(item.value),
            last => Ok(Value::List(items.into_iter().chain(last).collect())),
        }
    }

    fn table(&mut self, line: u64) -> Result<Value<'a>, InvalidSource> {
        let mut members = Vec::new();
        while !self.take_sign("}") {
            let key = self.value()?;
            if self.take_sign(":") {
                let value = self.value()?;
                let key = match key.value {
                    Value::Text(key) | Value::Scalar(key) => key,
                    Value::List(_) | Value::Table(_) => Cow::Borrowed(""),
                };
                members.push((key, value));
            }
            self.separator("}", line)?;
        }
        Ok(Value::Table(members))
    }

    /// Whether a value is over here.
    fn is_end(&self) -> bool {
        let Some(token) = self.peek() else { return true };
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        let is_next_line = last.is_some_and(|last| last.last_line < token.line);
        let is_delimiter =
            token.kind == Kind::Sign && matches!(token.text, "," | ")" | "]" | "}" | ":" | ";");
        is_delimiter || (self.depth == 0 && is_next_line)
    }

    /// Skips the rest of an expression that begins in `line`.
    fn skip(&mut self, line: u64) -> Result<(), InvalidSource> {
        let mut open = 0_usize;
        while open > 0 || !self.is_end() {
            let token = self.peek().ok_or_else(|| unclosed(line))?;
            match token.text {
                "(" | "[" | "{" if token.kind == Kind::Sign => open += 1,
                ")" | "]" | "}" if token.kind == Kind::Sign => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        Ok(())
    }
}

fn unclosed(line: u64) -> InvalidSource {
    InvalidSource::at(line, "a bracket is opened here and not closed as it should be")
}

#[cfg(test)]
mod tests {
    use super::super::PYTHON;
    use super::*;

    /// A value in brackets, `?` for what is not worked out.
    fn shown(node: &Node<'_>) -> String {
        match &node.value {
            Value::Text(text) => format!("'{text}'"),
            Value::Scalar(text) if text.is_empty() => "?".to_owned(),
            Value::Scalar(text) => text.to_string(),
            Value::List(items) => {
                format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
            }
            Value::Table(members) => {
                let members = members.iter().map(|(key, node)| format!("{key}:{}", shown(node)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn values_that_are_written_out_are_read() {
        for (text, value) in [
            ("x = 'a' \"b\"\ny = 1", "'ab'"),
            ("x = 'a'\n'b'", "'a'"),
            ("x = ('a'\n'b')", "'ab'"),
            ("x = ('a',)", "['a']"),
            ("x = ['a', (1, two,), {'k': 'v', K: ['w'],},]", "['a' [1 two] {k:'v' K:['w']}]"),
            ("x = 'a' % f(1, [2])", "?"),
            ("x = ['a' + b, c.d, f'e', -1]", "[? ? ? ?]"),
            ("x = []", "[]"),
            ("x = {'a', 'b'}", "{}"),
        ] {
            let tokens = PYTHON.tokens(text).unwrap();
            assert_eq!(shown(&assignments(&tokens).unwrap()[0].1), value, "{text}");
        }
    }

    #[test]
    fn calls_are_found_with_their_arguments() {
        let text = "x.f(1)\ndef f(a):\n  f('a', b='c', d=[1,\n2])\n";
        let tokens = PYTHON.tokens(text).unwrap();
        let calls = calls(&tokens, "f").unwrap();
        let [(3, arguments)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(shown(&arguments.places[0]), "'a'");
        assert_eq!(arguments.get("b").map(shown).as_deref(), Some("'c'"));
        assert_eq!(arguments.get("d").map(shown).as_deref(), Some("[1 2]"));
    }

    #[test]
    fn brackets_that_do_not_close_are_refused() {
        let deep = format!("x = {}", "[".repeat(100_000));
        for text in ["x = [1", "x = (1]", "x = {'a': 1", "x = 1 + (2", "x =", &deep] {
            let tokens = PYTHON.tokens(text).unwrap();
            assert!(assignments(&tokens).is_err() || text == "x =", "{text:.20}");
        }
        assert!(calls(&PYTHON.tokens("f(1").unwrap(), "f").is_err());
    }
}
