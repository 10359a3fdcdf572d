//! The web page: what the log says, for people who would rather look than type.
//!
//! Pages are made on the server and can be read without scripts. They are the server's word: a script of
//! their own fetches the evidence, verifies it, and compares what it proves with what the page says. What
//! was not verified is never shown as verified.
//!
//! * Pages: `/`, `/projects/NAME`, `/files/FILENAME`, `/sha256/HEX`, `/check`, and `/search`, which leads
//!   to one of them.
//! * What they rest on: `/evidence/KIND/VALUE.evidence`, `/entries/N`, `/entries/N.tlog-proof`,
//!   `/consistency/FROM/TO`.

mod alarms;
mod assets;
mod chart;
mod history;
mod home;
mod offline;
mod overview;
mod response;
mod row;
mod search;
mod shell;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tlog::VerifyingKey;
use tower_http::compression::CompressionLayer;

use self::overview::Overviews;
use self::shell::Shell;
use crate::clock::Clock;
use crate::feeds::Conflicts;
use crate::publishers::Publishers;
use crate::reading::LogReader;

/// What the pages are made from.
#[derive(Clone)]
pub struct Site {
    reader: LogReader,
    conflicts: Arc<Conflicts>,
    publishers: Publishers,
    shell: Arc<Shell>,
    overviews: Arc<Overviews>,
    clock: Clock,
}

impl Site {
    /// The pages of the log with this key, which these witnesses are asked to cosign.
    pub fn new(
        reader: LogReader,
        conflicts: Arc<Conflicts>,
        publishers: Publishers,
        key: &VerifyingKey,
        witnesses: &[VerifyingKey],
        clock: Clock,
    ) -> Site {
        let shell = Arc::new(Shell::new(key, witnesses));
        Site { reader, conflicts, publishers, shell, overviews: Arc::default(), clock }
    }
}

/// All routes of the page, each answered with the headers that keep it to itself.
pub fn routes(site: Site) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/projects/{name}", get(history::project))
        .route("/files/{name}", get(history::file))
        .route("/sha256/{hex}", get(history::sha256))
        .route("/search", get(search::search))
        .route("/check", get(home::check))
        .route("/evidence/{kind}/{file}", get(offline::evidence))
        .route("/entries/{file}", get(offline::entry))
        .route("/consistency/{from}/{to}", get(offline::consistency))
        .route("/site/{version}/{file}", get(assets::asset))
        .layer(axum::middleware::map_response(response::secure))
        .layer(CompressionLayer::new())
        .with_state(site)
}
