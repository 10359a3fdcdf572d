//! `poetry.lock`: the files stand with their package, or in tables of their own in older ones, first
//! with their names (`[metadata.files]`), before that without (`[metadata.hashes]`).

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::toml;
use super::super::url::filename_of;
use super::package;
use super::separate;

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_toml("[package]", "name") && source.has_toml("metadata", "content-hash")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = toml::parse(source.text)?;
    let packages = document.tables_of("package")?;
    let metadata = document.get("metadata");
    let table = |key| metadata.and_then(|metadata| metadata.get(key));
    let Some(table) = table("files").or(table("hashes")) else {
        return packages.iter().try_for_each(|package| {
            let base = describe(package, source)?;
            let files = package.items_of("files")?;
            package::add(files.iter().map(|file| file_of(file, &base)), &base, pins)
        });
    };
    let packages = packages.iter().map(|package| describe(package, source));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    separate::read(&packages, table, file_of, pins)
}

/// What a package says of all its files. Without a source they come from the package index.
fn describe(package: &Node<'_>, source: &Source<'_>) -> Result<Pin, InvalidSource> {
    let mut base = Pin { from_index: Some(true), ..Pin::default() };
    if let Some(origin) = package.get("source") {
        let kind = origin.required("type")?.text()?;
        let url = origin.required("url")?.text()?;
        match kind {
            "legacy" => base.from_index = source.is_index(url),
            "file" | "url" => (base.from_index, base.filename) = (Some(false), filename_of(url)),
            "directory" | "git" => base.from_index = Some(false),
            _ => return Err(origin.invalid(format!("a source of unknown kind '{kind}'"))),
        }
    }
    package::describe(package, base)
}

/// A file with its name, or a hash alone.
fn file_of(file: &Node<'_>, base: &Pin) -> Result<Pin, InvalidSource> {
    if file.text().is_err() {
        return package::file_of(file, &["file", "url"], base);
    }
    let mut pin = Pin { line: Some(file.line), filename: None, ..base.clone() };
    pin.state_in(file)?;
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const INLINE: &str = r#"# This file is generated.

[[package]]
name = "Foo.Bar"
version = "1.0"
files = [
    {file = "Foo.Bar-1.0-py3-none-any.whl", hash = "sha256:<a>"},
    {file = "Foo.Bar-1.0.tar.gz", hash = "md5:00"},
]

[package.dependencies]
other = "*"

[[package]]
name = "from-git"
version = "2"
files = []

[package.source]
type = "git"
url = "https://forge.example/from-git.git"
resolved_reference = "00"

[[package]]
name = "mirrored"
version = "3"
files = [
    {file = "mirrored-3.zip", hash = "sha256:<b>"},
]

[package.source]
type = "legacy"
url = "https://mirror.example/simple"
reference = "mirror"

[[package]]
name = "from-url"
version = "4"
files = [
    {file = "from_url-4.zip", hash = "sha256:<c>"},
]

[package.source]
type = "url"
url = "https://forge.example/from_url-4.zip"

[[package]]
name = "from-directory"
version = "5"
files = []

[package.source]
type = "directory"
url = "libs/x"

[metadata]
lock-version = "2.1"
python-versions = ">=3.10"
content-hash = "<z>"
"#;

    const WITH_NAMES: &str = r#"[[package]]
name = "dotted.name"
version = "1.0"

[[package]]
name = "twice"
version = "1.0"

[[package]]
name = "twice"
version = "2.0.0"
[package.source]
type = "legacy"
url = "https://mirror.example/simple"

[[package]]
name = "bare"
version = "3"

[metadata]
lock-version = "1.1"
content-hash = "<z>"

[metadata.files]
bare = []
"dotted.name" = [
    {file = "dotted.name-1.0.tar.gz", hash = "sha256:<a>"},
]
twice = [
    {file = "twice-1.0.tar.gz", hash = "sha256:<b>"},
    {file = "twice-2.0-py3-none-any.whl", hash = "sha256:<c>"},
    {file = "twice-nightly.zip", hash = "sha256:<d>"},
]
"#;

    const HASHES: &str = r#"[[package]]
category = "main"
name = "a"
version = "1.0"

[[package]]
name = "from-git"
version = "2"
[package.source]
reference = "00"
type = "git"
url = "https://forge.example/x"

[metadata]
content-hash = "<z>"
platform = "*"

[metadata.hashes]
a = ["<a>",
     "<b>"]
from-git = []
"#;

    #[test]
    fn files_of_every_age_are_read() {
        let cases: [(&str, &[&str]); 3] = [
            (
                INLINE,
                &[
                    "7 foo-bar 1.0 Foo.Bar-1.0-py3-none-any.whl <a> - index",
                    "8 foo-bar 1.0 Foo.Bar-1.0.tar.gz - md5 index",
                    "14 from-git 2 - - - elsewhere",
                    "28 mirrored 3 mirrored-3.zip <b> - -",
                    "40 from-url 4 from_url-4.zip <c> - elsewhere",
                    "47 from-directory 5 - - - elsewhere",
                ],
            ),
            (
                WITH_NAMES,
                &[
                    "16 bare 3 - - - index",
                    "27 dotted-name 1.0 dotted.name-1.0.tar.gz <a> - index",
                    "30 twice 1.0 twice-1.0.tar.gz <b> - index",
                    "31 twice 2.0.0 twice-2.0-py3-none-any.whl <c> - -",
                    "32 twice - twice-nightly.zip <d> - -",
                ],
            ),
            (
                HASHES,
                &[
                    "6 from-git 2 - - - elsewhere",
                    "19 a 1.0 - <a> - index",
                    "20 a 1.0 - <b> - index",
                ],
            ),
        ];
        for (sample, expected) in cases {
            assert_eq!(rows("poetry.lock", sample), expected);
            assert_eq!(rows("any.name", sample), expected);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (sample, what, instead, reason) in [
            (INLINE, "\"sha256:<a>\"", "\"sha256:0\"", "line 7: '0' is no SHA-256 hash"),
            (INLINE, "type = \"git\"", "type = \"new\"", "line 19: a source of unknown kind 'new'"),
            (INLINE, "files = []", "files = 1", "line 17: a list is expected here"),
            (INLINE, "name = \"mirrored\"", "name = 1", "line 25: a string is expected here"),
            (WITH_NAMES, "{file = \"twice-1.0.tar.gz\", ", "1, {", "line 30: a table is expected"),
            (WITH_NAMES, "\"dotted.name\" =", "\"-\" =", "line 26: '-' is no project's name"),
            (HASHES, "\"<a>\"", "\"<a>\" \"\"", "line 19: "),
        ] {
            let refused = refusal("poetry.lock", &sample.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        for sample in [INLINE, WITH_NAMES, HASHES] {
            survives_damage("poetry.lock", sample);
        }
    }
}
