//! How long ago witnesses vouched for a head, by their own clocks and this machine's.

use std::time::Duration;

use client::Trust;
use record::Timestamp;
use tlog::VerifiedCheckpoint;

use crate::failure::Failure;
use crate::freshness::in_words;

/// How far a witness's clock may be ahead of this machine's. What is said to be later does not count.
const AHEAD: u64 = 300;

/// How old a head may be, and the policy whose witnesses say how old it is.
#[derive(Debug)]
pub(crate) struct HeadAge {
    limit: Duration,
    trust: Trust,
}

impl HeadAge {
    /// Limits the age of heads.
    ///
    /// # Errors
    /// [`Failure`] if the policy asks for no witnesses.
    pub(crate) fn new(limit: Duration, trust: Trust) -> Result<HeadAge, Failure> {
        if trust.policy().asks_for_witnesses() {
            return Ok(HeadAge { limit, trust });
        }
        Err(Failure::undecided(
            "--max-head-age: no witnesses are asked for, who alone say how old a head is",
        )
        .with_hint("Give --policy FILE with a quorum of witnesses; a key alone has none."))
    }

    /// Refuses a head that the quorum did not vouch for lately.
    ///
    /// # Errors
    /// [`Failure`] if it did not.
    pub(crate) fn check(
        &self,
        checkpoint: &VerifiedCheckpoint,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let vouched = self.trust.policy().vouched_at(checkpoint, now.unix().saturating_add(AHEAD));
        let age = vouched.map(|time| Duration::from_secs(now.unix().saturating_sub(time)));
        if age.is_some_and(|age| age <= self.limit) {
            return Ok(());
        }
        let told = match age {
            Some(age) => format!("was vouched for {} ago", in_words(age)),
            None => "is vouched for in the future only".to_owned(),
        };
        let (size, limit) = (checkpoint.head().size, in_words(self.limit));
        let cosigners = self.cosigners(checkpoint, now);
        Err(Failure::undecided(format!(
            "the log's head of size {size} {told}; at most {limit} are allowed (cosigned by {cosigners})"
        ))
        .with_hint(
            "Is this machine's clock right? Ask another mirror of the log, or a witness, for a newer head: \
             indelible freeze --newer URL or --witness URL writes an accusation if there is one.",
        ))
    }

    /// Who cosigned, and when.
    fn cosigners(&self, checkpoint: &VerifiedCheckpoint, now: Timestamp) -> String {
        let cosigners = self.trust.policy().cosigners(checkpoint);
        let words = |from: u64, to: u64| in_words(Duration::from_secs(to - from));
        let told = cosigners.map(|(witness, time)| {
            let (name, now) = (witness.name(), now.unix());
            if time <= now {
                format!("{name} {} ago", words(time, now))
            } else {
                format!("{name} in {}", words(now, time))
            }
        });
        told.collect::<Vec<_>>().join(", ")
    }
}
