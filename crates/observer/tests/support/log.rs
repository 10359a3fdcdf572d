//! A log in memory that folds entries as the real one does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use observer::{ListedName, Log, LogError, Submitted};
use record::{Entry, Fact, ProjectName, ProjectState, Status, Timestamp};

/// A log that keeps entries and the state of every project in memory.
pub struct MemoryLog {
    inner: Mutex<Inner>,
    /// Submissions still to be answered with "not now".
    pub unavailable: AtomicU32,
    /// Submissions of this project are refused for good.
    pub refuses: Mutex<Option<String>>,
    /// Time that each submission takes.
    pub latency: Mutex<Duration>,
    pub submissions: AtomicUsize,
}

#[derive(Default)]
struct Inner {
    projects: BTreeMap<ProjectName, ProjectState>,
    entries: Vec<Entry>,
    told: usize,
}

impl MemoryLog {
    pub fn new() -> Arc<MemoryLog> {
        Arc::new(MemoryLog {
            inner: Mutex::default(),
            unavailable: AtomicU32::new(0),
            refuses: Mutex::default(),
            latency: Mutex::default(),
            submissions: AtomicUsize::new(0),
        })
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.inner.lock().unwrap().entries.clone()
    }

    pub fn len(&self) -> usize {
        self.inner.lock().unwrap().entries.len()
    }

    /// The entries since the last call, each as "kind filename-or-project status", sorted.
    pub fn news(&self) -> Vec<String> {
        let mut inner = self.inner.lock().unwrap();
        let mut news: Vec<String> = inner.entries[inner.told..].iter().map(told).collect();
        inner.told = inner.entries.len();
        news.sort();
        news
    }
}

fn told(entry: &Entry) -> String {
    match entry {
        Entry::File(file) => format!("file {}", file.filename),
        Entry::Removed(removed) => format!("removed {}", removed.filename),
        Entry::Status(status) => {
            let version = status.version.as_deref().map(|version| format!(" {version}"));
            let subject = status
                .filename
                .clone()
                .unwrap_or_else(|| format!("{}{}", status.project, version.unwrap_or_default()));
            format!("status {subject} {:?}", status.status).to_lowercase()
        }
        other => format!("{other:?}"),
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn listed(&self, project: &ProjectName) -> Result<Option<Vec<ListedName>>, LogError> {
        let inner = self.inner.lock().unwrap();
        let Some(state) = inner.projects.get(project).filter(|state| state.is_seen()) else {
            return Ok(None);
        };
        let listed = state.listed().map(|(filename, sha256)| {
            let page = state.file(filename).unwrap().current().unwrap();
            ListedName {
                filename: filename.to_owned(),
                version: page.version().to_owned(),
                sha256: *sha256,
                quarantined: state.release_status(page.version()) == Status::Quarantined,
            }
        });
        Ok(Some(listed.collect()))
    }

    async fn submit(&self, facts: Vec<Fact>) -> Result<Submitted, LogError> {
        self.submissions.fetch_add(1, Ordering::SeqCst);
        let latency = *self.latency.lock().unwrap();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let left = self.unavailable.load(Ordering::SeqCst);
        if left > 0 {
            self.unavailable.store(left - 1, Ordering::SeqCst);
            return Err(LogError::Unavailable("full".to_owned()));
        }
        let refused = self.refuses.lock().unwrap().clone();
        if facts.iter().any(|fact| Some(fact.project().as_str()) == refused.as_deref()) {
            return Err(LogError::Refused("no".to_owned()));
        }
        let mut inner = self.inner.lock().unwrap();
        let before = inner.entries.len();
        for fact in &facts {
            inner.admit(fact);
        }
        Ok(Submitted { entries: (inner.entries.len() - before) as u64 })
    }
}

impl Inner {
    fn admit(&mut self, fact: &Fact) {
        let observed = Timestamp::from_unix(1_795_223_638).unwrap();
        let state = self.projects.entry(fact.project().clone()).or_default();
        let entries: Vec<Entry> = match (fact, fact.filename()) {
            (Fact::Status(status), None) => {
                state.admit_status(status, observed, None).into_iter().collect()
            }
            (fact, filename) => {
                let file = state.file(filename.unwrap()).cloned().unwrap_or_default();
                file.admit(fact, observed, None)
            }
        };
        for entry in entries {
            entry.to_bytes().expect("an observer submits only what entries can hold");
            state.apply(&entry);
            self.entries.push(entry);
        }
    }
}
