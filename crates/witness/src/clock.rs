//! The one place that reads the machine's clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Source of the times in cosignatures, in seconds since 1970; tests hand in another.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock; 0 if it shows a time before 1970.
pub fn system() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}
