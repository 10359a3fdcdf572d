//! What publishers may do, and how much of it.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use record::PublicKey;
use serde::Deserialize;
use thiserror::Error;

/// How a project gets its first key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    /// The operator decides about each: who asks first need not be the publisher.
    #[default]
    Approve,
    /// Nobody can ask; the operator enrols.
    Closed,
    /// Who comes first speaks for the project: for logs that only publishers reach.
    Open,
}

/// Counts what each key does.
pub struct RateLimit {
    limiter: DefaultKeyedRateLimiter<PublicKey>,
    hourly: NonZeroU32,
}

/// A key states more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TooFast {
    /// Later it may.
    #[error(
        "this key has stated {hourly} expectations within an hour, which is the limit of this log: try \
         again in {seconds} seconds"
    )]
    Wait {
        /// The limit.
        hourly: NonZeroU32,
        /// How long.
        seconds: u64,
    },
    /// It never may.
    #[error(
        "{asked} expectations at once are more than the {hourly} that this log takes of a key in an hour"
    )]
    Never {
        /// How many were stated.
        asked: u32,
        /// The limit.
        hourly: NonZeroU32,
    },
}

impl RateLimit {
    /// Lets each key state so many expectations an hour, and at once.
    pub fn new(hourly: NonZeroU32) -> RateLimit {
        let quota = Quota::per_hour(hourly).allow_burst(hourly);
        RateLimit { limiter: RateLimiter::keyed(quota), hourly }
    }

    /// Counts `count` expectations of a key that is known to speak for a project; all or none.
    ///
    /// # Errors
    /// [`TooFast`] if that is too many; nothing is counted.
    pub fn check(&self, key: &PublicKey, count: u32) -> Result<(), TooFast> {
        let Some(wanted) = NonZeroU32::new(count) else { return Ok(()) };
        let hourly = self.hourly;
        match self.limiter.check_key_n(key, wanted) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(wait)) => {
                let wait = wait.wait_time_from(DefaultClock::default().now());
                Err(TooFast::Wait { hourly, seconds: wait.as_secs() + 1 })
            }
            Err(_) => Err(TooFast::Never { asked: count, hourly }),
        }
    }

    /// Forgets keys that have not stated anything for so long that it makes no difference.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::{NonZeroU32, PublicKey, RateLimit, TooFast};

    #[test]
    fn one_key_does_not_use_up_what_another_may() {
        let limit = RateLimit::new(NonZeroU32::new(10).unwrap());
        let key = |name| {
            let text = format!("{name}+f2d5e3c1+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB");
            PublicKey::parse(&text).unwrap()
        };
        let (spammer, other) = (key("spammer"), key("other"));
        assert_eq!(limit.check(&spammer, 7), Ok(()));
        assert!(matches!(limit.check(&spammer, 4), Err(TooFast::Wait { .. })));
        assert_eq!(limit.check(&spammer, 3), Ok(()));
        assert!(
            matches!(limit.check(&spammer, 1), Err(TooFast::Wait { seconds, .. }) if seconds <= 361)
        );
        assert_eq!(limit.check(&other, 10), Ok(()));
        assert!(matches!(limit.check(&other, 11), Err(TooFast::Never { asked: 11, .. })));
        assert_eq!(limit.check(&spammer, 0), Ok(()));
    }
}
