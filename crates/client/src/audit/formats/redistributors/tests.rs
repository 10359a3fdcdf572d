//! Texts of any make, put together from what recipes are written with.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::audit::tests::{check, fill};

/// Names that make the reader take a source for what it is called.
const NAMES: &[&str] = &[
    ".SRCINFO",
    "Manifest",
    "PKGBUILD",
    "Sources",
    "a.buildinfo",
    "a.dsc",
    "a.nix",
    "a.scm",
    "a.rb",
    "distinfo",
    "meta.yaml",
    "package.py",
];

/// What sources are made of, more or less.
const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "#",
    ";",
    ",",
    ":",
    "=",
    " = ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "''",
    "\"\"\"",
    "${",
    "}\"",
    "\\",
    "/*",
    "*/",
    "#|",
    "|#",
    "%(version)s",
    "é",
    "- ",
    "-----BEGIN PGP SIGNED MESSAGE-----\n",
    "-----BEGIN PGP SIGNATURE-----\n",
    "Package: a\n",
    "Source: a\n",
    "Format: 1.0\n",
    "Directory: a\n",
    "Checksums-Sha256:\n",
    "Files:\n",
    " <a> 1 a_1.orig.tar.gz\n",
    " 00 1 a_1.orig.tar.gz\n",
    "fetchPypi {",
    "fetchurl rec {",
    "pname = \"a\";",
    "inherit version;",
    "hash = \"<a-sri>\";",
    "sha256 = \"<b>\";",
    "(origin",
    "(pypi-uri \"a\" version)",
    "(base32 \"<a-base32>\")",
    "(version \"1\")",
    "(let ((version \"1\"))",
    "from spack import *\n",
    "class A(B):\n",
    "pypi = \"a/a-1.zip\"\n",
    "version(\"1\", ",
    "sha256=\"<a>\"",
    "resource(",
    "url=\"https://index.example/packages/source/a/a/a-1.zip\"",
    "package:\n",
    "build:\n",
    "source:\n",
    "  url: ",
    "  - url: ",
    "  sha256: ",
    "  - ",
    "context:\n",
    "{{ a[0] }}",
    "{% set a = 1 %}\n",
    "# [win]\n",
    "class A < Formula\n",
    "  url \"",
    "  sha256 \"",
    "bottle do\n",
    "end\n",
    "SHA256 (a-1.zip) = ",
    "SIZE (a-1.zip) = 1\n",
    "DIST a-1.zip 1 SHA256 ",
    "pkgbase = a\n",
    "pkgname=a\n",
    "pkgver=1\n",
    "source=(",
    "sha256sums=(",
    "sha256sums = ",
    "source = ",
    "$(",
    "${a//-/_}",
    "$a",
    "<a>",
    "<b>",
    "<a-sri>",
    "<b-base32>",
];

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(
        name in prop::sample::select(NAMES),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        check(name, &bytes);
    }

    #[test]
    fn arbitrary_pieces_are_read_or_refused(
        name in prop::sample::select(NAMES),
        pieces in vec(prop::sample::select(PIECES), 0..40),
    ) {
        check(name, fill(&pieces.concat()).as_bytes());
    }
}
