//! When what was not taken is sent again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// The first wait; each that follows is twice as long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// Where nothing is going to change by itself.
const SLOWLY: Duration = Duration::from_secs(600);
/// A receiver that asks for more gets this much.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// Why a message was not taken, and what that means for the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) what: String,
    pub(super) retry: Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// The receiver asks to be left alone for so long.
    After(Duration),
    /// Somebody has to change something first.
    Slowly,
    /// It may be over in a moment.
    Soon,
}

impl Refusal {
    pub(super) fn soon(what: impl Into<String>) -> Refusal {
        Refusal { what: what.into(), retry: Retry::Soon }
    }
}

/// Attempts that failed one after the other.
#[derive(Debug, Default)]
pub(super) struct Retries {
    failures: u32,
    told: Option<String>,
}

impl Retries {
    /// Whether it was not told before.
    pub(super) fn is_news(&mut self, refusal: &Refusal) -> bool {
        self.told.replace(refusal.what.clone()).as_ref() != Some(&refusal.what)
    }

    /// How long to wait now.
    pub(super) fn wait(&mut self, refusal: &Refusal) -> Duration {
        let jitter = RandomState::new().hash_one(self.failures);
        let wait = back_off(self.failures, jitter);
        self.failures = self.failures.saturating_add(1);
        match refusal.retry {
            Retry::After(asked) => wait.max(asked.min(LONGEST_ASKED)),
            Retry::Slowly => SLOWLY,
            Retry::Soon => wait,
        }
    }
}

/// Doubles with each failure; the second half of it is random, so that many do not come back at once.
fn back_off(failures: u32, random: u64) -> Duration {
    let wait = FIRST.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST);
    let half = wait / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half + Duration::from_millis(random % (spread + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        for (failures, longest) in [(0, 1), (1, 2), (2, 4), (8, 256), (9, 300), (60, 300)] {
            let longest = Duration::from_secs(longest);
            assert_eq!(back_off(failures, 0), longest / 2);
            for random in [1, 499, 500, 501, u64::MAX] {
                assert!((longest / 2..=longest).contains(&back_off(failures, random)));
            }
        }
    }

    #[test]
    fn receivers_are_heard_within_bounds() {
        let mut retries = Retries::default();
        let mut wait = |retry| retries.wait(&Refusal { what: String::new(), retry }).as_secs();
        assert_eq!(wait(Retry::After(Duration::from_secs(77))), 77);
        assert_eq!(wait(Retry::After(Duration::from_secs(1 << 40))), 3600);
        assert_eq!(wait(Retry::Slowly), 600);
        assert!(wait(Retry::Soon) >= 4, "the failures before count");
        let mut refused = Retries::default();
        assert!(refused.is_news(&Refusal::soon("a")) && !refused.is_news(&Refusal::soon("a")));
    }
}
