//! What the arguments ask to be told of.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use client::Selection;
use record::{Digest, ProjectName};

use crate::failure::Failure;

/// What is reported.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What is reported")]
pub struct SelectArgs {
    /// Report what speaks of tampering, loss or a broken invariant anywhere; this is the default
    ///
    /// Changed hashes, differing contents, removals and returns of any file, new files of old releases,
    /// digests that disagree, files that their publishers do not expect, statements that do not count.
    #[arg(long, conflicts_with_all = ["projects", "sha256_from"])]
    pub all: bool,
    /// Report what happens to this project, and to nothing else that is not chosen (may be repeated)
    ///
    /// Every entry of the project is reported, but for what is as its publisher expects it: expectations,
    /// and new files that have the expected hash.
    #[arg(long = "project", value_name = "NAME", value_parser = ProjectName::normalise)]
    pub projects: Vec<ProjectName>,
    /// Report what happens to files that were ever logged with a hash in this file (may be repeated)
    ///
    /// One SHA-256 a line, or lines of sha256sum; empty lines and those that begin with # do not count.
    /// Removals, returns, other hashes, yanking, and the status of their releases and projects are reported.
    /// The first time that a hash is given, the log is read from its first entry to find its files; what
    /// was read before is not reported again.
    #[arg(long, value_name = "FILE")]
    pub sha256_from: Vec<PathBuf>,
}

impl SelectArgs {
    pub(super) fn selection(&self) -> Result<Selection, Failure> {
        let mut hashes = Vec::new();
        for path in &self.sha256_from {
            hashes.extend(read_hashes(path)?);
        }
        Ok(Selection::of(self.projects.iter().cloned(), hashes))
    }
}

fn read_hashes(path: &Path) -> Result<Vec<Digest>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let hashes = parse_hashes(&text).map_err(|problem| Failure::file(path, problem))?;
    if hashes.is_empty() {
        Err(Failure::file(path, "there are no hashes in it"))
    } else {
        Ok(hashes)
    }
}

fn parse_hashes(text: &str) -> Result<Vec<Digest>, String> {
    let lines = text.lines().zip(1_u64..).map(|(line, number)| (line.trim(), number));
    let said = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let parse = |(line, number): (&str, u64)| {
        // sha256sum marks names that it had to escape.
        let hash = line.trim_start_matches('\\').split_whitespace().next().unwrap_or_default();
        Digest::parse(&hash.to_ascii_lowercase()).map_err(|error| format!("line {number}: {error}"))
    };
    said.map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::parse_hashes;

    #[test]
    fn lists_of_hashes_are_read() {
        let hash = "942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1";
        let upper = hash.to_uppercase();
        let text =
            format!("# ours\n{hash}\n\n{upper}\r\n{hash}  a.tar.gz\n{hash} *b\n\\{hash}  c\\n\n");
        let hashes = parse_hashes(&text).unwrap();
        assert_eq!(hashes.len(), 5);
        assert!(hashes.iter().all(|found| found.to_string() == hash));
        assert!(parse_hashes(&format!("{hash}\nmd5\n")).unwrap_err().starts_with("line 2: "));
        assert!(parse_hashes(&hash[1..]).is_err());
    }
}
