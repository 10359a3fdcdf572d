//! The log's clock in entries: RFC 3339, UTC, whole seconds.

use core::fmt;

use thiserror::Error;

const SECONDS_PER_DAY: u64 = 86_400;
const LEAPS_BEFORE_1970: u64 = 1969 / 4 - 1969 / 100 + 1969 / 400;
/// 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year.
const MAX_UNIX: u64 = 253_402_300_799;

/// A moment on the log's clock, from 1970 to 9999; there is exactly one text for each.
///
/// ```
/// use record::Timestamp;
///
/// let time = Timestamp::from_unix(1_795_223_638)?;
/// assert_eq!(time.to_string(), "2026-11-21T01:13:58Z");
/// assert_eq!(Timestamp::parse("2026-11-21T01:13:58Z")?, time);
/// assert!(Timestamp::parse("2026-11-21T02:13:58+01:00").is_err());
/// # Ok::<(), record::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The text or number is not a moment that entries can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a time is written as YYYY-MM-DDThh:mm:ssZ: UTC, whole seconds, years 1970 to 9999")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Takes seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] after the year 9999.
    pub const fn from_unix(seconds: u64) -> Result<Timestamp, InvalidTimestamp> {
        if seconds > MAX_UNIX { Err(InvalidTimestamp) } else { Ok(Timestamp(seconds)) }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> u64 {
        self.0
    }

    fn text(self) -> Text {
        let (year, month, day) = date_from_days(self.0 / SECONDS_PER_DAY);
        let seconds = self.0 % SECONDS_PER_DAY;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mut text = *b"0000-00-00T00:00:00Z";
        let fields = [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, hour),
            (14..16, minute),
            (17..19, second),
        ];
        for (places, mut number) in fields {
            for digit in text[places].iter_mut().rev() {
                *digit += (number % 10).to_le_bytes()[0];
                number /= 10;
            }
        }
        Text(text)
    }

    /// Parses the text form; canonical or refused. There are no leap seconds.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] unless `text` is exactly what [`fmt::Display`] writes for some time.
    pub fn parse(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        parse_fields(text).ok_or(InvalidTimestamp)
    }
}

fn parse_fields(text: &str) -> Option<Timestamp> {
    let template = b"dddd-dd-ddTdd:dd:ddZ";
    let matches = |(byte, expected): (u8, &u8)| match expected {
        b'd' => byte.is_ascii_digit(),
        _ => byte == *expected,
    };
    if text.len() != template.len() || !text.bytes().zip(template).all(matches) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_from_date(year, month, day)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(Timestamp(days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn month_len(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to 1 January of `year`, which is 1970 or later.
fn days_before_year(year: u64) -> u64 {
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400;
    (year - 1970) * 365 + leaps - LEAPS_BEFORE_1970
}

fn days_from_date(year: u64, month: u64, day: u64) -> Option<u64> {
    let valid = year >= 1970 && (1..=12).contains(&month);
    if !valid || day == 0 || day > month_len(year, month) {
        return None;
    }
    let before_month: u64 = (1..month).map(|month| month_len(year, month)).sum();
    Some(days_before_year(year) + before_month + day - 1)
}

/// Year, month and day of the day that is `days` after 1970-01-01.
fn date_from_days(days: u64) -> (u64, u64, u64) {
    // Never too late a year: no year has fewer than 365 days.
    let mut year = 1970 + days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let (mut month, mut rest) = (1, days - days_before_year(year));
    while rest >= month_len(year, month) {
        rest -= month_len(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

/// The text form.
struct Text([u8; 20]);

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

textual!(Timestamp, InvalidTimestamp);
