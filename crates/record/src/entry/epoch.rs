//! The `epoch` entry.

use serde::{Deserialize, Serialize};

use super::codec::Body;
use super::rules::{self, FieldError};
use super::{Entry, Kind};
use crate::digest::MapRoot;
use crate::timestamp::Timestamp;

/// The log's own summary: at position N, the root of the verifiable map over the entries [0, N) and
/// what the observer has seen.
///
/// ```
/// # use record::{Entry, Parsed};
/// let bytes = br#"{"v":1,"kind":"epoch","epoch":0,"map":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","serial":25900000,"swept":"2026-11-21T00:00:00Z","time":"2026-11-21T01:13:58Z"}"#;
/// let Parsed::Known(Entry::Epoch(epoch)) = Entry::parse(bytes)? else { panic!("an epoch") };
/// assert_eq!(epoch.serial, Some(25_900_000));
/// assert!(Entry::Epoch(epoch.clone()).map_keys().is_empty());
/// assert_eq!(Entry::Epoch(epoch).to_bytes()?, bytes);
/// # Ok::<(), record::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochEntry {
    /// Counted from 0.
    pub epoch: u64,
    /// Root of the map over all entries before this one.
    pub map: MapRoot,
    /// The index's serial up to which everything was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// Start of the last complete sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept: Option<Timestamp>,
    /// The log's clock.
    pub time: Timestamp,
}

impl Body for EpochEntry {
    const KIND: Kind = Kind::Epoch;

    fn check(&self) -> Result<(), FieldError> {
        rules::number("epoch", self.epoch)?;
        self.serial.map_or(Ok(()), |serial| rules::number("serial", serial))
    }
}

impl From<EpochEntry> for Entry {
    fn from(entry: EpochEntry) -> Entry {
        Entry::Epoch(entry)
    }
}
