//! From a request to an answer.

use std::io::Write as _;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response, StatusCode};
use record::{Digest, ProjectName};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Unobserved;
use super::answer::{self, Body, Document};
use super::download::{Downloads, Wanted};
use super::facts::Standing;
use super::gate::Gate;
use super::index::Index;
use super::listing::{self, Listing, Origin};
use super::media::Media;
use super::page::{Page, PageFile};
use super::path::{FileRoute, Route};
use super::projects;
use super::refusal::Refusal;
use super::shelf::Shelf;
use crate::output::{count, printable};

/// Most documents of the index that are read at once.
const MAX_DOCUMENTS: u32 = 16;
/// Most files that are named when a page leaves some out.
const NAMED: usize = 5;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Service {
    index: Index,
    gate: Gate,
    shelf: Shelf,
    downloads: Downloads,
    documents: Semaphore,
}

impl Service {
    /// Serves what `index` has and `gate` lets through.
    pub(super) fn new(index: Index, gate: Gate) -> Service {
        Service {
            index,
            gate,
            shelf: Shelf::default(),
            downloads: Downloads::new(),
            documents: Semaphore::new(MAX_DOCUMENTS as usize),
        }
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer::not_allowed();
        }
        let answered = match Route::parse(request.uri().path()) {
            Ok(Route::File(file)) => self.file(&file, request.method() == Method::HEAD).await,
            Ok(Route::Moved(to)) => Ok(answer::moved(&to)),
            Ok(Route::Project(project)) => self.project(project, request.headers()).await,
            Ok(Route::Projects) => self.projects(request.headers()).await,
            Err(refusal) => Err(refusal),
        };
        answered.unwrap_or_else(|refusal| {
            if refusal.status != StatusCode::NOT_FOUND {
                say(&format!("{}: {}: {}", request.uri().path(), refusal.title, refusal.detail));
            }
            answer::refusal(&refusal)
        })
    }

    async fn projects(&self, headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
        let media = media(headers)?;
        // It is the longest document by far: no other one beside it.
        let permit = self.documents.acquire_many(MAX_DOCUMENTS).await;
        let _permit = permit.expect("the semaphore is never closed");
        let document = self.index.projects().await?;
        let serial = document.serial.clone();
        let body = blocking(move || projects::render(document, media)).await??;
        Ok(Document { media, body, serial, left_out: 0 }.answer(headers))
    }

    async fn project(
        &self,
        project: ProjectName,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        let media = media(headers)?;
        let listing = self.read(project).await?;
        let (serial, unobserved) = (listing.serial.clone(), self.gate.unobserved);
        let (body, left_out) = blocking(move || {
            let offer = listing.offer(unobserved);
            tell(listing.project.as_str(), &offer.left_out);
            (offer.render(media), offer.left_out.len())
        })
        .await?;
        Ok(Document { media, body, serial, left_out }.answer(headers))
    }

    /// Asks the index and the log about a project.
    async fn read(&self, project: ProjectName) -> Result<Arc<Listing>, Refusal> {
        let _permit = self.documents.acquire().await.expect("the semaphore is never closed");
        let read = Instant::now();
        let latest = self.shelf.latest(&project);
        let etag = latest.as_ref().and_then(|latest| latest.etag.as_ref());
        let (document, facts) =
            tokio::try_join!(self.index.page(&project, etag), self.gate.project(&project))?;
        let listing = blocking(move || {
            let (page, origin) = match (document, latest) {
                (Some(document), _) => {
                    let page = Page::parse(document.media, &document.body, &project, &document.url);
                    let page = page.map_err(|why| {
                        Refusal::index(format!("its page of {project} is not usable: {why}"))
                    })?;
                    (Arc::new(page), Origin { etag: document.etag, serial: document.serial })
                }
                (None, Some(latest)) => {
                    let (etag, serial) = (latest.etag.clone(), latest.serial.clone());
                    (Arc::clone(&latest.page), Origin { etag, serial })
                }
                (None, None) => return Err(Refusal::index("it says that nothing changed")),
            };
            Ok(Arc::new(Listing::judge(project, page, origin, facts.as_ref(), read)))
        })
        .await??;
        self.shelf.put(Arc::clone(&listing));
        Ok(listing)
    }

    async fn file(&self, route: &FileRoute, head: bool) -> Result<Response<Body>, Refusal> {
        let listing = match self.shelf.recent(&route.project) {
            Some(listing) if find(&listing, route).is_some() => listing,
            _ => self.read(route.project.clone()).await?,
        };
        let missing = || Refusal::missing(format!("the index does not list {}", route.filename));
        let (file, standing, part) = find(&listing, route).ok_or_else(missing)?;
        let speaks = listing.has_publisher;
        let standing = self.admit(route, file, standing, speaks).await?;
        let (mut url, name) = (file.url.clone(), route.filename.clone());
        let (sha256, size) = match part {
            Part::Metadata => {
                url.set_path(&format!("{}.metadata", url.path()));
                (Some(listing::offered_metadata(file, &standing).ok_or_else(missing)?), None)
            }
            Part::Whole => (listing::expected(file, &standing), file.size()),
        };
        if head {
            // To ask for the headers alone is to ask whether the file may be had.
            return Ok(answer::file(answer::empty(), size, false));
        }
        self.downloads.fetch(&self.index, Wanted { name, url, sha256 }).await
    }

    /// How a file stands, if it may be had.
    async fn admit(
        &self,
        route: &FileRoute,
        file: &PageFile,
        before: &Standing,
        speaks: bool,
    ) -> Result<Standing, Refusal> {
        if let Standing::Bad(why) = before {
            return Err(Refusal::refused(why));
        }
        let standing = self.gate.file(file, &route.project, before, speaks).await?;
        match &standing {
            Standing::Bad(why) => return Err(Refusal::refused(why)),
            Standing::Unseen(why) if self.gate.unobserved != Unobserved::Warn => {
                return Err(Refusal::refused(why));
            }
            Standing::Unseen(why) => {
                say(&format!("warning: {}: let through: {why}", file.filename));
            }
            Standing::Proven(_) | Standing::Unasked => {}
        }
        let expected = listing::expected(file, &standing);
        if route.sha256.is_some() && route.sha256 != expected {
            let shown = |digest: Option<Digest>| digest.map_or("none".into(), |d| d.to_string());
            let (asked, expected) = (shown(route.sha256), shown(expected));
            let detail =
                format!("this URL is of a file with sha256 {asked}, but {expected} is right");
            return Err(Refusal::refused(detail));
        }
        Ok(standing)
    }
}

