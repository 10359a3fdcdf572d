//! Words, strings and signs of the languages that recipes are written in.
//!
//! Recipes are programs; none is run. The readers look for the few calls that pin files and take their
//! arguments where these are written out.

pub(super) mod python;

use crate::audit::pin::InvalidSource;

/// How deep strings may be nested within each other, and brackets within brackets.
const MAX_DEPTH: u32 = 64;

/// One word, string or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// Line where it begins, from 1.
    pub(super) line: u64,
    /// Line where it ends.
    pub(super) last_line: u64,
    pub(super) kind: Kind,
    /// As it is written; of a string, what stands between the quotes.
    pub(super) text: &'a str,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sign,
    Text,
    Word,
}

impl Token<'_> {
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// How a language is written.
#[derive(Debug)]
pub(super) struct Language {
    /// What begins a comment to the end of the line.
    comment: &'static str,
    /// What begins and ends a comment of several lines.
    long_comment: Option<(&'static str, &'static str)>,
    /// A longer quote precedes its own beginning.
    quotes: &'static [Quote],
    is_word: fn(char) -> bool,
}

/// How one kind of string is written.
#[derive(Debug)]
struct Quote {
    mark: &'static str,
    /// What makes what follows it a part of the string.
    escapes: &'static [&'static str],
    /// Whether it may go on in the next line.
    is_long: bool,
    /// Whether `${` begins an expression, with strings of its own.
    has_holes: bool,
}

pub(super) const NIX: Language = Language {
    comment: "#",
    long_comment: Some(("/*", "*/")),
    quotes: &[
        Quote { mark: "''", escapes: &["''$", "'''", "''\\"], is_long: true, has_holes: true },
        Quote { mark: "\"", escapes: &["\\"], is_long: true, has_holes: true },
    ],
    is_word: |c| c.is_alphanumeric() || matches!(c, '_' | '-'),
};

pub(super) const PYTHON: Language = Language {
    comment: "#",
    long_comment: None,
    quotes: &[
        Quote { mark: "\"\"\"", escapes: &["\\"], is_long: true, has_holes: false },
        Quote { mark: "'''", escapes: &["\\"], is_long: true, has_holes: false },
        Quote { mark: "\"", escapes: &["\\"], is_long: false, has_holes: false },
        Quote { mark: "'", escapes: &["\\"], is_long: false, has_holes: false },
    ],
    is_word: |c| c.is_alphanumeric() || c == '_',
};

pub(super) const SCHEME: Language = Language {
    comment: ";",
    long_comment: Some(("#|", "|#")),
    quotes: &[Quote { mark: "\"", escapes: &["\\"], is_long: true, has_holes: false }],
    is_word: |c| {
        !c.is_whitespace() && !matches!(c, '(' | ')' | '[' | ']' | '"' | ';' | '\'' | '`' | ',')
    },
};

