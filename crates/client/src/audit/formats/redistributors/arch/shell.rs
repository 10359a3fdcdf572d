//! Assignments of a shell script, with the parameters in them expanded where that is plain.

use super::super::template::whole;
use super::Item;
use crate::audit::address::HOLE;
use crate::audit::pin::InvalidSource;

/// The assignments that stand at the beginning of a line.
#[derive(Debug, Default)]
pub(super) struct Script {
    items: Vec<Item>,
}

/// A word of the script: literal text with its parameters.
struct Word {
    line: u64,
    text: String,
}

impl Script {
    /// Reads all assignments of plain and of list variables.
    ///
    /// # Errors
    /// [`InvalidSource`] at a list or a string that does not end.
    pub(super) fn parse(text: &str) -> Result<Script, InvalidSource> {
        let mut script = Script::default();
        let mut reader = Reader { rest: text, line: 1 };
        while !reader.rest.is_empty() {
            if let Some((name, is_more, value)) = assignment(reader.rest) {
                reader.rest = value;
                let words = reader.value(&script.items)?;
                if !is_more {
                    script.items.retain(|item| item.name != name);
                }
                let item =
                    |word: Word| Item { line: word.line, name: name.to_owned(), value: word.text };
                script.items.extend(words.into_iter().map(item));
            }
            reader.skip_line();
        }
        Ok(script)
    }

    pub(super) fn items(self) -> Vec<Item> {
        self.items
    }
}

/// Name and value of the assignment that a text begins with, and whether it adds to a list.
fn assignment(text: &str) -> Option<(&str, bool, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|end| *end > 0)?;
    let (name, rest) = text.split_at(end);
    let is_more = rest.starts_with("+=");
    let value = rest.strip_prefix("+=").or_else(|| rest.strip_prefix('='))?;
    Some((name, is_more, value))
}

struct Reader<'t> {
    rest: &'t str,
    line: u64,
}

impl<'t> Reader<'t> {
    fn take(&mut self, len: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(len);
        self.line += taken.bytes().map(|byte| u64::from(byte == b'\n')).sum::<u64>();
        self.rest = rest;
        taken
    }

    fn skip_line(&mut self) {
        self.take(self.rest.find('\n').map_or(self.rest.len(), |end| end + 1));
    }

    fn value(&mut self, known: &[Item]) -> Result<Vec<Word>, InvalidSource> {
        let begin = self.line;
        if !self.rest.starts_with('(') {
            return Ok(vec![self.word(known)?]);
        }
        self.take(1);
        let mut words = Vec::new();
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            match self.rest.chars().next() {
                None => {
                    return Err(InvalidSource::at(begin, "a list begins here and does not end"));
                }
                Some(')') => return Ok(words),
                Some('#') => self.skip_line(),
                Some(_) => words.push(self.word(known)?),
            }
        }
    }

    /// A word with its quotes taken off and its parameters expanded.
    fn word(&mut self, known: &[Item]) -> Result<Word, InvalidSource> {
        let line = self.line;
        let mut text = String::new();
        let mut is_quoted = false;
        while let Some(c) = self.rest.chars().next() {
            let rest = &self.rest[c.len_utf8()..];
            match c {
                '"' => {
                    is_quoted = !is_quoted;
                    self.take(1);
                }
                '\'' if !is_quoted => {
                    let end = rest.find('\'').ok_or_else(|| unended(line))?;
                    text += &self.take(end + 2)[1..=end];
                }
                '\\' => {
                    let escaped = rest.chars().next().map_or(0, char::len_utf8);
                    let taken = self.take(1 + escaped);
                    text += taken[1..].trim_matches('\n');
                }
                '$' => text += &self.parameter(line, known)?,
                '`' => {
                    let end = rest.find('`').ok_or_else(|| unended(line))?;
                    self.take(end + 2);
                    text.push(HOLE);
                }
                _ if !is_quoted
                    && (c.is_whitespace() || matches!(c, '(' | ')' | ';' | '&' | '|')) =>
                {
                    break;
                }
                _ => text += self.take(c.len_utf8()),
            }
        }
        if is_quoted {
            return Err(unended(line));
        }
        // A sign that no word has stands where nothing can be read: it is left out.
        if text.is_empty() && self.rest.starts_with(['(', ';', '&', '|']) {
            self.take(1);
        }
        Ok(Word { line, text })
    }

    /// The value of what a dollar sign begins.
    fn parameter(&mut self, line: u64, known: &[Item]) -> Result<String, InvalidSource> {
        let hole = || HOLE.to_string();
        let rest = &self.rest[1..];
        if let Some(body) = rest.strip_prefix('{') {
            let end = body.find('}').ok_or_else(|| unended(line))?;
            self.take(end + 3);
            return Ok(expanded(&body[..end], known).unwrap_or_else(hole));
        }
        if rest.starts_with('(') {
            let end = closing(rest).ok_or_else(|| unended(line))?;
            self.take(1 + end + 1);
            return Ok(hole());
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.take(1 + end);
        Ok(if end == 0 { hole() } else { expanded(&rest[..end], known).unwrap_or_else(hole) })
    }
}

