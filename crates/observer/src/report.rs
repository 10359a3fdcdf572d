//! What a sweep found, for people.

use std::fmt;

use record::{ProjectName, Timestamp};

use crate::page::{RefusedFile, Serial, Shown};

/// Refusals named in a report; the rest is only counted.
const NAMED: usize = 50;

/// What one sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// When the sweep began, in unix seconds.
    pub started: u64,
    /// The index's serial when it made the project list.
    pub serial: Option<Serial>,
    /// Projects in the list.
    pub listed: u64,
    /// Projects whose page was read and submitted.
    pub read: u64,
    /// Projects whose page is known to be the same as when it was read last.
    pub unchanged: u64,
    /// Projects that the index has no page for.
    pub absent: u64,
    /// Projects, or names in the list, that could not be read.
    pub refused: u64,
    /// Files on the pages that were read.
    pub files: u64,
    /// Files on those pages that cannot be logged, such as those without a sha256.
    pub files_refused: u64,
    /// Facts submitted.
    pub facts: u64,
    /// Entries that the log appended for them.
    pub entries: u64,
    /// Projects with something in doubt, such as a file seen missing once.
    pub in_doubt: u64,
    /// Names missing from the list that were not looked at: too many at once to be believed yet.
    pub vanished: u64,
    /// Why the sweep ended early, if it did.
    pub stopped: Option<String>,
    /// The first refusals, each with its reason.
    pub refusals: Vec<String>,
}

impl SweepReport {
    /// Whether every listed project was read or is known to be unchanged, so that absence from the
    /// log means absence from the index.
    pub fn is_complete(&self) -> bool {
        self.refused == 0 && self.vanished == 0 && self.stopped.is_none()
    }

    pub(crate) fn refuse(&mut self, name: &str, why: &dyn fmt::Display) {
        self.refused += 1;
        self.name_refusal(format!("{name}: {why}"));
    }

    pub(crate) fn refuse_file(&mut self, project: &ProjectName, file: &RefusedFile) {
        self.files_refused += 1;
        let filename = file.filename.as_deref().unwrap_or("a file");
        self.name_refusal(format!("{project}: {}: {}", Shown(filename), file.problem));
    }

    fn name_refusal(&mut self, refusal: String) {
        if self.refusals.len() < NAMED {
            self.refusals.push(refusal);
        }
    }
}

impl fmt::Display for SweepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quality = if self.is_complete() { "complete" } else { "incomplete" };
        write!(f, "{quality} sweep")?;
        if let Ok(started) = Timestamp::from_unix(self.started) {
            write!(f, " begun {started}")?;
        }
        if let Some(serial) = self.serial {
            write!(f, ", serial {serial}")?;
        }
        write!(f, ": {} projects listed, {} read, ", self.listed, self.read)?;
        write!(f, "{} unchanged, {} absent, ", self.unchanged, self.absent)?;
        write!(f, "{} refused; {} files, ", self.refused, self.files)?;
        write!(f, "{} of them not loggable; ", self.files_refused)?;
        write!(f, "{} facts, {} new entries", self.facts, self.entries)?;
        if self.in_doubt > 0 {
            write!(f, "; {} projects in doubt until read again", self.in_doubt)?;
        }
        if self.vanished > 0 {
            write!(
                f,
                "; {} names vanished from the list at once, not believed yet",
                self.vanished
            )?;
        }
        if let Some(why) = &self.stopped {
            write!(f, "; ended early: {why}")?;
        }
        self.refusals.iter().try_for_each(|refusal| write!(f, "\n  {refusal}"))?;
        let named = self.refusals.len() as u64;
        let more = (self.refused + self.files_refused).saturating_sub(named);
        if more > 0 { write!(f, "\n  and {more} more") } else { Ok(()) }
    }
}
