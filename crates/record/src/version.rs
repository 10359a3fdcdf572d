//! Versions of PEP 440, as far as needed to tell which spellings mean the same version.

use alloc::string::String;

/// The spelling shared by all equal versions: PEP 440's normal form without trailing zeros in the
/// release. `None` if `version` is none of PEP 440.
///
/// ```
/// use record::canonical_version;
///
/// assert_eq!(canonical_version("v1.0-RC_01"), canonical_version("1rc1"));
/// assert_eq!(canonical_version("1.0-1").as_deref(), Some("1.post1"));
/// assert_eq!(canonical_version("2007-final"), None);
/// ```
pub fn canonical_version(version: &str) -> Option<String> {
    let lower = version.trim().to_ascii_lowercase();
    let mut reader = Reader { rest: lower.strip_prefix('v').unwrap_or(&lower) };
    let mut canonical = String::new();
    reader.epoch_and_release(&mut canonical)?;
    reader.pre(&mut canonical);
    reader.post(&mut canonical);
    reader.dev(&mut canonical);
    reader.local(&mut canonical)?;
    reader.rest.is_empty().then_some(canonical)
}

/// What is left to read of a version.
struct Reader<'a> {
    rest: &'a str,
}

/// Spellings of the pre-release phases; longer ones precede their own beginnings.
const PRE: [(&str, &str); 8] = [
    ("alpha", "a"),
    ("beta", "b"),
    ("preview", "rc"),
    ("pre", "rc"),
    ("rc", "rc"),
    ("a", "a"),
    ("b", "b"),
    ("c", "rc"),
];
const POST: [(&str, &str); 3] = [("post", ".post"), ("rev", ".post"), ("r", ".post")];
const DEV: [(&str, &str); 1] = [("dev", ".dev")];

impl<'a> Reader<'a> {
    /// Digits without leading zeros, if some follow.
    fn number(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        let significant = digits.trim_start_matches('0');
        match (digits, significant) {
            ("", _) => None,
            (_, "") => Some("0"),
            _ => Some(significant),
        }
    }

    fn epoch_and_release(&mut self, out: &mut String) -> Option<()> {
        let mut first = self.number()?;
        if let Some(rest) = self.rest.strip_prefix('!') {
            if first != "0" {
                out.push_str(first);
                out.push('!');
            }
            self.rest = rest;
            first = self.number()?;
        }
        out.push_str(first);
        let mut significant = out.len();
        while let Some(rest) = self.rest.strip_prefix('.') {
            if !rest.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            self.rest = rest;
            let number = self.number()?;
            out.push('.');
            out.push_str(number);
            if number != "0" {
                significant = out.len();
            }
        }
        out.truncate(significant);
        Some(())
    }

    fn pre(&mut self, out: &mut String) {
        self.labelled(&PRE, out);
    }

    fn post(&mut self, out: &mut String) {
        if self.labelled(&POST, out) {
            return;
        }
        // The short form: a hyphen and a number.
        let before = self.rest;
        self.rest = self.rest.strip_prefix('-').unwrap_or_default();
        match self.number() {
            Some(number) => {
                out.push_str(".post");
                out.push_str(number);
            }
            None => self.rest = before,
        }
    }

    fn dev(&mut self, out: &mut String) {
        self.labelled(&DEV, out);
    }

    /// `[-_.]label[-_.]number`, with every part but the label optional; whether it was there.
    fn labelled(&mut self, labels: &[(&str, &str)], out: &mut String) -> bool {
        let separators = ['-', '_', '.'];
        let bare = self.rest.strip_prefix(separators).unwrap_or(self.rest);
        let found = labels
            .iter()
            .find_map(|(label, normal)| bare.strip_prefix(label).map(|rest| (rest, *normal)));
        let Some((rest, normal)) = found else { return false };
        out.push_str(normal);
        self.rest = rest.strip_prefix(separators).unwrap_or(rest);
        if let Some(number) = self.number() {
            out.push_str(number);
        } else {
            out.push('0');
            self.rest = rest;
        }
        true
    }

    fn local(&mut self, out: &mut String) -> Option<()> {
        let Some(local) = self.rest.strip_prefix('+') else { return Some(()) };
        self.rest = "";
        let mut separator = '+';
        for part in local.split(['-', '_', '.']) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            let numeric = part.bytes().all(|byte| byte.is_ascii_digit());
            let shown = if numeric { part.trim_start_matches('0') } else { part };
            out.push(separator);
            out.push_str(if shown.is_empty() { "0" } else { shown });
            separator = '.';
        }
        Some(())
    }
}
