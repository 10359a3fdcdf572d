//! Projects, their releases, and the files of a release.

use super::names::Name;
use super::random::{Purpose, Random};

/// Interpreters that wheels with compiled code are built for.
const INTERPRETERS: [&str; 7] = ["cp313", "cp312", "cp311", "cp310", "cp39", "cp38", "cp37"];
/// Platforms that they are built for.
const PLATFORMS: [&str; 6] = [
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "macosx_11_0_arm64",
    "win_amd64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "macosx_10_9_x86_64",
    "musllinux_1_2_x86_64",
];

/// A project with as many files as it has.
#[derive(Debug)]
pub(super) struct Project {
    /// As it stands in filenames.
    pub(super) stem: String,
    pub(super) name: Name,
    /// Files of all releases.
    pub(super) files: u32,
    /// Files of each release but the last, which may have fewer.
    pub(super) each: u32,
}

/// A file of a release.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Sdist,
    Pure,
    /// Compiled, for this interpreter and platform.
    Compiled(&'static str, &'static str),
}

impl Project {
    pub(super) fn new(random: Random, place: u64, name: Name, files: u32) -> Project {
        let style = random.number(Purpose::Style, place);
        // Large projects are large because they build for many platforms.
        let compiled = if files > 100 { 50 } else { 8 };
        let each = match style % 100 {
            share if share < compiled => 5 + u32::try_from(style / 100 % 39).expect("it is small"),
            share if share < 70 => 2,
            _ => 1,
        };
        Project { stem: name.project.replace('-', "_"), name, files, each }
    }

    /// How many releases there are.
    pub(super) fn releases(&self) -> u32 {
        self.files.div_ceil(self.each)
    }

    /// The files of a release.
    pub(super) fn files(&self, release: u32) -> impl Iterator<Item = Kind> {
        let count = self.each.min(self.files - release * self.each);
        let pure = self.each <= 2;
        (0..count).map(move |file| match file {
            0 => Kind::Sdist,
            _ if pure => Kind::Pure,
            _ => compiled(file as usize - 1),
        })
    }

    /// Appends the version of a release.
    pub(super) fn write_version(&self, release: u32, out: &mut Vec<u8>) {
        if self.releases() == 1 {
            out.extend_from_slice(self.name.version.as_bytes());
            return;
        }
        let mut digits = [0; 10];
        for (place, part) in
            [release / 100, release / 10 % 10, release % 10].into_iter().enumerate()
        {
            if place > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(decimal(part.into(), &mut digits));
        }
    }
}

fn compiled(number: usize) -> Kind {
    Kind::Compiled(
        INTERPRETERS[number / PLATFORMS.len() % INTERPRETERS.len()],
        PLATFORMS[number % PLATFORMS.len()],
    )
}

/// `number` in decimal, at the end of `digits`.
pub(super) fn decimal(mut number: u64, digits: &mut [u8; 10]) -> &[u8] {
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + u8::try_from(number % 10).expect("it is a digit");
        number /= 10;
        if number == 0 {
            return &digits[first..];
        }
    }
}
