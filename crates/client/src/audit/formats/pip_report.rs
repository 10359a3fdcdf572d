//! What `pip install --report` writes: the files that were, or would be, installed.

use super::super::json;
use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::url::filename_of;

/// The version that is stable; pip raises it when older readers would misunderstand.
const VERSION: &str = "1";

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_json("pip_version") && source.has_json("install")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = json::parse(source.text)?;
    let version = document.required("version")?;
    if version.text()? != VERSION {
        return Err(version.invalid(format!("only version {VERSION} of pip's report can be read")));
    }
    document.tables_of("install")?.iter().try_for_each(|item| pins.add(read_item(item)?))
}

fn read_item(item: &Node<'_>) -> Result<Pin, InvalidSource> {
    let metadata = item.required("metadata")?;
    let download = item.required("download_info")?;
    let url = download.required("url")?;
    let direct = item.get("is_direct").and_then(Node::scalar) == Some("true");
    let mut pin = Pin {
        line: Some(url.line),
        project: Some(metadata.project_of("name")?),
        version: metadata.text_of("version")?.map(str::to_owned),
        from_index: direct.then_some(false),
        ..Pin::default()
    };
    let Some(archive) = download.get("archive_info") else { return Ok(pin) };
    pin.filename = filename_of(url.text()?);
    if let Some(hashes) = archive.get("hashes") {
        for (algorithm, digest) in hashes.members()? {
            pin.state_as(algorithm, digest)?;
        }
    } else if let Some(hash) = archive.get("hash") {
        // The older form of the same.
        pin.state_in(hash)?;
    }
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{
  "version": "1",
  "pip_version": "25.1",
  "install": [
    {
      "download_info": {
        "url": "https://files.example/Foo_Bar-1.0%2Bx-py3-none-any.whl",
        "archive_info": {
          "hash": "sha256=<a>",
          "hashes": {
            "sha256": "<a>"
          }
        }
      },
      "is_direct": false,
      "is_yanked": false,
      "requested": true,
      "metadata": {"metadata_version": "2.1", "name": "Foo_Bar", "version": "1.0+x"}
    },
    {
      "download_info": {"url": "https://files.example/old-2.zip", "archive_info": {"hash": "sha256=<b>"}},
      "is_direct": true,
      "metadata": {"name": "old", "version": "2"}
    },
    {
      "download_info": {"url": "https://forge.example/x", "vcs_info": {"vcs": "git", "commit_id": "00"}},
      "is_direct": true,
      "metadata": {"name": "from-git", "version": "3"}
    },
    {
      "download_info": {"url": "https://files.example/bare-4.zip", "archive_info": {}},
      "metadata": {"name": "bare", "version": "4"}
    }
  ],
  "environment": {"python_version": "3.13"}
}
"#;

    #[test]
    fn every_installed_file_is_read() {
        let expected = [
            "7 foo-bar 1.0+x Foo_Bar-1.0+x-py3-none-any.whl <a> - -",
            "21 old 2 old-2.zip <b> - elsewhere",
            "26 from-git 3 - - - elsewhere",
            "31 bare 4 bare-4.zip - - -",
        ];
        assert_eq!(rows("report.json", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("\"1\"", "\"2\"", "line 2: only version 1 of pip's report can be read"),
            ("\"sha256\": \"<a>\"", "\"sha256\": \"<\"", "line 11: '<' is no SHA-256 hash"),
            ("sha256=<b>", "sha256=<b>0", "line 21: '"),
            (
                "\"metadata\": {\"name\": \"old\"",
                "\"m\": {\"name\": \"old\"",
                "line 20: 'metadata' is",
            ),
            ("\"name\": \"bare\"", "\"name\": 1", "line 32: a string is expected here"),
        ] {
            let refused = refusal("report.json", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("report.json", SAMPLE);
    }
}
