//! What an operator can choose. The comments are the manual.

use std::time::Duration;

/// How an observer behaves towards the package index and the log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom the index's operators may write to: a URL or mail address, sent in `User-Agent`.
    pub contact: Option<String>,
    /// Requests to the index under way at the same time.
    pub concurrency: usize,
    /// Requests to the index per second, all kinds together.
    pub request_rate: f64,
    /// Longest wait for one answer of the index, body included.
    pub request_timeout: Duration,
    /// Tries per request before it counts as failed; between them the wait doubles, with jitter.
    pub tries: u32,
    /// First wait before trying again.
    pub backoff: Duration,
    /// Longest wait before trying again, also where the index asks for more.
    pub backoff_limit: Duration,
    /// Longest project page that is read, in bytes, uncompressed.
    pub page_limit: u64,
    /// Longest project list or journal answer that is read, in bytes, uncompressed.
    pub list_limit: u64,
    /// Projects that fail one after another before a sweep gives up.
    pub failures_in_a_row: u32,
    /// Facts handed to the log and not yet answered, over all projects.
    pub facts_in_flight: u32,
    /// Facts in one submission.
    pub facts_per_submission: usize,
    /// Time from the start of one sweep to the start of the next.
    pub sweep_interval: Duration,
    /// Every how many sweeps a project whose serial stands still is asked for all the same (with
    /// its validator, so an unchanged page costs little): archiving and late metadata move no
    /// serial. Each sweep takes its share of the projects. 0 for never.
    pub revalidate_every: u32,
    /// Whether to follow the index's XML-RPC journal where it has one.
    pub journal: bool,
    /// Time between two questions to the journal.
    pub journal_interval: Duration,
    /// Time between two readings of the project list, between sweeps, where the index has no
    /// journal but tells serials in its list. Not below the lifetime of cached lists.
    pub list_interval: Duration,
    /// When a disappearance is believed.
    pub caution: Caution,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            contact: None,
            concurrency: 8,
            request_rate: 20.0,
            request_timeout: Duration::from_secs(60),
            tries: 5,
            backoff: Duration::from_secs(1),
            backoff_limit: Duration::from_secs(300),
            page_limit: 64 << 20,
            list_limit: 512 << 20,
            failures_in_a_row: 25,
            facts_in_flight: 20_000,
            facts_per_submission: 5_000,
            sweep_interval: Duration::from_secs(3600),
            revalidate_every: 48,
            journal: true,
            journal_interval: Duration::from_secs(5),
            list_interval: Duration::from_secs(600),
            caution: Caution::default(),
        }
    }
}

/// When a disappearance is believed.
///
/// One reading never is, unless the index's journal states the removal. Without the journal it
/// takes a second reading that agrees, on a page that is not stale, some time after the first; the
/// more is gone at once, the longer that time.
#[derive(Clone, Debug)]
pub struct Caution {
    /// Time between two agreeing readings, for a few files of a project.
    pub confirm_after: Duration,
    /// Time between two agreeing readings where a *mass* of files is gone: more than `mass_percent`
    /// of those the log holds for the project.
    pub mass_confirm_after: Duration,
    /// Share of a project's files, in percent, above which their disappearance is a mass one.
    pub mass_percent: u64,
    /// Share of the project list, in percent, above which vanished names are a mass disappearance,
    /// if they are also more than `list_floor`.
    pub list_percent: u64,
    /// Vanished names that are never a mass disappearance.
    pub list_floor: usize,
    /// Sweeps in a row that must find a mass of names vanished before any of them is looked at.
    /// Each then still needs two readings of its own page.
    pub list_sweeps: u32,
}

impl Default for Caution {
    fn default() -> Caution {
        Caution {
            confirm_after: Duration::from_secs(600),
            mass_confirm_after: Duration::from_secs(3600),
            mass_percent: 50,
            list_percent: 1,
            list_floor: 20,
            list_sweeps: 3,
        }
    }
}
