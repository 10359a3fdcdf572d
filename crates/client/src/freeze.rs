//! Freeze accusations (`.freeze`): an old head that was served, and the newer one that was withheld.
//!
//! Who serves an old head lets no one see what was logged since. The head is signed, its proofs hold, and
//! nothing of it is false; but a newer head that the witnesses had cosigned by then shows it. A file is
//! UTF-8 text, and anyone with the policy can check it. Its bytes, in order:
//!
//! ```text
//! indelible-freeze@v1                       LF
//! observed <YYYY-MM-DDThh:mm:ssZ>           LF   when the older head was served, by the accuser's clock
//! <base64 hash>                             LF   0 to 63 lines: RFC 6962 consistency proof
//! served <decimal length in bytes>          LF   the signed note of the head that was served ...
//! <that many bytes>                              ... verbatim; it ends in LF itself
//! newer <decimal length in bytes>           LF   the signed note of the newer head ...
//! <that many bytes>                              ... verbatim
//! ```
//!
//! base64 is with padding, numbers have no sign and no leading zero, nothing follows the last note, and
//! there is exactly one text of each accusation.
//!
//! It shows that a newer head was withheld if and only if
//!
//! 1. the log signed both notes;
//! 2. the newer head is larger, and the proof leads to it from the served one;
//! 3. by a time T the quorum of the policy had cosigned the newer one: the witnesses whose cosignatures
//!    are of T or earlier meet it. T is the least such time;
//! 4. T is not after the time of the observation.
//!
//! Who served the old head at that time then withheld at least (observed - T) seconds of the log, knowingly
//! or not. All of this is proven, but for two things that are the accuser's word: the time of the
//! observation, and who served the head. Nothing is said against the log: it signed one history.
//!
//! Two heads that contradict each other are a fork, which has a [report](crate::ForkReport) of its own; it
//! is never an accusation of this kind.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use record::Timestamp;
use thiserror::Error;
use tlog::{
    ConsistencyProof, InvalidCheckpoint, PolicyError, ProofError, SignedCheckpoint, TreeHead,
    TreeSize, VerifiedCheckpoint,
};

use crate::error::{Error, Undecided};
use crate::head;
use crate::tiles::Tiles;
use crate::trust::Trust;
use crate::two_heads::{self, Form, Invalid};

const FORM: Form = Form {
    first_line: "indelible-freeze@v1",
    statement: "observed ",
    heads: ["served ", "newer "],
};

/// A head that was served, when, and a newer head with the proof that it continues it. Nothing of it is
/// verified. `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeAccusation {
    /// When the old head was served, by the accuser's clock.
    pub observed: Timestamp,
    /// Leads from the served head to the newer one.
    pub proof: ConsistencyProof,
    /// The head that was served.
    pub served: SignedCheckpoint,
    /// The head that was withheld.
    pub newer: SignedCheckpoint,
}

/// The bytes are not an accusation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidAccusation {
    /// One of the two heads is not a checkpoint.
    #[error("a head of the accusation is not a checkpoint")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// Lines are missing, out of place, or not written canonically.
    #[error("not a freeze accusation in its only form")]
    Syntax,
}

/// Why two heads do not show that one was withheld. It says nothing about who served them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAFreeze {
    /// The two heads contradict each other, which is worse.
    #[error("the two heads contradict each other: that is a fork, which has its own report")]
    Fork,
    /// The quorum had not cosigned the newer head when the old one was served.
    #[error("the quorum had not yet cosigned the newer head at the time of the observation, {0}")]
    Later(Timestamp),
    /// Cosignatures alone say when a head was there.
    #[error("the policy asks for no witnesses: nobody says when the newer head was there")]
    NoWitnesses,
    /// There is nothing that was withheld.
    #[error("a head of size {newer} is not newer than the served one of size {served}")]
    NotNewer {
        /// Size of the head that was served.
        served: TreeSize,
        /// Size of the head that is said to be newer.
        newer: TreeSize,
    },
    /// The newer head is not shown to continue the served one.
    #[error(
        "the newer head is not shown to continue the served one (if they contradict each other, that is a \
         fork, which has its own report)"
    )]
    Proof(#[source] ProofError),
    /// The newer head is not one that the policy accepts.
    #[error("the newer head is not accepted")]
    Newer(#[source] PolicyError),
    /// The head that was served is not signed by the log.
    #[error("the served head is not signed by the log's key")]
    Served(#[source] PolicyError),
}

/// A newer head was withheld, if the accuser's clock was right: anyone with the policy can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFreeze {
    accusation: FreezeAccusation,
    served: TreeHead,
    newer: VerifiedCheckpoint,
    met_at: Timestamp,
}

impl FreezeAccusation {
    /// Parses a file.
    ///
    /// # Errors
    /// [`InvalidAccusation`] unless `bytes` are exactly what `Display` writes for some accusation.
    pub fn parse(bytes: &[u8]) -> Result<FreezeAccusation, InvalidAccusation> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidAccusation::Syntax)?;
        let accusation = parse_loosely(text)?;
        if accusation.to_string() == text { Ok(accusation) } else { Err(InvalidAccusation::Syntax) }
    }
}

