//! The verifiable map: roots, buckets and proofs, against an oracle and against vectors.
#![allow(clippy::unwrap_used)]

mod fixture;
mod golden;
mod joins;
mod oracle;
mod proofs;
mod reference;
mod refusals;
mod roots;
mod values;
