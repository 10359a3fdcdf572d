//! Makefiles of `OpenWrt` packages: `PYPI_NAME` and `PKG_HASH`.
//!
//! `pypi.mk` makes up the file's name, so only a URL names a file.

use super::settings::Settings;
use super::template::{fill, whole};
use crate::audit::node::project;
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

/// Settings that state a digest; of a further download, without a prefix.
const SUMS: [(&str, &str); 3] = [("PKG_HASH", "sha256"), ("PKG_MD5SUM", "md5"), ("HASH", "sha256")];

/// The digest of what is not to be checked.
const SKIP: &str = "skip";

pub(super) fn matches(source: &Source<'_>) -> bool {
    let has = |begin: &str| source.text.lines().any(|line| line.starts_with(begin));
    has("PKG_HASH:=") && has("include $(TOPDIR)/rules.mk")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let settings = Settings::of(source.text);
    for setting in &settings.0 {
        let sum = SUMS.iter().find(|(name, _)| *name == setting.name);
        let Some((name, algorithm)) = sum else { continue };
        let mut pin = Pin { line: Some(setting.line), ..Pin::default() };
        if name.starts_with("PKG_") {
            pin = package(&settings, pin)?;
        }
        if setting.value != SKIP {
            setting.state(algorithm, &mut pin)?;
        }
        pins.add(pin)?;
    }
    Ok(())
}

/// The pin of the package's own file.
fn package(settings: &Settings<'_>, mut pin: Pin) -> Result<Pin, InvalidSource> {
    let value = |name: &str| Some(filled(settings, settings.get(name)?, MAX_STEPS));
    if let Some(name) = value("PYPI_NAME").and_then(whole) {
        pin.project = Some(project(pin.line.unwrap_or(1), &name)?);
        pin.version = value("PKG_VERSION").and_then(whole);
        pin.from_index = Some(true);
    } else if let (Some(base), Some(file)) = (value("PKG_SOURCE_URL"), value("PKG_SOURCE")) {
        let base = base.split_ascii_whitespace().next().unwrap_or_default();
        pin.locate(&format!("{}/{file}", base.trim_end_matches('/')));
    }
    Ok(pin)
}

/// How many settings may stand in each other before it is a circle.
const MAX_STEPS: u32 = 8;

/// A value with the settings in it.
fn filled(settings: &Settings<'_>, value: &str, steps: u32) -> String {
    fill(value, ("$(", ")"), |name| {
        let steps = steps.checked_sub(1)?;
        whole(filled(settings, settings.get(name)?, steps))
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = "\
include $(TOPDIR)/rules.mk

PKG_NAME:=python-foo
PKG_VERSION:=1.0
PYPI_NAME:=Foo_Bar
PKG_HASH:=<a>

define Download/data
  FILE:=data.zip
  HASH:=<b>
endef
";

    #[test]
    fn the_package_and_its_downloads_are_pinned() {
        let expected = ["6 foo-bar 1.0 - <a> - index", "10 - - - <b> - -"];
        assert_eq!(rows("Makefile", SAMPLE), expected);
        let url = "PKG_SOURCE:=foo-$(PKG_VERSION).zip\nPKG_SOURCE_URL:=https://a.example/packages/source/f/foo \\\nX:=";
        assert_eq!(
            rows("Makefile", &SAMPLE.replace("PYPI_NAME:=", url))[0],
            "8 foo 1.0 foo-1.0.zip <a> - index"
        );
        assert_eq!(
            rows("Makefile", &SAMPLE.replace("<a>", "skip"))[0],
            "6 foo-bar 1.0 - - - index"
        );
    }

    #[test]
    fn circles_end() {
        let circle = SAMPLE.replace("Foo_Bar", "$(PKG_NAME)").replace("python-foo", "$(PYPI_NAME)");
        assert_eq!(rows("Makefile", &circle)[0], "6 - - - <a> - -");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 6: '0' is no SHA-256 hash"),
            ("<b>", "0", "line 10: '0' is no SHA-256 hash"),
            ("Foo_Bar", "Foo Bar", "line 6: 'Foo Bar' is no project's name"),
        ] {
            let refused = refusal("Makefile", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("Makefile", SAMPLE);
    }
}
