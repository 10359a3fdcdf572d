//! pip's own configuration, for those who do not name an index.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The index that pip uses: `PIP_INDEX_URL`, else `index-url` of the first configuration file that
/// has one, in pip's order of precedence. A `PIP_CONFIG_FILE` of `/dev/null` stands for no files at all.
pub fn index_url() -> Option<String> {
    let set = env::var("PIP_INDEX_URL").ok().filter(|url| !url.trim().is_empty());
    set.or_else(|| {
        let mut files = files().into_iter();
        files.find_map(|path| configured_index(&fs::read_to_string(path).ok()?))
    })
}

fn files() -> Vec<PathBuf> {
    let var = |name: &str| env::var_os(name).map(PathBuf::from);
    if var("PIP_CONFIG_FILE").is_some_and(|path| path == Path::new("/dev/null")) {
        return Vec::new();
    }
    let home = var("HOME");
    let config = var("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let places = [
        var("PIP_CONFIG_FILE"),
        var("VIRTUAL_ENV").map(|environment| environment.join("pip.conf")),
        config.map(|config| config.join("pip/pip.conf")),
        home.map(|home| home.join(".pip/pip.conf")),
        Some(PathBuf::from("/etc/xdg/pip/pip.conf")),
        Some(PathBuf::from("/etc/pip.conf")),
    ];
    places.into_iter().flatten().collect()
}

/// `index-url` in the section `[global]`.
fn configured_index(text: &str) -> Option<String> {
    let mut in_global = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            in_global = section.trim_end_matches(']').trim() == "global";
        } else if in_global && !line.starts_with(['#', ';']) {
            let (name, value) = line.split_once(['=', ':'])?;
            let name = name.trim().replace('_', "-");
            if name == "index-url" && !value.trim().is_empty() {
                return Some(value.trim().to_owned());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::configured_index;

    #[test]
    fn the_global_index_url_is_read() {
        let cases = [
            (
                "[global]\nindex-url = http://index.example/simple\n",
                Some("http://index.example/simple"),
            ),
            (
                "[global]\n# index-url = x\nindex_url: http://index.example/\n",
                Some("http://index.example/"),
            ),
            ("[install]\nindex-url = http://index.example/simple\n", None),
            ("[global]\nindex-url =\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(configured_index(text).as_deref(), expected, "{text}");
        }
    }
}
