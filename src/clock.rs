//! The one place that reads the machine's clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use record::Timestamp;

/// Source of the log's own times; tests hand in another.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock, in whole seconds UTC.
pub fn system() -> Clock {
    Arc::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp::from_unix(since_epoch.map_or(0, |since| since.as_secs()))
            .expect("the machine's clock shows a year before 10000")
    })
}
