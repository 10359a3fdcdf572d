//! What is delivered.

use serde::{Deserialize, Serialize};

use super::super::event::Event;

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same whenever it is sent.
    pub id: String,
    /// Name of the event's kind; `canary` and `log-disproven` are no entry's.
    pub kind: String,
    /// Name of its class.
    pub class: String,
    /// The project it is about.
    pub project: Option<String>,
    /// One JSON object.
    pub body: String,
}

/// A message that no entry of the log is behind.
#[derive(Serialize)]
pub(super) struct Notice<'a> {
    pub(super) event: &'static str,
    pub(super) class: &'static str,
    pub(super) id: &'a str,
    pub(super) detail: &'a str,
    pub(super) evidence: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) test: bool,
}

impl Message {
    pub(super) fn of(event: &Event) -> Message {
        Message {
            id: event.id().to_owned(),
            kind: event.kind().name().to_owned(),
            class: event.class().name().to_owned(),
            project: event.project().map(ToString::to_string),
            body: event.to_json(),
        }
    }

    pub(super) fn notice(notice: &Notice<'_>) -> Message {
        Message {
            id: notice.id.to_owned(),
            kind: notice.event.to_owned(),
            class: notice.class.to_owned(),
            project: None,
            body: serde_json::to_string(notice).expect("text is JSON"),
        }
    }
}
