//! Recorded listings of a project's page, observed one after the other.

use std::path::Path;

use record::{
    ContentFact, Digest, Entry, Fact, FileState, ListedFile, MapKey, ProjectName, ProjectState,
    Status, StatusFact, Timestamp,
};
use serde_json::Value;
use tlog::LeafIndex;

use crate::entry::VerifiedEntry;
use crate::explain::{Explanation, Known, Question, explain};

/// Position of the first entry.
pub(super) const FIRST: u64 = 100;

/// A hash as it stands, or that of a made-up file's name.
pub(super) fn hash(text: &str) -> Digest {
    Digest::parse(text).unwrap_or_else(|_| Digest::sha256(text.as_bytes()))
}

/// The entries that a log makes of a recorded listing: only what is news to the states.
pub(super) fn observe(name: &str) -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/listings");
    let text = std::fs::read_to_string(path.join(format!("{name}.json"))).unwrap();
    let steps: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut state = ProjectState::default();
    let mut entries = Vec::new();
    for step in &steps {
        let observed = Timestamp::parse(step["observed"].as_str().unwrap()).unwrap();
        for fact in facts(step, &state) {
            let news = admit(&state, &fact, observed, step["via"].as_str());
            for entry in &news {
                state.apply(entry);
            }
            entries.extend(news);
        }
    }
    entries
}

fn admit(state: &ProjectState, fact: &Fact, at: Timestamp, via: Option<&str>) -> Vec<Entry> {
    match (fact, fact.filename()) {
        (Fact::Status(status), None) => state.admit_status(status, at, via).into_iter().collect(),
        (_, Some(name)) => {
            state.file(name).cloned().unwrap_or_else(FileState::default).admit(fact, at, via)
        }
        (_, None) => unreachable!("only projects and releases have no filename"),
    }
}

fn facts(step: &Value, state: &ProjectState) -> Vec<Fact> {
    let page = &step["page"];
    let project = ProjectName::normalise(page["name"].as_str().unwrap()).unwrap();
    let files: Vec<ListedFile> =
        page["files"].as_array().unwrap().iter().map(|file| listed(&project, file)).collect();
    let gone = state.listed().filter(|(name, _)| !files.iter().any(|file| file.filename == *name));
    let mut facts: Vec<Fact> = gone
        .map(|(name, _)| Fact::Unlisted { project: project.clone(), filename: name.into() })
        .collect();
    for download in step["downloads"].as_array().unwrap_or(&Vec::new()) {
        let file = files.iter().find(|file| file.filename == download["filename"]).unwrap();
        facts.push(Fact::Content(ContentFact {
            project: project.clone(),
            version: file.version.clone(),
            filename: file.filename.clone(),
            sha256: file.sha256,
            got: hash(download["got"].as_str().unwrap()),
        }));
    }
    facts.extend(files.into_iter().map(Fact::Listed));
    let status = page["project-status"]["status"].as_str().unwrap_or("active");
    facts.push(Fact::Status(StatusFact {
        project,
        version: None,
        filename: None,
        status: Status::parse(status).unwrap(),
        reason: page["project-status"]["reason"].as_str().map(String::from),
    }));
    facts
}

fn listed(project: &ProjectName, file: &Value) -> ListedFile {
    let filename = file["filename"].as_str().unwrap().to_owned();
    ListedFile {
        project: project.clone(),
        version: record::split_filename(&filename, Some(project)).unwrap().1,
        filename,
        sha256: Digest::parse(file["hashes"]["sha256"].as_str().unwrap()).unwrap(),
        size: None,
        blake2b: None,
        metadata: None,
        uploaded: file["upload-time"].as_str().map(String::from),
        yanked: file["yanked"].as_str().map(String::from),
        provenance: false,
    }
}

/// Explains by what look-ups in a log of these entries would find.
pub(super) fn explained(log: &[Entry], question: &Question, more: &Known<'_>) -> Explanation {
    let mut keys: Vec<MapKey> = question.hashes().map(MapKey::sha256).collect();
    keys.extend(question.filename.as_deref().map(MapKey::file));
    let by_hash = || {
        log.iter()
            .find(|entry| entry.map_keys().iter().any(|key| keys.contains(key)))?
            .project()
            .cloned()
    };
    let project = question.project().or_else(by_hash);
    keys.extend(project.as_ref().map(MapKey::project));
    let entries: Vec<VerifiedEntry> = (FIRST..)
        .zip(log)
        .map(|(index, entry)| {
            let bytes = entry.to_bytes().unwrap().into();
            VerifiedEntry::new(LeafIndex::new(index).unwrap(), bytes)
        })
        .filter(|entry| keys.iter().any(|key| entry.has_key(key)))
        .collect();
    explain(question, &Known { entries: &entries, ..*more })
}
