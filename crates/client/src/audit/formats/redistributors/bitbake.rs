//! Recipes of `OpenEmbedded`: `inherit pypi` and `SRC_URI[sha256sum]`.
//!
//! The class `pypi` makes up the file's name, so none is known.

use super::settings::Settings;
use crate::audit::node::project;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

/// Flags that state digests.
const SUMS: [(&str, &str); 5] = [
    ("sha256sum", "sha256"),
    ("sha512sum", "sha512"),
    ("sha384sum", "sha384"),
    ("sha1sum", "sha1"),
    ("md5sum", "md5"),
];

/// Prefixes that recipes of Python projects have.
const PREFIXES: [&str; 2] = ["python3-", "python-"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    let has = |begin: &str, what: &str| {
        source.text.lines().any(|line| line.starts_with(begin) && line.contains(what))
    };
    has("SRC_URI[", "sum]") && (has("LICENSE", "=") || has("inherit ", "") || has("SUMMARY", "="))
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let settings = Settings::of(source.text);
    let inherits = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("inherit") && words.any(|word| word == "pypi")
    };
    let is_pypi = source.text.lines().any(inherits);
    let mut files: Vec<(&str, Pin)> = Vec::new();
    for setting in &settings.0 {
        let Some((file, algorithm)) = sum_of(setting.name) else { continue };
        let at = files.iter().position(|(name, _)| *name == file).unwrap_or_else(|| {
            files.push((file, Pin::default()));
            files.len() - 1
        });
        setting.state(algorithm, &mut files[at].1)?;
    }
    for (file, mut pin) in files {
        // A name tells files apart that the recipe adds to the one of the class.
        if file.is_empty() && is_pypi {
            pin.from_index = Some(true);
            describe(source.name, &settings, &mut pin)?;
        }
        pins.add(pin)?;
    }
    Ok(())
}

/// Name of a file, empty for the only one, and algorithm of a setting `SRC_URI[name.sha256sum]`.
fn sum_of(setting: &str) -> Option<(&str, &'static str)> {
    let flag = setting.strip_prefix("SRC_URI[")?.strip_suffix(']')?;
    let (file, sum) = flag.rsplit_once('.').unwrap_or(("", flag));
    let (_, algorithm) = SUMS.iter().find(|(name, _)| *name == sum)?;
    Some((file, algorithm))
}

/// Adds project and version by the settings, else by the recipe's name, `<package>_<version>.bb`.
fn describe(recipe: &str, settings: &Settings<'_>, pin: &mut Pin) -> Result<(), InvalidSource> {
    let stem = recipe.strip_suffix(".bb").unwrap_or_default();
    let (package, version) = stem.split_once('_').unwrap_or((stem, ""));
    let bare = PREFIXES.iter().find_map(|prefix| package.strip_prefix(prefix)).unwrap_or(package);
    let is_plain = |value: &&str| !value.is_empty() && !value.contains('$');
    let stated = settings.get("PYPI_PACKAGE");
    let name = stated.unwrap_or(bare);
    if is_plain(&name) {
        pin.project = Some(project(pin.line.unwrap_or(1), name)?);
    }
    let version = settings.get("PV").unwrap_or(version);
    pin.version = Some(version).filter(is_plain).map(str::to_owned);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"SUMMARY = "Foo = bar"
LICENSE = "MIT"

SRC_URI[md5sum] = "00"
SRC_URI[sha256sum] = "<a>"
SRC_URI += "https://a.example/data.zip;name=data \
           file://fix.patch"
SRC_URI[data.sha256sum] = "<b>"

inherit pypi setuptools3

PYPI_PACKAGE = "Foo_Bar"
RDEPENDS:${PN} += "python3-x"
"#;

    #[test]
    fn the_file_of_the_class_is_pinned() {
        let expected = |version| {
            [format!("5 foo-bar {version} - <a> md5 index"), "8 - - - <b> - -".to_owned()]
        };
        assert_eq!(rows("python3-foo_1.0.bb", SAMPLE), expected("1.0"));
        assert_eq!(rows("x", SAMPLE), expected("-"));
        let own = SAMPLE.replace("PYPI_PACKAGE = \"Foo_Bar\"", "PV = \"2.0\"");
        assert_eq!(rows("python3-foo_git.bb", &own)[0], "5 foo 2.0 - <a> md5 index");
        let other = SAMPLE.replace("pypi ", "");
        assert_eq!(rows("python3-foo_1.0.bb", &other)[0], "5 - - - <a> md5 -");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 5: '0' is no SHA-256 hash"),
            ("data.sha256", "sha256", "line 8: two SHA-256 hashes"),
            ("Foo_Bar", "Foo Bar", "line 5: 'Foo Bar' is no project's name"),
        ] {
            let refused = refusal("python3-foo_1.0.bb", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("python3-foo_1.0.bb", SAMPLE);
    }
}
