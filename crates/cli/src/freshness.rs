//! How far the log has seen the package index, and how long ago it said so.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use client::judging::Basis;
use client::{Class, Coverage, VerifiedLookup, age};
use record::{EpochEntry, Timestamp};
use serde::Serialize;
use thiserror::Error;
use tlog::VerifiedCheckpoint;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::head_age::HeadAge;

/// What is asked of the log's freshness.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct FreshnessArgs {
    /// Exit with 2 unless the log looked at the package index within this time: 90s, 30m, 2h, 7d
    #[arg(long, value_name = "DURATION")]
    pub max_age: Option<Span>,
    /// Exit with 2 unless the policy's witnesses vouched for the log's head within this time, by this
    /// machine's clock: 90s, 30m, 2h, 7d
    #[arg(long, value_name = "DURATION")]
    pub max_head_age: Option<Span>,
}

/// How fresh answers have to be, and whose word counts for it.
#[derive(Debug)]
pub(crate) struct Freshness {
    max_age: Option<Span>,
    head: Option<HeadAge>,
}

/// A length of time: a whole number of seconds, minutes, hours or days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Duration);

/// The text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a whole number and a unit: s, m, h or d")]
pub struct InvalidDuration;

impl FromStr for Span {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Span, InvalidDuration> {
        let number = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let unit = match &text[number.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(InvalidDuration),
        };
        let number = Some(number).filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
        let number: Option<u64> = number.and_then(|number| number.parse().ok());
        let seconds = number.and_then(|number| number.checked_mul(unit)).ok_or(InvalidDuration)?;
        Ok(Span(Duration::from_secs(seconds)))
    }
}

impl Span {
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

/// How far the log has seen the index, in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageJson {
    serial: Option<u64>,
    swept: Option<String>,
    epoch: u64,
    time: String,
    /// Seconds.
    age: u64,
}

/// The time by this machine's clock.
///
/// # Errors
/// [`Failure`] if the clock is not set.
pub(crate) fn now() -> Result<Timestamp, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(Failure::undecided)?;
    Timestamp::from_unix(since.as_secs()).map_err(Failure::undecided)
}

/// The oldest epoch that answers rest on; `None` if one of them is not known to be complete.
pub(crate) fn oldest<'a>(
    answers: impl IntoIterator<Item = &'a VerifiedLookup>,
) -> Option<EpochEntry> {
    let epochs = answers.into_iter().map(|answer| Some(answer.completeness()?.epoch()));
    let epochs: Vec<&EpochEntry> = epochs.collect::<Option<_>>()?;
    epochs.into_iter().min_by_key(|epoch| epoch.epoch).cloned()
}

impl CoverageJson {
    pub(crate) fn new(epoch: &EpochEntry, now: Timestamp) -> CoverageJson {
        CoverageJson {
            serial: epoch.serial,
            swept: epoch.swept.map(|swept| swept.to_string()),
            epoch: epoch.epoch,
            time: epoch.time.to_string(),
            age: age(epoch, now).as_secs(),
        }
    }
}

/// Tells a person what answers rest on.
pub(crate) fn print(
    out: &mut dyn Write,
    epoch: Option<&EpochEntry>,
    now: Timestamp,
) -> io::Result<()> {
    let Some(epoch) = epoch else {
        return writeln!(
            out,
            "that there is nothing else is the log's word alone: no epoch shows it"
        );
    };
    let (number, time, age) = (epoch.epoch, epoch.time, in_words(age(epoch, now)));
    writeln!(out, "complete as of epoch {number} of {time} ({age} ago)")?;
    writeln!(out, "{}", Coverage { serial: epoch.serial, swept: epoch.swept })
}

/// The oldest checkpoint that answers rest on.
pub(crate) fn oldest_checkpoint<'a>(
    answers: impl IntoIterator<Item = &'a VerifiedLookup>,
) -> Option<&'a VerifiedCheckpoint> {
    let checkpoints = answers.into_iter().map(VerifiedLookup::checkpoint);
    checkpoints.min_by_key(|checkpoint| checkpoint.head().size)
}

/// A length of time, rounded down, with its unit.
pub(crate) fn in_words(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

impl FreshnessArgs {
    /// Whose word counts.
    ///
    /// # Errors
    /// [`Failure`] if the age of heads is limited, and no witnesses are asked for that would tell it.
    pub(crate) fn under(self, log: &LogArgs) -> Result<Freshness, Failure> {
        let head = self.max_head_age.map(|limit| HeadAge::new(limit.duration(), log.trust()?));
        Ok(Freshness { max_age: self.max_age, head: head.transpose()? })
    }
}

impl Freshness {
    /// Refuses answers whose oldest epoch and oldest checkpoint are older than asked for.
    ///
    /// # Errors
    /// [`Failure`] if they are, or if it is not known how old they are.
    pub(crate) fn check(
        &self,
        epoch: Option<&EpochEntry>,
        checkpoint: Option<&VerifiedCheckpoint>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.check_epoch(epoch, now)?;
        match (&self.head, checkpoint) {
            (Some(limit), Some(checkpoint)) => limit.check(checkpoint, now),
            // Nothing rests on a head if none was needed.
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// As [`check`](Self::check) of what verdicts rest on: says what is wrong, and how bad that is.
    pub(crate) fn class(&self, basis: &Basis, now: Timestamp) -> Class {
        match self.check(basis.epoch(), basis.oldest_checkpoint(), now) {
            Ok(()) => Class::Good,
            Err(failure) => {
                failure.report(&mut io::stderr());
                Class::Undecided
            }
        }
    }

    fn check_epoch(&self, epoch: Option<&EpochEntry>, now: Timestamp) -> Result<(), Failure> {
        let Some(Span(limit)) = self.max_age else { return Ok(()) };
        let Some(epoch) = epoch else {
            return Err(Failure::undecided(
                "the log does not say when it last looked at the index",
            ));
        };
        let age = age(epoch, now);
        if age <= limit {
            return Ok(());
        }
        let (age, limit) = (in_words(age), in_words(limit));
        Err(Failure::undecided(format!(
            "the log's newest epoch is {age} old; at most {limit} are allowed"
        ))
        .with_hint("Is the log's observer running? An outdated copy may be served, too."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800)]
        {
            assert_eq!(text.parse(), Ok(Span(Duration::from_secs(seconds))), "{text}");
        }
        for text in
            ["", "7", "h", "+7h", "-7h", "1.5h", "7 h", "7H", "7hh", "99999999999999999999s"]
        {
            assert_eq!(text.parse::<Span>(), Err(InvalidDuration), "{text}");
        }
        assert_eq!(format!("{}d", u64::MAX).parse::<Span>(), Err(InvalidDuration));
    }
}
