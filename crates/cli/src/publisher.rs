//! What a project's publisher has said, for people and in JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use client::publish::Publisher;
use client::{VerifiedEntry, VerifiedLookup};
use record::{KeyAction, KeyState, ProjectName, PublishedFile, Reconciled, Timestamp};
use serde::Serialize;
use tlog::LeafIndex;

use crate::output::{count, printable};

/// What a project's publisher has said, by the entries that the log has of the project.
pub(crate) struct Said {
    publisher: Publisher,
    /// The log's clock, by position.
    times: BTreeMap<LeafIndex, Timestamp>,
}

/// The same in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct PublisherJson {
    project: String,
    keys: Vec<KeyStateJson>,
    complete: Option<PlaceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileJson>>,
    refused: Vec<RefusedJson>,
}

#[derive(Debug, Serialize)]
struct KeyStateJson {
    key: String,
    state: &'static str,
    since: PlaceJson,
    ended: Option<PlaceJson>,
}

/// A place of the log.
#[derive(Debug, Serialize)]
struct PlaceJson {
    index: u64,
    time: Option<String>,
}

#[derive(Debug, Serialize)]
struct FileJson {
    filename: String,
    state: &'static str,
    expected: Vec<String>,
    listed: Vec<String>,
    contradiction: Option<[u64; 2]>,
}

#[derive(Debug, Serialize)]
struct RefusedJson {
    index: u64,
    reason: String,
}

impl Said {
    /// Reads the answer to the look-up of a project.
    pub(crate) fn new(found: &VerifiedLookup, project: ProjectName) -> Said {
        let publisher = Publisher::read(found.checkpoint().origin(), project, found.entries());
        let time = |entry: &VerifiedEntry| Some((entry.index(), entry.entry()?.time()));
        Said { publisher, times: found.entries().iter().filter_map(time).collect() }
    }

    /// Whether there is anything to be said about it: somebody spoke for the project, or tried to.
    pub(crate) fn is_anything(&self) -> bool {
        self.publisher.has_spoken() || !self.publisher.refused.is_empty()
    }

    /// The keys alone.
    pub(crate) fn keys_json(&self) -> PublisherJson {
        let ring = self.publisher.state.ring();
        let key = |state: &KeyState| KeyStateJson {
            key: state.key.to_string(),
            state: state_of(state),
            since: self.place(state.since),
            ended: state.ended.map(|(_, index, _)| self.place(index)),
        };
        let refused = self
            .publisher
            .refused
            .iter()
            .map(|(index, reason)| RefusedJson { index: index.get(), reason: reason.to_string() });
        PublisherJson {
            project: self.publisher.state.project().to_string(),
            keys: ring.keys().iter().map(key).collect(),
            complete: ring.complete_since().map(|index| self.place(index)),
            files: None,
            refused: refused.collect(),
        }
    }

    /// The keys, and how its files stand; of one file alone if there is a name.
    pub(crate) fn json(&self, filename: Option<&str>) -> PublisherJson {
        let files = self.files(filename).map(|(name, file)| self.file_json(name, file));
        PublisherJson { files: Some(files.collect()), ..self.keys_json() }
    }

    fn file_json(&self, filename: &str, file: &PublishedFile) -> FileJson {
        let state = &self.publisher.state;
        let contradiction = state.contradiction(filename);
        FileJson {
            filename: filename.to_owned(),
            state: state.reconcile(filename).as_ref().map_or("not-expected", name_of),
            expected: state.expected_hashes(filename).iter().map(ToString::to_string).collect(),
            listed: file.listings().iter().map(|listing| listing.sha256.to_string()).collect(),
            contradiction: contradiction.map(|(one, other)| [one.index.get(), other.index.get()]),
        }
    }

    fn place(&self, index: LeafIndex) -> PlaceJson {
        let time = self.times.get(&index).map(ToString::to_string);
        PlaceJson { index: index.get(), time }
    }

