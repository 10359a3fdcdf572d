//! The formats that are read, and how each is recognised.

mod uv;

use super::pin::{InvalidSource, Pins};
use super::source::Source;

/// What a source of pins is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `uv.lock`.
    UvLock,
}

impl Format {
    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Format::UvLock => "uv.lock",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// How one format is recognised and read.
struct Known {
    format: Format,
    /// Whether a name is the format's own, for content that does not tell (because it is damaged).
    is_named: fn(&str) -> bool,
    /// Whether the content is of this format.
    matches: fn(&Source<'_>) -> bool,
    /// Adds every pin.
    read: fn(&Source<'_>, &mut Pins) -> Result<(), InvalidSource>,
}

/// All formats; of several that match, the first one counts.
const FORMATS: [Known; 1] = [Known {
    format: Format::UvLock,
    is_named: |name| name == "uv.lock",
    matches: uv::matches,
    read: uv::read,
}];

/// Reads a source in the format of its content, else of its name.
///
/// # Errors
/// [`InvalidSource`] if it is of no known format, or malformed.
pub(super) fn read(source: &Source<'_>) -> Result<Pins, InvalidSource> {
    let by_content = FORMATS.iter().find(|known| (known.matches)(source));
    let by_name = || FORMATS.iter().find(|known| (known.is_named)(source.name));
    let known = by_content.or_else(by_name).ok_or_else(unrecognised)?;
    let mut pins = Pins::new(known.format);
    (known.read)(source, &mut pins)?;
    Ok(pins)
}

fn unrecognised() -> InvalidSource {
    let names: Vec<&str> = FORMATS.iter().map(|known| known.format.name()).collect();
    InvalidSource::whole(format!("of no known format; tried: {}", names.join(", ")))
}
