//! Keys with very many entries, of which there are few: their values are continued, not made anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use record::{MapKey, MapValueBuilder};
use tlog::TreeSize;

/// Positions from which on a key is long.
pub(super) const LONG: u64 = 1024;

/// The values of long keys over their first positions, as far as they were read.
///
/// Rows are only ever added behind, so what was once hashed of a key begins every later value of it.
#[derive(Debug, Default)]
pub(crate) struct LongKeys(Mutex<HashMap<MapKey, MapValueBuilder>>);

impl LongKeys {
    /// What is known of a key below a size, if that is more than `count` positions.
    pub(super) fn beyond(
        &self,
        key: &MapKey,
        count: u64,
        below: TreeSize,
    ) -> Option<MapValueBuilder> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |value: &&MapValueBuilder| {
            value.count() > count && value.last().is_some_and(|last| below.contains(last))
        };
        known.get(key).filter(fits).cloned()
    }

    /// Keeps the value of a long key over all positions that were read.
    pub(super) fn keep(&self, key: MapKey, value: MapValueBuilder) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known.entry(key).or_default();
        if kept.count() < value.count() {
            *kept = value;
        }
    }
}
