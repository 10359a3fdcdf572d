//! Damaged samples: whatever happens to a byte, nothing panics and no hash is made up.

use super::fill;
use crate::audit::read_pins;

/// What single bytes are replaced by.
const BYTES: [u8; 12] = *b"\0\n \"'0a:#[]{";

/// Reads a sample cut off at every byte, and with every byte replaced and left out.
pub(in crate::audit) fn survives_damage(name: &str, sample: &str) {
    let whole = fill(sample).into_bytes();
    for at in 0..whole.len() {
        check(name, &whole[..at]);
        let (before, behind) = (&whole[..at], &whole[at + 1..]);
        check(name, &[before, behind].concat());
        for byte in BYTES {
            check(name, &[before, &[byte], behind].concat());
        }
    }
}

/// Reads a text of any make: every hash that comes out must stand in it.
fn check(name: &str, bytes: &[u8]) {
    let Ok(pins) = read_pins(name, bytes) else { return };
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    for pin in &pins.pins {
        let stated = pin.sha256.is_none_or(|digest| text.contains(&digest.to_string()));
        assert!(stated, "{name}: {pin:?} is not in {text}");
    }
}
