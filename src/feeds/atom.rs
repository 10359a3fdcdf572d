//! The form of a feed (RFC 4287).

use std::io;

use client::describe;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use record::{Entry, Timestamp};

use crate::reading::KnownEntry;

/// What is said once.
pub(super) struct Channel<'a> {
    pub(super) origin: &'a str,
    pub(super) path: &'a str,
    pub(super) title: &'a str,
}

/// Writes the items in their order; `now` dates a feed that has none.
pub(super) fn write(channel: &Channel<'_>, items: &[KnownEntry], now: Timestamp) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    document(&mut writer, channel, items, now).expect("writing to memory does not fail");
    let mut text =
        String::from_utf8(writer.into_inner()).expect("text was written, and nothing else");
    text.push('\n');
    text
}

type Out = Writer<Vec<u8>>;

fn document(
    out: &mut Out,
    channel: &Channel<'_>,
    items: &[KnownEntry],
    now: Timestamp,
) -> io::Result<()> {
    let Channel { origin, path, title } = channel;
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let feed = out.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
    feed.write_inner_content(|out| {
        text(out, "id", &format!("indelible:{origin}/{path}"))?;
        text(out, "title", title)?;
        let updated = items.first().map_or(now, |newest| newest.entry.time());
        text(out, "updated", &updated.to_string())?;
        let author = out.create_element("author");
        author.write_inner_content(|out| text(out, "name", origin))?;
        out.create_element("link")
            .with_attributes([("rel", "self"), ("href", &format!("/{path}"))])
            .write_empty()?;
        items.iter().try_for_each(|entry| item(out, origin, entry))
    })?;
    Ok(())
}

fn item(out: &mut Out, origin: &str, item: &KnownEntry) -> io::Result<()> {
    let element = out.create_element("entry");
    element.write_inner_content(|out| {
        text(out, "id", &format!("indelible:{origin}/entry/{}", item.index))?;
        text(out, "title", &headline(&item.entry))?;
        text(out, "updated", &item.entry.time().to_string())?;
        out.create_element("category")
            .with_attribute(("term", item.entry.kind().as_str()))
            .write_empty()?;
        let json = String::from_utf8_lossy(&item.bytes);
        let content = format!("entry {} of {origin}\n{json}", item.index);
        text(out, "content", &content)
    })?;
    Ok(())
}

/// What happened to which file or project, in words.
fn headline(entry: &Entry) -> String {
    let subject = entry.filename().or(entry.project().map(AsRef::as_ref)).unwrap_or("the log");
    format!("{subject}: {}", describe(entry))
}

/// An element with text, without characters that XML 1.0 does not have.
fn text(out: &mut Out, name: &str, value: &str) -> io::Result<()> {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let clean: String = value.chars().filter(allowed).collect();
    out.create_element(name).write_text_content(BytesText::new(&clean))?;
    Ok(())
}
