//! Rows of the export, as JSON lines or CSV.

use clap::ValueEnum;

use super::clock::Clock;
use super::random::{Purpose, Random};
use super::release::{Kind, Project, decimal};

/// Columns, in their order.
const COLUMNS: [&str; 11] = [
    "name",
    "version",
    "filename",
    "packagetype",
    "python_version",
    "size",
    "md5_digest",
    "sha256_digest",
    "blake2_256_digest",
    "path",
    "upload_time",
];
const HEX: &[u8; 16] = b"0123456789abcdef";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line
    Jsonl,
    /// A header, and one line a row
    Csv,
}

/// Appends rows to a buffer.
pub(super) struct Rows {
    format: Format,
    random: Random,
    clock: Clock,
    filename: Vec<u8>,
}

impl Rows {
    /// Rows of an index of `files` files.
    pub(super) fn new(format: Format, random: Random, files: u64) -> Rows {
        Rows { format, random, clock: Clock::new(files), filename: Vec::new() }
    }

    /// Appends what comes before the rows.
    pub(super) fn write_header(&self, out: &mut Vec<u8>) {
        if self.format == Format::Csv {
            out.extend_from_slice(COLUMNS.join(",").as_bytes());
            out.push(b'\n');
        }
    }

    /// Appends the row of a file, the `place`-th of all. No value needs an escape.
    pub(super) fn write(
        &mut self,
        place: u64,
        project: &Project,
        release: u32,
        kind: Kind,
        out: &mut Vec<u8>,
    ) {
        self.name_file(project, release, kind);
        let (package, python) = kind.columns();
        let blake2: [u8; 64] = self.digest(Purpose::Blake2, place);
        let mut digits = [0; 10];
        let size = decimal(size(self.random.number(Purpose::Size, place)), &mut digits);
        self.begin(0, out);
        out.extend_from_slice(project.name.project.as_bytes());
        self.begin(1, out);
        project.write_version(release, out);
        self.value(2, &self.filename, out);
        self.value(3, package.as_bytes(), out);
        self.value(4, python.as_bytes(), out);
        self.begin(5, out);
        out.extend_from_slice(size);
        self.value(6, &self.digest::<32>(Purpose::Md5, place), out);
        self.value(7, &self.digest::<64>(Purpose::Sha256, place), out);
        self.value(8, &blake2, out);
        self.begin(9, out);
        for part in [&blake2[..2], &blake2[2..4], &blake2[4..]] {
            out.extend_from_slice(part);
            out.push(b'/');
        }
        out.extend_from_slice(&self.filename);
        self.begin(10, out);
        self.clock.write(place, out);
        out.extend_from_slice(match self.format {
            Format::Csv => b"\n",
            Format::Jsonl => b"\"}\n",
        });
    }

    fn value(&self, column: usize, value: &[u8], out: &mut Vec<u8>) {
        self.begin(column, out);
        out.extend_from_slice(value);
    }

    /// Ends the column before and begins this one.
    fn begin(&self, column: usize, out: &mut Vec<u8>) {
        const SIZE: usize = 5;
        if self.format == Format::Csv {
            if column > 0 {
                out.push(b',');
            }
            return;
        }
        out.extend_from_slice(match column {
            0 => b"{\"",
            _ if column == SIZE + 1 => b",\"",
            _ => b"\",\"".as_slice(),
        });
        out.extend_from_slice(COLUMNS[column].as_bytes());
        out.extend_from_slice(if column == SIZE { b"\":" } else { b"\":\"".as_slice() });
    }

    fn name_file(&mut self, project: &Project, release: u32, kind: Kind) {
        let name = &mut self.filename;
        name.clear();
        name.extend_from_slice(project.stem.as_bytes());
        name.push(b'-');
        project.write_version(release, name);
        match kind {
            Kind::Sdist => name.extend_from_slice(b".tar.gz"),
            Kind::Pure => name.extend_from_slice(b"-py3-none-any.whl"),
            Kind::Compiled(interpreter, platform) => {
                for tag in [interpreter, interpreter, platform] {
                    name.push(b'-');
                    name.extend_from_slice(tag.as_bytes());
                }
                name.extend_from_slice(b".whl");
            }
        }
    }

    /// `LEN` hexadecimal digits.
    fn digest<const LEN: usize>(&self, purpose: Purpose, place: u64) -> [u8; LEN] {
        let mut digest = [0; LEN];
        for (word, digits) in (0_u64..).zip(digest.chunks_exact_mut(16)) {
            let number = self.random.number(purpose, place * 4 + word).to_be_bytes();
            for (byte, pair) in number.into_iter().zip(digits.chunks_exact_mut(2)) {
                pair[0] = HEX[usize::from(byte >> 4)];
                pair[1] = HEX[usize::from(byte & 15)];
            }
        }
        digest
    }
}

impl Kind {
    /// `packagetype` and `python_version`.
    fn columns(self) -> (&'static str, &'static str) {
        match self {
            Kind::Sdist => ("sdist", "source"),
            Kind::Pure => ("bdist_wheel", "py3"),
            Kind::Compiled(interpreter, _) => ("bdist_wheel", interpreter),
        }
    }
}

/// From a kibibyte to a hundred mebibytes, small ones more often.
fn size(random: u64) -> u64 {
    let magnitude = (random & 15).min((random >> 4) & 15);
    ((1 << 10) << magnitude) + (random >> 8) % ((1 << 10) << magnitude)
}
