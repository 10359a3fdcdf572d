//! Pages about one project, one file or one hash: everything that the log has of it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use record::{Digest, LookupKey, MapKey, ProjectName};
use serde::Deserialize;

use super::Site;
use super::alarms::Alarm;
use super::response::{fail, page, refuse};
use super::row::{Row, Rows, printable};
use super::search;
use super::shell::Shell;
use crate::published::Published;
use crate::reading::{AnswerError, KnownEntry, MAX_LOOKUP_ENTRIES};

/// Rows on one page.
const ROWS: usize = 100;

/// Which part of a history is shown.
#[derive(Deserialize)]
pub(super) struct Part {
    before: Option<u64>,
}

/// What is said of a whole history: a name and a value.
type Fact = (&'static str, String);

#[derive(Template)]
#[template(path = "history.html", config = ".askama.toml")]
struct History<'a> {
    shell: &'a Shell,
    kind: &'static str,
    value: String,
    title: String,
    size: u64,
    total: usize,
    alarms: Vec<Alarm>,
    facts: Vec<Fact>,
    rows: Vec<Row>,
    before: Option<u64>,
    older: Option<u64>,
    feed: Option<String>,
    evidence: String,
    coverage: Coverage,
}

/// How far the log's observer has seen the index, in words.
#[derive(Default)]
struct Coverage {
    swept: Option<String>,
    serial: Option<u64>,
    summed_up: Option<String>,
}

/// `GET /projects/<name>`
pub(super) async fn project(
    State(site): State<Site>,
    Path(name): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let Ok(project) = ProjectName::normalise(&name) else {
        return refuse(
            &site.shell,
            "Not a project's name",
            "Projects have names of letters, digits and - _ .",
        );
    };
    let key = LookupKey::Project(project);
    if key.value() != name {
        return Redirect::permanent(&search::path(&key)).into_response();
    }
    show(&site, key, &part).await
}

/// `GET /files/<filename>`
pub(super) async fn file(
    State(site): State<Site>,
    Path(name): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    match LookupKey::parse("file", &name) {
        Some(key) => show(&site, key, &part).await,
        None => refuse(
            &site.shell,
            "Not a file's name",
            "A filename has up to 1,024 bytes on one line.",
        ),
    }
}

/// `GET /sha256/<hex>`
pub(super) async fn sha256(
    State(site): State<Site>,
    Path(hex): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    match Digest::parse(&hex) {
        Ok(digest) => show(&site, LookupKey::Sha256(digest), &part).await,
        Err(_) => refuse(&site.shell, "Not a hash", "A SHA-256 has 64 digits, 0-9 and a-f."),
    }
}

async fn show(site: &Site, key: LookupKey, part: &Part) -> Response {
    match history(site, key, part).await {
        Ok(history) => {
            let known = history.total > 0;
            page(if known { StatusCode::OK } else { StatusCode::NOT_FOUND }, &history)
        }
        Err(failure) => fail(&site.shell, &failure),
    }
}

async fn history<'a>(
    site: &'a Site,
    key: LookupKey,
    part: &Part,
) -> Result<History<'a>, AnswerError> {
    let published = site.reader.published();
    let entries = site.read_all(&published, &key.map_key()).await?;
    let of_project = matches!(key, LookupKey::Project(_));
    let mut rows = Rows::default();
    let mut all: Vec<Row> = entries.iter().map(|read| rows.row(read, of_project)).collect();
    all.reverse();
    all.retain(|row| part.before.is_none_or(|before| row.position < before));
    let older = all.get(ROWS).and(all.get(ROWS - 1)).map(|last| last.position);
    all.truncate(ROWS);
    let alarms = site.alarms(&published, &key, &entries).await?;
    let value = key.value();
    Ok(History {
        shell: &site.shell,
        kind: key.kind(),
        title: printable(&value),
        size: published.head.size.get(),
        total: entries.len(),
        alarms,
        facts: facts(&entries),
        rows: all,
        before: part.before,
        older,
        feed: of_project.then(|| format!("/feeds/projects/{value}.atom")),
        evidence: format!("/evidence/{}/{}.evidence", key.kind(), search::encode(&value)),
        coverage: site.coverage(&published).await?,
        value,
    })
}

impl Site {
    /// All entries of a key, oldest first.
    pub(super) async fn read_all(
        &self,
        published: &Published,
        key: &MapKey,
    ) -> Result<Vec<KnownEntry>, AnswerError> {
        let mut positions = self.reader.newest(published, key, MAX_LOOKUP_ENTRIES + 1)?;
        if positions.len() > MAX_LOOKUP_ENTRIES {
            return Err(AnswerError::TooMany { found: positions.len() });
        }
        positions.reverse();
        self.reader.known_entries_at(published, &positions).await
    }

    async fn coverage(&self, published: &Published) -> Result<Coverage, AnswerError> {
        let Some(epoch) = self.reader.newest_summary(published).await? else {
            return Ok(Coverage::default());
        };
        Ok(Coverage {
            swept: epoch.swept.map(|at| at.to_string()),
            serial: epoch.serial,
            summed_up: Some(epoch.time.to_string()),
        })
    }
}

/// What is said of the whole. `assets/history.mjs` makes the same from verified entries.
fn facts(entries: &[KnownEntry]) -> Vec<Fact> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Vec::new() };
    let files: BTreeSet<&str> = entries.iter().filter_map(|read| read.entry.filename()).collect();
    vec![
        ("entries", entries.len().to_string()),
        ("files", files.len().to_string()),
        ("first entry, by this log's clock", first.entry.time().to_string()),
        ("latest entry, by this log's clock", last.entry.time().to_string()),
    ]
}
