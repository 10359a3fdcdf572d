//! `uv.lock`: every package with where it comes from, its sdist and its wheels.

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::toml;
use super::super::url::filename_of;
use super::package::{self, file_of};

/// What this reader knows; uv raises it when older readers would misunderstand.
const VERSION: &str = "1";
/// Where a package may come from, other than an index.
const ELSEWHERE: [&str; 6] = ["directory", "editable", "git", "path", "url", "virtual"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_toml("", "version") && source.has_toml("", "requires-python")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = toml::parse(source.text)?;
    let version = document.required("version")?;
    if version.scalar() != Some(VERSION) {
        return Err(version.invalid(format!("only version {VERSION} of uv.lock can be read")));
    }
    for package in document.tables_of("package")? {
        let base = describe(package, source)?;
        let sdist = package.get("sdist");
        let files = sdist.into_iter().chain(package.items_of("wheels")?);
        let files = files.map(|file| file_of(file, &["filename", "url", "path"], &base));
        package::add(files, &base, pins)?;
    }
    Ok(())
}

/// What a package says of all its files. Its only file may have the place of the package.
fn describe(package: &Node<'_>, source: &Source<'_>) -> Result<Pin, InvalidSource> {
    let origin = package.required("source")?;
    let from_index = match origin.text_of("registry")? {
        Some(registry) => source.is_index(registry),
        None if ELSEWHERE.iter().any(|kind| origin.get(kind).is_some()) => Some(false),
        None => return Err(origin.invalid("a source of unknown kind")),
    };
    let place = origin.text_of("url")?.or(origin.text_of("path")?);
    let base = Pin { from_index, filename: place.and_then(filename_of), ..Pin::default() };
    package::describe(package, base)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"version = 1
revision = 3
requires-python = ">=3.10"

[options]
exclude-newer = "2026-01-01T00:00:00Z"

[[package]]
name = "Foo_Bar"
version = "1.0"
source = { registry = "https://index.example/simple/" }
dependencies = [
    { name = "other", marker = "python_version < '3'" },
]
sdist = { url = "https://files.example/foo_bar-1.0%2Bx.tar.gz", hash = "sha256:<a>", size = 17943, upload-time = "2024-10-08T10:39:35.846Z" }
wheels = [
    { url = "https://files.example/foo_bar-1.0-py3-none-any.whl", hash = "sha256:<b>", upload_time = "2024-10-08T10:39:35.846Z" },
    { path = "wheels/foo_bar-1.0-py2-none-any.whl", hash = "sha512:00" },
]

[[package]]
name = "mirrored"
version = "2"
source = { registry = "https://mirror.example/simple" }
sdist = { url = "https://files.example/mirrored-2.zip", hash = "sha256:<c>" }

[[package]]
name = "from-git"
version = "3"
source = { git = "https://forge.example/a/b?rev=main#0123" }

[[package]]
name = "from-url"
version = "4"
source = { url = "https://forge.example/from_url-4.tar.gz" }
sdist = { hash = "sha256:<d>" }

[[package]]
name = "from-path"
version = "5"
source = { path = "../from_path-5-py3-none-any.whl" }
wheels = [
    { filename = "from_path-5-py3-none-any.whl", hash = "sha256:<e>" },
]

[[package]]
name = "from-directory"
source = { directory = "libs/x" }

[[package]]
name = "member"
version = "6"
source = { editable = "." }

[[package]]
name = "root"
version = "7"
source = { virtual = "." }
"#;

    #[test]
    fn every_kind_of_source_is_read() {
        let expected = [
            "15 foo-bar 1.0 foo_bar-1.0+x.tar.gz <a> - index",
            "17 foo-bar 1.0 foo_bar-1.0-py3-none-any.whl <b> - index",
            "18 foo-bar 1.0 foo_bar-1.0-py2-none-any.whl - sha512 index",
            "25 mirrored 2 mirrored-2.zip <c> - -",
            "27 from-git 3 - - - elsewhere",
            "36 from-url 4 from_url-4.tar.gz <d> - elsewhere",
            "43 from-path 5 from_path-5-py3-none-any.whl <e> - elsewhere",
            "46 from-directory - - - - elsewhere",
            "50 member 6 - - - elsewhere",
            "55 root 7 - - - elsewhere",
        ];
        assert_eq!(rows("uv.lock", SAMPLE), expected);
        assert_eq!(rows("renamed.txt", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("version = 1", "version = 2", "line 1: only version 1 of uv.lock can be read"),
            ("version = 1", "", "line 1: 'version' is missing"),
            ("registry", "forge", "line 11: a source of unknown kind"),
            ("name = \"Foo_Bar\"", "", "line 8: 'name' is missing"),
            ("\"Foo_Bar\"", "\"Foo Bar\"", "line 9: 'Foo Bar' is no project's name: "),
            ("sha256:<a>", "sha256:00", "line 15: '00' is no SHA-256 hash: it has 64 hex digits"),
            ("\"sha256:<b>\"", "1", "line 17: a string is expected here"),
            ("source = { virtual = \".\" }", "", "line 55: 'source' is missing"),
            ("wheels = [", "wheels = {", "line "),
        ] {
            let refused = refusal("uv.lock", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("uv.lock", SAMPLE);
    }
}
