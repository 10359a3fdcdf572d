//! `pdm.lock`: the files stand with their package, or in `[metadata.files]` in the oldest ones.

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::toml;
use super::super::url::filename_of;
use super::package;
use super::separate;

/// Keys of a package that does not come from an index.
const ELSEWHERE: [&str; 6] = ["bzr", "git", "hg", "path", "svn", "url"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_toml("metadata", "content_hash") || source.has_toml("metadata", "lock_version")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = toml::parse(source.text)?;
    let packages = document.tables_of("package")?;
    let metadata = document.get("metadata");
    let Some(table) = metadata.and_then(|metadata| metadata.get("files")) else {
        return packages.iter().try_for_each(|package| {
            let base = describe(package)?;
            let files = package.items_of("files")?;
            package::add(files.iter().map(|file| file_of(file, &base)), &base, pins)
        });
    };
    let packages = packages.iter().map(describe).collect::<Result<Vec<_>, _>>()?;
    separate::read(&packages, table, file_of, pins)
}

/// What a package says of all its files. Which index they come from is not written down.
fn describe(package: &Node<'_>) -> Result<Pin, InvalidSource> {
    let elsewhere = ELSEWHERE.iter().any(|kind| package.get(kind).is_some());
    let filename = package.text_of("url")?.and_then(filename_of);
    let base = Pin { filename, from_index: elsewhere.then_some(false), ..Pin::default() };
    package::describe(package, base)
}

fn file_of(file: &Node<'_>, base: &Pin) -> Result<Pin, InvalidSource> {
    let pin = package::file_of(file, &["file", "url"], base)?;
    Ok(match file.text_of("url")?.filter(|_| pin.from_index.is_none()) {
        Some(url) => pin.located(url),
        None => pin,
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const INLINE: &str = r#"[metadata]
groups = ["default"]
lock_version = "4.5.0"
content_hash = "sha256:<z>"

[[package]]
name = "foo_bar"
version = "1.0"
files = [
    {file = "foo_bar-1.0-py3-none-any.whl", hash = "sha256:<a>"},
    {url = "https://files.example/packages/source/f/foo_bar/foo_bar-1.0.tar.gz", hash = "sha256:<b>"},
]

[[package]]
name = "from-git"
version = "2"
git = "https://forge.example/x"
revision = "00"

[[package]]
name = "from-url"
version = "3"
url = "https://forge.example/from_url-3.zip"
files = [{hash = "sha256:<c>"}]

[[package]]
name = "from-path"
version = "4"
path = "./libs/x"
"#;

    const APART: &str = r#"[[package]]
name = "A"
version = "1.0"

[[package]]
name = "A"
version = "1.0"
extras = ["x"]

[[package]]
name = "bare"
version = "2"

[metadata]
content_hash = "sha256:<z>"

[metadata.files]
"a 1.0" = [
    {file = "a-1.0.tar.gz", hash = "sha256:<a>"},
]
"gone 3" = [
    {file = "gone-3.tar.gz", hash = "sha256:<b>"},
]
"#;

    #[test]
    fn files_of_every_age_are_read() {
        let cases: [(&str, &[&str]); 2] = [
            (
                INLINE,
                &[
                    "10 foo-bar 1.0 foo_bar-1.0-py3-none-any.whl <a> - -",
                    "11 foo-bar 1.0 foo_bar-1.0.tar.gz <b> - index",
                    "14 from-git 2 - - - elsewhere",
                    "24 from-url 3 from_url-3.zip <c> - elsewhere",
                    "26 from-path 4 - - - elsewhere",
                ],
            ),
            (
                APART,
                &[
                    "10 bare 2 - - - -",
                    "19 a 1.0 a-1.0.tar.gz <a> - -",
                    "22 gone 3 gone-3.tar.gz <b> - -",
                ],
            ),
        ];
        for (sample, expected) in cases {
            assert_eq!(rows("pdm.lock", sample), expected);
            assert_eq!(rows("any.name", sample), expected);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (sample, what, instead, reason) in [
            (INLINE, "sha256:<a>", "sha256:<a>0", "line 10: '"),
            (INLINE, "name = \"from-git\"", "", "line 14: 'name' is missing"),
            (INLINE, "\"4\"", "4", "line 28: a string is expected here"),
            (APART, "name = \"bare\"", "name = []", "line 11: a string is expected here"),
            (APART, "\"gone 3\"", "\" 3\"", "line 21: '' is no project's name"),
        ] {
            let refused = refusal("pdm.lock", &sample.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        for sample in [INLINE, APART] {
            survives_damage("pdm.lock", sample);
        }
    }
}
