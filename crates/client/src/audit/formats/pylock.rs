//! `pylock.toml` (PEP 751): packages with wheels and an sdist, an archive, a directory or a repository.

use std::collections::HashMap;

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::toml;
use super::super::url::filename_of;
use super::package;

/// Lock versions begin so; a later one may add keys only.
const VERSION: &str = "1.";
/// Writes every hash of a release under the name of one wheel that need not exist.
const NAMES_MADE_UP_BY: &str = "pipenv";

pub(super) fn is_named(name: &str) -> bool {
    name.starts_with("pylock.") && name.rsplit('.').next() == Some("toml")
}

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_toml("", "lock-version")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = toml::parse(source.text)?;
    let version = document.required("lock-version")?;
    if !version.text()?.starts_with(VERSION) {
        return Err(version.invalid(format!("only lock versions {VERSION}x can be read")));
    }
    let made_up = document.text_of("created-by")? == Some(NAMES_MADE_UP_BY);
    for package in document.tables_of("packages")? {
        let base = describe(package, source)?;
        let mut files = files_of(package, &base)?;
        if made_up || name_twice(&files) {
            for file in &mut files {
                file.filename = None;
            }
        }
        package::add(files.into_iter().map(Ok), &base, pins)?;
    }
    Ok(())
}

fn describe(package: &Node<'_>, source: &Source<'_>) -> Result<Pin, InvalidSource> {
    let elsewhere = ["archive", "directory", "vcs"].iter().any(|kind| package.get(kind).is_some());
    let index = package.text_of("index")?;
    let from_index = match index {
        _ if elsewhere => Some(false),
        Some(index) => source.is_index(index),
        None => None,
    };
    package::describe(package, Pin { from_index, ..Pin::default() })
}

fn files_of(package: &Node<'_>, base: &Pin) -> Result<Vec<Pin>, InvalidSource> {
    let single = ["archive", "sdist"].into_iter().filter_map(|key| package.get(key));
    let files = single.chain(package.items_of("wheels")?).map(|file| {
        let pin = read_file(file, base)?;
        let says_nothing = pin.from_index.is_none() && package.get("index").is_none();
        Ok(match file.text_of("url")?.filter(|_| says_nothing) {
            Some(url) => pin.located(url),
            None => pin,
        })
    });
    files.collect()
}

fn read_file(file: &Node<'_>, base: &Pin) -> Result<Pin, InvalidSource> {
    let mut pin = Pin { line: Some(file.line), ..base.clone() };
    for key in ["name", "url", "path"] {
        let name = file.text_of(key)?.and_then(filename_of);
        pin.filename = pin.filename.or(name);
    }
    for (algorithm, digest) in file.required("hashes")?.members()? {
        pin.state_as(algorithm, digest)?;
    }
    Ok(pin)
}

/// Whether two files have one name, but not the same hash: then the name is not theirs.
fn name_twice(files: &[Pin]) -> bool {
    let mut seen = HashMap::new();
    files.iter().filter(|file| file.filename.is_some()).any(|file| {
        let before = seen.insert(&file.filename, file.sha256);
        before.is_some_and(|sha256| sha256 != file.sha256)
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"lock-version = "1.0"
created-by = "tool"

[[packages]]
name = "a"
version = "1.0"
index = "https://index.example/simple/"
sdist = { name = "a-1.0.tar.gz", url = "https://files.example/other", hashes = { sha256 = "<a>", md5 = "00" } }
wheels = [
    { url = "https://files.example/a-1.0-py3-none-any.whl", upload-time = 2026-01-01T00:00:00Z, hashes = { sha256 = "<b>" } },
    { path = "wheels/a-1.0-py2-none-any.whl", hashes = { sha512 = "00" } },
]

[[packages]]
name = "nested"
version = "2"

[[packages.wheels]]
name = "nested-2-py3-none-any.whl"
url = "https://files.example/packages/py3/n/nested/nested-2-py3-none-any.whl"

[packages.wheels.hashes]
sha256 = "<c>"

[[packages]]
name = "rebuilt"
version = "3"
wheels = [{ url = "https://cdn.example/rebuilt-3-py3-none-any.whl", hashes = { sha256 = "<g>" } }]

[[packages]]
name = "archived"
archive = { url = "https://forge.example/archived-3.zip", hashes = { sha256 = "<d>" } }

[[packages]]
name = "from-git"
vcs = { type = "git", url = "https://forge.example/x", commit-id = "00" }

[[packages]]
name = "from-directory"
directory = { path = "." }

[[packages]]
name = "made-up"
version = "4"
index = "https://mirror.example/simple"
wheels = [
    { name = "made_up-4-py3-none-any.whl", hashes = { sha256 = "<e>" } },
    { name = "made_up-4-py3-none-any.whl", hashes = { sha256 = "<f>" } },
]
"#;

    #[test]
    fn every_kind_of_package_is_read() {
        let expected = [
            "8 a 1.0 a-1.0.tar.gz <a> md5 index",
            "10 a 1.0 a-1.0-py3-none-any.whl <b> - index",
            "11 a 1.0 a-1.0-py2-none-any.whl - sha512 index",
            "18 nested 2 nested-2-py3-none-any.whl <c> - index",
            "28 rebuilt 3 - <g> - -",
            "32 archived - archived-3.zip <d> - elsewhere",
            "34 from-git - - - - elsewhere",
            "38 from-directory - - - - elsewhere",
            "47 made-up 4 - <e> - -",
            "48 made-up 4 - <f> - -",
        ];
        assert_eq!(rows("pylock.toml", SAMPLE), expected);
    }

    #[test]
    fn names_that_the_tool_makes_up_are_no_names() {
        let rows = rows("x.toml", &SAMPLE.replace("\"tool\"", "\"pipenv\""));
        assert_eq!(rows[0], "8 a 1.0 - <a> md5 index");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("\"1.0\"", "\"2.0\"", "line 1: only lock versions 1.x can be read"),
            ("\"1.0\"", "1", "line 1: a string is expected here"),
            ("name = \"a\"", "", "line 4: 'name' is missing"),
            ("sha256 = \"<a>\"", "sha256 = 1", "line 8: a string is expected here"),
            (", hashes = { sha256 = \"<b>\" }", "", "line 10: 'hashes' is missing"),
            ("\"<c>\"", "\"<c>0\"", "line 23: '"),
        ] {
            let refused = refusal("pylock.toml", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("pylock.toml", SAMPLE);
    }
}