/// Reads every canonical accusation right and possibly others too: the caller formats and compares.
fn parse_loosely(text: &str) -> Result<FreezeAccusation, InvalidAccusation> {
    let (observed, heads) = two_heads::parse(text, FORM)?;
    let observed = Timestamp::parse(observed).map_err(|_| InvalidAccusation::Syntax)?;
    let (proof, served, newer) = (heads.proof, heads.first, heads.second);
    Ok(FreezeAccusation { observed, proof, served, newer })
}

impl From<Invalid> for InvalidAccusation {
    fn from(error: Invalid) -> InvalidAccusation {
        match error {
            Invalid::Checkpoint(error) => InvalidAccusation::Checkpoint(error),
            Invalid::Syntax => InvalidAccusation::Syntax,
        }
    }
}

impl fmt::Display for FreezeAccusation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        two_heads::write(f, FORM, &self.observed, &self.proof, [&self.served, &self.newer])
    }
}

/// The newest head that the policy accepts of those that several places show, with the cosignatures from
/// all of them: a witness shows none but its own. If none is accepted, the largest; `None` if none is shown.
///
/// # Errors
/// [`PolicyError`] if a signature is bad. Then one of the places does not deserve to be asked.
pub fn newest_head(
    trust: &Trust,
    shown: impl IntoIterator<Item = SignedCheckpoint>,
) -> Result<Option<SignedCheckpoint>, PolicyError> {
    let mut heads: Vec<SignedCheckpoint> = Vec::new();
    for note in shown {
        trust.verify_signed_by_log(&note)?;
        if let Err(error @ PolicyError::Note(_)) = trust.verify(&note) {
            return Err(error);
        }
        match heads.iter_mut().find(|head| head.checkpoint() == note.checkpoint()) {
            Some(head) => *head = head.clone().with_cosignatures(note.note().signatures()),
            None => heads.push(note),
        }
    }
    heads.sort_by_key(|head| Reverse(head.checkpoint().head().size));
    let accepted = heads.iter().position(|head| trust.verify(head).is_ok());
    Ok(heads.into_iter().nth(accepted.unwrap_or_default()))
}

impl VerifiedFreeze {
    /// Makes an accusation of a head that was `served` at a time, and of a `newer` one, which `tiles` proves
    /// to continue it.
    ///
    /// # Errors
    /// [`Disproof::Fork`](crate::Disproof::Fork) if the two contradict each other,
    /// [`Undecided::NotAFreeze`] if nothing is shown to be withheld, and whatever keeps the tiles from
    /// being read.
    pub async fn accuse(
        trust: &Trust,
        (served, observed): (SignedCheckpoint, Timestamp),
        newer: SignedCheckpoint,
        tiles: &Tiles,
    ) -> Result<VerifiedFreeze, Error> {
        let old = trust.verify_signed_by_log(&served)?;
        let new = trust.verify_signed_by_log(&newer)?;
        if new.head().size < old.head().size {
            let (served, newer) = (old.head().size, new.head().size);
            return Err(Undecided::NotAFreeze(NotAFreeze::NotNewer { served, newer }).into());
        }
        let proof = head::continuation(&old, &new, tiles).await?;
        let accusation = FreezeAccusation { observed, proof, served, newer };
        let verified = VerifiedFreeze::verify(accusation, trust);
        verified.map_err(|error| Undecided::NotAFreeze(error).into())
    }

    /// Verifies a file. Needs nothing but itself and `trust`.
    ///
    /// # Errors
    /// [`NotAFreeze`] if the file does not show that a newer head was withheld.
    pub fn verify(
        accusation: FreezeAccusation,
        trust: &Trust,
    ) -> Result<VerifiedFreeze, NotAFreeze> {
        let served = trust.verify_signed_by_log(&accusation.served).map_err(NotAFreeze::Served)?;
        let newer = trust.verify(&accusation.newer).map_err(NotAFreeze::Newer)?;
        let (served, head) = (served.head(), newer.head());
        if head.size <= served.size {
            let fork = head.size == served.size && head.root != served.root;
            let not_newer = NotAFreeze::NotNewer { served: served.size, newer: head.size };
            return Err(if fork { NotAFreeze::Fork } else { not_newer });
        }
        head.verify_consistency(&served, &accusation.proof).map_err(NotAFreeze::Proof)?;
        let met_at = trust.policy().quorum_met_at(&newer).ok_or(NotAFreeze::NoWitnesses)?;
        let (met_at, observed) = (Timestamp::from_unix(met_at), accusation.observed);
        let met_at = met_at.ok().filter(|met_at| *met_at <= observed);
        let met_at = met_at.ok_or(NotAFreeze::Later(observed))?;
        Ok(VerifiedFreeze { accusation, served, newer, met_at })
    }

    /// The file that shows it to others.
    pub const fn accusation(&self) -> &FreezeAccusation {
        &self.accusation
    }

    /// The head that was served. Only the log's signature was asked for.
    pub const fn served(&self) -> TreeHead {
        self.served
    }

    /// The head that was withheld, with the cosignatures of the quorum.
    pub const fn newer(&self) -> &VerifiedCheckpoint {
        &self.newer
    }

    /// The time by which the quorum had cosigned the newer head.
    pub const fn met_at(&self) -> Timestamp {
        self.met_at
    }

    /// For how long the newer head had been there when the old one was served.
    pub const fn withheld(&self) -> Duration {
        Duration::from_secs(self.accusation.observed.unix() - self.met_at.unix())
    }
}
