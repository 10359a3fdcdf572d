//! The listing of a made-up package index: real or made-up names, releases of several files, a few
//! projects with thousands of files and most with a handful, in the order of their upload. The same
//! seed gives the same bytes.

mod clock;
mod names;
mod output;
mod plan;
mod random;
mod release;
mod row;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use random::Random;
use row::{Format, Rows};

/// Bytes that are collected before they are written.
const CHUNK: usize = 1 << 18;

/// `bench generate`
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// Files of the index
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    files: u64,
    /// Names of real projects: `name<TAB>version` lines under a header, gzip if called .gz
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// How rows are written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Another seed is another index
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Where to write, compressed if called .gz or .zst; `-` is standard output
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

/// The seed of listings that nobody wants another one of.
const SEED: u64 = 1;

/// Writes the listing.
///
/// # Errors
/// Names that can not be read, or a listing that can not be written.
pub(crate) fn run(arguments: &Generate) -> anyhow::Result<()> {
    let names = names::all(arguments.names.as_deref())?;
    output::to(&arguments.out, |out| {
        write(names, arguments.files, arguments.format, arguments.seed, out)
    })
}

/// Writes a listing of so many files as JSON lines.
///
/// # Errors
/// As [`run`].
pub(crate) fn listing(files: u64, names: Option<&Path>, out: &Path) -> anyhow::Result<()> {
    let names = names::all(names)?;
    output::to(out, |out| write(names, files, Format::Jsonl, SEED, out))
}

fn write(
    names: Vec<names::Name>,
    files: u64,
    format: Format,
    seed: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let random = Random::new(seed);
    let names = names::spread(names, plan::projects(files));
    let projects = plan::share_out(random, names, files);
    let mut rows = Rows::new(format, random, files);
    let mut buffer = Vec::with_capacity(2 * CHUNK);
    rows.write_header(&mut buffer);
    let mut place = 0;
    for release in plan::releases(random, &projects) {
        let project = &projects[release.project as usize];
        for kind in project.files(release.number) {
            rows.write(place, project, release.number, kind, &mut buffer);
            place += 1;
        }
        if buffer.len() >= CHUNK {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::{Format, names, write};

    const FILES: u64 = 20_000;

    fn text(format: Format, seed: u64) -> String {
        let mut bytes = Vec::new();
        write(names::made_up(), FILES, format, seed, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn rows(seed: u64) -> Vec<serde_json::Value> {
        let text = text(Format::Jsonl, seed);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(text(Format::Jsonl, 1), text(Format::Jsonl, 1));
        assert_ne!(text(Format::Jsonl, 1), text(Format::Jsonl, 2));
    }

    #[test]
    fn there_are_as_many_files_as_asked_for_and_none_twice() {
        let rows = rows(1);
        assert_eq!(rows.len() as u64, FILES);
        for column in ["filename", "sha256_digest", "blake2_256_digest", "md5_digest", "path"] {
            let values: HashSet<&str> =
                rows.iter().map(|row| row[column].as_str().unwrap()).collect();
            assert_eq!(values.len() as u64, FILES, "{column}");
        }
    }

    #[test]
    fn rows_fit_together_and_are_in_the_order_of_upload() {
        let mut before = String::new();
        for row in rows(3) {
            let text = |column: &str| row[column].as_str().unwrap().to_owned();
            let (filename, blake2) = (text("filename"), text("blake2_256_digest"));
            let (first, rest) = blake2.split_at(2);
            let (second, rest) = rest.split_at(2);
            assert_eq!(text("path"), format!("{first}/{second}/{rest}/{filename}"));
            let project = record::ProjectName::parse(&text("name")).unwrap();
            assert_eq!(record::version_of(&filename, &project, &[]), text("version"));
            assert!(row["size"].as_u64().unwrap() >= 1024);
            assert!(before < text("upload_time"));
            before = text("upload_time");
        }
        assert!(before.starts_with("2026-"), "{before}");
    }

    #[test]
    fn most_projects_are_small_and_some_are_not() {
        let mut projects: HashMap<String, usize> = HashMap::new();
        for row in rows(1) {
            *projects.entry(row["name"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let small = projects.values().filter(|files| **files <= 10).count();
        assert!(small * 10 > projects.len() * 6, "{small} of {}", projects.len());
        assert!(projects.values().any(|files| *files > 1000));
    }

    #[test]
    fn both_formats_say_the_same() {
        let csv = text(Format::Csv, 1);
        let mut lines = csv.lines();
        let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
        for (line, row) in lines.zip(rows(1)) {
            for (column, value) in columns.iter().zip(line.split(',')) {
                let expected = row[column].as_str().map(str::to_owned);
                assert_eq!(value, expected.unwrap_or_else(|| row[column].to_string()));
            }
        }
    }
}
