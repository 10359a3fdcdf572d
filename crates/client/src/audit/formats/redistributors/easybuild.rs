//! Easyconfigs of `EasyBuild`: `sources` and `exts_list` with their `checksums`.
//!
//! Checksums are those of the sources, then those of patches and of what is built in. Names of files are
//! templates, so none is known.

use super::script::PYTHON;
use super::script::python::assignments;
use crate::audit::digests::Stated;
use crate::audit::node::{Node, Value};
use crate::audit::pin::{InvalidSource, Pin, Pins};
use crate::audit::source::Source;
use record::{ProjectName, split_filename};

/// Names of the package index in `source_urls`.
const INDEX: [&str; 2] = ["PYPI_SOURCE", "PYPI_LOWER_SOURCE"];

/// Endings of the files that a recipe brings along.
const PATCHES: [&str; 2] = [".patch", ".diff"];

pub(super) fn matches(source: &Source<'_>) -> bool {
    let has = |name: &str| {
        source.text.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
        })
    };
    has("name") && has("version") && has("toolchain")
}

pub(super) fn read(source: &Source<'_>, pins: &mut Pins) -> Result<(), InvalidSource> {
    let tokens = PYTHON.tokens(source.text)?;
    let assigned = assignments(&tokens)?;
    let find = |name: &str| assigned.iter().find(|(other, _)| *other == name).map(|(_, node)| node);
    let is_python =
        find("easyblock").and_then(text).is_some_and(|block| block.starts_with("Python"));
    let own = Pin {
        project: find("name").and_then(text).and_then(|name| ProjectName::normalise(name).ok()),
        version: find("version").and_then(text).map(str::to_owned),
        from_index: origin(find("source_urls"), is_python),
        ..Pin::default()
    };
    if let Some(checksums) = find("checksums") {
        let count = find("sources").map_or(1, items_in);
        add_files(checksums, count, &own, pins)?;
    }
    let defaults = find("exts_default_options").and_then(|options| options.get("source_urls"));
    let class = find("exts_defaultclass").and_then(text);
    let is_python = is_python || class.is_some_and(|class| class.starts_with("Python"));
    let from_index = origin(defaults, is_python);
    for extension in find("exts_list").map_or(Ok(&[][..]), Node::items)? {
        read_extension(extension, from_index, pins)?;
    }
    Ok(())
}

/// Adds the files of `(name, version, options)`; a name alone comes with something else.
fn read_extension(
    extension: &Node<'_>,
    from_index: Option<bool>,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let Value::List(parts) = &extension.value else { return Ok(()) };
    let [name, version, options] = &parts[..] else { return Ok(()) };
    let Some(checksums) = options.get("checksums") else { return Ok(()) };
    let urls = options.get("source_urls");
    let pin = Pin {
        project: text(name).and_then(|name| ProjectName::normalise(name).ok()),
        version: text(version).map(str::to_owned),
        from_index: if urls.is_some() { origin(urls, false) } else { from_index },
        ..Pin::default()
    };
    let count = options.get("sources").map_or(1, items_in);
    add_files(checksums, count, &pin, pins)
}

/// Whether files are from the package index: where they are fetched from says so, or a class that
/// fetches from there unless told otherwise.
fn origin(urls: Option<&Node<'_>>, is_python: bool) -> Option<bool> {
    let Some(urls) = urls else { return is_python.then_some(true) };
    let items = urls.items().unwrap_or_default();
    let is_index = |url: &Node<'_>| url.scalar().is_some_and(|name| INDEX.contains(&name));
    (!items.is_empty() && items.iter().all(is_index)).then_some(true)
}

/// Adds a pin for each checksum: of the first `count` it is known that they are those of the sources.
fn add_files(
    checksums: &Node<'_>,
    count: usize,
    base: &Pin,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let single = std::slice::from_ref(checksums);
    let items = checksums.items().unwrap_or(single);
    let elsewhere = Pin { from_index: Some(false), ..Pin::default() };
    // Several files are not all what name and version say.
    let base = if count > 1 { &Pin::default() } else { base };
    for (at, checksum) in items.iter().enumerate() {
        match &checksum.value {
            Value::Table(files) => {
                for (file, digest) in files {
                    let is_patch = PATCHES.iter().any(|ending| file.ends_with(ending));
                    let named = if is_of(file, base) { base } else { &Pin::default() };
                    add_file(digest, if is_patch { &elsewhere } else { named }, pins)?;
                }
            }
            _ => add_file(checksum, if at < count { base } else { &elsewhere }, pins)?,
        }
    }
    Ok(())
}