impl Language {
    /// The tokens of a text, without its comments.
    ///
    /// # Errors
    /// [`InvalidSource`] at a string or a comment that does not end.
    pub(super) fn tokens<'a>(&self, text: &'a str) -> Result<Vec<Token<'a>>, InvalidSource> {
        let mut tokens = Vec::new();
        let (mut rest, mut line) = (text, 1);
        while let Some(first) = rest.chars().next() {
            let (len, kind) = self.next(rest, first).ok_or_else(|| {
                InvalidSource::at(line, "a string or a comment begins here and does not end")
            })?;
            let (taken, behind) = rest.split_at(len);
            let last_line = line + newlines(taken);
            if let Some((kind, quotes)) = kind {
                let text = &taken[quotes..len - quotes];
                tokens.push(Token { line, last_line, kind, text });
            }
            (rest, line) = (behind, last_line);
        }
        Ok(tokens)
    }

    /// Length in bytes of what comes next, and, if it is a token, its kind and the length of its quotes;
    /// `None` if it does not end.
    fn next(&self, rest: &str, first: char) -> Option<(usize, Option<(Kind, usize)>)> {
        if first.is_whitespace() {
            return Some((first.len_utf8(), None));
        }
        if rest.starts_with(self.comment) {
            return Some((rest.find('\n').unwrap_or(rest.len()), None));
        }
        if let Some((begin, end)) = self.long_comment
            && let Some(body) = rest.strip_prefix(begin)
        {
            return Some((begin.len() + body.find(end)? + end.len(), None));
        }
        if let Some(quote) = self.quote_of(rest) {
            let len = quote.mark.len();
            let end = self.end_of_string(&rest[len..], quote, MAX_DEPTH)?;
            return Some((end + 2 * len, Some((Kind::Text, len))));
        }
        match self.end_of_word(rest) {
            0 => Some((first.len_utf8(), Some((Kind::Sign, 0)))),
            len => Some((len, Some((Kind::Word, 0)))),
        }
    }

    fn quote_of(&self, rest: &str) -> Option<&Quote> {
        self.quotes.iter().find(|quote| rest.starts_with(quote.mark))
    }

    fn end_of_word(&self, rest: &str) -> usize {
        let mut is_escaped = false;
        let end = rest.char_indices().find(|(_, c)| {
            // Scheme writes the character `"` as `#\"`.
            let goes_on = is_escaped || (self.is_word)(*c);
            is_escaped = !is_escaped && *c == '\\';
            !goes_on
        });
        end.map_or(rest.len(), |(at, _)| at)
    }

    /// Where the string that begins with `body` ends.
    fn end_of_string(&self, body: &str, quote: &Quote, depth: u32) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut at = 0;
        loop {
            let rest = &body[at..];
            let first = rest.chars().next()?;
            if let Some(escape) = quote.escapes.iter().find(|escape| rest.starts_with(**escape)) {
                let escaped = rest[escape.len()..].chars().next().filter(|_| escape.len() == 1);
                at += escape.len() + escaped.map_or(0, char::len_utf8);
            } else if rest.starts_with(quote.mark) {
                return Some(at);
            } else if quote.has_holes && rest.starts_with("${") {
                at += 2 + self.end_of_hole(&rest[2..], depth)? + 1;
            } else if first == '\n' && !quote.is_long {
                return None;
            } else {
                at += first.len_utf8();
            }
        }
    }

    /// Where the expression within a string ends: at its closing brace.
    fn end_of_hole(&self, body: &str, depth: u32) -> Option<usize> {
        let (mut at, mut braces) = (0, 0_usize);
        loop {
            let rest = &body[at..];
            if let Some(quote) = self.quote_of(rest) {
                let len = quote.mark.len();
                at += self.end_of_string(&rest[len..], quote, depth)? + 2 * len;
                continue;
            }
            match rest.chars().next()? {
                '{' => braces += 1,
                '}' if braces == 0 => return Some(at),
                '}' => braces -= 1,
                _ => {}
            }
            at += rest.chars().next().map_or(0, char::len_utf8);
        }
    }
}

fn newlines(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(language: &Language, text: &str) -> Vec<String> {
        let tokens = language.tokens(text).unwrap();
        tokens
            .iter()
            .map(|token| format!("{}{:?} {}", token.line, token.kind, token.text))
            .collect()
    }

    #[test]
    fn strings_and_comments_of_each_language_are_told_apart() {
        let nix = "a-b = ''x ''${y} \"''; # \"\n/* ' \n*/ \"${f \"}\" {}} \\\" z\"";
        let expected =
            ["1Word a-b", "1Sign =", "1Text x ''${y} \"", "1Sign ;", "3Text ${f \"}\" {}} \\\" z"];
        assert_eq!(texts(&NIX, nix), expected);
        let python = "x='#' # '\n\"\"\"a\n\"b\"\"\" 'it\\'s'";
        let expected = ["1Word x", "1Sign =", "1Text #", "2Text a\n\"b", "3Text it\\'s"];
        assert_eq!(texts(&PYTHON, python), expected);
        let scheme = "(a #\\\" #|\n(|# \"b;\") ; (";
        let expected = ["1Sign (", "1Word a", "1Word #\\\"", "2Text b;", "2Sign )"];
        assert_eq!(texts(&SCHEME, scheme), expected);
    }

    #[test]
    fn what_does_not_end_is_refused_with_its_line() {
        let deep = "\"${".repeat(100_000);
        for (language, text, line) in [
            (&NIX, "\n\"a", 2),
            (&NIX, "/* *", 1),
            (&NIX, deep.as_str(), 1),
            (&PYTHON, "'a\n'", 1),
            (&PYTHON, "'''a\n\\'''", 1),
            (&SCHEME, "\n\n#| |", 3),
        ] {
            assert_eq!(language.tokens(text).unwrap_err().line, Some(line), "{text:.20}");
        }
    }
}
