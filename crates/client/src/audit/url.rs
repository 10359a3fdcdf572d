//! What the URLs in a source say.

use reqwest::Url;

use crate::explain::text::percent_decoded;

/// Name of the file at a URL or a path: the last part, percent-decoded; `None` if there is none.
pub(super) fn filename_of(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    basename(&percent_decoded(path.rsplit(['/', '\\']).next().unwrap_or_default()))
}

/// Name of the file at a path: the last part; `None` if there is none.
pub(super) fn basename(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether a name ends in a dot and this extension, whatever the case of its letters.
pub(super) fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(extension))
}

/// Whether two URLs are those of one index, however they are spelled.
pub(super) fn is_same_index(a: &str, b: &str) -> bool {
    let base = |url: &str| {
        let url = Url::parse(url).ok()?;
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/simple").unwrap_or(path).to_owned();
        Some((url.host_str()?.to_owned(), url.port_or_known_default(), path))
    };
    base(a).is_some_and(|a| base(b).is_some_and(|b| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_url_is_the_filename() {
        for (url, name) in [
            ("https://files.example/a/b-1.0.tar.gz", Some("b-1.0.tar.gz")),
            ("https://files.example/b-1.0%2Bx.zip?x=/y#sha256=00", Some("b-1.0+x.zip")),
            ("dist\\b-1.0.zip", Some("b-1.0.zip")),
            ("b-1.0.zip", Some("b-1.0.zip")),
            ("https://files.example/a/", None),
            ("", None),
        ] {
            assert_eq!(filename_of(url).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn one_index_has_several_spellings() {
        let index = "https://index.example/simple";
        for (url, same) in [
            ("https://index.example/simple/", true),
            ("https://index.example", true),
            ("https://user:secret@INDEX.example:443/simple", true),
            ("http://index.example:8080/simple", false),
            ("https://index.example/other/simple", false),
            ("https://mirror.example/simple", false),
            ("index.example", false),
        ] {
            assert_eq!(is_same_index(index, url), same, "{url}");
        }
    }
}
