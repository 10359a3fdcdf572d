//! Facts on the wire and in `record`'s types, both ways.

use bytes::Bytes;
use record::{ContentFact, Digest, Fact, ListedFile, ProjectName, Status, StatusFact};

use super::v1::{self, fact};

/// Reads a fact; the error names the field and what is wrong with it.
pub(super) fn parse(fact: v1::Fact) -> Result<Fact, String> {
    match fact.fact.ok_or("the fact is empty, or of a kind this log does not know")? {
        fact::Fact::Listed(file) => listed(file).map(Fact::Listed),
        fact::Fact::Unlisted(file) => {
            Ok(Fact::Unlisted { project: project(&file.project)?, filename: file.filename })
        }
        fact::Fact::Status(fact) => status(fact).map(Fact::Status),
        fact::Fact::Content(fact) => content(fact).map(Fact::Content),
    }
}

fn listed(file: v1::ListedFile) -> Result<ListedFile, String> {
    Ok(ListedFile {
        project: project(&file.project)?,
        sha256: digest("sha256", &file.sha256)?,
        blake2b: optional("blake2b", file.blake2b)?,
        metadata: optional("metadata", file.metadata)?,
        version: file.version,
        filename: file.filename,
        size: file.size,
        uploaded: file.uploaded,
        yanked: file.yanked,
        provenance: file.provenance,
    })
}

fn status(fact: v1::StatusFact) -> Result<StatusFact, String> {
    Ok(StatusFact {
        project: project(&fact.project)?,
        version: fact.version,
        filename: None,
        status: Status::parse(&fact.status)
            .ok_or_else(|| format!("status: {:?} is none that the log knows", fact.status))?,
        reason: fact.reason,
    })
}

fn content(fact: v1::ContentFact) -> Result<ContentFact, String> {
    Ok(ContentFact {
        project: project(&fact.project)?,
        version: fact.version,
        filename: fact.filename,
        sha256: digest("sha256", &fact.sha256)?,
        got: digest("got", &fact.got)?,
    })
}

/// A project name, which must be normalised already.
pub(super) fn project(name: &str) -> Result<ProjectName, String> {
    ProjectName::parse(name).map_err(|error| format!("project: {error}"))
}

/// A 32-byte digest.
pub(super) fn digest(field: &str, bytes: &Bytes) -> Result<Digest, String> {
    let bytes: [u8; 32] = bytes
        .as_ref()
        .try_into()
        .map_err(|_| format!("{field}: a digest is 32 bytes, not {}", bytes.len()))?;
    Ok(Digest::from(bytes))
}

fn optional(field: &str, bytes: Option<Bytes>) -> Result<Option<Digest>, String> {
    bytes.map(|bytes| digest(field, &bytes)).transpose()
}

/// Writes a fact; [`parse`] reads it back.
pub(super) fn encode(fact: Fact) -> v1::Fact {
    let fact = match fact {
        Fact::Listed(file) => fact::Fact::Listed(v1::ListedFile {
            project: file.project.to_string(),
            version: file.version,
            filename: file.filename,
            sha256: digest_bytes(&file.sha256),
            size: file.size,
            blake2b: file.blake2b.as_ref().map(digest_bytes),
            metadata: file.metadata.as_ref().map(digest_bytes),
            uploaded: file.uploaded,
            yanked: file.yanked,
            provenance: file.provenance,
        }),
        Fact::Unlisted { project, filename } => {
            fact::Fact::Unlisted(v1::UnlistedFile { project: project.to_string(), filename })
        }
        Fact::Status(fact) => fact::Fact::Status(v1::StatusFact {
            project: fact.project.to_string(),
            version: fact.version,
            status: fact.status.to_string(),
            reason: fact.reason,
        }),
        Fact::Content(fact) => fact::Fact::Content(v1::ContentFact {
            project: fact.project.to_string(),
            version: fact.version,
            filename: fact.filename,
            sha256: digest_bytes(&fact.sha256),
            got: digest_bytes(&fact.got),
        }),
    };
    v1::Fact { fact: Some(fact) }
}

/// The 32 bytes of a digest.
pub(super) fn digest_bytes(digest: &Digest) -> Bytes {
    Bytes::copy_from_slice(digest.as_bytes())
}
