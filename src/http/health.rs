//! `/healthz`: well only while the sequencer runs and has confirmed its head lately.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::HttpState;
use crate::clock::Clock;
use crate::sequencer::{Sequencer, WriterState};
use crate::witnesses::Quorum;

/// Judges whether the log is well.
#[derive(Clone)]
pub struct Health {
    sequencer: Sequencer,
    clock: Clock,
    max_head_age: Duration,
}

impl Health {
    /// The log is well while `sequencer` runs and its head is younger than `max_head_age`.
    pub fn new(sequencer: Sequencer, clock: Clock, max_head_age: Duration) -> Health {
        Health { sequencer, clock, max_head_age }
    }

    /// Whose health it is.
    pub(super) const fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// One line for people, and whether all is well.
    ///
    /// # Errors
    /// The line says what is wrong.
    pub fn check(&self) -> Result<String, String> {
        let published = self.sequencer.published();
        let age = (self.clock)().unix().saturating_sub(published.confirmed.unix());
        let writes = match self.sequencer.state() {
            WriterState::Halted(why)
            | WriterState::Interrupted(why)
            | WriterState::ReadOnly(why) => {
                return Err(why);
            }
            WriterState::Stopped => return Err("the sequencer has stopped".to_owned()),
            WriterState::Running => true,
            WriterState::Following(_) => false,
            WriterState::Frozen(why) => return Ok(format!("ok: {why}")),
        };
        let size = published.head.size;
        if age > self.max_head_age.as_secs() {
            return Err(format!("the head of size {size} was confirmed {age} seconds ago"));
        }
        let ok = format!("ok: size {size}, confirmed {age} seconds ago");
        if !writes {
            return Ok(format!("{ok}; another process writes"));
        }
        match self.sequencer.quorum() {
            Quorum::Met => Ok(ok),
            Quorum::Waiting(why) => Err(format!("entries wait to be published: {why}")),
            Quorum::FailedOpen(why) => Ok(format!("{ok}; failing open: {why}")),
        }
    }
}

/// `GET /healthz`
pub(super) async fn healthz(State(state): State<Arc<HttpState>>) -> Response {
    let (status, line) = match state.health.check() {
        Ok(line) => (StatusCode::OK, line),
        Err(line) => (StatusCode::SERVICE_UNAVAILABLE, line),
    };
    (status, [(CACHE_CONTROL, "no-store")], line + "\n").into_response()
}