/// What of a file is asked for.
#[derive(Clone, Copy)]
enum Part {
    /// Its core metadata (PEP 658).
    Metadata,
    /// All of it.
    Whole,
}

/// The file that a path is about.
fn find<'a>(listing: &'a Listing, route: &FileRoute) -> Option<(&'a PageFile, &'a Standing, Part)> {
    let file = |name| listing.file(name, route.sha256.as_ref());
    let whole = file(&route.filename).map(|(file, standing)| (file, standing, Part::Whole));
    whole.or_else(|| {
        let (file, standing) = file(route.filename.strip_suffix(".metadata")?)?;
        Some((file, standing, Part::Metadata))
    })
}

fn media(headers: &HeaderMap) -> Result<Media, Refusal> {
    Media::asked(headers).ok_or_else(|| Refusal {
        status: StatusCode::NOT_ACCEPTABLE,
        title: "Not acceptable",
        detail: "there are pages in JSON (PEP 691) and in HTML (PEP 503)".to_owned(),
    })
}

/// Runs what takes a while for a long document.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::unchecked(error.to_string()))
}

/// Says which files a page leaves out, not all of them if they are many.
fn tell(project: &str, left_out: &[(&str, &str)]) {
    for (filename, why) in left_out.iter().take(NAMED) {
        say(&format!("{project}: not offered: {filename}: {why}"));
    }
    if let Some(more) = left_out.len().checked_sub(NAMED).filter(|more| *more > 0) {
        say(&format!("{project}: not offered: {}", count(more, "more file", "more files")));
    }
}

/// Tells the user something.
pub(super) fn say(text: &str) {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}
