//! Witnesses: third parties that cosign each head before it is published (design: sequencer, "cosign";
//! C2SP tlog-witness, the log's side).
//!
//! All of them are asked at once, with the log's own signature alone. A head is published when the quorum
//! of the policy has cosigned it; what answers a moment later is taken along. A witness that can not be
//! reached is left alone for a while; one that contradicts the log's own history is an alarm.

mod exchange;
mod witness;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use store::Store;
use thiserror::Error;
use tlog::{NoteSignature, Policy, PolicyError, SignedCheckpoint, VerifyingKey};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tracing::warn;

use self::witness::{Failure, Witness};

/// How long those that have not answered get when the quorum is there.
const GRACE: Duration = Duration::from_millis(100);

/// When witnesses are asked, and what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessTimes {
    /// How long a witness may take to answer.
    pub deadline: Duration,
    /// Least time from one head that they are asked to cosign to the next.
    pub interval: Duration,
}

/// The witnesses of a log, and whose cosignatures it needs.
pub struct Witnesses {
    policy: Policy,
    times: WitnessTimes,
    fail_open: bool,
    http: reqwest::Client,
    council: Mutex<Council>,
    quorum: watch::Sender<Quorum>,
}

/// Those that can be asked.
struct Council {
    witnesses: Vec<Witness>,
    asked: Option<Instant>,
}

/// Whether the newest head has the cosignatures that the policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// It does, or none was published yet.
    Met,
    /// It does not and waits to be published; why.
    Waiting(String),
    /// It does not and was published all the same; why.
    FailedOpen(String),
}

/// A witness says something that can not be if this log has one history. Nothing may be written until an
/// operator knows why.
#[derive(Clone, Debug, Error)]
#[error(
    "the witness '{witness}' contradicts this log: {what}. Find out which of the two is right: put the \
     newest store back, or take a witness that is wrong out of the policy"
)]
pub struct WitnessAlarm {
    /// Its name in the policy.
    pub witness: String,
    /// What it says.
    pub what: String,
}

