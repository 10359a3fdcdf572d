//! Simple API documents in HTML (PEP 503, 592, 658, 714), for indexes that speak nothing newer.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use record::{ProjectName, Status};

use super::{
    DocumentError, ProjectList, ProjectPage, StatedFile, bounded, check_api_version,
    percent_decoded, status_named,
};

/// What counts of a document: its links and its `meta` elements.
#[derive(Default)]
struct Document {
    links: Vec<Link>,
    meta: Vec<(String, String)>,
    open: bool,
    closed: bool,
}

#[derive(Default)]
struct Link {
    attributes: Vec<(String, String)>,
    text: String,
}

impl Link {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that has been spelt with and without the prefix that HTML demands.
    fn either(&self, name: &str) -> Option<&str> {
        self.attribute(&format!("data-{name}")).or_else(|| self.attribute(name))
    }

    /// Where it leads, without fragment; and the fragment.
    fn target(&self) -> Option<(&str, &str)> {
        let href = self.attribute("href")?.trim();
        Some(href.split_once('#').unwrap_or((href, "")))
    }
}

/// Reads a project page.
pub(super) fn parse_page(text: &str, project: &ProjectName) -> Result<ProjectPage, DocumentError> {
    let document = Document::parse(text)?;
    let (mut files, mut refused) = (Vec::new(), Vec::new());
    for stated in document.links.iter().filter_map(stated_file) {
        match stated.admit(project, &[]) {
            Ok(file) => files.push(file),
            Err(file) => refused.push(file),
        }
    }
    Ok(ProjectPage { serial: None, status: document.status(), files, refused })
}

/// Reads a project list.
pub(super) fn parse_list(text: &str) -> Result<ProjectList, DocumentError> {
    let document = Document::parse(text)?;
    let mut list = ProjectList::default();
    for link in &document.links {
        let Some((target, _)) = link.target() else { continue };
        match link.text.trim() {
            "" => list.add(&percent_decoded(last_part(target.trim_end_matches('/'))), None),
            text => list.add(text, None),
        }
    }
    Ok(list)
}

/// The file that a link leads to; installers name it by the last part of the path, and so does the
/// log.
fn stated_file(link: &Link) -> Option<StatedFile> {
    let (url, fragment) = link.target()?;
    let path = url.split('?').next().unwrap_or_default();
    let filename = percent_decoded(last_part(path));
    if filename.is_empty() || filename == ".." || filename == "." {
        return None;
    }
    let hash_in = |text: &str| {
        text.split('&').find_map(|part| part.strip_prefix("sha256=")).map(str::to_owned)
    };
    let metadata = link.either("core-metadata").or_else(|| link.either("dist-info-metadata"));
    Some(StatedFile {
        filename,
        url: url.to_owned(),
        sha256: hash_in(fragment),
        size: None,
        uploaded: link.either("upload-time").map(str::to_owned),
        yanked: link.attribute("data-yanked").map(str::to_owned),
        metadata: metadata.and_then(hash_in),
        provenance: link.attribute("data-provenance").is_some_and(|url| !url.is_empty()),
    })
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

impl Document {
    fn parse(text: &str) -> Result<Document, DocumentError> {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from(text));
        let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
        // The collector never asks the tokenizer to stop, so one feed consumes the whole input.
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        let document = tokenizer.sink.document.into_inner();
        if document.open && !document.closed {
            return Err(DocumentError::Truncated);
        }
        if !document.open && document.links.is_empty() {
            return Err(DocumentError::Malformed(
                "neither an <html> element nor a link".to_owned(),
            ));
        }
        document.check_version()?;
        Ok(document)
    }

    fn check_version(&self) -> Result<(), DocumentError> {
        self.meta("pypi:repository-version").map_or(Ok(()), check_api_version)
    }

    fn status(&self) -> Option<(Status, Option<String>)> {
        let Some(word) = self.meta("pypi:project-status") else {
            return Some((Status::Active, None));
        };
        let reason = self.meta("pypi:project-status-reason").filter(|reason| !reason.is_empty());
        Some((status_named(word)?, reason.map(|reason| bounded(reason.to_owned()))))
    }

    fn meta(&self, name: &str) -> Option<&str> {
        self.meta.iter().find(|(key, _)| key == name).map(|(_, content)| content.as_str())
    }

    fn begin(&mut self, tag: &Tag) {
        let attributes = || {
            let text = |attribute: &html5ever::Attribute| {
                (attribute.name.local.to_string(), attribute.value.to_string())
            };
            tag.attrs.iter().map(text).collect::<Vec<_>>()
        };
        match &*tag.name {
            "a" => self.links.push(Link { attributes: attributes(), text: String::new() }),
            "html" => self.open = true,
            "meta" => {
                let link = Link { attributes: attributes(), text: String::new() };
                if let (Some(name), Some(content)) =
                    (link.attribute("name"), link.attribute("content"))
                {
                    self.meta.push((name.to_owned(), content.to_owned()));
                }
            }
            _ => {}
        }
    }
}

/// Takes the tokens of a document as they come.
#[derive(Default)]
struct Collector {
    document: RefCell<Document>,
    in_link: RefCell<bool>,
}

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut document = self.document.borrow_mut();
        let mut in_link = self.in_link.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                *in_link = &*tag.name == "a" || *in_link;
                document.begin(&tag);
            }
            Token::TagToken(tag) => match &*tag.name {
                "a" => *in_link = false,
                "html" => document.closed = true,
                _ => {}
            },
            Token::CharacterTokens(text) if *in_link => {
                if let Some(link) = document.links.last_mut() {
                    link.text.push_str(&text);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