    fn files<'a>(
        &'a self,
        filename: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a PublishedFile)> {
        let is_wanted = move |name: &str| filename.is_none_or(|wanted| wanted == name);
        self.publisher.state.files().filter(move |(name, _)| is_wanted(name))
    }

    /// Tells a person which keys speak.
    pub(crate) fn print_keys(&self, out: &mut dyn Write) -> io::Result<()> {
        let ring = self.publisher.state.ring();
        if ring.keys().is_empty() {
            writeln!(out, "no key ever spoke for {}", self.publisher.state.project())?;
        }
        for state in ring.keys() {
            let since = self.in_words(state.since);
            let ended = state.ended.map_or(String::new(), |(action, index, time)| {
                let how = if action == KeyAction::Rotate { "replaced" } else { "revoked" };
                format!(", {how} {time} (entry {index})")
            });
            let (name, key) = (state_of(state), printable(state.key.as_str()));
            writeln!(out, "{name:>8}  {key}: since {since}{ended}")?;
        }
        if let Some(index) = ring.complete_since() {
            writeln!(out, "every file is expected, declared {}", self.in_words(index))?;
        } else if ring.active().next().is_some() {
            writeln!(out, "not declared that every file is expected")?;
        }
        for (index, reason) in &self.publisher.refused {
            let reason = printable(&reason.to_string());
            writeln!(out, "entry {index} does not count: {reason}")?;
        }
        Ok(())
    }

    /// Tells a person how its files stand; of one file alone if there is a name. Of what is as it should
    /// be, the number is told.
    pub(crate) fn print_files(
        &self,
        filename: Option<&str>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let state = &self.publisher.state;
        let mut quiet: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (name, _) in self.files(filename) {
            let Some(reconciled) = state.reconcile(name) else { continue };
            let shown = printable(name);
            if let Some((one, other)) = state.contradiction(name) {
                let (one, other) = (one.index, other.index);
                writeln!(
                    out,
                    "{shown}: the publisher contradicts itself: entries {one} and {other}"
                )?;
            }
            match &reconciled {
                Reconciled::Agrees | Reconciled::NotExpected if filename.is_none() => {
                    *quiet.entry(name_of(&reconciled)).or_default() += 1;
                }
                _ => writeln!(out, "{shown}: {}", describe(&reconciled))?,
            }
        }
        let told: Vec<String> = quiet
            .into_iter()
            .map(|(name, number)| format!("{} {name}", count(number, "file", "files")))
            .collect();
        if told.is_empty() { Ok(()) } else { writeln!(out, "{}", told.join(", ")) }
    }

    fn in_words(&self, index: LeafIndex) -> String {
        match self.times.get(&index) {
            Some(time) => format!("{time} (entry {index})"),
            None => format!("entry {index}"),
        }
    }
}

const fn state_of(state: &KeyState) -> &'static str {
    match state.ended {
        None => "active",
        Some((KeyAction::Rotate, ..)) => "replaced",
        Some(_) => "revoked",
    }
}

/// The word that scripts rely on.
pub(crate) const fn name_of(reconciled: &Reconciled) -> &'static str {
    match reconciled {
        Reconciled::Agrees => "agrees",
        Reconciled::Differs { .. } => "differs",
        Reconciled::NotExpected => "not-expected",
        Reconciled::Undeclared { .. } => "undeclared",
        Reconciled::Unlisted { .. } => "unlisted",
    }
}

/// The word, and what it means here.
pub(crate) fn describe(reconciled: &Reconciled) -> String {
    let name = name_of(reconciled);
    match reconciled {
        Reconciled::Agrees => format!("{name}: the index lists what the publisher expects"),
        Reconciled::Differs { listed } => format!(
            "{name}: the index lists sha256 {} since {} (entry {}), which the publisher does not expect",
            listed.sha256, listed.observed, listed.index
        ),
        Reconciled::NotExpected => format!("{name}: the publisher has said nothing of it"),
        Reconciled::Undeclared { listed } => format!(
            "{name}: the publisher expects every file, but not this one, listed since {} (entry {})",
            listed.observed, listed.index
        ),
        Reconciled::Unlisted { since } => {
            format!("{name}: expected since {since}, the index was not seen to list it")
        }
    }
}
