//! A package index over HTTP: the Simple API, and the XML-RPC journal where there is one.

use std::sync::Arc;

use async_trait::async_trait;
use record::{Digest, ProjectName};
use reqwest::Url;

use super::directory::blocking;
use super::fetch::{Answer, Ask, Fetched, Fetcher};
use super::{PageAnswer, PageRequest, Source, SourceError, check_fresh};
use crate::clock::Clock;
use crate::journal::{self, JournalRow};
use crate::page::{Form, ProjectList, ProjectPage, Serial};
use crate::settings::Settings;

const SIMPLE: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// Tries to get a page that is not stale.
const FRESH_TRIES: u32 = 3;

/// A source that asks an index over HTTP.
pub struct HttpSource {
    name: String,
    base: Url,
    simple: Url,
    fetcher: Fetcher,
    page_limit: u64,
    list_limit: u64,
    journal: bool,
}

impl HttpSource {
    /// A source for the index at `base`: the URL that installers are given, with or without
    /// `simple/` at its end.
    ///
    /// # Errors
    /// [`SourceError::Location`] if `base` is no HTTP URL.
    pub fn open(
        base: &str,
        settings: &Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<HttpSource, SourceError> {
        let (base, simple) = endpoints(base)?;
        let mut shown = simple.clone();
        // Only URLs that cannot have a user name refuse its removal, and then there is none.
        let _ = shown.set_username("").and_then(|()| shown.set_password(None));
        Ok(HttpSource {
            name: shown.to_string(),
            base,
            simple,
            fetcher: Fetcher::new(settings, clock)?,
            page_limit: settings.page_limit,
            list_limit: settings.list_limit,
            journal: settings.journal,
        })
    }

    async fn read_page(
        &self,
        request: PageRequest<'_>,
        identity: bool,
    ) -> Result<PageAnswer, SourceError> {
        let project = request.project;
        let validator = request.validator.map(Validator::parse);
        let ask = Ask {
            url: join(&self.simple, &format!("{project}/"))?,
            accept: SIMPLE,
            etag: validator.as_ref().and_then(Validator::etag),
            identity,
            limit: self.page_limit,
            post: None,
        };
        match self.fetcher.fetch(&ask).await? {
            Answer::Missing => Ok(PageAnswer::Absent),
            Answer::Unchanged { serial } if ask.etag.is_some() => {
                check_fresh(request.required, serial)?;
                Ok(PageAnswer::Unchanged { serial })
            }
            Answer::Unchanged { .. } => Err(SourceError::Status(304)),
            Answer::Document(document) => {
                let given = request.validator.map(str::to_owned);
                page_answer(document, project.clone(), given, request.required).await
            }
        }
    }

    async fn call(&self, method: &str, argument: Option<Serial>) -> Result<Vec<u8>, SourceError> {
        if !self.journal {
            return Err(SourceError::NoJournal);
        }
        let ask = Ask {
            url: join(&self.base, "pypi")?,
            accept: "text/xml",
            etag: None,
            identity: false,
            limit: self.list_limit,
            post: Some(journal::call(method, argument)),
        };
        match self.fetcher.fetch(&ask).await {
            Ok(Answer::Document(document)) if document.content_type.contains("xml") => {
                Ok(document.body)
            }
            Ok(_) | Err(SourceError::Status(400..500) | SourceError::Redirect(_)) => {
                Err(SourceError::NoJournal)
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Source for HttpSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<ProjectList, SourceError> {
        let ask = Ask {
            url: self.simple.clone(),
            accept: SIMPLE,
            etag: None,
            identity: false,
            limit: self.list_limit,
            post: None,
        };
        match self.fetcher.fetch(&ask).await? {
            Answer::Document(document) => {
                blocking(move || {
                    let form = form_of(&document.content_type)?;
                    let mut list = ProjectList::parse(form, &document.body)?;
                    list.serial = document.serial.or(list.serial);
                    Ok(list)
                })
                .await
            }
            Answer::Missing => Err(SourceError::Missing(self.name.clone())),
            Answer::Unchanged { .. } => Err(SourceError::Status(304)),
        }
    }

    async fn page(&self, request: PageRequest<'_>) -> Result<PageAnswer, SourceError> {
        let mut tries = 1;
        let mut answer = self.read_page(request, false).await;
        while let Err(SourceError::Stale { .. }) = &answer
            && tries < FRESH_TRIES
        {
            self.fetcher.back_off(tries).await;
            tries += 1;
            answer = self.read_page(PageRequest { validator: None, ..request }, true).await;
        }
        answer
    }

    async fn journal_end(&self) -> Result<Serial, SourceError> {
        let body = self.call("changelog_last_serial", None).await?;
        blocking(move || journal::parse_serial(&body)).await
    }

    async fn journal_since(&self, since: Serial) -> Result<Vec<JournalRow>, SourceError> {
        let body = self.call("changelog_since_serial", Some(since)).await?;
        blocking(move || journal::parse_rows(&body)).await
    }
}

/// The URLs of the index's root and of its Simple API.
fn endpoints(given: &str) -> Result<(Url, Url), SourceError> {
    let no_url = |why: &str| SourceError::Location(format!("{given} is no index URL: {why}"));
    let mut simple = Url::parse(given).map_err(|error| no_url(&error.to_string()))?;
    if !matches!(simple.scheme(), "http" | "https") {
        return Err(no_url("neither http nor https"));
    }
    simple.set_query(None);
    simple.set_fragment(None);
    let path = simple.path().trim_end_matches('/').to_owned();
    if path.ends_with("simple") {
        simple.set_path(&format!("{path}/"));
    } else {
        simple.set_path(&format!("{path}/simple/"));
    }
    Ok((join(&simple, "..")?, simple))
}

fn join(base: &Url, path: &str) -> Result<Url, SourceError> {
    base.join(path).map_err(|error| SourceError::Location(format!("{base}{path}: {error}")))
}

fn form_of(content_type: &str) -> Result<Form, SourceError> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/vnd.pypi.simple.v1+json" => Ok(Form::Json),
        "application/vnd.pypi.simple.v1+html" | "text/html" => Ok(Form::Html),
        _ => Err(SourceError::ContentType(content_type.chars().take(120).collect())),
    }
}

/// By what a page is known to be unchanged: the index's entity tag or, where it gives none, a
/// digest of the page.
enum Validator<'a> {
    Digest,
    Etag(&'a str),
}

impl Validator<'_> {
    fn parse(text: &str) -> Validator<'_> {
        text.strip_prefix("etag:").map_or(Validator::Digest, Validator::Etag)
    }

