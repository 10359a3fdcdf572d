//! Publishers: what is said about a project, and how its keys say more.
//!
//! [`Client::publisher`](crate::Client::publisher) reads what counts of it. A [`Signer`] makes statements;
//! [`Client::expect`](crate::Client::expect) and [`Client::change_keys`](crate::Client::change_keys) submit
//! them, and neither believes the log's word that they were logged: the entry has to be proved, and to say
//! what was signed.

mod receipt;
mod signer;
mod ssh;
mod state;
mod submit;

pub use self::signer::{SignedExpectation, SignedKeyChange, Signer, SigningError};
pub use self::ssh::{InvalidSsh, RunSshKeygen, ssh_public_key};
pub use self::state::Publisher;
pub use self::submit::{KeyOutcome, MAX_EXPECTATIONS};
