//! The public gRPC contract of Indelible, generated from `indelible/v1/*.proto`.
//!
//! The `.proto` files are the documentation of every message and its limits.

/// Version 1 of the contract.
#[allow(missing_docs, clippy::pedantic, unreachable_pub)]
pub mod v1 {
    tonic::include_proto!("indelible.v1");
}

/// The encoded file descriptors, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
