//! Which form of a document a client asks for.

use hyper::header::{ACCEPT, HeaderMap};

/// Form of a Simple API document, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// PEP 503.
    Html,
    /// PEP 503, by the media type of PEP 691.
    HtmlV1,
    /// PEP 691.
    Json,
}

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML_V1: &str = "application/vnd.pypi.simple.v1+html";

impl Media {
    /// What to ask an index for.
    pub(super) const PREFERRED: &str = "application/vnd.pypi.simple.v1+json, \
        application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

    /// The form that a request asks for; HTML if it does not say, as PEP 691 has it.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Media> {
        let mut stated = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let Some(first) = stated.next() else { return Some(Media::Html) };
        let ranges = std::iter::once(first).chain(stated).flat_map(|value| value.split(','));
        // Of equal ones the first counts, as `max_by_key` would not have it.
        let best = ranges.filter_map(range).reduce(|a, b| if b.1 > a.1 { b } else { a });
        best.map(|(media, _)| media)
    }

    /// The form that an answer states.
    pub(super) fn stated(content_type: &str) -> Option<Media> {
        let name = content_type.split(';').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            JSON => Some(Media::Json),
            HTML_V1 => Some(Media::HtmlV1),
            "text/html" => Some(Media::Html),
            _ => None,
        }
    }

    /// The media type.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Media::Html => "text/html; charset=utf-8",
            Media::HtmlV1 => HTML_V1,
            Media::Json => JSON,
        }
    }
}

/// One media range with its weight in thousandths; `None` if it is not to be had.
fn range(text: &str) -> Option<(Media, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        JSON | "application/vnd.pypi.simple.latest+json" | "application/*" => Media::Json,
        HTML_V1 | "application/vnd.pypi.simple.latest+html" => Media::HtmlV1,
        "text/html" | "text/*" | "*/*" => Media::Html,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1000), thousandths)?;
    (weight > 0).then_some((media, weight))
}

/// A weight as HTTP writes it: at most three digits after the point.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn what_clients_ask_for() {
        let pip = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, \
                   text/html; q=0.01";
        let cases = [
            (pip, Some(Media::Json)),
            (Media::PREFERRED, Some(Media::Json)),
            ("text/html", Some(Media::Html)),
            ("*/*", Some(Media::Html)),
            ("text/html;q=0.1, application/vnd.pypi.simple.v1+html;q=0.2", Some(Media::HtmlV1)),
            ("text/html, application/vnd.pypi.simple.latest+json", Some(Media::Html)),
            ("application/vnd.pypi.simple.v1+json;q=0, text/html;q=0.5", Some(Media::Html)),
            ("application/vnd.pypi.simple.v1+json;q=0.1234, text/html;q=2", None),
            ("image/png", None),
            ("", None),
        ];
        for (accept, expected) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Media::asked(&headers), expected, "{accept}");
        }
        assert_eq!(Media::asked(&HeaderMap::new()), Some(Media::Html));
    }
}
