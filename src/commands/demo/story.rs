//! What the demo prints. Every statement rests on a check that the client made.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use client::{Client, LogUrl, LookupKey, Memory, Trust, VerifiedEntry, VerifiedLookup};
use observer::SweepReport;
use record::Entry;
use tlog::{LeafIndex, TreeHead, VerifiedCheckpoint, VerifyingKey};

use super::index::{CHANGED, LATE, REMOVED};

/// A file that the index never had.
const NEVER: &str = "requests-2.31.0.post1.tar.gz";
/// How often to look whether the log has summed itself up.
const SETTLE_TRIES: u32 = 100;
/// How long to wait in between.
const SETTLE_WAIT: Duration = Duration::from_millis(50);

/// Told to `out` by a client that holds only the key.
pub(super) struct Story<W> {
    pub(super) out: W,
    pub(super) url: String,
    pub(super) key: VerifyingKey,
    pub(super) client: Client,
    first_head: Option<TreeHead>,
}

impl<W: Write> Story<W> {
    pub(super) fn new(
        out: W,
        url: &str,
        key: &VerifyingKey,
        state: &Path,
    ) -> anyhow::Result<Story<W>> {
        let trust = Trust::from_key(&key.to_string())?;
        let client = Client::new(trust, LogUrl::parse(url)?, Memory::open(state)?)?;
        Ok(Story { out, url: url.to_owned(), key: key.clone(), client, first_head: None })
    }

    pub(super) fn opening(&mut self) -> anyhow::Result<()> {
        writeln!(
            self.out,
            "Indelible demo: a throw-away log of recorded listings of real projects\n\n\
             The client below trusts one thing, the log's verification key:\n  {}\n",
            self.key
        )?;
        Ok(())
    }

    /// First act: a log, its head, and a proof.
    pub(super) async fn observed(&mut self, sweep: &SweepReport) -> anyhow::Result<()> {
        writeln!(
            self.out,
            "1. The index is observed\n  {} projects, {} files, {} entries logged\n",
            sweep.listed, sweep.files, sweep.entries
        )?;
        let lookup = self.complete(CHANGED.name).await?;
        let head = lookup.checkpoint().clone();
        self.head(&head)?;
        self.first_head = Some(head.head());

        let Some(inclusion) = lookup.inclusion(0) else {
            anyhow::bail!("the log does not hold {}", CHANGED.name)
        };
        let leaf = tlog::leaf_hash(inclusion.entry().bytes());
        writeln!(self.out, "  Inclusion proof of entry {}, verified:", inclusion.entry().index())?;
        self.entry(inclusion.entry())?;
        writeln!(self.out, "    leaf hash {leaf}")?;
        for hash in inclusion.proof().hashes() {
            writeln!(self.out, "       + node {hash}")?;
        }
        writeln!(self.out, "      = root {}\n", inclusion.checkpoint().head().root)?;
        Ok(())
    }

    /// Third act: the index rewrote its history, the log did not.
    pub(super) async fn observed_again(&mut self, sweeps: &[SweepReport]) -> anyhow::Result<()> {
        let entries: u64 = sweeps.iter().map(|sweep| sweep.entries).sum();
        writeln!(
            self.out,
            "3. The index rewrites its history, and is observed again\n  \
             changed  {}: another hash\n  \
             removed  {}\n  \
             added    {}, a late wheel of an old release\n  \
             {entries} entries logged; everything else was logged before\n",
            CHANGED.name, REMOVED.name, LATE.name
        )?;
        let head = self.complete(CHANGED.name).await?.checkpoint().clone();
        self.head(&head)?;
        let Some(first) = self.first_head else { anyhow::bail!("the first act comes first") };
        let consistency = self.client.consistency(first).await?;
        writeln!(
            self.out,
            "  Consistency proof from size {} to size {}, verified: {} hashes.\n  \
             The log only grew; the first head still holds.\n",
            first.size,
            consistency.checkpoint().head().size,
            consistency.proof().hashes().len()
        )?;
        Ok(())
    }

