//! Facts to submit.

use std::ops::Range;

use indelible_proto::v1::{Fact, ListedFile, fact::Fact as Kind};
use record::Digest;

/// A fact of any kind.
pub(crate) fn fact(kind: Kind) -> Fact {
    Fact { fact: Some(kind) }
}

/// File number `number`; seven projects take turns.
pub(crate) fn file(number: u64) -> ListedFile {
    let project = format!("project-{}", number % 7);
    ListedFile {
        filename: format!("project_{}-1.{number}.tar.gz", number % 7),
        version: format!("1.{number}"),
        sha256: sha256(number).as_bytes().to_vec().into(),
        size: Some(number),
        project,
        ..ListedFile::default()
    }
}

/// The source archive of a version of `project-1`, listed with a hash.
pub(crate) fn sdist(version: &str, sha256: Digest) -> Fact {
    fact(Kind::Listed(ListedFile {
        project: "project-1".to_owned(),
        version: version.to_owned(),
        filename: format!("project_1-{version}.tar.gz"),
        sha256: sha256.as_bytes().to_vec().into(),
        ..ListedFile::default()
    }))
}

/// The hash of file number `number`.
pub(crate) fn sha256(number: u64) -> Digest {
    Digest::sha256(&number.to_be_bytes())
}

/// Files as facts, each of which is one entry.
pub(crate) fn files(numbers: Range<u64>) -> Vec<Fact> {
    numbers.map(|number| fact(Kind::Listed(file(number)))).collect()
}

/// Files whose entries are 4 KiB and more.
pub(crate) fn large_files(numbers: Range<u64>) -> Vec<Fact> {
    let large = |number| ListedFile { yanked: Some("y".repeat(4096)), ..file(number) };
    numbers.map(|number| fact(Kind::Listed(large(number)))).collect()
}
