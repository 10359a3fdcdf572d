//! When the next request may go out: a bound on the rate, pauses that the index asks for, and
//! growing waits between tries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock::Clock;
use crate::settings::Settings;

/// Spaces requests out.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    gap: Duration,
    /// Moment on the monotonic clock before which no further request goes out.
    next: Mutex<Duration>,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, settings: &Settings) -> Pace {
        let per_second = settings.request_rate.max(0.001);
        Pace { clock, gap: Duration::from_secs_f64(1.0 / per_second), next: Mutex::default() }
    }

    /// Returns when it is the caller's turn.
    pub(super) async fn turn(&self) {
        let now = self.clock.monotonic();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = now.max(*next);
            *next = turn.saturating_add(self.gap);
            turn
        };
        let wait = turn.saturating_sub(now);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// Holds every request back for a while.
    pub(super) fn pause(&self, duration: Duration) {
        let until = self.clock.monotonic().saturating_add(duration);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = until.max(*next);
    }
}

/// Waits between tries: doubled each time, up to a limit, and each cut by up to a half at random.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    limit: Duration,
}

impl Backoff {
    pub(crate) fn new(settings: &Settings) -> Backoff {
        Backoff { first: settings.backoff, limit: settings.backoff_limit }
    }

    /// The wait after the `tries`-th failure, counted from 1.
    pub(crate) fn wait(&self, tries: u32, clock: &dyn Clock) -> Duration {
        let doubled = self.first.saturating_mul(1 << tries.saturating_sub(1).min(20));
        doubled.min(self.limit).mul_f64(0.5 + clock.jitter() / 2.0)
    }

    /// How long to pause where the index asks for `asked`.
    pub(crate) fn bounded(&self, asked: Duration) -> Duration {
        asked.min(self.limit)
    }
}

/// Reads `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str, now: u64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    let until = u64::try_from(date.unix_timestamp()).ok()?;
    Some(Duration::from_secs(until.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
        let cases = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }
}
