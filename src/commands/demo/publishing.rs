//! The publisher's part of the demo: what was released is said before the index changes it, and
//! everybody who should be alarmed is.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, ensure};
use client::judging::judge;
use client::publish::{KeyOutcome, Signer};
use client::{
    Artifact, Class, LogUrl, LookupKey, Memory, Monitor, Selection, Trust, Verdict,
    VerifiedInclusion,
};
use record::{Digest, Entry, Expectation, KeyAction, KeyChange, ProjectName};
use tlog::{ProofFile, SigningKey};

use super::index::{CHANGED, CHANGED_TO};
use super::story::Story;

/// Release of the file whose hash is changed.
const VERSION: &str = "2.31.0";

impl<W: Write> Story<W> {
    /// The publisher enrols a key and says which hash the release has. Returns the offline proof that a
    /// redistributor keeps of that release.
    pub(super) async fn published(&mut self) -> anyhow::Result<String> {
        let project = ProjectName::parse(CHANGED.project)?;
        let found = self.complete(CHANGED.name).await?;
        let listed = found.entries().first().and_then(|entry| match entry.entry() {
            Some(Entry::File(file)) => Some(file.sha256),
            _ => None,
        });
        let sha256 = listed.context("the recorded listings have the file")?;
        let kept = found.inclusion(0).context("its entry is proven")?.to_proof_file().to_string();

        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no randomness")?;
        let key = SigningKey::from_seed("requests-release", &seed)?;
        let signer = Signer::Note(Box::new(key));
        let (action, key) = (KeyAction::Enrol, signer.public_key());
        let enrol = KeyChange { project: project.clone(), action, key, after: None };
        let origin = self.key.name().to_owned();
        let outcome = self.client.change_keys(&signer.change_keys(enrol, &origin)?).await?;
        let KeyOutcome::Logged(enrolled) = outcome else {
            anyhow::bail!("this log lets publishers enrol by themselves")
        };
        let (version, filename) = (VERSION.to_owned(), CHANGED.name.to_owned());
        let expectation = Expectation { project, version, filename, sha256 };
        let logged = self.client.expect(&[signer.expect(expectation, &origin)?]).await?;
        let expected = logged.first().context("an expectation has a place")?;
        writeln!(
            self.out,
            "2. The publisher says what was released\n  \
             A key for {} is enrolled, and states the hash of {}.\n  \
             Both are in the log, verified:",
            CHANGED.project, CHANGED.name
        )?;
        self.entry(enrolled.entry())?;
        self.entry(expected.entry())?;
        writeln!(
            self.out,
            "  From now on only this key changes who speaks for {}, and nobody can unsay it.\n",
            CHANGED.project
        )?;
        Ok(kept)
    }

    /// Who is told of the change: the one who watches, the one who installs, the one who kept a proof.
    pub(super) async fn alarmed(&mut self, watch: &Path, kept: &str) -> anyhow::Result<()> {
        writeln!(self.out, "5. Who is told")?;
        self.monitor(watch).await?;
        self.installer(watch).await?;
        let trust = Trust::from_key(&self.key.to_string())?;
        let proof = ProofFile::parse(kept.as_bytes())?;
        let proven = VerifiedInclusion::from_proof_file(proof, &trust)?;
        writeln!(
            self.out,
            "  A redistributor checks the proof kept since before the change, with the key alone:"
        )?;
        self.entry(proven.entry())?;
        writeln!(self.out, "  => it still verifies. What was shipped is what was released.\n")?;
        Ok(())
    }

    async fn monitor(&mut self, watch: &Path) -> anyhow::Result<()> {
        let trust = Trust::from_key(&self.key.to_string())?;
        let selection = Selection::of([ProjectName::parse(CHANGED.project)?], []);
        let mut monitor = Monitor::open(trust, LogUrl::parse(&self.url)?, watch, selection)?;
        writeln!(self.out, "  A monitor that the publisher runs for {} alarms:", CHANGED.project)?;
        let mut alarms = 0;
        let mut progress = monitor.refresh().await?;
        while !progress.is_complete() {
            let out = &mut self.out;
            let print = |event: &client::Event| {
                if event.class() != Class::Bad {
                    return Ok(());
                }
                alarms += 1;
                let (kind, index) = (event.kind(), event.entry().index());
                let proofs = event.evidence().len();
                writeln!(
                    out,
                    "    {kind}: entry {index}, with {proofs} proofs that anyone can check"
                )
            };
            progress = monitor.read(print).await?;
        }
        ensure!(alarms > 0, "the change went by without an alarm");
        Ok(())
    }

    /// Asks as the checking proxy asks before it lets a file through.
    async fn installer(&mut self, state: &Path) -> anyhow::Result<()> {
        let trust = Trust::from_key(&self.key.to_string())?;
        let memory = Memory::open(state.join("installer"))?;
        let mut client = client::Client::new(trust, LogUrl::parse(&self.url)?, memory)?;
        let artifact = Artifact {
            filename: Some(CHANGED.name.to_owned()),
            sha256: Some(CHANGED_TO.parse::<Digest>()?),
            project: Some(ProjectName::parse(CHANGED.project)?),
            version: Some(VERSION.to_owned()),
            from_index: Some(true),
        };
        let judgement = judge(&mut client, vec![artifact], &mut |_| ()).await?;
        let finding = &judgement.judged.first().context("one file is judged")?.finding;
        ensure!(finding.verdict == Verdict::Conflict, "the changed file is {}", finding.verdict);
        writeln!(self.out, "  An installer that asks about the file that the index offers now:")?;
        writeln!(self.out, "    {}: {}", finding.verdict, finding.detail)?;
        writeln!(self.out, "  => `indelible proxy` does not let it through.")?;
        // The publisher's own word, under the same head as everything else.
        let key = LookupKey::File(CHANGED.name.to_owned());
        let found = client.lookup(&key).await?;
        let said = found.entries().iter().any(|e| matches!(e.entry(), Some(Entry::Expected(_))));
        ensure!(said, "what the publisher said is in the log");
        Ok(())
    }
}
