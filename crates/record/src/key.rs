//! Publisher keys and signatures as entries hold them: text of a known shape, verified elsewhere.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Longest public key that entries hold, in bytes of vkey text. Keys of post-quantum algorithms fit.
pub const MAX_KEY_LEN: usize = 4096;

/// Longest signature that entries hold, in bytes before base64.
pub const MAX_SIGNATURE_LEN: usize = 4096;

/// A public key in vkey form: name, `+`, eight digits of lower-case hex, `+`, base64.
///
/// The shape is checked, the key is not: that is the business of whoever verifies with it. Clones share the
/// text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(Arc<str>);

/// The text does not have the shape of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a public key is written as a vkey, <name>+<8 lower-case hex digits>+<canonical base64>, \
     in at most {MAX_KEY_LEN} bytes"
)]
pub struct InvalidPublicKey;

/// A signature: bytes whose algorithm is that of the key beside them, written as base64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(Vec<u8>);

/// The bytes or the text are not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a signature is 1 to {MAX_SIGNATURE_LEN} bytes, written as canonical base64 with padding")]
pub struct InvalidSignature;

impl PublicKey {
    /// Takes the text of a vkey.
    ///
    /// # Errors
    /// [`InvalidPublicKey`] if `text` does not have the shape of one.
    pub fn parse(text: &str) -> Result<PublicKey, InvalidPublicKey> {
        if text.len() <= MAX_KEY_LEN && has_shape(text).is_some() {
            Ok(PublicKey(text.into()))
        } else {
            Err(InvalidPublicKey)
        }
    }

    /// The vkey text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

fn has_shape(vkey: &str) -> Option<()> {
    let (name, rest) = vkey.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let name_ok = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control());
    let id_ok = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let key = decode_base64(key)?;
    (name_ok && id_ok && !key.is_empty()).then_some(())
}

impl Signature {
    /// Takes the bytes of a signature.
    ///
    /// # Errors
    /// [`InvalidSignature`] for none or more than [`MAX_SIGNATURE_LEN`] bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Signature, InvalidSignature> {
        if bytes.is_empty() || bytes.len() > MAX_SIGNATURE_LEN {
            return Err(InvalidSignature);
        }
        Ok(Signature(bytes))
    }

    /// Parses the base64 form; canonical or refused.
    ///
    /// # Errors
    /// [`InvalidSignature`] unless `text` is exactly what [`Display`](core::fmt::Display) writes for some signature.
    pub fn parse(text: &str) -> Result<Signature, InvalidSignature> {
        Signature::new(decode_base64(text).ok_or(InvalidSignature)?)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn text(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

/// Decodes canonical base64: the engine refuses missing padding and non-zero trailing bits.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

textual!(PublicKey, InvalidPublicKey);
textual!(Signature, InvalidSignature);
