//! Spack's `package.py`: `version(...)` and `resource(...)`.
//!
//! `pypi = "<project>/<file of one version>"` is a template, and the name that it gives may differ from
//! the index's in case and signs: only a version's own `url` names a file.

use super::script::PYTHON;
use super::script::python::{Arguments, assignments, calls};
use crate::audit::digests::Stated;
use crate::audit::node::{Node, project};
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;

/// Arguments that state a digest.
const DIGESTS: [&str; 5] = ["sha256", "sha512", "sha384", "sha1", "md5"];

/// Arguments that name a repository instead of a file.
const REPOSITORIES: [&str; 8] =
    ["git", "hg", "svn", "cvs", "commit", "branch", "tag", "submodules"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    let has = |begin: &str, what: &str| {
        source.text.lines().any(|line| line.starts_with(begin) && line.contains(what))
    };
    (has("from ", "spack") || has("import ", "spack")) && has("class ", "(")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let tokens = PYTHON.tokens(source.text)?;
    let class = Class::of(&assignments(&tokens)?)?;
    for (line, version) in calls(&tokens, "version")? {
        pins.add(class.version(line, &version)?)?;
    }
    for (line, resource) in calls(&tokens, "resource")? {
        let mut pin = Pin { line: Some(line), ..Pin::default() };
        add_place(&resource, &mut pin)?;
        add_digests(&resource, &mut pin)?;
        pins.add(pin)?;
    }
    Ok(())
}

/// What a class says of all its versions.
#[derive(Default)]
struct Class {
    /// A file with all that it says, of no version in particular.
    any: Pin,
}

impl Class {
    fn of(assignments: &[(&str, Node<'_>)]) -> Result<Class, InvalidSource> {
        let find = |name: &str| assignments.iter().find(|(other, _)| *other == name);
        let mut any = Pin::default();
        if let Some((_, pypi)) = find("pypi") {
            let name = pypi.text()?.split('/').next().unwrap_or_default();
            any.project = Some(project(pypi.line, name)?);
            any.from_index = Some(true);
        } else if let Some((_, url)) = find("url") {
            if let Ok(url) = url.text() {
                any.locate(url);
            }
            any = Pin { filename: None, version: None, ..any };
        }
        Ok(Class { any })
    }

    fn version(&self, line: u64, call: &Arguments<'_>) -> Result<Pin, InvalidSource> {
        let missing = || InvalidSource::at(line, "a version is to be written out here");
        let version = call.places.first().ok_or_else(missing)?.text().map_err(|_| missing())?;
        let mut pin =
            Pin { line: Some(line), version: Some(version.to_owned()), ..self.any.clone() };
        add_place(call, &mut pin)?;
        add_digests(call, &mut pin)?;
        if let Some(digest) = call.places.get(1) {
            let text = digest.text()?;
            let algorithm = if text.len() == 32 { "md5" } else { "sha256" };
            add(digest, algorithm, &mut pin)?;
        }
        Ok(pin)
    }
}

/// Adds where the file of a call comes from.
fn add_place(call: &Arguments<'_>, pin: &mut Pin) -> Result<(), InvalidSource> {
    if REPOSITORIES.iter().any(|name| call.get(name).is_some()) {
        pin.from_index = Some(false);
    }
    if let Some(url) = call.get("url") {
        pin.locate(url.text()?);
    }
    Ok(())
}

fn add_digests(call: &Arguments<'_>, pin: &mut Pin) -> Result<(), InvalidSource> {
    for algorithm in DIGESTS {
        if let Some(digest) = call.get(algorithm) {
            add(digest, algorithm, pin)?;
        }
    }
    Ok(())
}

fn add(digest: &Node<'_>, algorithm: &str, pin: &mut Pin) -> Result<(), InvalidSource> {
    let text = digest.text().map_err(|_| digest.invalid("the digest is not written out here"))?;
    let stated = Stated::of(algorithm, text).and_then(|stated| pin.state(stated));
    stated.map_err(|reason| digest.invalid(reason))?;
    pin.line = Some(digest.line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r#"# Copyright
from spack.package import *


class PyFoo(PythonPackage):
    """It's foo."""

    pypi = "Foo_Bar/foo_bar-1.0.tar.gz"

    version("main", branch="main")
    version("1.1", sha256="<a>")
    version(
        "1.0",
        sha256="<b>",
        url="https://files.example/packages/source/f/foo_bar/foo_bar-1.0-py3-none-any.whl",
    )
    version("0.9", "00000000000000000000000000000000")
    version("0.8", "<c>", url="https://forge.example/a/b/archive/v0.8.tar.gz")

    resource(name="data", url="https://data.example/d.tgz", sha256="<d>")
    patch("fix.patch", when="@1.0", sha256="<e>")

    def url_for_version(self, version):
        return self.spec.version("x" + version)
"#;

    const BY_URL: &str = r#"from spack_repo.builtin.build_systems.python import PythonPackage
class PyFoo(PythonPackage):
    url = "https://index.example/packages/source/f/foo/foo-1.0.tar.gz"
    version("2.0", sha256="<a>")
"#;

    #[test]
    fn versions_and_resources_are_pinned() {
        let expected = [
            "10 foo-bar main - - - elsewhere",
            "11 foo-bar 1.1 - <a> - index",
            "14 foo-bar 1.0 foo_bar-1.0-py3-none-any.whl <b> - index",
            "17 foo-bar 0.9 - - md5 index",
            "18 foo-bar 0.8 - <c> - elsewhere",
            "20 - - - <d> - -",
        ];
        assert_eq!(rows("package.py", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
        assert_eq!(rows("package.py", BY_URL), ["4 foo 2.0 - <a> - index"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 11: '0' is no SHA-256 hash"),
            ("\"<a>\"", "sums[0]", "line 11: the digest is not written out here"),
            ("\"1.1\"", "v", "line 11: a version is to be written out here"),
            ("\"1.1\", ", "", "line 11: a version is to be written out here"),
            ("<c>", "<c>0", "line 18: "),
            ("Foo_Bar/", " /", "line 8: ' ' is no project's name"),
            ("\"<d>\")", "\"<d>\"", "line 20: a bracket"),
            ("foo.\"\"\"", "foo.", "line 6: a string"),
            ("sha256=\"<b>\"", "sha256=\"<b>\", md5=x", "line 14: the digest is not"),
        ] {
            let refused = refusal("package.py", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("package.py", SAMPLE);
        survives_damage("package.py", BY_URL);
    }
}
