//! Digests as sources write them.

use record::Digest;

use super::node::Node;
use super::pin::{InvalidSource, Pin};

/// Algorithms by the names that sources use, and how they are reported.
const OTHERS: [(&str, &str); 14] = [
    ("md5", "md5"),
    ("sha1", "sha1"),
    ("sha-1", "sha1"),
    ("sha224", "sha224"),
    ("sha-224", "sha224"),
    ("sha384", "sha384"),
    ("sha-384", "sha384"),
    ("sha512", "sha512"),
    ("sha-512", "sha512"),
    ("blake2b", "blake2b"),
    ("blake2b-256", "blake2b-256"),
    ("blake2b_256", "blake2b-256"),
    ("blake2b-512", "blake2b"),
    ("blake3", "blake3"),
];

/// What an algorithm is called if it is none of these.
const UNKNOWN: &str = "unknown";

/// A digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    /// One that can be looked up.
    Sha256(Digest),
    /// One by this algorithm.
    Other(&'static str),
}

impl Stated {
    /// Reads `algorithm:digest` or `algorithm=digest`; without an algorithm it is SHA-256.
    ///
    /// # Errors
    /// The reason, if it says SHA-256 and is none.
    pub(super) fn parse(text: &str) -> Result<Stated, String> {
        let (algorithm, digest) = text.split_once([':', '=']).unwrap_or(("sha256", text));
        Stated::of(algorithm, digest)
    }

    /// Whether this is the name of an algorithm.
    pub(super) fn knows(algorithm: &str) -> bool {
        algorithm == "sha256" || OTHERS.iter().any(|(name, _)| *name == algorithm)
    }

    /// Takes a digest in hex, whatever the case of its letters.
    ///
    /// # Errors
    /// The reason, if the algorithm is SHA-256 and the digest is none.
    pub(super) fn of(algorithm: &str, digest: &str) -> Result<Stated, String> {
        let algorithm = algorithm.trim().to_ascii_lowercase();
        let digest = digest.trim();
        if matches!(algorithm.as_str(), "sha256" | "sha-256") {
            return match Digest::parse(&digest.to_ascii_lowercase()) {
                Ok(digest) => Ok(Stated::Sha256(digest)),
                Err(_) => Err(format!("'{digest}' is no SHA-256 hash: it has 64 hex digits")),
            };
        }
        let known = OTHERS.iter().find(|(name, _)| *name == algorithm);
        Ok(Stated::Other(known.map_or(UNKNOWN, |(_, name)| name)))
    }
}

impl Pin {
    /// Adds the digest that a value states as [`Stated::parse`] reads it.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is none, or contradicts one that was stated before.
    pub(super) fn state_in(&mut self, node: &Node<'_>) -> Result<(), InvalidSource> {
        let stated = Stated::parse(node.text()?).map_err(|reason| node.invalid(reason))?;
        self.state(stated).map_err(|reason| node.invalid(reason))
    }

    /// Adds the digest by `algorithm` that a value is.
    ///
    /// # Errors
    /// [`InvalidSource`] if it is none, or contradicts one that was stated before.
    pub(super) fn state_as(
        &mut self,
        algorithm: &str,
        node: &Node<'_>,
    ) -> Result<(), InvalidSource> {
        let stated = Stated::of(algorithm, node.text()?).map_err(|reason| node.invalid(reason))?;
        self.state(stated).map_err(|reason| node.invalid(reason))
    }

    /// Adds a digest that is stated for the file.
    ///
    /// # Errors
    /// The reason, if it contradicts one that was stated before.
    pub(super) fn state(&mut self, stated: Stated) -> Result<(), String> {
        match stated {
            Stated::Sha256(digest) if self.sha256.is_some_and(|known| known != digest) => {
                return Err("two SHA-256 hashes for one file".to_owned());
            }
            Stated::Sha256(digest) => self.sha256 = Some(digest),
            Stated::Other(name) if self.other_digests.contains(&name) => {}
            Stated::Other(name) => self.other_digests.push(name),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_sources_write_them() {
        let digest = Digest::sha256(b"a");
        let hex = digest.to_string();
        for (text, expected) in [
            (format!("sha256:{hex}"), Some(Stated::Sha256(digest))),
            (format!("SHA-256: {}", hex.to_uppercase()), Some(Stated::Sha256(digest))),
            (hex.clone(), Some(Stated::Sha256(digest))),
            (format!("sha256={hex}"), Some(Stated::Sha256(digest))),
            ("md5:00".to_owned(), Some(Stated::Other("md5"))),
            ("BLAKE2b-512:00".to_owned(), Some(Stated::Other("blake2b"))),
            ("whirlpool:00".to_owned(), Some(Stated::Other("unknown"))),
            (format!("sha256:{}", &hex[1..]), None),
            (format!("sha256:{hex}0"), None),
            (hex.replace(&hex[..1], "g"), None),
        ] {
            assert_eq!(Stated::parse(&text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn one_file_has_one_hash() {
        let mut pin = Pin::default();
        for stated in [Stated::Sha256(Digest::sha256(b"a")), Stated::Other("md5")] {
            assert_eq!(pin.state(stated).and_then(|()| pin.state(stated)), Ok(()));
        }
        assert!(pin.state(Stated::Sha256(Digest::sha256(b"b"))).is_err());
        assert_eq!(pin.sha256, Some(Digest::sha256(b"a")));
        assert_eq!(pin.other_digests, ["md5"]);
    }
}
