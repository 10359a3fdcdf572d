//! Policies (C2SP tlog-policy): which logs are trusted and which witnesses must have cosigned.
//!
//! ```
//! use tlog::Policy;
//!
//! let policy = Policy::parse(
//!     "log log.example/pypi+2a8310c8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n\
//!      witness w1 witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\n\
//!      quorum w1\n",
//! )?;
//! assert_eq!(policy.witnesses()[0].name(), "w1");
//! # Ok::<(), tlog::InvalidPolicy>(())
//! ```

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use thiserror::Error;

use crate::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use crate::key::{InvalidKey, KeyKind, VerifyingKey};
use crate::note::NoteError;
use crate::policy_text;

/// Why a checkpoint is not accepted. None of these says that the log misbehaved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The checkpoint is of a trusted origin, but none of that log's keys signed it.
    #[error("the checkpoint is not signed by a trusted key of its log")]
    NoLogSignature,
    /// The signatures themselves are not in order: forged, or the keys are configured ambiguously.
    #[error("the checkpoint's signatures are not in order")]
    Note(#[source] NoteError),
    /// The log signed, but too few of the policy's witnesses did.
    #[error("the quorum '{quorum}' is not met: cosigned by {}", names(.cosigners))]
    QuorumNotMet {
        /// Name of the witness or group that the policy asks for.
        quorum: String,
        /// Names, in the policy, of the witnesses whose cosignatures verified.
        cosigners: Vec<String>,
    },
    /// The checkpoint is of a log that is not trusted here.
    #[error("the checkpoint is of '{0}', which is not a log trusted here")]
    UnknownOrigin(String),
}

impl From<NoteError> for PolicyError {
    fn from(error: NoteError) -> PolicyError {
        match error {
            NoteError::NoKnownSignature => PolicyError::NoLogSignature,
            other => PolicyError::Note(other),
        }
    }
}

fn names(cosigners: &[String]) -> String {
    if cosigners.is_empty() { "nobody".to_string() } else { cosigners.join(", ") }
}

/// Why a text is not a policy. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidPolicy {
    /// An octet outside 09, 0A, 20-7E, 80-FF.
    #[error("line {0}: a policy has no control characters other than tabs and line feeds")]
    Characters(usize),
    /// The same public key twice among logs, or twice among witnesses.
    #[error("line {0}: this public key is already listed")]
    DuplicateKey(usize),
    /// The name already stands for a witness or group, or is `none`.
    #[error("line {0}: this name is already taken")]
    DuplicateName(usize),
    /// A vkey that does not parse or is of the wrong type.
    #[error("line {line}: the key is not usable")]
    Key {
        /// Where.
        line: usize,
        /// Why.
        source: InvalidKey,
    },
    /// A witness or group is a member twice, or of two groups.
    #[error("line {0}: a witness or group is a member of at most one group")]
    MemberTwice(usize),
    /// No `log` line: the policy would accept nothing.
    #[error("the policy lists no log")]
    NoLog,
    /// Not exactly one `quorum` line.
    #[error("the policy needs exactly one quorum line")]
    Quorum,
    /// Not one of the four kinds of line with the right fields.
    #[error("line {0}: expected 'log', 'witness', 'group' or 'quorum' with its fields")]
    Syntax(usize),
    /// A group's threshold is not `any`, `all` or a number from 1 to that of its members.
    #[error("line {0}: a threshold is 'any', 'all' or a number from 1 to that of the members")]
    Threshold(usize),
    /// A member or quorum that no earlier line defines.
    #[error("line {0}: no earlier line defines this name")]
    UnknownName(usize),
}

/// A trusted log: its key, whose name is the origin, and where it may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    pub(crate) key: VerifyingKey,
    pub(crate) url: Option<String>,
}

impl PolicyLog {
    /// Unique name of the log: the name of its key.
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// The log's key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Prefix under which the log is served, if stated.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// A witness: its name in the policy, its key, and where checkpoints may be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    pub(crate) name: String,
    pub(crate) key: VerifyingKey,
    pub(crate) url: Option<String>,
}

impl PolicyWitness {
    /// Name in this policy; the key's name may be another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The witness's key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Submission prefix (tlog-witness), if stated.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// What a name of the policy stands for: a place in one of its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    Witness(usize),
    Group(usize),
}

/// Whose cosignatures the policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quorum {
    Nobody,
    Of(Component),
}

/// A group of witnesses and earlier groups, of which `threshold` must be satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) threshold: usize,
    pub(crate) members: Vec<Component>,
}

/// Trusted logs and the quorum of witnesses. `Display` is a canonical form of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) logs: Vec<PolicyLog>,
    pub(crate) witnesses: Vec<PolicyWitness>,
    pub(crate) groups: Vec<Group>,
    pub(crate) quorum: Quorum,
}

impl Policy {
    /// Parses a policy text; blank lines, comments and spacing are free.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if the text does not follow tlog-policy or lists no log.
    pub fn parse(text: &str) -> Result<Policy, InvalidPolicy> {
        policy_text::parse(text)
    }

    /// Trusts one log and asks for no witness.
    ///
    /// # Errors
    /// [`InvalidKey::WrongKind`] if the key does not sign checkpoints (type 01).
    pub fn single(log: VerifyingKey) -> Result<Policy, InvalidKey> {
        if log.kind() != KeyKind::Ed25519 {
            return Err(InvalidKey::WrongKind);
        }
        let logs = [PolicyLog { key: log, url: None }].into();
        Ok(Policy { logs, witnesses: Vec::new(), groups: Vec::new(), quorum: Quorum::Nobody })
    }

