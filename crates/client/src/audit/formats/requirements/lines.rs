//! Lines of requirements: joined where a backslash says so, without comments, as pip does it.

use super::super::super::source::numbered;

/// A word and the line it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) line: u64,
    pub(super) text: &'a str,
}

/// What a joined line says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Joined<'a> {
    /// Its words, without the comment.
    pub(super) words: Vec<Word<'a>>,
    /// The comment that ends it, or is all of it.
    pub(super) comment: Option<Word<'a>>,
}

/// The joined lines of a text, without empty ones.
pub(super) fn joined(text: &str) -> impl Iterator<Item = Joined<'_>> {
    let mut lines = numbered(text);
    std::iter::from_fn(move || {
        let mut joined = Joined::default();
        for (line, text) in lines.by_ref() {
            let is_comment = text.trim_start().starts_with('#');
            let before = text.strip_suffix('\\').filter(|_| !is_comment);
            joined.add(line, before.unwrap_or(text));
            if before.is_none() && !joined.is_empty() {
                break;
            }
        }
        (!joined.is_empty()).then_some(joined)
    })
}

impl<'a> Joined<'a> {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.comment.is_none()
    }

    /// Adds a line. What follows a comment belongs to it.
    fn add(&mut self, line: u64, text: &'a str) {
        if self.comment.is_some() {
            return;
        }
        let start = text.match_indices('#').map(|(at, _)| at).find(|at| {
            text.get(..*at)
                .is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace))
        });
        let (text, comment) = start.map_or((text, None), |start| {
            let (text, comment) = text.split_at(start);
            (text, Some(Word { line, text: comment }))
        });
        self.words.extend(text.split_whitespace().map(|text| Word { line, text }));
        self.comment = comment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_as_pip_joins_them() {
        let cases: [(&str, &[&[&str]]); 6] = [
            ("a b\n\nc", &[&["a", "b"], &["c"]]),
            ("a \\\n b\\\nc\nd", &[&["a", "b", "c"], &["d"]]),
            ("a#b c # d", &[&["a#b", "c", "# d"]]),
            ("a # b \\\n c\nd", &[&["a", "# b "], &["d"]]),
            ("a \\\n# b \\\nc", &[&["a", "# b \\"], &["c"]]),
            ("\\\n\\\na \\", &[&["a"]]),
        ];
        for (text, expected) in cases {
            let lines: Vec<Vec<&str>> = joined(text)
                .map(|line| line.words.iter().chain(&line.comment).map(|word| word.text).collect())
                .collect();
            assert_eq!(lines, expected, "{text}");
        }
    }

    #[test]
    fn words_know_their_own_line() {
        let words: Vec<u64> =
            joined("\na \\\n b \\\nc").flat_map(|line| line.words).map(|word| word.line).collect();
        assert_eq!(words, [2, 3, 4]);
    }
}
