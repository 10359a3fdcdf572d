use crate::audit::tests::{refusal, rows, survives_damage};

const SOURCES: &str = "\
Package: foo
Binary: python3-foo
Version: 1:1.0+dfsg-2
Format: 3.0 (quilt)
Files:
 00 10 foo_1.0+dfsg-2.dsc
 00 20 foo_1.0+dfsg.orig.tar.xz
 00 30 foo_1.0+dfsg-2.debian.tar.xz
Checksums-Sha256:
 <a> 10 foo_1.0+dfsg-2.dsc
 <b> 20 foo_1.0+dfsg.orig.tar.xz
 <c> 30 foo_1.0+dfsg-2.debian.tar.xz
Directory: pool/main/f/foo

Package: python-bar
Files:
 00 1 python-bar_2.0.orig.tar.gz
 00 2 python-bar_2.0.orig.tar.gz.asc
 00 3 python-bar_2.0.orig-docs.tar.gz
 00 4 python-bar_2.0-1.diff.gz
Checksums-Sha256:
 <d> 1 python-bar_2.0.orig.tar.gz
 <e> 2 python-bar_2.0.orig.tar.gz.asc
 <f> 3 python-bar_2.0.orig-docs.tar.gz
 <g> 4 python-bar_2.0-1.diff.gz
Homepage: https://index.example/project/Bar-Py/
Directory: pool/main/p/python-bar


Package: native
Checksums-Sha1:
 00 1 native_3.0.tar.xz
Checksums-Sha256:
 <h> 1 native_3.0.tar.xz
Directory: pool/main/n/native

Package: ancient
Files: 
 00 1 ancient_0.1.orig.tar.gz
Directory: pool/main/a/ancient
";

const DSC: &str = "\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Format: 3.0 (quilt)
Source: python3-foo
Version: 1.0~rc1-1
Checksums-Sha1:
 00 1 python3-foo_1.0~rc1.orig.tar.gz
Checksums-Sha256:
 <a> 1 python3-foo_1.0~rc1.orig.tar.gz
 <b> 1 python3-foo_1.0~rc1-1.debian.tar.xz
- -Dashes: 1
Files:
 00 1 python3-foo_1.0~rc1.orig.tar.gz

-----BEGIN PGP SIGNATURE-----

iQ
-----END PGP SIGNATURE-----
";

const BUILDINFO: &str = "\
Format: 1.0
Source: foo
Binary: python3-foo
Architecture: all source
Version: 1.0-1
Checksums-Sha256:
 <a> 1 foo_1.0-1.dsc
 <b> 1 python3-foo_1.0-1_all.deb
Build-Architecture: amd64
";

#[test]
fn an_index_of_sources_pins_the_tarballs_of_upstream() {
    let expected = [
        "11 foo 1.0 - <b> md5 -",
        "22 bar-py 2.0 - <d> md5 -",
        "24 - - - <f> md5 -",
        "34 - - - <h> sha1 elsewhere",
        "39 ancient 0.1 - - md5 -",
    ];
    assert_eq!(rows("Sources", SOURCES), expected);
    assert_eq!(rows("x.txt", SOURCES), expected);
}

#[test]
fn a_signed_description_is_read() {
    let expected = ["10 foo 1.0rc1 - <a> sha1,md5 -"];
    assert_eq!(rows("foo.dsc", DSC), expected);
    let start = DSC.find("Format").unwrap();
    let end = DSC.find("-----BEGIN PGP SIGNATURE").unwrap();
    let unsigned = DSC[start..end].replace("- -Dashes", "-Dashes");
    assert_eq!(rows("foo.dsc", &unsigned), ["7 foo 1.0rc1 - <a> sha1,md5 -"]);
}

#[test]
fn the_record_of_a_build_pins_what_was_built() {
    let expected = ["7 - - - <a> - elsewhere", "8 - - - <b> - elsewhere"];
    assert_eq!(rows("foo.buildinfo", BUILDINFO), expected);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (name, sample, what, instead, reason) in [
        ("Sources", SOURCES, "Package: foo", " foo", "line 1: an indented line continues"),
        ("Sources", SOURCES, "Binary: ", "Binary ", "line 2: a field is written as"),
        ("Sources", SOURCES, "Version:", "Binary:", "line 3: a second field 'Binary'"),
        ("Sources", SOURCES, "Package: python-bar\n", "", "line 15: 'Package' is missing"),
        ("Sources", SOURCES, "Package: python-bar", "Package:", "line 15: 'Package' is missing"),
        ("Sources", SOURCES, "<b> 20 foo", "<b> foo", "line 11: a file of 'Checksums-Sha256' is"),
        ("Sources", SOURCES, "<b> 20", "<b> x", "line 11: 'x' is no size"),
        ("Sources", SOURCES, "<b>", "0", "line 11: '0' is no SHA-256 hash"),
        ("Sources", SOURCES, "<c>", "<c>0", "line 12: "),
        (
            "Sources",
            SOURCES,
            " <c> 30",
            " <c> 30 foo_1.0+dfsg.orig.tar.xz\n <c> 30",
            "line 12: two ",
        ),
        ("Sources", SOURCES, "Files: \n 00 1 ancient_0.1.orig.tar.gz\n", "", "line 37: 'Checksums"),
        (
            "foo.dsc",
            DSC,
            "-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n",
            "",
            "the signed message breaks off",
        ),
        ("foo.dsc", DSC, "Version:", "\nVersion:", "line "),
        ("foo.dsc", DSC, "Source: python3-foo\n", "", "line 4: 'Source' is missing"),
        ("foo.buildinfo", BUILDINFO, "Build-", "\nBuild-", "line 10: one paragraph is expected"),
    ] {
        let refused = refusal(name, &sample.replacen(what, instead, 1));
        assert!(refused.starts_with(reason), "{instead}: {refused}");
    }
}

#[test]
fn damage_makes_up_nothing() {
    survives_damage("Sources", SOURCES);
    survives_damage("foo.dsc", DSC);
    survives_damage("foo.buildinfo", BUILDINFO);
}