    /// The trusted logs; the signature of one key of the right origin suffices.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses known to the policy.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Accepts a checkpoint if a trusted log of its origin signed and the quorum cosigned.
    ///
    /// # Errors
    /// [`PolicyError`] otherwise; also if a signature by any known key is bad.
    pub fn verify(&self, checkpoint: &SignedCheckpoint) -> Result<VerifiedCheckpoint, PolicyError> {
        let origin = checkpoint.checkpoint().origin();
        let mut keys: Vec<VerifyingKey> = Vec::new();
        keys.extend(self.logs.iter().filter(|log| log.origin() == origin).map(|l| l.key.clone()));
        if keys.is_empty() {
            return Err(PolicyError::UnknownOrigin(origin.to_string()));
        }
        keys.extend(self.witnesses.iter().map(|witness| witness.key.clone()));
        let (verified, signers) = checkpoint.verify_lines(origin, &keys)?;
        let cosigned: Vec<Option<()>> = self
            .witnesses
            .iter()
            .map(|witness| signers.contains(&&witness.key).then_some(()))
            .collect();
        self.check_quorum(&cosigned)?;
        Ok(verified)
    }

    /// Whether a checkpoint needs the cosignature of anybody: whether there is a quorum.
    pub const fn asks_for_witnesses(&self) -> bool {
        matches!(self.quorum, Quorum::Of(_))
    }

    /// The time as of which the quorum vouches for a checkpoint, in seconds since 1970: the greatest T such
    /// that the witnesses who cosigned it at T or later meet the quorum.
    ///
    /// A quorum then says that the checkpoint was the newest that it knew at T, or at some time since.
    /// Cosignatures of a time after `latest` do not count, so that a clock that is ahead makes nothing
    /// fresh. `None` if the policy asks for nobody, and if the quorum is not met.
    pub fn vouched_at(&self, checkpoint: &VerifiedCheckpoint, latest: u64) -> Option<u64> {
        let counts = |time: &u64| *time <= latest;
        self.reached(&self.values(checkpoint, |time| Some(time).filter(counts)))
    }

    /// The time by which the quorum had cosigned a checkpoint, in seconds since 1970: the least T such that
    /// the witnesses who cosigned it at T or earlier meet the quorum.
    ///
    /// It is never before [`vouched_at`](Self::vouched_at) of the same witnesses: of two who are both
    /// needed, the first vouches since it cosigned, but the quorum was met when the second did. `None` if
    /// the policy asks for nobody, and if the quorum is not met.
    pub fn quorum_met_at(&self, checkpoint: &VerifiedCheckpoint) -> Option<u64> {
        let met = self.reached(&self.values(checkpoint, |time| Some(Reverse(time))));
        met.map(|Reverse(time)| time)
    }

    /// The witnesses who cosigned a checkpoint and when, in the order of the policy.
    pub fn cosigners<'a>(
        &'a self,
        checkpoint: &'a VerifiedCheckpoint,
    ) -> impl Iterator<Item = (&'a PolicyWitness, u64)> {
        self.witnesses
            .iter()
            .filter_map(|witness| Some((witness, checkpoint.cosigned_by(&witness.key)?)))
    }

    /// What `value` makes of the time of each witness's cosignature.
    fn values<T>(
        &self,
        checkpoint: &VerifiedCheckpoint,
        value: impl Fn(u64) -> Option<T>,
    ) -> Vec<Option<T>> {
        let time = |witness: &PolicyWitness| checkpoint.cosigned_by(&witness.key);
        self.witnesses.iter().map(|witness| time(witness).and_then(&value)).collect()
    }

    /// Whether the quorum is met when `cosigned[i]` says that witness `i` cosigned.
    fn check_quorum(&self, cosigned: &[Option<()>]) -> Result<(), PolicyError> {
        let Quorum::Of(quorum) = self.quorum else { return Ok(()) };
        if self.reached(cosigned).is_some() {
            return Ok(());
        }
        let cosigners =
            self.witnesses.iter().zip(cosigned).filter(|(_, cosigned)| cosigned.is_some());
        Err(PolicyError::QuorumNotMet {
            quorum: self.component_name(quorum).to_string(),
            cosigners: cosigners.map(|(witness, _)| witness.name.clone()).collect(),
        })
    }

    /// The greatest value such that the witnesses with that value or a greater one meet the quorum, when
    /// `witnesses[i]` is the value of witness `i`. `None` if there is no such value, or no quorum.
    fn reached<T: Ord + Copy>(&self, witnesses: &[Option<T>]) -> Option<T> {
        let Quorum::Of(quorum) = self.quorum else { return None };
        let mut groups: Vec<Option<T>> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let members = group.members.iter().map(|member| value_of(*member, witnesses, &groups));
            let mut members: Vec<Option<T>> = members.collect();
            // The greatest first. Those without a value are below all others.
            members.sort_unstable_by_key(|value| Reverse(*value));
            // A threshold is from 1 to the number of members.
            groups.push(members[group.threshold - 1]);
        }
        value_of(quorum, witnesses, &groups)
    }

    pub(crate) fn component_name(&self, component: Component) -> &str {
        match component {
            Component::Witness(place) => &self.witnesses[place].name,
            Component::Group(place) => &self.groups[place].name,
        }
    }
}

/// A group's members are defined before it, so `groups` already has their values.
fn value_of<T: Copy>(
    component: Component,
    witnesses: &[Option<T>],
    groups: &[Option<T>],
) -> Option<T> {
    match component {
        Component::Witness(place) => witnesses[place],
        Component::Group(place) => groups[place],
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        policy_text::write(self, f)
    }
}
