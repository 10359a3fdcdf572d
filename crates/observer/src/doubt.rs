//! When a disappearance is believed: the rules, without I/O.
//!
//! The log never forgets, so a removal that did not happen would stand in it for ever. A file that
//! a page no longer shows is therefore *in doubt* until the journal states its removal or a later
//! reading of a fresh page agrees.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use record::Status;
use serde::{Deserialize, Serialize};

use crate::journal::Statement;
use crate::log::ListedName;
use crate::page::{ProjectPage, Serial};
use crate::settings::Caution;

/// Tries for a page that the journal told of and that is not there.
const ABSENT_TRIES: u32 = 8;

/// What is not settled about one project. Times are in unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Doubt {
    /// Serial that the journal told of and the project's page has not been seen to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) required: Option<Serial>,
    /// Files that the last reading did not show, each with the time of the first such reading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    missing: BTreeMap<String, u64>,
    /// First time that the project was neither in the list nor had a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<u64>,
    /// What the journal states and no reading has confirmed, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    statements: Vec<Statement>,
    /// Readings in a row that failed.
    #[serde(default)]
    tries: u32,
    /// Between sweeps, not to be looked at again before.
    #[serde(default)]
    next: u64,
}

/// What a reading confirms about files that are not on the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Departures {
    /// Files that are listed no more.
    pub(crate) removed: Vec<String>,
    /// Releases whose status changed.
    pub(crate) releases: Vec<(String, Status)>,
}

/// Whether the project list has a project whose page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// It has.
    Listed,
    /// The list was not read.
    Unknown,
    /// It has no longer.
    Vanished,
}

impl Doubt {
    /// Takes in a row of the journal.
    pub(crate) fn note(&mut self, serial: Serial, statement: Option<Statement>) {
        self.required = self.required.max(Some(serial));
        self.next = 0;
        if let Some(statement) = statement.filter(|statement| !self.statements.contains(statement))
        {
            self.statements.push(statement);
        }
    }

    /// Takes in what the journal told while the page was being read: the page may be older than
    /// that.
    pub(crate) fn take_in(&mut self, noted: &Doubt) {
        self.required = noted.required;
        self.statements.clone_from(&noted.statements);
        self.next = 0;
    }

    /// Takes in that the page could not be read.
    pub(crate) fn put_off(&mut self, now: u64, wait: Duration) {
        self.next = now.saturating_add(wait.as_secs().max(1));
        self.tries = self.tries.saturating_add(1);
    }

    /// Readings in a row that failed.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// Whether nothing is in doubt.
    pub(crate) fn is_settled(&self) -> bool {
        self.required.is_none()
            && self.missing.is_empty()
            && self.gone.is_none()
            && self.statements.is_empty()
    }

    /// Whether the page should be read between sweeps, now. A vanished project waits for the next
    /// sweep: it takes the list to say that it is still gone.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        (self.required.is_some() || !self.missing.is_empty()) && self.next <= now
    }

    /// Weighs a fresh page against the files that the log holds as listed.
    pub(crate) fn weigh_page(
        &mut self,
        held: &[ListedName],
        page: &ProjectPage,
        now: u64,
        caution: &Caution,
    ) -> Departures {
        let mut departures = Departures { releases: self.cleared(), ..Departures::default() };
        let held_back =
            page.status.as_ref().is_some_and(|(status, _)| *status == Status::Quarantined);
        let shown = shown(page);
        let mut doubtful = Vec::new();
        for file in held.iter().filter(|file| !shown.contains(file.filename.as_str())) {
            match self.stated(file) {
                Some(Fate::Removed) => departures.removed.push(file.filename.clone()),
                Some(Fate::Quarantined) => departures.quarantine(&file.version),
                _ if held_back || !page.names_all_files() => {}
                None if file.quarantined => {}
                None | Some(Fate::Cleared) => doubtful.push(file.filename.as_str()),
            }
        }
        let mass = doubtful.len() as u64 * 100 > held.len() as u64 * caution.mass_percent;
        let wait = if mass { caution.mass_confirm_after } else { caution.confirm_after }.as_secs();
        let before = std::mem::take(self).missing;
        for filename in doubtful {
            match before.get(filename) {
                Some(since) if now.saturating_sub(*since) >= wait => {
                    departures.removed.push(filename.to_owned());
                }
                since => {
                    self.missing.insert(filename.to_owned(), *since.unwrap_or(&now));
                }
            }
        }
        let first = self.missing.values().min();
        self.next = first.map_or(0, |since| since.saturating_add(wait).max(now.saturating_add(1)));
        departures
    }

    /// Weighs that a project has no page. Whether it is confirmed that the project was deleted.
    ///
    /// Where the journal told of a change, the missing page may be one that caches do not have yet:
    /// it stays owed for some more tries.
    pub(crate) fn weigh_absence(&mut self, listing: Listing, now: u64, caution: &Caution) -> bool {
        let before = std::mem::take(self);
        if before.statements.contains(&Statement::ProjectRemoved) {
            return true;
        }
        match (listing, before.gone) {
            (Listing::Listed, _) => false,
            (Listing::Unknown, _) if before.required.is_some() && before.tries < ABSENT_TRIES => {
                *self = before;
                false
            }
            (Listing::Unknown, gone) => {
                self.gone = gone;
                false
            }
            (Listing::Vanished, Some(since))
                if now.saturating_sub(since) >= caution.confirm_after.as_secs() =>
            {
                true
            }
            (Listing::Vanished, since) => {
                self.gone = Some(since.unwrap_or(now));
                false
            }
        }
    }

    /// Releases of which the journal states that their quarantine ended, and nothing since.
    fn cleared(&self) -> Vec<(String, Status)> {
        let is_last = |version: &str, at: usize| {
            self.statements[at + 1..].iter().all(|later| later.release() != Some(version))
        };
        let mut cleared = Vec::new();
        for (at, statement) in self.statements.iter().enumerate() {
            if let Statement::ReleaseCleared { version } = statement
                && is_last(version, at)
            {
                cleared.push((version.clone(), Status::Active));
            }
        }
        cleared
    }

    /// What the journal states last about a file.
    fn stated(&self, file: &ListedName) -> Option<Fate> {
        let mut fate = None;
        for statement in &self.statements {
            match statement {
                Statement::FileRemoved { filename } if *filename == file.filename => {
                    fate = Some(Fate::Removed);
                }
                Statement::ProjectRemoved => fate = Some(Fate::Removed),
                Statement::ReleaseCleared { version } if *version == file.version => {
                    fate = Some(Fate::Cleared);
                }
                Statement::ReleaseQuarantined { version } if *version == file.version => {
                    fate = Some(Fate::Quarantined);
                }
                Statement::ReleaseRemoved { version } if *version == file.version => {
                    fate = Some(Fate::Removed);
                }
                _ => {}
            }
        }
        fate
    }
}

/// What the journal states about a file that is not on its page.
enum Fate {
    Cleared,
    Quarantined,
    Removed,
}

impl Departures {
    fn quarantine(&mut self, version: &str) {
        if !self.releases.iter().any(|(known, _)| known == version) {
            self.releases.push((version.to_owned(), Status::Quarantined));
        }
    }
}

fn shown(page: &ProjectPage) -> HashSet<&str> {
    let refused = page.refused.iter().filter_map(|file| file.filename.as_deref());
    page.files.iter().map(|file| file.filename.as_str()).chain(refused).collect()
}
