//! What commands print.

use std::io::{self, Write};

use client::VerifiedEntry;
use serde::Serialize;
use serde_json::value::RawValue;
use tlog::{TreeHead, VerifiedCheckpoint};

/// A checkpoint in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct CheckpointJson {
    origin: String,
    #[serde(flatten)]
    head: HeadJson,
}

/// A tree head in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct HeadJson {
    size: u64,
    root: String,
}

impl From<&VerifiedCheckpoint> for CheckpointJson {
    fn from(checkpoint: &VerifiedCheckpoint) -> CheckpointJson {
        CheckpointJson { origin: checkpoint.origin().to_owned(), head: checkpoint.head().into() }
    }
}

impl From<TreeHead> for HeadJson {
    fn from(head: TreeHead) -> HeadJson {
        HeadJson { size: head.size.get(), root: head.root.to_string() }
    }
}

/// An entry's own bytes as JSON; `None` if they are none.
pub(crate) fn entry_json(entry: &VerifiedEntry) -> Option<&RawValue> {
    if entry.fault().is_some() {
        return None;
    }
    serde_json::from_slice(entry.bytes()).ok()
}

/// Prints one JSON value on one line, and does not keep it back.
pub(crate) fn print_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Text of unknown origin without what could command a terminal or turn the line around.
pub(crate) fn printable(text: &str) -> String {
    let commands =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if commands(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Tells people something beside the data.
pub(crate) fn warn(what: &str) {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "warning: {}", printable(what));
}

/// `1 entry`, `2 entries`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminals_are_not_commanded() {
        assert_eq!(printable("naïve \u{1b}[2J\u{202e}x\n"), "naïve \\u{1b}[2J\\u{202e}x\\u{a}");
    }
}
