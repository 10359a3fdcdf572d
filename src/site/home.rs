//! The first page, and the one on which files are dropped.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use record::Timestamp;
use tlog::SignedCheckpoint;

use super::Site;
use super::chart::{self, Bar};
use super::overview::Overview;
use super::response::{fail, page};
use super::shell::Shell;

#[derive(Template)]
#[template(path = "home.html", config = ".askama.toml")]
struct Home<'a> {
    shell: &'a Shell,
    size: u64,
    root: String,
    confirmed: Timestamp,
    age: String,
    cosigners: Vec<String>,
    overview: Arc<Overview>,
    swept_ago: Option<String>,
    curve: String,
    area: String,
    bars: Vec<Bar>,
    counted: usize,
}

#[derive(Template)]
#[template(path = "check.html", config = ".askama.toml")]
struct Check<'a> {
    shell: &'a Shell,
}

/// `GET /`
pub(super) async fn home(State(site): State<Site>) -> Response {
    match site.overview().await {
        Ok(overview) => page(StatusCode::OK, &draw(&site, overview)),
        Err(failure) => fail(&site.shell, &failure),
    }
}

/// `GET /check`
pub(super) async fn check(State(site): State<Site>) -> Response {
    page(StatusCode::OK, &Check { shell: &site.shell })
}

fn draw(site: &Site, overview: Arc<Overview>) -> Home<'_> {
    let now = (site.clock)();
    let published = site.reader.published();
    let curve = chart::curve(&overview.growth);
    let swept = overview.epoch.as_ref().and_then(|epoch| epoch.swept);
    Home {
        shell: &site.shell,
        size: overview.published.head.size.get(),
        root: overview.published.head.root.to_string(),
        confirmed: published.confirmed,
        age: ago(published.confirmed, now),
        cosigners: cosigners(&overview.published.note, &site.shell.origin),
        swept_ago: swept.map(|swept| ago(swept, now)),
        area: chart::area(&curve),
        curve,
        bars: chart::bars(&overview.delays),
        counted: overview.delays.iter().map(|(_, count)| count).sum(),
        overview,
    }
}

/// Names on the lines of a note that are not the log's own.
fn cosigners(note: &[u8], origin: &str) -> Vec<String> {
    let Ok(note) = SignedCheckpoint::parse(note) else { return Vec::new() };
    let lines = note.note().signatures().iter().map(|line| line.name().to_owned());
    lines.filter(|name| name != origin).collect()
}

/// How long before `now` something was, for people.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.unix().saturating_sub(then.unix());
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}
