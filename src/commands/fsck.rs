//! `indelibled fsck`: check every byte of a log that is not being served.
//!
//! The second opinion goes over the whole store, from entries to root; then the signed heads, the
//! entries' own form, and what is derived from them. Findings go to stdout, one a line.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use record::Entry;
use store::{RocksStore, Store};
use tlog::{FULL_WIDTH, LeafIndex, SignedCheckpoint, TilePath, TreeHead, TreeSize, VerifyingKey};

use crate::args::Fsck;
use crate::data_dir::{DataDir, LogStore};
use crate::entries::{self, EntryReader};
use crate::reading::positions;
use crate::register::HeadRegister;
use crate::sequencer::second_opinion;

/// Checks the log. Exit code 0: clean, 1: damaged.
///
/// # Errors
/// A log that can not be opened to be checked: missing, or being served.
pub async fn run(arguments: &Fsck) -> anyhow::Result<ExitCode> {
    let data = DataDir::new(arguments.data.clone());
    let key = data.key()?.verifying_key().clone();
    let log_store = match data.open_store().await {
        Ok(store) => store,
        Err(error) if is_damage(&error) => return conclude(&[format!("{error:#}")], None),
        Err(error) => return Err(error),
    };
    let mut check = Check { store: log_store.shared(), key, findings: Vec::new() };
    let head = check.head().await;
    if let Some(head) = head {
        let register = arguments.head_file.clone().unwrap_or_else(|| data.head_file());
        check.signed_heads(head, &HeadRegister::new(register)).await;
        check.tree(head).await;
        if let LogStore::Local(store) = &log_store {
            check.objects(head, store);
        }
        check.derived(head, &data).await;
    }
    conclude(&check.findings, head)
}

/// Whether a store can not be opened because of what is in it.
fn is_damage(error: &anyhow::Error) -> bool {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<store::StoreError>());
    matches!(cause, Some(store::StoreError::Corrupt(_)))
}

fn conclude(findings: &[String], head: Option<TreeHead>) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for finding in findings {
        writeln!(out, "damaged: {finding}")?;
    }
    if let (true, Some(head)) = (findings.is_empty(), head) {
        writeln!(out, "clean: size {}, root {}", head.size, head.root)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(1))
}

struct Check {
    store: Arc<dyn Store>,
    key: VerifyingKey,
    findings: Vec<String>,
}

impl Check {
    fn finding(&mut self, what: &str, error: impl Into<anyhow::Error>) {
        let error: anyhow::Error = error.into();
        self.findings.push(format!("{what}: {error:#}"));
    }

    async fn head(&mut self) -> Option<TreeHead> {
        match self.store.head().await {
            Ok(head) => Some(head),
            Err(error) => {
                self.finding("the trusted head", error);
                None
            }
        }
    }

    /// The remembered and the published head are signed heads of this log.
    async fn signed_heads(&mut self, head: TreeHead, register: &HeadRegister) {
        let published = self.store.checkpoint().await;
        match register.remembered() {
            Ok(Some(remembered)) => {
                self.signed_head("the remembered head", head, &remembered.newest).await;
                if remembered.is_torn {
                    self.findings.push(
                        "one of the two remembered heads is cut short or damaged: a power cut leaves it so, \
                         and serving the log writes it again"
                            .to_owned(),
                    );
                }
            }
            Ok(None) if matches!(published, Ok(Some(_))) => self.findings.push(
                "the remembered head is missing, though one was published; if it is kept elsewhere, \
                 say so with --head-file"
                    .to_owned(),
            ),
            Ok(None) => {}
            Err(error) => self.finding("the remembered head", error),
        }
        match published {
            Ok(Some(bytes)) => match SignedCheckpoint::parse(&bytes) {
                Ok(checkpoint) => self.signed_head("the published head", head, &checkpoint).await,
                Err(error) => self.finding("the published head", error),
            },
            Ok(None) => {}
            Err(error) => self.finding("the published head", error),
        }
    }

