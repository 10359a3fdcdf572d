//! Publishers: what they sign, which keys speak for a project, and what they expect of its files.
//!
//! # Statements
//!
//! A statement is UTF-8 text of lines that each end in LF. It is bound to one log by its origin, to one
//! project, and by its first line to this use of the key. There are two, an expectation and a change of
//! keys:
//!
//! ```text
//! indelible-statement@v1                       indelible-statement@v1
//! log <origin>                                 log <origin>
//! expect                                       <action>
//! project <normalised name>                    project <normalised name>
//! version <version, perhaps empty>             key <vkey>
//! filename <filename>                          after <leaf hash of the key entry before, or none>
//! sha256 <64 lower-case hex digits>
//! ```
//!
//! `action` is `add`, `complete`, `enrol`, `partial`, `revoke` or `rotate`. `after` is the RFC 6962 leaf
//! hash, in base64, of the project's newest key entry that counts, `none` if there is none: a statement
//! about keys holds at one place of the project's history and can never be used again. Values are those
//! of the entry and hold no control characters, so that one text has one meaning.
//!
//! # Signatures
//!
//! | key, as the bytes in its vkey | signature, 64 bytes |
//! | --- | --- |
//! | `01`, 32 bytes of Ed25519 | over the text: a statement is the text of a signed note (C2SP) |
//! | `ff`, `indelible-ssh-ed25519`, 32 bytes of Ed25519 | that of `ssh-keygen -Y sign -n indelible-statement` of the text, without its envelope: over `SSHSIG`, the namespace, nothing, `sha512` and the text's SHA-512, as OpenSSH's PROTOCOL.sshsig puts them together |
//!
//! The key ID is SHA-256 of name, LF and these bytes, cut to four bytes.
//!
//! # What counts
//!
//! Everybody who reads a project's entries in order finds the same: see [`KeyRing`] and
//! [`PublisherState`]. An entry whose signature is false, or that its keys did not allow at its place,
//! does not count; an honest log has none.

mod algorithm;
mod file;
mod ring;
mod state;
mod statement;

pub use algorithm::{SSH_NAMESPACE, SshKey, UnsupportedKey};
pub use file::{Expected, Listing, PublishedFile, Reconciled};
pub use ring::{KeyRefusal, KeyRing, KeyState, MAX_ACTIVE_KEYS};
pub use state::{ExpectationRefusal, PublisherState, StatementRefusal};
pub use statement::{Expectation, KeyChange};
