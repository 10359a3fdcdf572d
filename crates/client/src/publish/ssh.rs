//! OpenSSH's texts: public keys, and signatures by `ssh-keygen -Y sign`.

use std::error::Error as StdError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::SSH_NAMESPACE;
use thiserror::Error;

/// The only type of key that statements are signed with.
const KEY_TYPE: &[u8] = b"ssh-ed25519";

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// Signs the text of a statement, in the namespace [`SSH_NAMESPACE`], and gives what
/// `ssh-keygen -Y sign` writes.
pub type RunSshKeygen =
    dyn Fn(&str) -> Result<String, Box<dyn StdError + Send + Sync>> + Send + Sync;

/// The text is not one that is made of an `ssh-ed25519` key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidSsh {
    /// The signature is of another hash.
    #[error("statements are signed over their SHA-512, not over {0}: ssh-keygen -O hashalg=sha512")]
    Hash(String),
    /// The key has another type.
    #[error("the key is of type {0}: statements are signed with ssh-ed25519 keys alone")]
    KeyType(String),
    /// The signature is for another use of the key.
    #[error("the signature is for the namespace {0:?}, not for {SSH_NAMESPACE:?}")]
    Namespace(String),
    /// The signature is another key's.
    #[error("the signature is by another SSH key than the one that was named")]
    OtherKey,
    /// The secret half of the key.
    #[error("this is a secret SSH key: name the file of its public half, which ends in .pub")]
    Secret,
    /// Not in the form that OpenSSH writes.
    #[error("this is no {0} of OpenSSH")]
    Syntax(&'static str),
}

/// The Ed25519 key in a line of an OpenSSH public key file, `ssh-ed25519 <base64> [comment]`.
///
/// ```
/// let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH release";
/// assert_eq!(client::publish::ssh_public_key(line), Ok([7; 32]));
/// ```
///
/// # Errors
/// [`InvalidSsh`] if it is none, or of another type.
pub fn ssh_public_key(text: &str) -> Result<[u8; 32], InvalidSsh> {
    const INVALID: InvalidSsh = InvalidSsh::Syntax("public key");
    if text.starts_with("-----BEGIN") {
        return Err(InvalidSsh::Secret);
    }
    let mut words = text.split_whitespace();
    let (stated, encoded) = words.next().zip(words.next()).ok_or(INVALID)?;
    let blob = STANDARD.decode(encoded).map_err(|_| INVALID)?;
    let mut reader = Reader { rest: &blob, of: "public key" };
    if reader.string()? != stated.as_bytes() {
        return Err(INVALID);
    }
    key_in(&blob, "public key")
}

/// The 64 bytes of an armored signature, if it is the key's and for statements.
pub(super) fn raw_signature(armored: &str, public: &[u8; 32]) -> Result<[u8; 64], InvalidSsh> {
    const INVALID: InvalidSsh = InvalidSsh::Syntax("signature");
    let inner = armored.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
    let encoded: String = inner.ok_or(INVALID)?.split_whitespace().collect();
    let bytes = STANDARD.decode(encoded).map_err(|_| INVALID)?;
    // PROTOCOL.sshsig: magic, version 1, then strings.
    let rest = bytes.strip_prefix(b"SSHSIG\0\0\0\x01").ok_or(INVALID)?;
    let mut reader = Reader { rest, of: "signature" };
    let (key, namespace) = (reader.string()?, reader.string()?);
    let (_reserved, hash, signature) = (reader.string()?, reader.string()?, reader.string()?);
    if key_in(key, "signature")? != *public {
        return Err(InvalidSsh::OtherKey);
    }
    if namespace != SSH_NAMESPACE.as_bytes() {
        return Err(InvalidSsh::Namespace(lossy(namespace)));
    }
    if hash != b"sha512" {
        return Err(InvalidSsh::Hash(lossy(hash)));
    }
    let mut reader = Reader { rest: signature, of: "signature" };
    match reader.string()? {
        KEY_TYPE => reader.string()?.try_into().map_err(|_| INVALID),
        other => Err(InvalidSsh::KeyType(lossy(other))),
    }
}

/// The key in the binary form that both texts hold.
fn key_in(blob: &[u8], of: &'static str) -> Result<[u8; 32], InvalidSsh> {
    let mut reader = Reader { rest: blob, of };
    match reader.string()? {
        KEY_TYPE => reader.string()?.try_into().map_err(|_| InvalidSsh::Syntax(of)),
        other => Err(InvalidSsh::KeyType(lossy(other))),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads strings as SSH writes them: a length of four bytes, and the bytes.
struct Reader<'a> {
    rest: &'a [u8],
    of: &'static str,
}

impl<'a> Reader<'a> {
    fn string(&mut self) -> Result<&'a [u8], InvalidSsh> {
        let split = self.rest.split_first_chunk().and_then(|(length, rest)| {
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
        });
        let (string, rest) = split.ok_or(InvalidSsh::Syntax(self.of))?;
        self.rest = rest;
        Ok(string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn armored(key: (&[u8], &[u8]), namespace: &str, hash: &str) -> String {
        let inner = |value: &[u8]| [string(key.0), string(value)].concat();
        let blob = [
            b"SSHSIG\0\0\0\x01".to_vec(),
            string(&inner(key.1)),
            string(namespace.as_bytes()),
            string(b""),
            string(hash.as_bytes()),
            string(&inner(&[9; 64])),
        ];
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(blob.concat()))
    }

    #[test]
    fn signatures_for_something_else_are_refused() {
        let ours: (&[u8], &[u8]) = (b"ssh-ed25519", &[7; 32]);
        let rsa: (&[u8], &[u8]) = (b"ssh-rsa", &[7; 300]);
        let other: (&[u8], &[u8]) = (b"ssh-ed25519", &[8; 32]);
        for (expected, text) in [
            (Ok([9; 64]), armored(ours, SSH_NAMESPACE, "sha512")),
            (Err(InvalidSsh::Namespace("git".into())), armored(ours, "git", "sha512")),
            (Err(InvalidSsh::Hash("sha256".into())), armored(ours, SSH_NAMESPACE, "sha256")),
            (Err(InvalidSsh::KeyType("ssh-rsa".into())), armored(rsa, SSH_NAMESPACE, "sha512")),
            (Err(InvalidSsh::OtherKey), armored(other, SSH_NAMESPACE, "sha512")),
            (Err(InvalidSsh::Syntax("signature")), "nonsense".into()),
            (Err(InvalidSsh::Syntax("signature")), format!("{BEGIN}\nAAAA\n{END}\n")),
        ] {
            assert_eq!(raw_signature(&text, &[7; 32]), expected, "{text}");
        }
    }

    #[test]
    fn other_files_are_no_public_keys() {
        let rsa = STANDARD.encode([string(b"ssh-rsa"), string(&[7; 300])].concat());
        let short = STANDARD.encode([string(b"ssh-ed25519"), string(&[7; 31])].concat());
        for (expected, text) in [
            (InvalidSsh::KeyType("ssh-rsa".into()), format!("ssh-rsa {rsa} comment")),
            (InvalidSsh::Syntax("public key"), format!("ssh-ed25519 {rsa}")),
            (InvalidSsh::Syntax("public key"), format!("ssh-ed25519 {short}")),
            (InvalidSsh::Syntax("public key"), "ssh-ed25519".into()),
            (InvalidSsh::Syntax("public key"), "ssh-ed25519 /////w==".into()),
            (InvalidSsh::Secret, "-----BEGIN OPENSSH PRIVATE KEY-----\n".into()),
        ] {
            assert_eq!(ssh_public_key(&text), Err(expected), "{text}");
        }
    }
}
