//! One witness: what it cosigned last, as far as is known, and when it may be asked again.

use std::time::Duration;

use store::Store;
use tlog::{
    AddCheckpoint, ConsistencyProof, NoteSignature, PolicyWitness, SignedCheckpoint, TreeHead,
    TreeSize, Verified, VerifyingKey,
};
use tokio::time::Instant;

use super::exchange::{self, Answer};
use crate::entries::load;

/// How often a witness may correct the size that it is thought to have cosigned last.
const CORRECTIONS: usize = 3;
/// Wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait after failures.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest wait that a witness can impose.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// A witness that can be asked.
pub(super) struct Witness {
    name: String,
    key: VerifyingKey,
    /// Submission prefix.
    url: String,
    /// Size that it cosigned last, if that is known.
    latest: Option<TreeSize>,
    failures: u32,
    not_before: Option<Instant>,
}

/// Why there is no cosignature.
#[derive(Debug)]
pub(super) enum Failure {
    /// It says something that can not be if this log has one history.
    Alarm(String),
    /// It could not be asked, or did not cosign, this time.
    Missing(String),
}

impl Witness {
    /// A witness of a policy; `None` if the policy does not say where it is asked.
    pub(super) fn new(witness: &PolicyWitness) -> Option<Witness> {
        Some(Witness {
            name: witness.name().to_owned(),
            key: witness.key().clone(),
            url: witness.url()?.to_owned(),
            latest: None,
            failures: 0,
            not_before: None,
        })
    }

    /// Name in the policy.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Asks for a cosignature on `signed`, a checkpoint of the tree in `store` with its log's own signature
    /// alone; gives up after `deadline`.
    #[tracing::instrument(name = "witness", skip_all, fields(witness = %self.name))]
    pub(super) async fn cosign(
        &mut self,
        http: &reqwest::Client,
        store: &dyn Store,
        signed: &SignedCheckpoint,
        deadline: Duration,
    ) -> Result<NoteSignature, Failure> {
        if let Some(wait) =
            self.not_before.and_then(|then| then.checked_duration_since(Instant::now()))
        {
            let why = format!("it is asked again in {} seconds", wait.as_secs() + 1);
            return Err(Failure::Missing(why));
        }
        let asked = tokio::time::timeout(deadline, self.ask(http, store, signed)).await;
        let late = || Err(Missing::new(format!("no answer within {} seconds", deadline.as_secs())));
        match asked.unwrap_or_else(|_| late()) {
            Ok(line) => {
                (self.failures, self.not_before) = (0, None);
                Ok(line)
            }
            Err(Missing { is_alarm: true, why, .. }) => Err(Failure::Alarm(why)),
            Err(Missing { why, retry_after, .. }) => {
                self.back_off(retry_after);
                Err(Failure::Missing(why))
            }
        }
    }

    fn back_off(&mut self, retry_after: Option<Duration>) {
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(6)).min(LONGEST_WAIT);
        let wait = retry_after.map_or(wait, |asked| asked.min(LONGEST_RETRY_AFTER).max(wait));
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + wait);
    }

    async fn ask(
        &mut self,
        http: &reqwest::Client,
        store: &dyn Store,
        signed: &SignedCheckpoint,
    ) -> Result<NoteSignature, Missing> {
        let head = signed.checkpoint().head();
        for _ in 0..=CORRECTIONS {
            // Where nothing is known the answer to 0 says what there is.
            let old = self.latest.filter(|latest| *latest <= head.size).unwrap_or(TreeSize::ZERO);
            let proof = prove(store, head, old).await.map_err(Missing::new)?;
            let request = AddCheckpoint::new(old, proof, signed.clone());
            let request = request.map_err(|error| Missing::new(error.to_string()))?;
            match exchange::submit(http, &self.url, &request).await {
                Answer::Cosigned(lines) => {
                    let line = self.verified(signed, lines)?;
                    self.latest = Some(head.size);
                    return Ok(line);
                }
                Answer::Latest(latest) if latest > head.size => {
                    let size = head.size;
                    return Err(Missing::alarm(format!(
                        "it cosigned this log at size {latest}, and this log has only {size} entries: \
                         the store is older than what was published. Going on would fork the log"
                    )));
                }
                Answer::Latest(latest) => self.latest = Some(latest),
                Answer::Disputed(why) => {
                    return Err(Missing::alarm(format!(
                        "it does not find this head in one history with the one that it cosigned at \
                         size {old}: {why}"
                    )));
                }
                Answer::NotConfigured(why) => return Err(Missing::new(why)),
                Answer::Unavailable { why, retry_after } => {
                    return Err(Missing { retry_after, ..Missing::new(why) });
                }
            }
        }
        Err(Missing::new("the size that it cosigned last changes with each request"))
    }

    /// The witness's own line of those that it answered with, if it verifies.
    fn verified(
        &self,
        signed: &SignedCheckpoint,
        lines: Vec<NoteSignature>,
    ) -> Result<NoteSignature, Missing> {
        let mut own = lines.into_iter().filter(|line| line.claims(&self.key));
        let line = own.next_back().ok_or_else(|| Missing::new("no line of its key"))?;
        let cosigned = signed.clone().with_cosignature(line.clone());
        let cosigned = cosigned.map_err(|error| Missing::new(error.to_string()))?;
        let verified = cosigned.note().verify(std::slice::from_ref(&self.key));
        verified.map_err(|error| Missing::new(format!("its cosignature is no good: {error}")))?;
        Ok(line)
    }
}

/// Why there is no cosignature, and what follows from that.
struct Missing {
    why: String,
    is_alarm: bool,
    retry_after: Option<Duration>,
}

impl Missing {
    fn new(why: impl Into<String>) -> Missing {
        Missing { why: why.into(), is_alarm: false, retry_after: None }
    }

    fn alarm(why: String) -> Missing {
        Missing { is_alarm: true, ..Missing::new(why) }
    }
}

/// Proves that the tree of `head` continues its first `old` entries.
async fn prove(
    store: &dyn Store,
    head: TreeHead,
    old: TreeSize,
) -> Result<ConsistencyProof, String> {
    if old == TreeSize::ZERO || old == head.size {
        return Ok(ConsistencyProof::default());
    }
    let plan = head.plan_consistency(old).map_err(|error| error.to_string())?;
    let tiles = load(store, plan.tiles()).await.map_err(|error| crate::describe(&error))?;
    let verified = Verified::new(head, tiles).map_err(|error| error.to_string())?;
    verified.consistency(old).map_err(|error| error.to_string())
}
