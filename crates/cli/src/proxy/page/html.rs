//! Project pages in HTML (PEP 503, with the attributes added since).
//!
//! What a link says stands in its attributes; `data-x` is the key `x` of the JSON form.

use std::cell::RefCell;
use std::fmt::Write as _;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use record::ProjectName;
use serde_json::value::{RawValue, Value};

use super::{Fields, METADATA_KEYS, Offer, Offered, parse as parse_raw, raw};
use crate::proxy::path;

/// Reads a page as if it were JSON: keys of the document, and keys of each file.
pub(super) fn parse(text: &str, project: &ProjectName) -> (Fields, Vec<Fields>) {
    let tags = Tags::of(text);
    let meta = |name: &str| {
        let named = |tag: &&Tag| &*tag.name == "meta" && attribute(tag, "name") == Some(name);
        tags.iter().find(named).and_then(|tag| attribute(tag, "content"))
    };
    let (mut stated, mut top) = (Fields::from([super::json::api_version()]), Fields::new());
    if let Some(version) = meta("pypi:repository-version") {
        stated.insert("api-version".to_owned(), raw(&version));
    }
    top.insert("meta".to_owned(), raw(&stated));
    top.insert("name".to_owned(), raw(&project.as_str()));
    if let Some(status) = meta("pypi:project-status") {
        let reason = meta("pypi:project-status-reason").map(|reason| ("reason", reason));
        let stated = std::iter::once(("status", status)).chain(reason);
        let status: Fields = stated.map(|(key, value)| (key.to_owned(), raw(&value))).collect();
        top.insert("project-status".to_owned(), raw(&status));
    }
    (top, tags.iter().filter(|tag| &*tag.name == "a").filter_map(file).collect())
}

/// Where the links of a document lead to.
pub(in crate::proxy) fn link_targets(text: &str) -> Vec<String> {
    let tags = Tags::of(text);
    tags.iter().filter_map(|tag| attribute(tag, "href").map(str::to_owned)).collect()
}

/// The file that a link leads to; installers name it by the last part of the path.
fn file(tag: &Tag) -> Option<Fields> {
    let href = attribute(tag, "href")?.trim();
    let (url, fragment) = href.split_once('#').unwrap_or((href, ""));
    let last = url.split('?').next()?.rsplit('/').next()?;
    let filename = path::decoded(last).filter(|name| path::is_segment(name))?;
    let mut fields = Fields::new();
    for attribute in &tag.attrs {
        if let Some(key) = attribute.name.local.strip_prefix("data-") {
            fields.insert(key.to_owned(), value(key, &attribute.value));
        }
    }
    fields.insert("filename".to_owned(), raw(&filename));
    fields.insert("url".to_owned(), raw(&url));
    fields.insert("hashes".to_owned(), raw(&hashes(fragment)));
    Some(fields)
}

/// An attribute's value as JSON has it.
fn value(key: &str, text: &str) -> Box<RawValue> {
    match text {
        "" if key == "yanked" => raw(&true),
        "true" | "" if METADATA_KEYS.contains(&key) => raw(&true),
        _ if METADATA_KEYS.contains(&key) => raw(&hashes(text)),
        _ => raw(&text),
    }
}

/// `sha256=HEX`, perhaps several.
fn hashes(text: &str) -> Fields {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let digest = |hex: &str| hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    pairs.filter(|(_, hex)| digest(hex)).map(|(name, hex)| (name.to_owned(), raw(&hex))).collect()
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| &*attribute.value)
}

/// The start tags that matter, in the order of the document.
#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl Tags {
    fn of(text: &str) -> Vec<Tag> {
        let tokenizer = Tokenizer::new(Tags::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(text));
        // The sink below never asks to stop, so that one feed takes in everything.
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        tokenizer.sink.0.into_inner()
    }
}

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && tag.kind == TagKind::StartTag
            && matches!(&*tag.name, "a" | "meta")
        {
            self.0.borrow_mut().push(tag);
        }
        TokenSinkResult::Continue
    }
}

/// Writes a page.
pub(super) fn render(offer: &Offer<'_>) -> String {
    let mut html = String::from("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
    for (name, content) in metas(offer) {
        let content = Escaped(&content);
        let _ = writeln!(html, "<meta name=\"pypi:{name}\" content=\"{content}\">");
    }
    let _ = writeln!(html, "<title>Links for {0}</title>\n</head>\n<body>", offer.project);
    for file in &offer.files {
        let _ = writeln!(html, "{}<br>", Link(offer.project, file));
    }
    for (filename, why) in &offer.left_out {
        // Only a `>` could end the comment.
        let _ = writeln!(html, "<!-- left out: {}: {} -->", Escaped(filename), Escaped(why));
    }
    html + "</body>\n</html>\n"
}

fn metas(offer: &Offer<'_>) -> Vec<(&'static str, String)> {
    let top = &offer.page.top;
    let meta: Option<Value> = top.get("meta").and_then(|raw| parse_raw(raw));
    let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let version = meta.as_ref().and_then(|meta| text(meta, "api-version"));
    let mut metas = vec![("repository-version", version.unwrap_or_else(|| "1.0".to_owned()))];
    let status = top.get("project-status").and_then(|raw| parse_raw::<Value>(raw));
    if let Some(status) = status {
        metas.extend(text(&status, "status").map(|status| ("project-status", status)));
        metas.extend(text(&status, "reason").map(|reason| ("project-status-reason", reason)));
    }
    metas
}

struct Link<'a>(&'a ProjectName, &'a Offered<'a>);

impl std::fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Link(project, offered) = self;
        let (file, url) = (offered.file, offered.url(project));
        let withdrawn = offered.withdrawn;
        let sha256 = offered.sha256.filter(|_| withdrawn.is_none());
        let fragment = sha256.map_or(String::new(), |sha256| format!("#sha256={sha256}"));
        write!(f, "<a href=\"{}{fragment}\"", Escaped(&url))?;
        for (key, value) in &file.fields {
            let text = match parse_raw::<Value>(value) {
                Some(Value::String(text)) => text,
                Some(Value::Bool(true)) if key == "yanked" => String::new(),
                _ => continue,
            };
            let replaced = key == "yanked" && withdrawn.is_some();
            if !is_special(key) && !replaced {
                write!(f, " data-{key}=\"{}\"", Escaped(&text))?;
            }
        }
        if let Some(why) = offered.yanked() {
            write!(f, " data-yanked=\"{}\"", Escaped(&why))?;
        }
        if let Some(sha256) = offered.metadata {
            write!(f, " data-core-metadata=\"sha256={sha256}\"")?;
            write!(f, " data-dist-info-metadata=\"sha256={sha256}\"")?;
        }
        write!(f, ">{}</a>", Escaped(&file.filename))
    }
}

/// Whether a key has a place of its own in a link, or can not be an attribute.
fn is_special(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    METADATA_KEYS.contains(&key)
        || matches!(key, "filename" | "gpg-sig" | "hashes" | "url")
        || !key.bytes().all(plain)
}

/// Text that HTML does not take for anything else.
pub(in crate::proxy) struct Escaped<'a>(pub(in crate::proxy) &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
