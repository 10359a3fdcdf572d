//! The formats that are read, and how each is recognised.

mod bazel;
mod conda;
mod cyclonedx;
mod package;
mod pdm;
mod pip_report;
mod pipfile;
mod poetry;
mod purl;
mod pylock;
mod redistributors;
mod requirements;
mod separate;
mod spdx;
mod sums;
mod text;
mod uv;

use super::pin::{InvalidSource, Pins};
use super::source::Source;

/// What a source of pins is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Any text, of which only what looks like a SHA-256 hash is read.
    AnyText,
    /// `MODULE.bazel.lock`, as far as it is about Python.
    BazelLock,
    /// A recipe of `OpenEmbedded`.
    BitBake,
    /// `.hash` of Buildroot.
    BuildrootHash,
    /// The Python packages in `conda-lock.yml`.
    CondaLock,
    /// `meta.yaml` and `recipe.yaml` of conda-forge.
    CondaRecipe,
    /// `CycloneDX` in JSON.
    CycloneDx,
    /// `.buildinfo` and `.changes` of Debian.
    DebianBuild,
    /// `.dsc` of Debian.
    DebianSource,
    /// The index `Sources` of Debian.
    DebianSources,
    /// `distinfo` of the BSD ports.
    Distinfo,
    /// An easyconfig of `EasyBuild`.
    EasyBuild,
    /// `Manifest` of Gentoo.
    GentooManifest,
    /// A module of Guix packages.
    Guix,
    /// A formula of Homebrew.
    Homebrew,
    /// An expression of Nix.
    Nix,
    /// A makefile of `OpenWrt`.
    OpenWrt,
    /// `pdm.lock`.
    PdmLock,
    /// What `pip install --report` writes.
    PipReport,
    /// `Pipfile.lock`.
    PipfileLock,
    /// The Python packages in `pixi.lock`.
    PixiLock,
    /// `PKGBUILD` of Arch Linux.
    Pkgbuild,
    /// `poetry.lock`.
    PoetryLock,
    /// `pylock.toml` and `pylock.*.toml` (PEP 751).
    Pylock,
    /// Requirements of pip, and those of peep.
    Requirements,
    /// `package.py` of Spack.
    Spack,
    /// SPDX 2.2 and 2.3 in JSON.
    Spdx,
    /// `.SRCINFO` of Arch Linux.
    Srcinfo,
    /// Lines of `sha256sum` and its kin.
    Sums,
    /// `uv.lock`.
    UvLock,
}

