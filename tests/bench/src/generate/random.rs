//! Numbers that look random and are a function of where they stand.

/// The finaliser of `SplitMix64`: every bit of the input moves every bit of the output, and no two
/// inputs have the same output.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What a number is for: the same place has another number for each purpose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Birth = 1,
    Blake2 = 2,
    Count = 3,
    Jitter = 4,
    Md5 = 5,
    Sha256 = 6,
    Size = 7,
    Style = 8,
}

/// A source of such numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The number at `place`.
    pub(super) fn number(self, purpose: Purpose, place: u64) -> u64 {
        let stream = mix(self.0.wrapping_add(purpose as u64));
        mix(stream.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The number at `place`, in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn fraction(self, purpose: Purpose, place: u64) -> f64 {
        (self.number(purpose, place) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
