//! Messages of installers and lines of lock files, put together as the tools do.

use std::fmt::Write as _;

use super::listing::hash;

/// pip, whose expected hashes may be many.
pub(super) fn pip(pin: &str, link: &str, expected: &[&str], got: &str) -> String {
    let mut text = format!(
        "Collecting {pin}\n  Downloading {link} (18 kB)\n\
         ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated \
         the package versions, please update the hashes. Otherwise, examine the package contents \
         carefully; someone may have tampered with them.\n    {pin} from https://files.example/packages/\
         41/d4/ba354b/{link} (from -r requirements.txt (line 208)):\n"
    );
    for (place, expected) in expected.iter().enumerate() {
        let word = if place == 0 { "sha256" } else { "    or" };
        writeln!(text, "        Expected {word} {}", hash(expected)).unwrap();
    }
    text + &format!("             Got        {}\n\n", hash(got))
}

/// pipenv, which hands on what pip says.
pub(super) fn pipenv(pin: &str, link: &str, expected: &[&str], got: &str) -> String {
    let text = pip(pin, link, expected, got);
    text.replace('\n', "\n[pipenv.exceptions.InstallError]: ")
}

pub(super) fn uv(pin: &str, expected: &[&str], got: &str) -> String {
    let expected: Vec<String> =
        expected.iter().map(|text| format!("        sha256:{}\n", hash(text))).collect();
    let expected = expected.concat();
    let (name, version) = pin.split_once("==").unwrap();
    format!(
        "  × Failed to download `{pin}`\n  ╰─▶ Hash mismatch for `{pin}`\n\n      Expected:\n{expected}\n      \
         Computed:\n        sha256:{}\n  help: `{name}` (v{version}) was included because `app` \
         (v0.1.0) depends on `{name}`\n",
        hash(got)
    )
}

pub(super) fn poetry(name: &str, version: &str, archive: &str, got: &str) -> String {
    format!(
        "  RuntimeError\n\n  Hash for {name} ({version}) from archive {archive} not found in known hashes \
         (was: sha256:{})\n\n  at /opt/poetry/installation/executor.py:818 in _validate_archive_hash\n\
         \u{20}     814│         archive_hash: str = \"sha256:\" + get_file_hash(archive)\n",
        hash(got)
    )
}

pub(super) fn poetry_link(link: &str, got: &str, expected: &[&str]) -> String {
    let expected: Vec<String> =
        expected.iter().map(|text| format!("'sha256:{}'", hash(text))).collect();
    format!(
        "  RuntimeError\n\n  Retrieved digest for link {link}(sha256:{}) not in poetry.lock metadata [{}]\n",
        hash(got),
        expected.join(", ")
    )
}

pub(super) fn pdm(link: &str, expected: &str, got: &str) -> String {
    format!(
        "unearth.errors.HashMismatchError: Hash mismatch for https://files.example/{link}:\n  \
         Expected(sha256): {}\n  Actual(sha256): {}\n",
        hash(expected),
        hash(got)
    )
}

pub(super) fn requirement(pin: &str, hashes: &[&str]) -> String {
    let hashes: Vec<String> =
        hashes.iter().map(|text| format!(" \\\n    --hash=sha256:{}", hash(text))).collect();
    format!("{pin} ; python_version >= \"3.9\"{}\n", hashes.concat())
}

pub(super) fn uv_lock(filename: &str, sha256: &str) -> String {
    format!(
        "    {{ url = \"https://files.example/packages/ab/cd/{filename}\", hash = \"sha256:{}\", size = 49 }},\n",
        hash(sha256)
    )
}

pub(super) fn poetry_lock(filename: &str, sha256: &str) -> String {
    format!("    {{file = \"{filename}\", hash = \"sha256:{}\"}},\n", hash(sha256))
}
