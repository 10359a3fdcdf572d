//! What redistributors keep: indexes of sources, recipes, manifests.
//!
//! They pin sdists under names and for reasons of their own. A pin has a filename only where the source
//! names the package index's file; it is said to be from the index only where the source says so.

mod arch;
mod bitbake;
mod buildroot;
mod conda;
mod debian;
mod distinfo;
mod easybuild;
mod gentoo;
mod guix;
mod homebrew;
mod nix;
mod openwrt;
mod script;
mod settings;
mod spack;
mod template;
#[cfg(test)]
mod tests;

use super::{Format, Known};
use crate::audit::url::has_extension;

/// The formats; of several that match, the first one counts.
pub(super) const FORMATS: &[Known] = &[
    Known {
        format: Format::DebianSources,
        is_named: |name| name == "Sources" || name.ends_with("_Sources"),
        matches: debian::matches_sources,
        read: debian::read_sources,
    },
    Known {
        format: Format::DebianBuild,
        is_named: |name| has_extension(name, "buildinfo") || has_extension(name, "changes"),
        matches: debian::matches_build,
        read: debian::read_build,
    },
    Known {
        format: Format::DebianSource,
        is_named: |name| has_extension(name, "dsc"),
        matches: debian::matches_dsc,
        read: debian::read_dsc,
    },
    Known {
        format: Format::Guix,
        is_named: |name| has_extension(name, "scm"),
        matches: guix::matches,
        read: guix::read,
    },
    Known {
        format: Format::Spack,
        is_named: |name| name == "package.py",
        matches: spack::matches,
        read: spack::read,
    },
    Known {
        format: Format::Nix,
        is_named: |name| has_extension(name, "nix"),
        matches: nix::matches,
        read: nix::read,
    },
    Known {
        format: Format::CondaRecipe,
        is_named: |name| matches!(name, "meta.yaml" | "recipe.yaml"),
        matches: conda::matches,
        read: conda::read,
    },
    Known {
        format: Format::Homebrew,
        is_named: |name| has_extension(name, "rb"),
        matches: homebrew::matches,
        read: homebrew::read,
    },
    Known {
        format: Format::Pkgbuild,
        is_named: |name| name == "PKGBUILD",
        matches: arch::matches_pkgbuild,
        read: arch::read_pkgbuild,
    },
    Known {
        format: Format::Srcinfo,
        is_named: |name| name == ".SRCINFO",
        matches: arch::matches_srcinfo,
        read: arch::read_srcinfo,
    },
    Known {
        format: Format::GentooManifest,
        is_named: |name| name == "Manifest",
        matches: gentoo::matches,
        read: gentoo::read,
    },
    Known {
        format: Format::Distinfo,
        is_named: |name| name == "distinfo",
        matches: distinfo::matches,
        read: distinfo::read,
    },
    Known {
        format: Format::EasyBuild,
        is_named: |name| has_extension(name, "eb"),
        matches: easybuild::matches,
        read: easybuild::read,
    },
    Known {
        format: Format::BitBake,
        is_named: |name| has_extension(name, "bb"),
        matches: bitbake::matches,
        read: bitbake::read,
    },
    Known {
        format: Format::OpenWrt,
        is_named: |_| false,
        matches: openwrt::matches,
        read: openwrt::read,
    },
    Known {
        format: Format::BuildrootHash,
        is_named: |name| has_extension(name, "hash"),
        matches: buildroot::matches,
        read: buildroot::read,
    },
];