    /// Fourth act: what anybody can show about each of the three files.
    pub(super) async fn evidence(&mut self) -> anyhow::Result<()> {
        writeln!(self.out, "4. The evidence, each entry with a verified inclusion proof")?;
        let changed = self.history(CHANGED.name).await?;
        let hashes: Vec<_> = changed.entries().iter().filter_map(file_hash).collect();
        anyhow::ensure!(
            hashes.len() == 2 && hashes[0] != hashes[1],
            "the log does not hold both hashes of {}",
            CHANGED.name
        );
        writeln!(
            self.out,
            "  => {} CHANGED. The index listed two hashes for one filename,\n     \
             and both are in the log for ever, under one signed head.\n",
            CHANGED.name
        )?;
        self.history(REMOVED.name).await?;
        writeln!(self.out, "  => removed from the index, and still provable.\n")?;
        self.history(LATE.name).await?;
        writeln!(self.out, "  => first seen long after its release. A late wheel is no attack.\n")?;

        let never = self.history(NEVER).await?;
        let Some(epoch) = never.completeness() else { anyhow::bail!("an answer lost its epoch") };
        writeln!(
            self.out,
            "    {NEVER}: no entry\n  \
             => never listed. The answers above are complete, too: entry {}, epoch {} of the log,\n     \
             states the root of a map of all names and hashes, and each answer was checked against it.\n",
            epoch.position(),
            epoch.epoch().epoch
        )?;
        Ok(())
    }

    pub(super) fn closing(&mut self) -> anyhow::Result<()> {
        let Story { out, url, key, .. } = self;
        writeln!(
            out,
            "6. Try it yourself: the log is served on {url} until Ctrl-C\n  \
             in a browser: {url}/files/{}\n  \
             curl {url}/checkpoint\n  \
             export INDELIBLE_LOG={url}\n  \
             export INDELIBLE_KEY='{key}'\n  \
             cargo run -q -p indelible -- lookup file {}\n  \
             cargo run -q -p indelible -- lookup project mako\n  \
             cargo run -q -p indelible -- key list requests\n  \
             cargo run -q -p indelible -- evidence file {} -o changed.evidence\n  \
             cargo run -q -p indelible -- verify --evidence changed.evidence\n  \
             cargo run -q -p indelible -- monitor --state watch --once --project colorama",
            CHANGED.name, CHANGED.name, CHANGED.name
        )?;
        out.flush()?;
        Ok(())
    }

    async fn history(&mut self, filename: &str) -> anyhow::Result<VerifiedLookup> {
        let lookup = self.complete(filename).await?;
        for entry in lookup.entries() {
            self.entry(entry)?;
        }
        Ok(lookup)
    }

    /// All that the log holds about a file, shown to be all by the newest epoch. The log sums itself
    /// up a moment after it answered the observer.
    pub(super) async fn complete(&mut self, filename: &str) -> anyhow::Result<VerifiedLookup> {
        for _ in 0..SETTLE_TRIES {
            let lookup = self.client.lookup(&LookupKey::File(filename.to_owned())).await?;
            let size = lookup.checkpoint().head().size.get();
            if lookup.completeness().is_some_and(|epoch| epoch.position().get() + 1 == size) {
                return Ok(lookup);
            }
            tokio::time::sleep(SETTLE_WAIT).await;
        }
        anyhow::bail!("the log does not sum itself up")
    }

    fn head(&mut self, checkpoint: &VerifiedCheckpoint) -> anyhow::Result<()> {
        writeln!(self.out, "  Signed head, verified:")?;
        let note = checkpoint.signed().to_bytes();
        for line in String::from_utf8_lossy(&note).lines() {
            writeln!(self.out, "    | {line}")?;
        }
        writeln!(self.out)?;
        Ok(())
    }

    pub(super) fn entry(&mut self, entry: &VerifiedEntry) -> anyhow::Result<()> {
        let (index, bytes): (LeafIndex, _) = (entry.index(), entry.bytes());
        writeln!(self.out, "    entry {index}: {}", String::from_utf8_lossy(bytes))?;
        Ok(())
    }
}

/// The hash that a `file` entry names.
fn file_hash(entry: &VerifiedEntry) -> Option<record::Digest> {
    match entry.entry() {
        Some(Entry::File(file)) => Some(file.sha256),
        _ => None,
    }
}