impl Format {
    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Format::AnyText => "text",
            Format::BazelLock => "MODULE.bazel.lock",
            Format::BitBake => "BitBake recipe",
            Format::BuildrootHash => "Buildroot hash",
            Format::CondaLock => "conda-lock",
            Format::CondaRecipe => "conda recipe",
            Format::CycloneDx => "CycloneDX",
            Format::DebianBuild => "buildinfo",
            Format::DebianSource => "dsc",
            Format::DebianSources => "Sources",
            Format::Distinfo => "distinfo",
            Format::EasyBuild => "easyconfig",
            Format::GentooManifest => "Manifest",
            Format::Guix => "Guix",
            Format::Homebrew => "Homebrew formula",
            Format::Nix => "Nix",
            Format::OpenWrt => "OpenWrt makefile",
            Format::PdmLock => "pdm.lock",
            Format::PipReport => "pip report",
            Format::PipfileLock => "Pipfile.lock",
            Format::PixiLock => "pixi.lock",
            Format::Pkgbuild => "PKGBUILD",
            Format::PoetryLock => "poetry.lock",
            Format::Pylock => "pylock.toml",
            Format::Requirements => "requirements",
            Format::Spack => "Spack",
            Format::Spdx => "SPDX",
            Format::Srcinfo => ".SRCINFO",
            Format::Sums => "checksums",
            Format::UvLock => "uv.lock",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// How one format is recognised and read.
struct Known {
    format: Format,
    /// Whether a name is the format's own, for content that does not tell (because it is damaged).
    is_named: fn(&str) -> bool,
    /// Whether the content is of this format.
    matches: fn(&Source<'_>) -> bool,
    /// Adds every pin.
    read: fn(&Source<'_>, &mut Pins) -> Result<(), InvalidSource>,
}

/// Formats of installers and of tools around them; of several that match, the first one counts. The
/// stricter a format is, the earlier it stands.
const FORMATS: &[Known] = &[
    Known {
        format: Format::UvLock,
        is_named: |name| name == "uv.lock",
        matches: uv::matches,
        read: uv::read,
    },
    Known {
        format: Format::Pylock,
        is_named: pylock::is_named,
        matches: pylock::matches,
        read: pylock::read,
    },
    Known {
        format: Format::PoetryLock,
        is_named: |name| name == "poetry.lock",
        matches: poetry::matches,
        read: poetry::read,
    },
    Known {
        format: Format::PdmLock,
        is_named: |name| name == "pdm.lock",
        matches: pdm::matches,
        read: pdm::read,
    },
    Known {
        format: Format::PipfileLock,
        is_named: |name| name == "Pipfile.lock",
        matches: pipfile::matches,
        read: pipfile::read,
    },
    Known {
        format: Format::PipReport,
        is_named: |_| false,
        matches: pip_report::matches,
        read: pip_report::read,
    },
    Known {
        format: Format::CycloneDx,
        is_named: |name| name.ends_with(".cdx.json"),
        matches: cyclonedx::matches,
        read: cyclonedx::read,
    },
    Known {
        format: Format::Spdx,
        is_named: |name| name.ends_with(".spdx.json"),
        matches: spdx::matches,
        read: spdx::read,
    },
    Known {
        format: Format::BazelLock,
        is_named: |name| name == "MODULE.bazel.lock",
        matches: bazel::matches,
        read: bazel::read,
    },
    Known {
        format: Format::PixiLock,
        is_named: |name| name == "pixi.lock",
        matches: conda::is_pixi,
        read: conda::read_pixi,
    },
    Known {
        format: Format::CondaLock,
        is_named: |name| matches!(name, "conda-lock.yaml" | "conda-lock.yml"),
        matches: conda::is_conda_lock,
        read: conda::read_conda_lock,
    },
    Known {
        format: Format::Sums,
        is_named: sums::is_named,
        matches: sums::matches,
        read: sums::read,
    },
    Known {
        format: Format::Requirements,
        is_named: requirements::is_named,
        matches: requirements::matches,
        read: requirements::read,
    },
];

/// All formats but [`ANY_TEXT`], in the order in which they are tried.
fn all() -> impl Iterator<Item = &'static Known> {
    redistributors::FORMATS.iter().chain(FORMATS)
}

/// What is left if neither content nor name tell.
const ANY_TEXT: Known = Known {
    format: Format::AnyText,
    is_named: |_| false,
    matches: text::matches,
    read: text::read,
};

/// Reads a source in the format of its content, else of its name, else as any text.
///
/// # Errors
/// [`InvalidSource`] if it is of no known format, or malformed.
pub(super) fn read(source: &Source<'_>) -> Result<Pins, InvalidSource> {
    let by_content = all().find(|known| (known.matches)(source));
    let by_name = || all().find(|known| (known.is_named)(source.name));
    let any_text = || Some(&ANY_TEXT).filter(|known| (known.matches)(source));
    let known = by_content.or_else(by_name).or_else(any_text).ok_or_else(unrecognised)?;
    let mut pins = Pins::new(known.format);
    (known.read)(source, &mut pins)?;
    Ok(pins)
}

fn unrecognised() -> InvalidSource {
    let names: Vec<&str> = all().map(|known| known.format.name()).collect();
    let tried = names.join(", ");
    InvalidSource::whole(format!("of no known format; tried: {tried}, and any text with hashes"))
}
