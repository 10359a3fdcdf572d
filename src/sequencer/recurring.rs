//! Which of the newest entries can tell of a conflict: those about something that was spoken of before.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Positions that are kept for somebody who has not asked yet; with more the beginning is forgotten.
const KEPT: usize = 1 << 16;

/// What admission found out about the newest entries, so that a search does not have to ask again.
///
/// It covers one stretch of the log, up to the newest entry. About entries before it nothing is known,
/// and those have to be looked at one by one.
#[derive(Debug, Default)]
pub struct Recurring(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    stretch: Range<u64>,
    /// Ascending.
    positions: Vec<u64>,
}

impl Recurring {
    /// Takes note that of the entries in `stretch`, the newest, only those at `positions` recur.
    pub(super) fn note(&self, stretch: Range<u64>, positions: impl IntoIterator<Item = u64>) {
        let mut noted = self.lock();
        if noted.stretch.end != stretch.start || noted.positions.len() > KEPT {
            *noted = Noted { stretch: stretch.start..stretch.start, positions: Vec::new() };
        }
        noted.stretch.end = stretch.end;
        noted.positions.extend(positions);
    }

    /// Positions in `stretch` of the entries that recur; `None` unless all of the stretch was noted.
    pub fn within(&self, stretch: &Range<u64>) -> Option<Vec<u64>> {
        let noted = self.lock();
        let is_noted = noted.stretch.start <= stretch.start && stretch.end <= noted.stretch.end;
        is_noted.then(|| {
            noted.positions.iter().copied().filter(|position| stretch.contains(position)).collect()
        })
    }

    /// Forgets what is before `position`.
    pub fn forget_before(&self, position: u64) {
        let mut noted = self.lock();
        let start = position.clamp(noted.stretch.start, noted.stretch.end);
        noted.stretch.start = start;
        noted.positions.retain(|position| *position >= start);
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Recurring};

    #[test]
    fn only_what_was_noted_without_a_gap_is_known() {
        let recurring = Recurring::default();
        assert_eq!(recurring.within(&(0..1)), None);
        recurring.note(10..20, [12, 19]);
        recurring.note(20..25, [20]);
        assert_eq!(recurring.within(&(10..25)), Some(vec![12, 19, 20]));
        assert_eq!(recurring.within(&(13..20)), Some(vec![19]));
        assert_eq!(recurring.within(&(9..12)), None, "before what was noted");
        assert_eq!(recurring.within(&(24..26)), None, "after it");
        recurring.forget_before(20);
        assert_eq!(recurring.within(&(19..21)), None);
        assert_eq!(recurring.within(&(20..25)), Some(vec![20]));
        recurring.note(30..31, []);
        assert_eq!(recurring.within(&(20..31)), None, "a gap");
        assert_eq!(recurring.within(&(30..31)), Some(vec![]));
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_rather_than_kept_for_ever() {
        let recurring = Recurring::default();
        let many = KEPT as u64 + 1;
        recurring.note(0..many, 0..many);
        recurring.note(many..many + 2, [many]);
        assert_eq!(recurring.within(&(0..1)), None);
        assert_eq!(recurring.within(&(many..many + 2)), Some(vec![many]));
    }
}
