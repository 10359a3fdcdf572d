//! Names of every age and make, read with and without knowing the project.
#![allow(clippy::unwrap_used)]

use Distribution::{Dumb, Egg, Msi, Rpm, Sdist, Wheel, Wininst};
use record::{Distribution, ProjectName, canonical_version, split_filename, version_of};

fn project(name: &str) -> ProjectName {
    ProjectName::normalise(name).unwrap()
}

#[test]
fn splits() {
    let cases = [
        // Wheels: build tags, capitals, dots, runs, local versions.
        ("foo-1.0-py3-none-any.whl", Wheel, "foo", "1.0"),
        ("foo-1.0-1000-py3-none-any.whl", Wheel, "foo", "1.0"),
        ("foo_bar-1.0-42abc-cp311-cp311-manylinux_2_17_x86_64.whl", Wheel, "foo-bar", "1.0"),
        ("Foo.Bar__baz-1.0-py2.py3-none-any.whl", Wheel, "foo-bar-baz", "1.0"),
        ("torch-2.1.0+cu118-cp311-cp311-win_amd64.whl", Wheel, "torch", "2.1.0+cu118"),
        ("some_project-1.0_1-py3-none-any.whl", Wheel, "some-project", "1.0_1"),
        ("foo-1!2.0-py3-none-any.WHL", Wheel, "foo", "1!2.0"),
        // Source archives: hyphens in names and versions, every extension.
        ("foo-1.0.tar.gz", Sdist, "foo", "1.0"),
        ("charset-normalizer-3.3.2.tar.gz", Sdist, "charset-normalizer", "3.3.2"),
        ("charset_normalizer-3.3.2.tar.gz", Sdist, "charset-normalizer", "3.3.2"),
        ("foo__bar-1.0.tar.gz", Sdist, "foo-bar", "1.0"),
        ("zope.interface-4.0.0.zip", Sdist, "zope-interface", "4.0.0"),
        ("a-1-1.zip", Sdist, "a", "1-1"),
        ("functools32-3.2.3-2.tar.gz", Sdist, "functools32", "3.2.3-2"),
        ("pysparse-1.3-dev.tar.gz", Sdist, "pysparse", "1.3-dev"),
        ("foo-py3-1.0.tar.gz", Sdist, "foo-py3", "1.0"),
        ("foo-2-bar-1.0.tar.gz", Sdist, "foo-2-bar", "1.0"),
        ("foo-bar-final.tar.gz", Sdist, "foo-bar", "final"),
        ("foo-1.0.tar.bz2", Sdist, "foo", "1.0"),
        ("foo-1.0.tgz", Sdist, "foo", "1.0"),
        ("foo-1.0.tar", Sdist, "foo", "1.0"),
        ("foo-1.0.tar.xz", Sdist, "foo", "1.0"),
        ("foo-1.0.tar.Z", Sdist, "foo", "1.0"),
        ("foo-1.0.tbz", Sdist, "foo", "1.0"),
        ("foo-1.0a1.dev3.tar.gz", Sdist, "foo", "1.0a1.dev3"),
        // Others.
        ("x-1.0.macosx-10.11-x86_64.tar.gz", Dumb, "x", "1.0"),
        ("x-1.0.linux-x86_64.tar.gz", Dumb, "x", "1.0"),
        ("x-1.0.win32.zip", Dumb, "x", "1.0"),
        ("foo_bar-1.0-py2.7.egg", Egg, "foo-bar", "1.0"),
        ("foo_bar-1.0_1-py2.7-linux-x86_64.egg", Egg, "foo-bar", "1.0_1"),
        ("foo-bar-1.0.win32.exe", Wininst, "foo-bar", "1.0"),
        ("foo-1.0.win-amd64-py2.7.exe", Wininst, "foo", "1.0"),
        ("foo-1.0.win32-py3.4.msi", Msi, "foo", "1.0"),
        ("foo-1.0-1.noarch.rpm", Rpm, "foo", "1.0"),
        ("foo-bar-1.0-2.src.rpm", Rpm, "foo-bar", "1.0"),
    ];
    for (filename, kind, name, version) in cases {
        assert_eq!(Distribution::of(filename), Some(kind), "{filename}");
        let expected = Some((project(name), version.to_owned()));
        assert_eq!(split_filename(filename, Some(&project(name))), expected, "{filename}");
        assert_eq!(split_filename(filename, None), expected, "{filename}, guessed");
    }
}

