//! The part of YAML that recipes are written in: keys by indentation, with comments that select.

use crate::audit::source::numbered;

/// One line that has a key or is an item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its number, from 1.
    pub(super) line: u64,
    /// Where the key or the item begins.
    pub(super) column: usize,
    /// Whether it begins an item of a list.
    pub(super) is_item: bool,
    /// Empty for an item without one.
    pub(super) key: &'a str,
    /// What follows the key, without its quotes.
    pub(super) value: &'a str,
    /// The platforms that it is for: `[win]` of a comment.
    pub(super) selector: &'a str,
}

/// Rows with one meaning: the keys of one mapping.
#[derive(Debug)]
pub(super) struct Group<'a> {
    column: usize,
    pub(super) rows: Vec<Row<'a>>,
}

/// All rows of a text.
pub(super) fn rows(text: &str) -> Vec<Row<'_>> {
    numbered(text).filter_map(|(line, text)| row(line, text)).collect()
}

fn row(line: u64, text: &str) -> Option<Row<'_>> {
    let mut content = text.trim_start();
    let is_item = content.starts_with("- ");
    while let Some(item) = content.strip_prefix("- ") {
        content = item.trim_start();
    }
    if content.is_empty() || content.starts_with(['#', '%']) || content.starts_with("{%") {
        return None;
    }
    let column = text.len() - content.len();
    let (content, selector) = split_comment(content);
    let (key, value) = match content.split_once(':') {
        Some((key, value)) if is_key(key) && (value.is_empty() || value.starts_with(' ')) => {
            (key, value.trim())
        }
        _ => ("", content),
    };
    Some(Row { line, column, is_item, key, value: unquoted(value), selector })
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A text without its comment, and the selector in the comment.
fn split_comment(text: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    let comment = text.char_indices().find(|(_, c)| {
        let begins = *c == '#' && quote.is_none() && before.is_whitespace();
        match (quote, *c) {
            (None, '"' | '\'') if matches!(before, ' ' | '[' | ',' | '{') => quote = Some(*c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        before = *c;
        begins
    });
    let Some((at, _)) = comment else { return (text.trim_end(), "") };
    let note = text[at + 1..].trim();
    let selector = note.find('[').and_then(|begin| note[begin..].split_inclusive(']').next());
    (text[..at].trim_end(), selector.filter(|selector| selector.ends_with(']')).unwrap_or(""))
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// The rows below the row at a place: those that are indented further, and the items of its list.
pub(super) fn below<'r, 'a>(rows: &'r [Row<'a>], at: usize) -> &'r [Row<'a>] {
    let Some(row) = rows.get(at) else { return &[] };
    let rest = &rows[at + 1..];
    let end = rest.iter().position(|next| next.column <= row.column).unwrap_or(rest.len());
    &rest[..end]
}

/// The mappings of a block. An item without a key belongs to the last key that has no value.
pub(super) fn groups<'a>(rows: &[Row<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for row in rows {
        while let Some(last) = open.last().map(|last| &groups[*last])
            && (last.column > row.column
                || row.is_item && !row.key.is_empty() && last.column == row.column)
        {
            open.pop();
        }
        let last = open.last().copied();
        match last {
            Some(last) if row.key.is_empty() => {
                let key = groups[last].rows.last().map_or("", |row| row.key);
                groups[last].rows.push(Row { key, ..*row });
            }
            Some(last) if groups[last].column == row.column => groups[last].rows.push(*row),
            _ => {
                open.push(groups.len());
                groups.push(Group { column: row.column, rows: vec![*row] });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_keys_values_and_selectors() {
        for (text, key, value, selector) in [
            ("url: https://a.example/#x", "url", "https://a.example/#x", ""),
            ("  - url: 'x' # [win]", "url", "x", "[win]"),
            ("- https://a.example/b: c", "", "https://a.example/b: c", ""),
            ("sha256: \"a # b\"  # c [unix] d", "sha256", "a # b", "[unix]"),
            ("source:", "source", "", ""),
            ("- fn: a # [", "fn", "a", ""),
        ] {
            let row = rows(text)[0];
            assert_eq!((row.key, row.value, row.selector), (key, value, selector), "{text}");
        }
        assert_eq!(rows("\n# a\n{% set a = 1 %}\n  \n"), []);
    }

    #[test]
    fn rows_are_grouped_by_mapping() {
        let text = "source:\n- url:\n  - a\n  - b\n  sha256: c\n- if: x\n  then:\n    url: d\n  else: e\nend: 1";
        let rows = rows(text);
        let groups = groups(below(&rows, 0));
        let shown = |group: &Group<'_>| {
            let rows = group.rows.iter().map(|row| format!("{}={}", row.key, row.value));
            rows.collect::<Vec<_>>().join(" ")
        };
        let shown: Vec<String> = groups.iter().map(shown).collect();
        assert_eq!(shown, ["url= url=a url=b sha256=c", "if=x then= else=e", "url=d"]);
    }
}
