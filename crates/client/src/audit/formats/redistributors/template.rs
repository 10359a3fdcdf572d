//! Texts with holes that variables fill.

use crate::audit::address::HOLE;

/// A text in which everything between `open` and `close` is replaced by its value, and by [`HOLE`]
/// where it has none that is known.
pub(super) fn fill(
    text: &str,
    (open, close): (&str, &str),
    value: impl Fn(&str) -> Option<String>,
) -> String {
    let mut pieces = text.split(open);
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (expression, rest) = piece.split_once(close).unwrap_or((piece, ""));
        match value(expression.trim()) {
            Some(value) => filled += &value,
            None => filled.push(HOLE),
        }
        filled += rest;
    }
    filled
}

/// A text that has no holes left.
pub(super) fn whole(text: String) -> Option<String> {
    Some(text).filter(|text| !text.contains(HOLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_with_what_is_known() {
        let value = |name: &str| (name == "a").then(|| "1".to_owned());
        for (text, filled) in [
            ("x", "x"),
            ("x{{a}}y{{ a }}", "x1y1"),
            ("{{b}}-{{a}}", "\u{fffd}-1"),
            ("{{a", "1"),
            ("", ""),
        ] {
            assert_eq!(fill(text, ("{{", "}}"), value), filled, "{text}");
        }
        assert_eq!(whole("\u{fffd}".to_owned()), None);
    }
}
