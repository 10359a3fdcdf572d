//! `CycloneDX` in JSON: components with package URLs, the places they were got from, and hashes.
//!
//! Only components that are Python packages are pins.

use std::collections::HashSet;

use record::Distribution;

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
            let base = Pin { line: Some(component.line), ..base };
            read_component(component, &base, pins)?;
        }
        // As deep as the parser allows, and no deeper.
        read_components(component, source, pins)?;
    }
    Ok(())
}

/// Reads the places that a component was got from, then its own hashes and those of its URL, which do
/// not say which file of the release they belong to. A hash that was stated before is not stated again.
fn read_component(component: &Node<'_>, base: &Pin, pins: &mut Pins) -> Result<(), InvalidSource> {
    let mut found = Vec::new();
    for reference in component.tables_of("externalReferences")? {
        if reference.text_of("type")?.is_some_and(|kind| FILES.contains(&kind)) {
            let url = reference.required("url")?.text()?;
            let filename = named_by(url).or_else(|| base.filename.clone());
            found.extend(read_hashes(reference, Pin { filename, ..base.clone() })?);
        }
    }
    found.extend(read_hashes(component, base.clone())?);
    found.push(base.clone());
    let (mut seen, mut is_pinned) = (HashSet::new(), false);
    for pin in found {
        let says_more = pin.sha256.map_or(!pin.other_digests.is_empty(), |it| seen.insert(it));
        if says_more {
            pins.add(pin)?;
            is_pinned = true;
        }
    }
    if is_pinned { Ok(()) } else { pins.add(base.clone()) }
}

/// The file that a URL leads to; some tools write the page of a project, and the file as a fragment.
fn named_by(url: &str) -> Option<String> {
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let names = [place, fragment].map(filename_of).into_iter().flatten();
    names.into_iter().find(|name| Distribution::of(name).is_some())
}

/// The digests of one file, or of several files, which then have no names.
fn read_hashes(node: &Node<'_>, file: Pin) -> Result<Vec<Pin>, InvalidSource> {
    let file = Pin { sha256: None, other_digests: Vec::new(), ..file };
    let mut stated = Vec::new();
    for hash in node.tables_of("hashes")? {
        let (algorithm, content) = (hash.required("alg")?.text()?, hash.required("content")?);
        let mut pin = Pin { line: Some(content.line), filename: None, ..file.clone() };
        pin.state_as(algorithm, content)?;
        stated.push(pin);
    }
    let several = stated.iter().filter(|pin| pin.sha256.is_some()).count() > 1;
    let Some(first) = stated.first().filter(|_| !several) else { return Ok(stated) };
    let sha256 = stated.iter().find_map(|pin| pin.sha256);
    let other_digests = stated.iter().flat_map(|pin| &pin.other_digests).copied().collect();
    Ok(vec![Pin { line: first.line, sha256, other_digests, ..file }])
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
    {"name": "listed", "purl": "pkg:pypi/listed@8", "externalReferences": [
       {"type": "distribution", "url": "https://index.example/simple/listed/",
        "hashes": [{"alg": "SHA-256", "content": "<g>"}, {"alg": "SHA-256", "content": "<h>"}]},
       {"type": "distribution", "url": "https://index.example/simple/listed/#listed-8.zip",
        "hashes": [{"alg": "SHA-256", "content": "<i>"}]},
       {"type": "distribution", "url": "https://index.example/simple/listed/"}
    ]},
    {"name": "other", "purl": "pkg:npm/other@7"},
    {"name": "nameless"}
  ]
}
"#;

    #[test]
    fn every_python_package_is_read() {
        let expected = [
            "12 foo-bar 1.0+x foo_bar-1.0+x.tar.gz <a> md5 index",
            "14 foo-bar 1.0+x foo_bar-1.0+x-py3-none-any.whl <b> - index",
            "17 within 2 - <c> - index",
            "20 named 3 named-3.zip <d> - index",
            "21 mirrored 4 - - - -",
            "22 from-git 5 - - - elsewhere",
            "24 both 6 - <e> - index",
            "27 both 6 both-6.zip <f> - index",
            "31 listed 8 - <g> - index",
            "31 listed 8 - <h> - index",
            "33 listed 8 listed-8.zip <i> - index",
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
