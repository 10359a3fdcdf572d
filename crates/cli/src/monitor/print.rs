//! Events as they are printed.

use std::io::{self, Write};

use client::{Event, EventKind, describe};

use crate::output::printable;

/// Prints an event and makes sure that it is out: after that it does not come again.
pub(super) fn print(out: &mut dyn Write, event: &Event, json: bool) -> io::Result<()> {
    let line = if json { event.to_json() } else { printable(&sentence(event)) };
    writeln!(out, "{line}")?;
    out.flush()
}

fn sentence(event: &Event) -> String {
    let index = event.entry().index().get();
    let known = event.entry().entry();
    let subject = known.and_then(|known| known.filename().or(known.project().map(AsRef::as_ref)));
    let subject = subject.unwrap_or("the log");
    let what = known.map_or("bytes that are no entry".to_owned(), describe);
    let changed = matches!(event.kind(), EventKind::HashChanged | EventKind::ReappearedChanged);
    let before = event.before().filter(|_| changed);
    let before = before.map_or(String::new(), |before| format!(", before with {before}"));
    let detail = event.detail().map_or(String::new(), |detail| format!("; {detail}"));
    let earlier = event.earlier().filter(|_| !changed && event.class() == client::Class::Bad);
    let earlier = earlier.map_or(String::new(), |index| format!("; see entry {index}"));
    format!("{index:>8}  {} {subject}: {what}{before}{detail}{earlier}", event.kind())
}
