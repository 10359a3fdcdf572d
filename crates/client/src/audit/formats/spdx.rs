//! SPDX 2.2 and 2.3 in JSON: packages with checksums and package URLs.
//!
//! Only packages that a package URL calls Python packages are pins.

use super::super::json;
use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::url::filename_of;
use super::purl;

/// The versions that are read begin so.
const VERSION: &str = "SPDX-2.";

pub(super) fn matches(source: &Source<'_>) -> bool {
    source.has_json("spdxVersion")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = json::parse(source.text)?;
    let version = document.required("spdxVersion")?;
    if !version.text()?.starts_with(VERSION) {
        return Err(version.invalid(format!("only {VERSION}x can be read")));
    }
    for package in document.tables_of("packages")? {
        if let Some(pin) = read_package(package, source)? {
            pins.add(pin)?;
        }
    }
    Ok(())
}

fn read_package(package: &Node<'_>, source: &Source<'_>) -> Result<Option<Pin>, InvalidSource> {
    let Some(base) = described(package, source)? else { return Ok(None) };
    // Places that are no URLs: NONE and NOASSERTION.
    let location = package.text_of("downloadLocation")?.filter(|place| place.contains("://"));
    let is_file = |place: &&str| record::Distribution::of(place).is_some();
    let name = package.text_of("packageFileName")?.or(location).filter(is_file);
    let filename = base.filename.clone().or_else(|| name.and_then(filename_of));
    let mut pin = Pin { line: Some(package.line), filename, ..base };
    for checksum in package.tables_of("checksums")? {
        let algorithm = checksum.required("algorithm")?.text()?;
        pin.state_as(algorithm, checksum.required("checksumValue")?)?;
    }
    Ok(Some(pin))
}

/// What the package URL says, if there is one of a Python package.
fn described(package: &Node<'_>, source: &Source<'_>) -> Result<Option<Pin>, InvalidSource> {
    for reference in package.tables_of("externalRefs")? {
        if reference.text_of("referenceType")? == Some("purl") {
            let described = purl::parse(reference.required("referenceLocator")?, source)?;
            if described.is_some() {
                return Ok(described);
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"{
  "spdxVersion": "SPDX-2.3",
  "packages": [
    {"name": "Foo_Bar", "versionInfo": "1.0",
     "packageFileName": "./dist/foo_bar-1.0.tar.gz",
     "checksums": [
       {"algorithm": "SHA256", "checksumValue": "<a>"},
       {"algorithm": "SHA1", "checksumValue": "00"}
     ],
     "externalRefs": [
       {"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:x"},
       {"referenceType": "purl", "referenceLocator": "pkg:pypi/foo-bar@1.0"}
     ]},
    {"name": "located", "downloadLocation": "https://files.example/located-2.zip",
     "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/located@2"}]},
    {"name": "bare", "downloadLocation": "NOASSERTION",
     "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/bare@3"}]},
    {"name": "other", "checksums": [{"algorithm": "SHA256", "checksumValue": "<b>"}],
     "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:deb/other@4"}]}
  ]
}
"#;

    #[test]
    fn every_python_package_is_read() {
        let expected = [
            "4 foo-bar 1.0 foo_bar-1.0.tar.gz <a> sha1 index",
            "14 located 2 located-2.zip - - index",
            "16 bare 3 - - - index",
        ];
        assert_eq!(rows("x.spdx.json", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("SPDX-2.3", "SPDX-3.0", "line 2: only SPDX-2.x can be read"),
            ("\"<a>\"", "\"a\"", "line 7: 'a' is no SHA-256 hash"),
            ("{\"algorithm\": \"SHA1\", ", "{", "line 8: 'algorithm' is missing"),
            ("pypi/bare@", "pypi/@", "line 17: '' is no project's name"),
        ] {
            let refused = refusal("x.spdx.json", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("x.spdx.json", SAMPLE);
    }
}
