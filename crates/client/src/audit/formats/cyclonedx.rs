//! `CycloneDX` in JSON: components with package URLs, the places they were got from, and hashes.
//!
//! Only components that are Python packages are pins.

use super::super::json;
use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::url::filename_of;
use super::purl;

/// Kinds of references that lead to the file itself.
const FILES: [&str; 2] = ["distribution", "distribution-intake"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_json("bomFormat")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = json::parse(source.text)?;
    let format = document.required("bomFormat")?;
    if format.text()? != "CycloneDX" {
        return Err(format.invalid("a bill of materials of unknown format"));
    }
    read_components(&document, source, pins)
}

/// Reads the components of the document or of a component.
fn read_components(
    parent: &Node<'_>,
    source: &Source<'_>,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    for component in parent.tables_of("components")? {
        let base = component.get("purl").map(|purl| purl::parse(purl, source));
        if let Some(base) = base.transpose()?.flatten() {
            read_component(component, &base, pins)?;
        }
        // As deep as the parser allows, and no deeper.
        read_components(component, source, pins)?;
    }
    Ok(())
}

fn read_component(component: &Node<'_>, base: &Pin, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut own = Pin { line: Some(component.line), ..base.clone() };
    state_all(&mut own, component)?;
    let mut covered = false;
    for reference in component.tables_of("externalReferences")? {
        let is_file = reference.text_of("type")?.is_some_and(|kind| FILES.contains(&kind));
        if !is_file || reference.get("hashes").is_none() {
            continue;
        }
        let url = reference.required("url")?;
        let filename = filename_of(url.text()?).or_else(|| base.filename.clone());
        let from =
            Pin { line: Some(url.line), sha256: None, other_digests: Vec::new(), ..base.clone() };
        let mut pin = Pin { filename, ..from };
        state_all(&mut pin, reference)?;
        covered |= own.sha256.is_none() || own.sha256 == pin.sha256;
        pins.add(pin)?;
    }
    // Hashes of the component itself do not say which file of the release they belong to.
    if covered { Ok(()) } else { pins.add(own) }
}

fn state_all(pin: &mut Pin, node: &Node<'_>) -> Result<(), InvalidSource> {
    node.tables_of("hashes")?
        .iter()
        .try_for_each(|hash| pin.state_as(hash.required("alg")?.text()?, hash.required("content")?))
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "components": [
    {
      "type": "library",
      "name": "Foo_Bar",
      "purl": "pkg:pypi/foo-bar@1.0%2Bx",
      "externalReferences": [
        {"type": "website", "url": "https://site.example/", "hashes": [{"alg": "SHA-256", "content": "<z>"}]},
        {"type": "distribution", "url": "https://files.example/foo_bar-1.0%2Bx.tar.gz",
         "hashes": [{"alg": "SHA-256", "content": "<a>"}, {"alg": "MD5", "content": "00"}]},
        {"type": "distribution", "url": "https://files.example/foo_bar-1.0%2Bx-py3-none-any.whl",
         "hashes": [{"alg": "SHA-256", "content": "<b>"}]}
      ],
      "components": [
        {"name": "within", "purl": "pkg:pypi/within@2", "hashes": [{"alg": "SHA-256", "content": "<c>"}]}
      ]
    },
    {"name": "named", "purl": "pkg:pypi/named@3?file_name=named-3.zip&checksum=sha256:<d>#x"},
    {"name": "mirrored", "purl": "pkg:pypi/mirrored@4?repository_url=https://mirror.example/simple"},
    {"name": "from-git", "purl": "pkg:pypi/from-git@5?vcs_url=git%2Bhttps://forge.example/x"},
    {"name": "both", "purl": "pkg:pypi/both@6",
     "hashes": [{"alg": "SHA-256", "content": "<e>"}],
     "externalReferences": [
       {"type": "distribution", "url": "https://files.example/both-6.zip",
        "hashes": [{"alg": "SHA-256", "content": "<f>"}]}
     ]},
    {"name": "other", "purl": "pkg:npm/other@7"},
    {"name": "nameless"}
  ]
}
"#;

    #[test]
    fn every_python_package_is_read() {
        let expected = [
            "11 foo-bar 1.0+x foo_bar-1.0+x.tar.gz <a> md5 index",
            "13 foo-bar 1.0+x foo_bar-1.0+x-py3-none-any.whl <b> - index",
            "17 within 2 - <c> - index",
            "20 named 3 named-3.zip <d> - index",
            "21 mirrored 4 - - - -",
            "22 from-git 5 - - - elsewhere",
            "23 both 6 - <e> - index",
            "26 both 6 both-6.zip <f> - index",
        ];
        assert_eq!(rows("bom.json", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("CycloneDX", "Other", "line 2: a bill of materials of unknown format"),
            ("\"<a>\"", "\"a\"", "line 12: 'a' is no SHA-256 hash"),
            ("pypi/within", "pypi/", "line 17: '' is no project's name"),
            ("sha256:<d>", "sha256:d", "line 20: 'd' is no SHA-256 hash"),
            ("\"alg\": \"SHA-256\", \"content\": \"<c>\"", "\"content\": 1", "line 17: 'alg' is"),
        ] {
            let refused = refusal("bom.json", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("bom.json", SAMPLE);
    }
}