/// Whether a file is one of the release: it has its name, or one that is made up from a template.
fn is_of(file: &str, release: &Pin) -> bool {
    let is_template = file.contains('%') || !file.contains('.');
    let project = release.project.as_ref();
    is_template || project.is_some_and(|project| split_filename(file, Some(project)).is_some())
}

/// Adds a file by its digest: one alone, one with its algorithm, or several of which one must fit.
fn add_file(digest: &Node<'_>, base: &Pin, pins: &mut Pins) -> Result<(), InvalidSource> {
    if let Value::List(items) = &digest.value {
        return match &items[..] {
            [algorithm, digest] if text(algorithm).is_some_and(Stated::knows) => {
                add_stated(text(algorithm).unwrap_or_default(), digest, base, pins)
            }
            _ => items.iter().try_for_each(|item| add_stated(by_length(item), item, base, pins)),
        };
    }
    if digest.scalar() == Some("None") {
        return pins.add(Pin { line: Some(digest.line), ..base.clone() });
    }
    add_stated(by_length(digest), digest, base, pins)
}

fn add_stated(
    algorithm: &str,
    digest: &Node<'_>,
    base: &Pin,
    pins: &mut Pins,
) -> Result<(), InvalidSource> {
    let mut pin = Pin { line: Some(digest.line), ..base.clone() };
    pin.state_as(algorithm, digest)?;
    pins.add(pin)
}

/// The algorithm of a digest that states none.
fn by_length(digest: &Node<'_>) -> &'static str {
    if text(digest).is_some_and(|digest| digest.len() == 32) { "md5" } else { "sha256" }
}

fn text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.text().ok()
}

/// How many files a list has.
fn items_in(node: &Node<'_>) -> usize {
    node.items().map_or(1, <[Node<'_>]>::len)
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{refusal, rows, survives_damage};

    const SAMPLE: &str = r"easyblock = 'PythonBundle'

name = 'foo-bundle'
version = '1.0'
toolchain = {'name': 'GCC', 'version': '12'}
sources = [SOURCE_TAR_GZ]
checksums = ['<a>', '<x>']

exts_list = [
    'builtin',
    ('Foo_Bar', '2.0', {
        'modulename': 'foo',
        'patches': ['a.patch'],
        'checksums': [
            {'Foo_Bar-2.0.tar.gz': '<b>'},
            {'a.patch': '<y>'},
            {'crate-1.0.tar.gz': '<w>'},
        ],
    }),
    ('forge', '3.0', {
        'source_urls': ['https://forge.example/archive'],
        'checksums': '<c>',
    }),
    (name, version, {
        'source_urls': [PYPI_SOURCE],
        'checksums': [('<d>', '<e>')],
    }),
    ('old', '4.0', {'checksums': [('md5', '00')]}),
    ('none', '5.0', {'checksums': [None]}),
    ('many', '6.0', {'sources': ['a', 'b'], 'checksums': ['<f>', '<g>', '<z>']}),
]
";

    #[test]
    fn sources_and_extensions_are_pinned() {
        let expected = [
            "7 foo-bundle 1.0 - <a> - index",
            "7 - - - <x> - elsewhere",
            "15 foo-bar 2.0 - <b> - index",
            "16 - - - <y> - elsewhere",
            "17 - - - <w> - -",
            "22 forge 3.0 - <c> - -",
            "26 - - - <d> - index",
            "26 - - - <e> - index",
            "28 old 4.0 - - md5 index",
            "29 none 5.0 - - - index",
            "30 - - - <f> - -",
            "30 - - - <g> - -",
            "30 - - - <z> - elsewhere",
        ];
        assert_eq!(rows("foo.eb", SAMPLE), expected);
        assert_eq!(rows("x", SAMPLE), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (what, instead, reason) in [
            ("<a>", "0", "line 7: '0' is no SHA-256 hash"),
            ("'<c>'", "sum", "line 22: a string is expected here"),
            ("<e>", "e", "line 26: 'e' is no SHA-256 hash"),
            ("exts_list = [", "exts_list = x + [", "line 9: a list is expected here"),
            ("'builtin',\n", "'builtin\n", "line 10: a string"),
            (",\n]\n", "\n", "line 9: a bracket"),
        ] {
            let refused = refusal("foo.eb", &SAMPLE.replacen(what, instead, 1));
            assert!(refused.starts_with(reason), "{instead}: {refused}");
        }
    }

    #[test]
    fn damage_makes_up_nothing() {
        survives_damage("foo.eb", SAMPLE);
    }
}
