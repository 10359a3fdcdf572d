//! How long requests took.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;

/// The longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(120);

/// Times of many requests, each known to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    /// No times yet.
    ///
    /// # Errors
    /// None for these bounds, or the histogram's library changed its mind about them.
    pub(crate) fn new() -> anyhow::Result<Latency> {
        let longest = nanos(LONGEST);
        let histogram = Histogram::new_with_bounds(1000, longest, 3);
        Ok(Latency(histogram.context("a histogram of two minutes")?))
    }

    /// Counts one more.
    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(nanos(time));
    }

    /// Counts those that another counted, too.
    ///
    /// # Errors
    /// None for histograms with the same bounds.
    pub(crate) fn merge(&mut self, other: &Latency) -> anyhow::Result<()> {
        self.0.add(&other.0).context("histograms with the same bounds")
    }

    /// No more than this share of all took longer.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(share))
    }

    /// Half of all took longer.
    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The median and the 99th percentile.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |share| self.quantile(share).as_secs_f64() * 1e3;
        write!(f, "{:.2} / {:.2} ms", millis(0.5), millis(0.99))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latency;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let (mut one, mut other) = (Latency::new().unwrap(), Latency::new().unwrap());
        for millis in 1..=50 {
            one.record(Duration::from_millis(millis));
            other.record(Duration::from_millis(50 + millis));
        }
        one.merge(&other).unwrap();
        assert!(one.quantile(0.99) >= Duration::from_millis(98));
        assert!(one.median() <= Duration::from_millis(51));
    }
}
