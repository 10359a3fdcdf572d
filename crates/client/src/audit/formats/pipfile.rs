//! `Pipfile.lock`: releases with the hashes of all their files, which it does not name.

use super::super::json;
use super::super::node::{Node, project};
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::url::filename_of;

/// The one key whose value is no group of packages.
const META: &str = "_meta";
/// Keys of a package that does not come from an index.
const ELSEWHERE: [&str; 7] = ["bzr", "file", "git", "hg", "path", "svn", "url"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_json(META)
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = json::parse(source.text)?;
    let meta = document.required(META)?;
    for (_, group) in document.members()?.iter().filter(|(key, _)| key != META) {
        for (name, package) in group.members()? {
            let base = Pin { project: Some(project(package.line, name)?), ..Pin::default() };
            read_package(package, describe(package, meta, source, base)?, pins)?;
        }
    }
    Ok(())
}

fn read_package(package: &Node<'_>, base: Pin, pins: &mut Pins) -> Result<(), InvalidSource> {
    let hashes = package.items_of("hashes")?;
    if hashes.is_empty() {
        return pins.add(base);
    }
    hashes.iter().try_for_each(|hash| {
        let mut pin = Pin { line: Some(hash.line), ..base.clone() };
        pin.state_in(hash)?;
        pins.add(pin)
    })
}

/// What a package says of all its files.
fn describe(
    package: &Node<'_>,
    meta: &Node<'_>,
    source: &Source<'_>,
    base: Pin,
) -> Result<Pin, InvalidSource> {
    package.members()?;
    let stated = package.text_of("version")?;
    let version = stated.map(|version| version.trim_start_matches('=').to_owned());
    let from_index = if ELSEWHERE.iter().any(|kind| package.get(kind).is_some()) {
        Some(false)
    } else {
        index_of(package, meta)?.and_then(|url| source.is_index(url))
    };
    let place = package.text_of("file")?.or(package.text_of("url")?);
    let filename = place.and_then(filename_of);
    Ok(Pin { line: Some(package.line), version, filename, from_index, ..base })
}

/// URL of the index that a package comes from: the one it names, else the only one.
fn index_of<'a>(package: &Node<'_>, meta: &'a Node<'_>) -> Result<Option<&'a str>, InvalidSource> {
    let sources = meta.tables_of("sources")?;
    let index = match package.text_of("index")? {
        None if sources.len() > 1 => None,
        None => sources.first(),
        Some(name) => sources.iter().find(|source| source.text_of("name") == Ok(Some(name))),
    };
    index.map_or(Ok(None), |index| index.text_of("url"))
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{
    "_meta": {
        "hash": {"sha256": "<z>"},
        "pipfile-spec": 6,
        "sources": [
            {"name": "main", "url": "https://index.example/simple", "verify_ssl": true},
            {"name": "other", "url": "https://mirror.example/simple"}
        ]
    },
    "default": {
        "Foo.Bar": {
            "hashes": [
                "sha256:<a>",
                "sha256:<b>",
                "md5:00"
            ],
            "index": "main",
            "markers": "python_version >= '3'",
            "version": "==1.0"
        },
        "mirrored": {
            "hashes": ["sha256:<c>"],
            "index": "other",
            "version": "===2"
        },
        "unsaid": {"hashes": ["sha256:<d>"], "version": "==3"}
    },
    "develop": {
        "from-git": {
            "git": "https://forge.example/x",
            "ref": "00"
        },
        "from-file": {
            "file": "https://forge.example/from_file-4.zip",
            "hashes": ["sha256:<e>"]
        },
        "local": {"editable": true, "path": "."}
    },
    "group": {
        "bare": {"version": "==5"}
    }
}
"#;

    #[test]
    fn every_group_is_read() {
        let expected = [
            "13 foo-bar 1.0 - <a> - index",
            "14 foo-bar 1.0 - <b> - index",
            "15 foo-bar 1.0 - - md5 index",
            "22 mirrored 2 - <c> - -",
            "26 unsaid 3 - <d> - -",
            "29 from-git - - - - elsewhere",
            "35 from-file - from_file-4.zip <e> - elsewhere",
            "37 local - - - - elsewhere",
            "40 bare 5 - - - -",
        ];
        assert_eq!(rows("Pipfile.lock", SAMPLE), expected);
        assert_eq!(rows("any.name", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("\"_meta\"", "\"other\"", "line 1: '_meta' is missing"),
            ("\"sha256:<b>\"", "\"sha256:\"", "line 14: '' is no SHA-256 hash"),
            ("\"==1.0\"", "1.0", "line 19: a string is expected here"),
            ("\"Foo.Bar\"", "\"Foo!Bar\"", "line 11: 'Foo!Bar' is no project's name"),
            ("\"mirrored\"", "\"Foo.Bar\"", "line 10: 'Foo.Bar' stands twice"),
            (
                "{\n            \"git\"",
                "\"*\", \"x\": {\"git\"",
                "line 29: a table is expected here",
            ),
            ("[\"sha256:<c>\"]", "\"sha256:<c>\"", "line 22: a list is expected here"),
            ("\"index\": \"other\",", "\"index\": \"other\"", "line 24: expected `,` or `}`"),
        ] {
            let refused = refusal("Pipfile.lock", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("Pipfile.lock", SAMPLE);
    }
}