/// The value of a parameter, changed as what follows its name says.
fn expanded(parameter: &str, known: &[Item]) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = parameter.find(|c| !is_name(c)).unwrap_or(parameter.len());
    let (name, operation) = parameter.split_at(end);
    let value = whole(known.iter().find(|item| item.name == name)?.value.clone())?;
    match operation {
        "" => Some(value),
        ",," => Some(value.to_lowercase()),
        _ => cut(&value, operation).or_else(|| replaced(&value, operation)),
    }
}

/// A value without the rest behind a length, or without a literal beginning or end.
fn cut(value: &str, operation: &str) -> Option<String> {
    if let Some(len) = operation.strip_prefix("::").or(operation.strip_prefix(":0:")) {
        return Some(value.chars().take(len.parse().ok()?).collect());
    }
    if let Some(begin) = operation.strip_prefix('#').filter(|begin| is_literal(begin)) {
        return Some(value.strip_prefix(begin).unwrap_or(value).to_owned());
    }
    let end = operation.strip_prefix('%').filter(|end| is_literal(end))?;
    Some(value.strip_suffix(end).unwrap_or(value).to_owned())
}

/// A value with a literal text replaced, once or everywhere.
fn replaced(value: &str, operation: &str) -> Option<String> {
    let operation = operation.strip_prefix('/')?;
    let (operation, count) = match operation.strip_prefix('/') {
        Some(everywhere) => (everywhere, usize::MAX),
        None => (operation, 1),
    };
    let (from, to) = operation.split_once('/').unwrap_or((operation, ""));
    (is_literal(from) && is_literal(to) && !from.is_empty())
        .then(|| value.replacen(from, to, count))
}

/// Whether a pattern stands for itself only.
fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '$', '\\', '/', '#', '%'])
}

/// Where the bracket closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        (open == 0).then_some(at)
    })
}

fn unended(line: u64) -> InvalidSource {
    InvalidSource::at(line, "a string or an expansion begins here and does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str) -> String {
        let script = format!("a=Foo-Bar-1\nb=(x y)\nc=$(f (g) 'h')\nd={text}\n");
        let items = Script::parse(&script).unwrap().items();
        let values = items.into_iter().filter(|item| item.name == "d").map(|item| item.value);
        values.collect::<Vec<_>>().join("|").replace(HOLE, "?")
    }

    #[test]
    fn parameters_are_expanded_where_that_is_plain() {
        for (text, value) in [
            ("$a.zip", "Foo-Bar-1.zip"),
            ("\"${a}x\"'$a'\\$a", "Foo-Bar-1x$a$a"),
            ("${a::1}${a:0:3}", "FFoo"),
            ("${a//-/_}${a/-/}", "Foo_Bar_1FooBar-1"),
            ("${a,,}${a#Foo-}${a%-1}", "foo-bar-1Bar-1Foo-Bar"),
            ("${a##*-}${a/[a]/b}${x}$c`f`$1", "??????"),
            ("$b", "x"),
            ("('a b' # c)\n\"$a\" d\\\n e)", "a b|Foo-Bar-1|d|e"),
            ("()", ""),
        ] {
            assert_eq!(value_of(text), value, "{text}");
        }
    }

    #[test]
    fn lists_grow() {
        let items = Script::parse("a=(1)\na+=(2\n3)\n a=(4)\nb=1\nb=2").unwrap().items();
        let shown: Vec<_> =
            items.iter().map(|item| format!("{}{}{}", item.line, item.name, item.value)).collect();
        assert_eq!(shown, ["1a1", "2a2", "3a3", "6b2"]);
    }
}
