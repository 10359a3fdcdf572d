//! What every page has around it.

use tlog::VerifyingKey;

use super::assets;

/// What every page says of its log.
pub(super) struct Shell {
    /// The log's name.
    pub(super) origin: String,
    /// The log's key, by its own word.
    pub(super) vkey: String,
    /// The keys of its witnesses, by its own word, one a line.
    pub(super) witnesses: String,
    /// Where scripts and styles are.
    pub(super) assets: String,
}

impl Shell {
    /// The shell of the log with this key and these witnesses.
    pub(super) fn new(key: &VerifyingKey, witnesses: &[VerifyingKey]) -> Shell {
        let lines: Vec<String> = witnesses.iter().map(ToString::to_string).collect();
        Shell {
            origin: key.name().to_owned(),
            vkey: key.to_string(),
            witnesses: lines.join("\n"),
            assets: format!("/site/{}", assets::version()),
        }
    }
}
