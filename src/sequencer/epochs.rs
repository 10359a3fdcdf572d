//! Epochs: when the log sums itself up, and what it says then (design: the verifiable map).

use std::time::Duration;

use observer::Coverage;
use record::{Entry, EpochEntry, MapRoot, Timestamp};

/// When epochs are written.
#[derive(Clone, Copy, Debug)]
pub struct EpochTimes {
    /// At least this long after the one before, if something changed.
    pub interval: Duration,
    /// At least this often, even if nothing changed.
    pub heartbeat: Duration,
}

impl Default for EpochTimes {
    fn default() -> EpochTimes {
        EpochTimes { interval: Duration::from_secs(300), heartbeat: Duration::from_secs(3600) }
    }
}

/// What has to be known of the epochs written so far to write the next.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    times: EpochTimes,
    /// Number of the next.
    next: u64,
    /// When the newest was written or, before the first, when the log was opened.
    since: Timestamp,
    /// What the newest stated.
    stated: Option<Coverage>,
    /// Size of the log right after the newest.
    size: u64,
}

impl Epochs {
    /// Goes on from `newest`, at position `size - 1`; `size` is 0 if there is none.
    pub(super) fn new(
        times: EpochTimes,
        newest: Option<&EpochEntry>,
        size: u64,
        opened: Timestamp,
    ) -> Epochs {
        let stated = newest
            .and_then(|epoch| Some(Coverage { serial: epoch.serial, swept: epoch.swept?.unix() }));
        Epochs {
            times,
            next: newest.map_or(0, |epoch| epoch.epoch + 1),
            since: newest.map_or(opened, |epoch| epoch.time),
            stated,
            size,
        }
    }

    /// How often to look whether one is due.
    pub(super) fn look(&self) -> Duration {
        self.times.interval.clamp(Duration::from_secs(1), Duration::from_secs(10))
    }

    /// Whether the newest is over all of a log of `size` entries.
    pub(super) fn covers(&self, size: u64) -> bool {
        size == self.size
    }

    /// Whether one is due for a log of `size` entries.
    pub(super) fn is_due(&self, size: u64, coverage: Option<Coverage>, now: Timestamp) -> bool {
        let age = Duration::from_secs(now.unix().saturating_sub(self.since.unix()));
        let changed = !self.covers(size) || coverage.is_some_and(|seen| Some(seen) != self.stated);
        age >= self.times.heartbeat || (changed && age >= self.times.interval)
    }

    /// The next epoch entry, over a map with this root.
    pub(super) fn entry(&self, map: MapRoot, coverage: Option<Coverage>, time: Timestamp) -> Entry {
        let coverage = coverage.or(self.stated);
        let swept = coverage.and_then(|seen| Timestamp::from_unix(seen.swept).ok());
        let serial = coverage.and_then(|seen| seen.serial);
        Entry::Epoch(EpochEntry { epoch: self.next, map, serial, swept, time })
    }

    /// Takes note that the epoch was written as the last of `size` entries.
    pub(super) fn written(&mut self, size: u64, coverage: Option<Coverage>, time: Timestamp) {
        self.next += 1;
        self.since = time;
        self.stated = coverage.or(self.stated);
        self.size = size;
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, EpochTimes, Epochs, Timestamp};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    #[test]
    fn an_epoch_is_due_when_something_changed_and_now_and_then_all_the_same() {
        let mut epochs = Epochs::new(EpochTimes::default(), None, 0, at(1000));
        let seen = Some(Coverage { serial: Some(7), swept: 900 });
        let cases = [
            (0, None, 1299, false),
            (0, None, 1300, false),
            (0, seen, 1299, false),
            (0, seen, 1300, true),
            (5, None, 1300, true),
            (0, None, 4599, false),
            (0, None, 4600, true),
        ];
        for (size, coverage, now, due) in cases {
            assert_eq!(epochs.is_due(size, coverage, at(now)), due, "{size} {coverage:?} {now}");
        }
        epochs.written(6, seen, at(1300));
        assert!(!epochs.is_due(6, seen, at(2000)), "nothing changed since");
        assert!(!epochs.is_due(6, None, at(2000)), "an observer that is gone changes nothing");
        assert!(epochs.is_due(7, seen, at(1600)));
        assert!(epochs.is_due(6, seen, at(4900)), "the heartbeat");
    }
}