impl Witnesses {
    /// The witnesses of the policy in a file (C2SP tlog-policy), for the log with this key. With
    /// `fail_open` a head is published also without the quorum.
    ///
    /// # Errors
    /// A file that can not be read or is no policy of this log, and a quorum that can not be met.
    pub fn read(
        path: &Path,
        key: &VerifyingKey,
        times: WitnessTimes,
        fail_open: bool,
    ) -> anyhow::Result<Witnesses> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the policy {shown} can not be read"))?;
        let policy = Policy::parse(&text).with_context(|| format!("{shown} is not a policy"))?;
        ensure!(
            policy.logs().iter().any(|log| log.key() == key),
            "the policy {shown} does not list this log: it needs the line 'log {key}'"
        );
        for witness in policy.witnesses().iter().filter(|witness| witness.url().is_none()) {
            warn!(witness = witness.name(), "the policy does not say where it is asked to cosign");
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("indelibled/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(times.deadline)
            .build()
            .context("requests to witnesses can not be made")?;
        let witnesses = policy.witnesses().iter().filter_map(Witness::new).collect();
        let council = Mutex::new(Council { witnesses, asked: None });
        let (quorum, _) = watch::channel(Quorum::Met);
        Ok(Witnesses { policy, times, fail_open, http, council, quorum })
    }

    /// The keys of the policy's witnesses.
    pub fn keys(&self) -> Vec<VerifyingKey> {
        self.policy.witnesses().iter().map(|witness| witness.key().clone()).collect()
    }

    /// Whether a checkpoint has the log's signature and those of the quorum.
    ///
    /// # Errors
    /// [`PolicyError`] if not.
    pub fn check(&self, checkpoint: &SignedCheckpoint) -> Result<(), PolicyError> {
        self.policy.verify(checkpoint).map(drop)
    }

    /// Whether the newest head has its quorum, as it changes.
    pub fn watch_quorum(&self) -> watch::Receiver<Quorum> {
        self.quorum.subscribe()
    }

    /// Has `signed`, a checkpoint of the tree in `store` with the log's own signature alone, cosigned, and
    /// says whether it may be published. `kept` is what was published last: its cosignatures count if it is
    /// of the same head.
    ///
    /// # Errors
    /// [`WitnessAlarm`] if a witness contradicts the log.
    pub(crate) async fn cosign(
        &self,
        store: &dyn Store,
        signed: &SignedCheckpoint,
        kept: Option<&SignedCheckpoint>,
    ) -> Result<Result<SignedCheckpoint, PolicyError>, WitnessAlarm> {
        let mut council = self.council.lock().await;
        if let Some(asked) = council.asked {
            tokio::time::sleep_until(asked + self.times.interval).await;
        }
        council.asked = Some(Instant::now());
        let cosigned = self.gather(&mut council, store, signed, kept).await?;
        let missing = self.check(&cosigned).err();
        let quorum = match &missing {
            None => Quorum::Met,
            Some(why) if self.fail_open => Quorum::FailedOpen(why.to_string()),
            Some(why) => Quorum::Waiting(why.to_string()),
        };
        metrics::gauge!("indelible_witness_quorum").set(f64::from(u8::from(missing.is_none())));
        let changed = self.quorum.send_if_modified(|known| {
            let changed = *known != quorum;
            known.clone_from(&quorum);
            changed
        });
        if changed && let Some(why) = &missing {
            let fail_open = self.fail_open;
            warn!(%why, fail_open, "too few witnesses cosigned");
        }
        Ok(match missing {
            Some(why) if !self.fail_open => Err(why),
            _ => Ok(cosigned),
        })
    }

    /// Asks all witnesses, until all have answered or, once the quorum is there, a moment has passed.
    async fn gather(
        &self,
        council: &mut Council,
        store: &dyn Store,
        signed: &SignedCheckpoint,
        kept: Option<&SignedCheckpoint>,
    ) -> Result<SignedCheckpoint, WitnessAlarm> {
        let mut cosigned = self.with_kept(signed.clone(), kept);
        let deadline = self.times.deadline;
        let mut answers = FuturesUnordered::new();
        for witness in &mut council.witnesses {
            answers.push(async {
                let answer = witness.cosign(&self.http, store, signed, deadline).await;
                (witness.name().to_owned(), answer)
            });
        }
        let mut enough = Box::pin(tokio::time::sleep(deadline + GRACE));
        let mut had_quorum = false;
        loop {
            let answer = tokio::select! {
                answer = answers.next() => answer,
                () = &mut enough => None,
            };
            let Some((name, answer)) = answer else { return Ok(cosigned) };
            cosigned = cosigned.with_cosignatures(settle(&name, answer)?.as_ref());
            if !had_quorum && self.check(&cosigned).is_ok() {
                had_quorum = true;
                enough.as_mut().reset(Instant::now() + GRACE);
            }
        }
    }

    /// Takes over the cosignatures by witnesses of the policy from a checkpoint of the same head.
    fn with_kept(
        &self,
        signed: SignedCheckpoint,
        kept: Option<&SignedCheckpoint>,
    ) -> SignedCheckpoint {
        let same = kept.filter(|kept| kept.note().text() == signed.note().text());
        let lines = same.into_iter().flat_map(|kept| kept.note().signatures());
        let of_witness = |line: &&NoteSignature| {
            self.policy.witnesses().iter().any(|witness| line.claims(witness.key()))
        };
        signed.with_cosignatures(lines.filter(of_witness))
    }
}

/// Counts an answer, and tells the operator what is wrong with it.
fn settle(
    name: &str,
    answer: Result<NoteSignature, Failure>,
) -> Result<Option<NoteSignature>, WitnessAlarm> {
    let (outcome, line) = match answer {
        Ok(line) => ("cosigned", Some(line)),
        Err(Failure::Missing(why)) => {
            warn!(witness = name, %why, "a witness did not cosign");
            ("missing", None)
        }
        Err(Failure::Alarm(what)) => {
            count(name, "alarm");
            return Err(WitnessAlarm { witness: name.to_owned(), what });
        }
    };
    count(name, outcome);
    Ok(line)
}

fn count(witness: &str, outcome: &'static str) {
    let labels = [("witness", witness.to_owned()), ("outcome", outcome.to_owned())];
    metrics::counter!("indelible_witness_answers_total", &labels).increment(1);
}