#[test]
fn refuses_to_split() {
    let foo = project("foo");
    for filename in [
        "",
        ".whl",
        "foo",
        "foo.tar.gz",
        "foo-.tar.gz",
        "foo-1.0.deb",
        "foo-1.0.tar.gz.asc",
        "bar-1.0.tar.gz",
        "foobar-1.0.tar.gz",
        "-1.0.tar.gz",
        "é-1.0.zip",
        "foo-1.0é",
    ] {
        assert_eq!(split_filename(filename, Some(&foo)), None, "{filename}");
    }
    for filename in ["foo-1.0.whl", "foo-1-2-3-4-5-6.whl", "foo.tar.gz", "-1.0.zip", "fö-1.0.zip"]
    {
        assert_eq!(split_filename(filename, None), None, "{filename}");
    }
}

#[test]
fn the_listed_versions_decide() {
    let cases: [(&str, &str, &[&str], &str); 14] = [
        ("foo-1.0.tar.gz", "foo", &["1.0"], "1.0"),
        ("foo-1.0.tar.gz", "foo", &["1.0.0", "1.0"], "1.0"),
        ("foo-1.0.tar.gz", "foo", &["1", "2"], "1"),
        ("foo-1.0.tar.gz", "foo", &["2.0"], ""),
        ("foo-1.0.tar.gz", "foo", &[], "1.0"),
        ("foo-1.0-1.tar.gz", "foo", &["1.0.post1"], "1.0.post1"),
        ("foo-1.0_1-py3-none-any.whl", "foo", &["1.0-1"], "1.0-1"),
        ("foo-1.0_cu118-cp311-cp311-win_amd64.whl", "foo", &["1.0", "1.0+cu118"], "1.0+cu118"),
        ("foo-2007-final.zip", "foo", &["2007-final"], "2007-final"),
        ("foo-1.0.linux-x86_64.tar.gz", "foo", &["1.0"], "1.0"),
        // The version itself looks like a platform or a Python tag.
        ("foo-1.0.linux-beta.tar.gz", "foo", &["1.0.linux-beta"], "1.0.linux-beta"),
        ("foo-1.0-py3.tar.gz", "foo", &["1.0-py3"], "1.0-py3"),
        ("suds-py3-1.3.3.0.tar.gz", "suds", &["1.3.3.0"], ""),
        ("bar-1.0.tar.gz", "foo", &["1.0"], ""),
    ];
    for (filename, name, listed, expected) in cases {
        let listed: Vec<String> = listed.iter().map(ToString::to_string).collect();
        assert_eq!(
            version_of(filename, &project(name), &listed),
            expected,
            "{filename} {listed:?}"
        );
    }
}

#[test]
fn canonical_versions() {
    let equal: [&[&str]; 8] = [
        &["1", "1.0", "1.0.0", "v1", "V1.0", "01.00", " 1 ", "0!1"],
        &["1a0", "1.a", "1-alpha", "1.0_ALPHA_0", "1a.0"],
        &["1rc2", "1c2", "1.pre2", "1-preview-2", "1rc02"],
        &["1.post3", "1-3", "1r3", "1.rev.3", "1post3"],
        &["1.dev0", "1dev", "1.0-dev_0"],
        &["1a1.post2.dev3", "1.0alpha1-2-dev-3"],
        &["1+ubuntu.1", "1.0+ubuntu_01", "1+UBUNTU-1"],
        &["2!1", "2!1.0"],
    ];
    let canonical: Vec<_> =
        equal.iter().map(|group| canonical_version(group[0]).unwrap()).collect();
    for (group, first) in equal.iter().zip(&canonical) {
        for version in *group {
            assert_eq!(canonical_version(version).as_ref(), Some(first), "{version}");
        }
        assert_eq!(canonical.iter().filter(|other| *other == first).count(), 1, "{first}");
        assert_eq!(canonical_version(first).as_ref(), Some(first), "canonical already");
    }
    for version in
        ["", "v", "final", "1.", "1..0", "1.0-", "1.0+", "1+a..b", "1!", "1.0 beta", "1é", "-1"]
    {
        assert_eq!(canonical_version(version), None, "{version}");
    }
}
