//! What is counted of answers to readers.

use metrics::{Counter, counter};

/// Counters that are looked up once: answers are many.
pub(super) struct Counts {
    /// Tiles that were checked before.
    pub(super) kept: Counter,
    /// Tiles that were read and checked.
    pub(super) loaded: Counter,
    found: Counter,
    absent: Counter,
    unproven: Counter,
}

impl Counts {
    /// Nothing counted yet. The process's recorder is installed before.
    pub(super) fn new() -> Counts {
        let tiles = |from: &'static str| counter!("indelible_tiles_total", "from" => from);
        let lookups =
            |answer: &'static str| counter!("indelible_lookups_total", "answer" => answer);
        Counts {
            kept: tiles("memory"),
            loaded: tiles("store"),
            found: lookups("found"),
            absent: lookups("absent"),
            unproven: lookups("unproven"),
        }
    }

    /// Counts an answer with so many entries, which may be shown to be all that there are.
    pub(super) fn answered(&self, entries: usize, complete: bool) {
        let answers = match (complete, entries) {
            (false, _) => &self.unproven,
            (true, 0) => &self.absent,
            (true, _) => &self.found,
        };
        answers.increment(1);
    }
}