    async fn signed_head(&mut self, what: &str, head: TreeHead, checkpoint: &SignedCheckpoint) {
        let keys = std::slice::from_ref(&self.key);
        if let Err(error) = checkpoint.verify(self.key.name(), keys) {
            return self.finding(what, error);
        }
        let signed = checkpoint.checkpoint().head();
        if signed.size > head.size {
            let (signed, stored) = (signed.size, head.size);
            self.findings.push(format!("{what} is of size {signed}, the store ends at {stored}"));
            return;
        }
        match entries::root_at(&*self.store, head, signed.size).await {
            Ok(root) if root == signed.root => {}
            Ok(_) => self.findings.push(format!("{what} has another root than the store")),
            Err(error) => self.finding(what, error),
        }
    }

    /// Every tile and bundle that the head needs is there, and as it must be.
    async fn tree(&mut self, head: TreeHead) {
        let whole = TreeSize::ZERO;
        if let Err(error) = second_opinion::confirm(&*self.store, whole, head).await {
            self.finding("the tree", error);
        }
    }

    /// Nothing else is there.
    fn objects(&mut self, head: TreeHead, store: &RocksStore) {
        for object in store.objects() {
            match object {
                Ok(path) => {
                    if TilePath::at_size(path.kind(), path.index(), head.size) != Some(path) {
                        self.findings.push(format!("{path} is not part of the tree"));
                    }
                }
                Err(error) => self.finding("an object", error),
            }
        }
    }

    /// Entries are canonical, and the catalog, where there is one, has their rows.
    async fn derived(&mut self, head: TreeHead, data: &DataDir) {
        if !data.catalog().exists() {
            return;
        }
        let catalog = match data.open_catalog(self.key.name()) {
            Ok(catalog) => catalog,
            Err(error) => return self.findings.push(format!("{error:#}")),
        };
        let covered = catalog.cursor();
        if covered > head.size {
            self.findings.push(format!(
                "the catalog covers {covered} entries, the store ends at {}",
                head.size
            ));
            return;
        }
        let reader = EntryReader::new(Arc::clone(&self.store));
        if let Err(error) = check_newest_epoch(&catalog, &reader, covered).await {
            self.findings.push(format!("the newest epoch: {error:#}"));
        }
        let mut next = 0;
        while next < head.size.get() {
            let end = head.size.get().min(next + u64::from(FULL_WIDTH));
            let batch = positions(next..end);
            match reader.entries(&batch, head.size).await {
                Ok(entries) => {
                    for (position, bytes) in batch.into_iter().zip(entries) {
                        if let Err(why) = check_entry(&catalog, position, &bytes) {
                            self.findings.push(format!("entry {position}: {why}"));
                        }
                    }
                }
                Err(error) => self.finding("entries", error),
            }
            next = end;
        }
    }
}

/// The map of the newest epoch that the catalog has seen is the one that its rows give.
async fn check_newest_epoch(
    catalog: &catalog::Catalog,
    reader: &EntryReader,
    covered: TreeSize,
) -> anyhow::Result<()> {
    let Some(position) = catalog.newest_epoch(covered)? else { return Ok(()) };
    let bytes = reader.entries(&[position], covered).await?.remove(0);
    let record::Parsed::Known(Entry::Epoch(epoch)) = Entry::parse(&bytes)? else {
        anyhow::bail!("entry {position} is none, and the catalog takes it for one");
    };
    let rows = catalog.map_at(TreeSize::new(position.get())?)?.root();
    anyhow::ensure!(
        rows == epoch.map,
        "entry {position} states the map root {}, the catalog's rows give {rows}",
        epoch.map
    );
    Ok(())
}

/// One entry is canonical and, if the catalog has come that far, has its rows there.
fn check_entry(
    catalog: &catalog::Catalog,
    position: LeafIndex,
    bytes: &[u8],
) -> anyhow::Result<()> {
    let record::Parsed::Known(entry) = Entry::parse(bytes)? else { return Ok(()) };
    if !catalog.cursor().contains(position) {
        return Ok(());
    }
    for key in entry.map_keys() {
        let after = position.get().checked_sub(1).map(LeafIndex::new).transpose()?;
        let rows = catalog.positions(&key, catalog.cursor(), after, 1)?;
        anyhow::ensure!(rows == [position], "a row of it is missing from the catalog");
    }
    Ok(())
}
