//! What others pinned: the files that lock files, requirements and recipes name, with their hashes.
//!
//! [`read_pins`] recognises a source by its content and reads every file that it pins; [`Reader`] does
//! the same with more to go by. Nothing is judged here, and nothing is left out: what cannot be
//! understood is an error with its line.

mod address;
mod compressed;
mod digests;
mod formats;
mod json;
mod nix_hash;
mod node;
mod orig;
mod pin;
mod source;
mod toml;
mod url;
mod yaml;

pub use formats::Format;
pub use orig::OrigTarball;
pub use pin::{InvalidSource, MAX_PINS, Mentioned, Pin, Pins};
pub use source::{MAX_SOURCE_LEN, Reader};

/// Reads a source of pins, whose `name` is a filename or a path. The format is recognised by content;
/// the name decides only where the content does not. One that is packed with gzip, lz4 or xz is unpacked.
///
/// ```
/// let text = b"version = 1
/// [[package]]
/// name = \"a\"
/// version = \"1.0\"
/// source = { registry = \"https://index.example/simple\" }
/// sdist = { url = \"https://files.example/a-1.0.tar.gz\", hash = \"sha256:b54f84ce5e8bc9c2e9ea3d3c33b1a1e6b2a5f2c5a0a6f0b5c4c3d2e1f0a9b8c7\" }
/// ";
/// let pins = client::audit::read_pins("uv.lock", text)?;
/// assert_eq!(pins.format, client::audit::Format::UvLock);
/// assert_eq!(pins.pins[0].filename.as_deref(), Some("a-1.0.tar.gz"));
/// assert_eq!(pins.pins[0].line, Some(6));
/// # Ok::<(), client::audit::InvalidSource>(())
/// ```
///
/// # Errors
/// [`InvalidSource`] if the source is of no known format, or malformed.
pub fn read_pins(name: &str, bytes: &[u8]) -> Result<Pins, InvalidSource> {
    Reader::default().read(name, bytes)
}

#[cfg(test)]
mod tests;
