//! Events for programs.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Event;

#[derive(Serialize)]
struct EventJson<'a> {
    event: &'static str,
    class: &'static str,
    id: &'a str,
    index: u64,
    before: Option<String>,
    earlier: Option<u64>,
    detail: Option<&'a str>,
    entry: Option<&'a RawValue>,
    evidence: Vec<String>,
}

impl Event {
    /// One JSON object: `event`, `class`, `id`, `index`, `before`, `earlier`, `detail`, `entry`, `evidence`.
    pub fn to_json(&self) -> String {
        let entry = self.entry();
        let json = EventJson {
            event: self.kind().name(),
            class: self.class().name(),
            id: &self.id,
            index: entry.index().get(),
            before: self.before().map(ToString::to_string),
            earlier: self.earlier().map(tlog::LeafIndex::get),
            detail: self.detail(),
            entry: if entry.fault().is_none() { as_json(entry.bytes()) } else { None },
            evidence: self.evidence.iter().map(|path| path.display().to_string()).collect(),
        };
        serde_json::to_string(&json).expect("text and numbers are JSON")
    }
}

fn as_json(bytes: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(bytes).ok()
}