    fn etag(&self) -> Option<&str> {
        match self {
            Validator::Digest => None,
            Validator::Etag(etag) => Some(etag),
        }
    }
}

async fn page_answer(
    document: Fetched,
    project: ProjectName,
    given: Option<String>,
    required: Option<Serial>,
) -> Result<PageAnswer, SourceError> {
    blocking(move || {
        let form = form_of(&document.content_type)?;
        let validator = document.etag.map_or_else(
            || format!("sha256:{}", Digest::sha256(&document.body)),
            |etag| format!("etag:{etag}"),
        );
        let page = ProjectPage::parse(form, &document.body, &project)?;
        let serial = document.serial.or(page.serial);
        check_fresh(required, serial)?;
        if given == Some(validator.clone()) {
            return Ok(PageAnswer::Unchanged { serial });
        }
        Ok(PageAnswer::Page { page, serial, validator })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_name_an_index() {
        let cases = [
            ("https://index.example", "https://index.example/", "https://index.example/simple/"),
            ("https://index.example/", "https://index.example/", "https://index.example/simple/"),
            (
                "http://index.example/simple",
                "http://index.example/",
                "http://index.example/simple/",
            ),
            (
                "http://index.example/a/simple/?x#y",
                "http://index.example/a/",
                "http://index.example/a/simple/",
            ),
            (
                "http://index.example/a/+simple/",
                "http://index.example/a/",
                "http://index.example/a/+simple/",
            ),
        ];
        for (given, base, simple) in cases {
            let (found_base, found_simple) = endpoints(given).unwrap();
            assert_eq!((found_base.as_str(), found_simple.as_str()), (base, simple), "{given}");
        }
        for given in ["index.example", "ftp://index.example/simple/", ""] {
            assert!(matches!(endpoints(given), Err(SourceError::Location(_))), "{given}");
        }
    }
}
