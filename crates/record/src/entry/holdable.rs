//! What remains of an index's claims when an entry has to hold them: claims that break the rules are left
//! out, so that a strange page cannot keep its files out of the log.

use alloc::string::String;

use super::rules;

/// The version, or the empty one if no entry can hold it.
pub(crate) fn version(version: String) -> String {
    if rules::version(&version).is_ok() { version } else { String::new() }
}

/// The upload time, if an entry can hold it.
pub(crate) fn uploaded(uploaded: Option<String>) -> Option<String> {
    uploaded.filter(|text| rules::uploaded(text).is_ok())
}

/// The size, if an entry can hold it.
pub(crate) fn size(size: Option<u64>) -> Option<u64> {
    size.filter(|size| *size <= rules::MAX_NUMBER)
}
