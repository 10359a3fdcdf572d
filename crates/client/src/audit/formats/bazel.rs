//! `MODULE.bazel.lock`: what Bazel's rules for Python remember of an index between builds.

use super::super::json;
use super::super::node::{Node, project};
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::url::filename_of;

/// Key of the hashes among the facts that an extension remembers.
const HASHES: &str = "dist_hashes";

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_json("lockFileVersion") && source.has_json("moduleExtensions")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = json::parse(source.text)?;
    let Some(facts) = document.get("facts") else { return Ok(()) };
    for (_, facts) in facts.members()? {
        read_facts(facts, source, pins)?;
    }
    Ok(())
}

/// Facts of one extension: by index, by project, the hash at a URL. Older ones have no projects, and
/// the index above.
fn read_facts(facts: &Node<'_>, source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let Ok(members) = facts.members() else { return Ok(()) };
    if let Some(hashes) = facts.get(HASHES) {
        let names = facts.get("dist_filenames");
        for (index, projects) in hashes.members()? {
            let names = names.and_then(|names| names.get(index));
            for (name, files) in projects.members()? {
                let names = names.and_then(|names| names.get(name));
                let base = Pin {
                    project: Some(project(files.line, name)?),
                    from_index: source.is_index(index),
                    ..Pin::default()
                };
                read_files(files, names, &base, pins)?;
            }
        }
    }
    for (index, facts) in members {
        if let Some(files) = facts.get(HASHES) {
            let base = Pin { from_index: source.is_index(index), ..Pin::default() };
            read_files(files, None, &base, pins)?;
        }
    }
    Ok(())
}

fn read_files(
    files: &Node<'_>,
    names: Option<&Node<'_>>,
    base: &Pin,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    for (url, digest) in files.members()? {
        let name = names.map_or(Ok(None), |names| names.text_of(url))?;
        let filename = name.map(str::to_owned).or_else(|| filename_of(url));
        let mut pin = Pin { line: Some(digest.line), filename, ..base.clone() };
        pin.state_as("sha256", digest)?;
        pins.add(pin)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{
  "lockFileVersion": 24,
  "registryFileHashes": {"https://registry.example/a/MODULE.bazel": "<z>"},
  "moduleExtensions": {},
  "facts": {
    "@@other+//x:y.bzl%z": "text",
    "@@rules_python+//python/extensions:pip.bzl%pip": {
      "fact_version": "v1",
      "dist_hashes": {
        "https://index.example/simple": {
          "foo_bar": {
            "https://files.example/foo_bar-1.0.tar.gz": "<a>",
            "https://files.example/renamed": "<b>"
          }
        },
        "https://${PYPI_INDEX_URL}": {
          "a": {"https://files.example/a-1.0.zip": "<c>"}
        }
      },
      "dist_filenames": {
        "https://index.example/simple": {
          "foo_bar": {"https://files.example/renamed": "foo_bar-1.0-py3-none-any.whl"}
        }
      },
      "dist_yanked": {"https://index.example/simple": {"foo_bar": {"<a>": "reason"}}}
    },
    "older": {
      "https://index.example/simple": {
        "dist_hashes": {"https://files.example/b-1.0.zip": "<d>"}
      }
    }
  }
}
"#;

    #[test]
    fn every_remembered_hash_is_read() {
        let expected = [
            "12 foo-bar - foo_bar-1.0.tar.gz <a> - index",
            "13 foo-bar - foo_bar-1.0-py3-none-any.whl <b> - index",
            "17 a - a-1.0.zip <c> - -",
            "29 - - b-1.0.zip <d> - index",
        ];
        assert_eq!(rows("MODULE.bazel.lock", SAMPLE), expected);
        assert_eq!(rows("any.name", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("\"<a>\"", "\"a\"", "line 12: 'a' is no SHA-256 hash"),
            ("\"<b>\"", "1", "line 13: a string is expected here"),
            ("\"foo_bar\"", "\"_\"", "line 11: '_' is no project's name"),
            (
                "{\"https://files.example/b-1.0.zip\": \"<d>\"}",
                "[]",
                "line 29: a table is expected",
            ),
        ] {
            let refused = refusal("MODULE.bazel.lock", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("MODULE.bazel.lock", SAMPLE);
    }
}
