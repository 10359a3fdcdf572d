//! The Python packages in `pixi.lock` and `conda-lock.yml`; the packages of conda are no pins.

use super::super::node::Node;
use super::super::pin::{InvalidSource, Pin, Pins};
use super::super::source::Source;
use super::super::yaml;
use super::package;

/// Algorithms that both formats name.
const ALGORITHMS: [&str; 2] = ["md5", "sha256"];

/// Whether it is `pixi.lock`.
pub(super) fn is_pixi(source: &Source<'_>) -> bool {
    ["version", "environments", "packages"].iter().all(|key| yaml::has(source.text, key))
}

/// Whether it is `conda-lock.yml`.
pub(super) fn is_conda_lock(source: &Source<'_>) -> bool {
    ["version", "metadata", "package"].iter().all(|key| yaml::has(source.text, key))
}

/// Reads `pixi.lock`.
pub(super) fn read_pixi(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = yaml::parse(source.text)?;
    document.required("packages")?;
    for package in document.tables_of("packages")? {
        // Older ones say what a package is in a key of its own.
        let old = package.text_of("kind")? == Some("pypi");
        let place = match package.text_of("pypi")? {
            None if old => package.text_of("url")?.or(package.text_of("path")?),
            place => place,
        };
        if let Some(place) = place {
            pins.add(read_package(package, place, package)?)?;
        }
    }
    Ok(())
}

/// Reads `conda-lock.yml`.
pub(super) fn read_conda_lock(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let document = yaml::parse(source.text)?;
    document.required("package")?;
    for package in document.tables_of("package")? {
        if package.required("manager")?.text()? == "pip" {
            let place = package.required("url")?.text()?;
            pins.add(read_package(package, place, package.required("hash")?)?)?;
        }
    }
    Ok(())
}

/// A package that is found at `place`, with the digests in `hashes`.
fn read_package(package: &Node<'_>, place: &str, hashes: &Node<'_>) -> Result<Pin, InvalidSource> {
    let mut pin = package::describe(package, Pin::default())?.located(place);
    if !place.contains("://") {
        pin.from_index = Some(false);
    }
    for algorithm in ALGORITHMS {
        if let Some(digest) = hashes.get(algorithm) {
            pin.state_as(algorithm, digest)?;
        }
    }
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const PIXI: &str = r#"version: 6
environments:
  default:
    channels:
    - url: https://conda.example/forge/
    packages:
      linux-64:
      - conda: https://conda.example/forge/noarch/x-1.0-0.conda
      - pypi: https://files.example/packages/source/f/foo_bar/foo_bar-1.0%2Bx.tar.gz
packages:
- conda: https://conda.example/forge/noarch/x-1.0-0.conda
  sha256: <z>
  depends: []
- pypi: https://files.example/packages/source/f/foo_bar/foo_bar-1.0%2Bx.tar.gz
  name: Foo_Bar
  version: 1.0+x
  sha256: <a>
  requires_dist:
  - 'a>=1 ; extra == ''b: c'''
  - b  # a word
  requires_python: '>=3.8'
- pypi: ./local
  name: local
  version: "2"
  sha256: <b>
  editable: true
- pypi: git+https://forge.example/x?rev=00
  name: from-git
  version: '3'
- kind: pypi
  name: older
  version: '4'
  url: https://cdn.example/older-4.zip
  sha256: <c>
"#;

    const CONDA_LOCK: &str = r#"# Written by a tool.
---
version: 1
metadata:
  content_hash:
    linux-64: <z>
  channels:
    - url: forge
      used_env_vars: []
package:
  - name: x
    version: 1.0
    manager: conda
    platform: linux-64
    dependencies: {}
    url: https://conda.example/x-1.0-0.conda
    hash:
      md5: 00
      sha256: <z>
  - name: foo-bar
    version: "1.0"
    manager: pip
    platform: linux-64
    dependencies:
      other: '>=1'
    url: https://files.example/packages/py3/f/foo_bar/foo_bar-1.0-py3-none-any.whl
    hash:
      sha256: <a>
    optional: false
"#;

    #[test]
    fn every_python_package_is_read() {
        let expected = [
            "14 foo-bar 1.0+x foo_bar-1.0+x.tar.gz <a> - index",
            "22 local 2 - <b> - elsewhere",
            "27 from-git 3 - - - elsewhere",
            "30 older 4 - <c> - -",
        ];
        assert_eq!(rows("pixi.lock", PIXI), expected);
        let expected = ["20 foo-bar 1.0 foo_bar-1.0-py3-none-any.whl <a> - index"];
        assert_eq!(rows("conda-lock.yml", CONDA_LOCK), expected);
        assert_eq!(rows("any.name", CONDA_LOCK), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (sample, what, instead, reason) in [
            (PIXI, "<a>", "a", "line 17: 'a' is no SHA-256 hash"),
            (PIXI, "  name: local\n", "", "line 22: 'name' is missing"),
            (PIXI, "  name: local", "  name", "line 23: 'name' is no 'key: value'"),
            (PIXI, "  name: local", "   name: x", "line 23: 'name: x' is no"),
            (PIXI, "  name: local", "  pypi: x", "line 22: 'pypi' stands twice"),
            (PIXI, "'>=3.8'", "'>=3.8", "line 21: 'requires_python: '>=3.8' does not end"),
            (PIXI, "'>=3.8'", "|", "line 21: 'requires_python: |' is more of YAML"),
            (PIXI, "\npackages:", "\n packages:", "line 10: 'packages:' is no"),
            (CONDA_LOCK, "    manager: pip\n", "", "line 20: 'manager' is missing"),
            (CONDA_LOCK, "sha256: <a>", "sha256:", "line 28: a string is expected"),
        ] {
            let name = if sample == PIXI { "pixi.lock" } else { "conda-lock.yml" };
            let refused = refusal(name, &sample.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("pixi.lock", PIXI);
        survives_damage("conda-lock.yml", CONDA_LOCK);
    }
}
