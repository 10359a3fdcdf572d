//! Facts by number: files that no index lists, no two of which are the same.

use record::{Digest, Fact, ListedFile, ProjectName};

/// Files of a project.
pub(crate) const FILES_PER_PROJECT: u64 = 22;

/// The facts with these numbers.
///
/// # Errors
/// None: the names are names.
pub(crate) fn facts(numbers: std::ops::Range<u64>) -> anyhow::Result<Vec<Fact>> {
    numbers.map(|number| Ok(Fact::Listed(listed(number)?))).collect()
}

/// The file with this number.
///
/// # Errors
/// None: the name is a name.
pub(crate) fn listed(number: u64) -> anyhow::Result<ListedFile> {
    let project = number / FILES_PER_PROJECT;
    Ok(ListedFile {
        project: ProjectName::parse(&format!("load-{project}"))?,
        version: format!("1.{number}"),
        filename: format!("load_{project}-1.{number}.tar.gz"),
        sha256: Digest::sha256(&number.to_be_bytes()),
        size: Some(number),
        blake2b: None,
        metadata: None,
        uploaded: Some("2026-11-21T01:13:58.123456Z".to_owned()),
        yanked: None,
        provenance: false,
    })
}
