//! Which log is trusted, by which keys, and where it is served.

use std::fmt;
use std::net::IpAddr;

use record::Digest;
use reqwest::Url;
use thiserror::Error;
use tlog::{
    InvalidKey, InvalidPolicy, Policy, PolicyError, PolicyLog, SignedCheckpoint,
    VerifiedCheckpoint, VerifyingKey,
};

/// Prefix under which a log is served, over `http` or `https`.
///
/// ```
/// use client::LogUrl;
///
/// let url = LogUrl::parse("https://log.example/pypi")?;
/// assert_eq!(url.to_string(), "https://log.example/pypi");
/// assert!(LogUrl::parse("log.example/pypi").is_err());
/// # Ok::<(), client::InvalidTrust>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogUrl(String);

impl LogUrl {
    /// Parses an absolute URL; a final slash makes no difference.
    ///
    /// # Errors
    /// [`InvalidTrust::Url`] for another scheme, and for a query, a fragment or credentials.
    pub fn parse(text: &str) -> Result<LogUrl, InvalidTrust> {
        let invalid = || InvalidTrust::Url(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let scheme_ok = matches!(url.scheme(), "http" | "https");
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !scheme_ok || !plain || url.password().is_some() || !url.has_host() {
            return Err(invalid());
        }
        Ok(LogUrl(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The URL without a final slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a witness shows what it cosigned of a log, if this is the prefix under which it is monitored:
    /// `<prefix>/<lower-case hex SHA-256 of the origin>` (C2SP tlog-witness).
    #[must_use]
    pub fn of_origin(&self, origin: &str) -> LogUrl {
        LogUrl(self.join(&Digest::sha256(origin.as_bytes())))
    }

    /// Whether the log is on this machine, so that bytes cost nothing on their way.
    pub(crate) fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.0);
        let host = url.as_ref().ok().and_then(Url::host_str).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or(host == "localhost", |address| address.is_loopback())
    }

    /// URL of a file under the prefix.
    pub(crate) fn join(&self, path: &impl fmt::Display) -> String {
        format!("{}/{path}", self.0)
    }
}

impl fmt::Display for LogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a configuration does not say which log to trust, or where it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidTrust {
    /// The key is not one that signs checkpoints.
    #[error("the log's key is not usable")]
    Key(#[from] InvalidKey),
    /// Neither the policy nor the caller says where the log is served.
    #[error("the policy does not say where '{0}' is served")]
    NoUrl(String),
    /// Heads are remembered for one log: a policy of several leaves open which.
    #[error("the policy lists {0} logs; one is needed")]
    NotOneLog(usize),
    /// The policy text does not parse.
    #[error("the policy is not usable")]
    Policy(#[from] InvalidPolicy),
    /// Not the address of a log.
    #[error("'{0}' is not the URL of a log: expected http:// or https://, a host and a path")]
    Url(String),
}

/// One log, the keys that speak for it, and the quorum of witnesses it needs. No address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    policy: Policy,
    log: PolicyLog,
}

impl Trust {
    /// Trusts the log that `vkey` names, without asking for witnesses.
    ///
    /// # Errors
    /// [`InvalidTrust::Key`] unless `vkey` is the text of a log's key.
    pub fn from_key(vkey: &str) -> Result<Trust, InvalidTrust> {
        Trust::new(Policy::single(VerifyingKey::parse(vkey)?)?)
    }

    /// Trusts the one log of a policy (C2SP tlog-policy), with its quorum.
    ///
    /// # Errors
    /// [`InvalidTrust`] unless `text` is a policy with exactly one log.
    pub fn from_policy(text: &str) -> Result<Trust, InvalidTrust> {
        Trust::new(Policy::parse(text)?)
    }

    fn new(policy: Policy) -> Result<Trust, InvalidTrust> {
        let [log] = policy.logs() else {
            return Err(InvalidTrust::NotOneLog(policy.logs().len()));
        };
        Ok(Trust { log: log.clone(), policy })
    }

    /// Unique name of the log.
    pub fn origin(&self) -> &str {
        self.log.origin()
    }

    /// The policy, of exactly one log.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where the log is served, if the policy says so.
    ///
    /// # Errors
    /// [`InvalidTrust::NoUrl`] if it does not, [`InvalidTrust::Url`] if it is not usable.
    pub fn url(&self) -> Result<LogUrl, InvalidTrust> {
        let url = self.log.url().ok_or_else(|| InvalidTrust::NoUrl(self.origin().to_owned()))?;
        LogUrl::parse(url)
    }

    /// Accepts a checkpoint with the log's signature and the quorum's cosignatures.
    ///
    /// # Errors
    /// [`PolicyError`] otherwise.
    pub fn verify(&self, checkpoint: &SignedCheckpoint) -> Result<VerifiedCheckpoint, PolicyError> {
        self.policy.verify(checkpoint)
    }

    /// Accepts a checkpoint with the log's signature, whoever else signed: what the log is bound by.
    pub(crate) fn verify_signed_by_log(
        &self,
        checkpoint: &SignedCheckpoint,
    ) -> Result<VerifiedCheckpoint, PolicyError> {
        checkpoint.verify(self.origin(), std::slice::from_ref(self.log.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::LogUrl;

    #[test]
    fn this_machine_is_told_from_others() {
        for (url, is_loopback) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.8.8.8/log", true),
            ("http://[::1]:1/", true),
            ("http://localhost/", true),
            ("http://localhost.example/", false),
            ("https://127.0.0.1.example/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(LogUrl::parse(url).unwrap().is_loopback(), is_loopback, "{url}");
        }
    }
}
