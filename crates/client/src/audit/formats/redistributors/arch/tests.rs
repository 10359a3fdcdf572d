use crate::audit::tests::{refusal, rows, survives_damage};

const PKGBUILD: &str = r#"# Maintainer: it's me
_name=Foo_Bar
pkgname=python-foo
pkgver=1.0
arch=(any)
source=("https://index.example/packages/source/${_name::1}/$_name/${_name,,}-$pkgver.tar.gz"
        "$pkgname-$pkgver.tar.gz::https://forge.example/a/archive/v$pkgver.tar.gz" # forge
        "git+https://forge.example/b.git"
        fix.patch)
source_x86_64=("https://index.example/packages/py3/${_name:0:1}/$_name/$(tr a b)-py3-none-any.whl")
sha256sums=('<a>'
            '<b>'
            'SKIP'
            '<c>')
b2sums=('00' '01' 'SKIP' '02')
sha256sums_x86_64=('<d>')

build() {
  source=(other)
}
"#;

const SRCINFO: &str = "\
pkgbase = python-foo
\tpkgver = 1.0
\tsource = https://index.example/packages/source/f/foo/foo-1.0.tar.gz
\tsource = fix.patch
\tsha512sums = 00
\tsha512sums = 01
\tsha256sums = <a>
\tsha256sums = SKIP

pkgname = python-foo
";

#[test]
fn sources_are_pinned_by_their_digests() {
    let expected = [
        "8 - - - - - elsewhere",
        "11 foo-bar 1.0 foo_bar-1.0.tar.gz <a> blake2b index",
        "12 - - - <b> blake2b elsewhere",
        "14 - - - <c> blake2b elsewhere",
        "16 - - - <d> - index",
    ];
    assert_eq!(rows("PKGBUILD", PKGBUILD), expected);
    assert_eq!(rows("x", PKGBUILD), expected);
    let expected = ["4 - - - - sha512 elsewhere", "7 foo 1.0 foo-1.0.tar.gz <a> sha512 index"];
    assert_eq!(rows(".SRCINFO", SRCINFO), expected);
    assert_eq!(rows("x", SRCINFO), expected);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (name, sample, what, instead, reason) in [
        ("PKGBUILD", PKGBUILD, "<a>", "0", "line 11: '0' is no SHA-256 hash"),
        ("PKGBUILD", PKGBUILD, "'00' ", "", "line 15: 3 digests begin here, for 4 sources"),
        ("PKGBUILD", PKGBUILD, "fix.patch)", "fix.patch", "line "),
        ("PKGBUILD", PKGBUILD, "'<d>')", "'<d>'", "line 16: "),
        ("PKGBUILD", PKGBUILD, "'<d>'", "'<d>", "line 16: a string"),
        (".SRCINFO", SRCINFO, "<a>", "0", "line 7: '0' is no SHA-256 hash"),
        (".SRCINFO", SRCINFO, "\tsha256sums = SKIP\n", "", "line 7: 1 digests begin here"),
        (".SRCINFO", SRCINFO, "pkgname = ", "pkgname ", "line 10: a line is written as"),
    ] {
        let refused = refusal(name, &sample.replacen(what, instead, 1));
        assert!(refused.starts_with(reason), "{instead}: {refused}");
    }
}

#[test]
fn damage_makes_up_nothing() {
    survives_damage("PKGBUILD", PKGBUILD);
    survives_damage(".SRCINFO", SRCINFO);
}
