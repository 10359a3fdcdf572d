//! Why something is not served, so that people read it where their installer stops.

use hyper::StatusCode;

/// An answer that is none, with the reason.
///
/// Installers show the status, its reason phrase or the problem document (RFC 9457); they try again,
/// and in the end hide the reason, for statuses from 500 on. Hence the statuses here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// What happened, in a few words.
    pub(super) title: &'static str,
    /// Why, on one line.
    pub(super) detail: String,
}

impl Refusal {
    /// It was checked and is not to be had.
    pub(super) fn refused(detail: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::FORBIDDEN,
            title: "Refused by indelible proxy",
            detail: detail.into(),
        }
    }

    /// It could not be checked: nothing is known, for or against.
    pub(super) fn unchecked(detail: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::FAILED_DEPENDENCY,
            title: "Not checked by indelible proxy",
            detail: detail.into(),
        }
    }

    /// The index did not answer as it should; trying again may help.
    pub(super) fn index(detail: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_GATEWAY,
            title: "The index behind indelible proxy failed",
            detail: detail.into(),
        }
    }

    /// There is no such thing.
    pub(super) fn missing(detail: impl Into<String>) -> Refusal {
        Refusal { status: StatusCode::NOT_FOUND, title: "Not found", detail: detail.into() }
    }
}

/// What a failed question to the log means: false answers are refused, missing ones leave it open.
impl From<client::Error> for Refusal {
    fn from(error: client::Error) -> Refusal {
        let text = chain(&error);
        match error {
            client::Error::Disproven(_) => Refusal::refused(text),
            client::Error::Undecided(_) => Refusal::unchecked(text),
        }
    }
}

/// An error and its causes on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        told.push(cause.to_string());
        source = cause.source();
    }
    told.dedup();
    told.join(": ")
}
