//! When files were uploaded, by their place among all of them.

use time::{Date, Duration, Month, OffsetDateTime, Time};

use super::release::decimal;

/// The first upload: 1 April 2005.
const FIRST: Date = match Date::from_calendar_date(2005, Month::April, 1) {
    Ok(date) => date,
    Err(_) => panic!("it is a date"),
};
/// From the first to the last, in microseconds: 21 years.
const SPAN: f64 = 21.0 * 365.25 * 86_400e6;

/// Writes times of upload. Uploads become more frequent: half of all files are of the last fifth.
#[derive(Debug)]
pub(super) struct Clock {
    files: f64,
    first: OffsetDateTime,
}

impl Clock {
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub(super) fn new(files: u64) -> Clock {
        Clock { files: files as f64, first: OffsetDateTime::new_utc(FIRST, Time::MIDNIGHT) }
    }

    /// Appends the time of upload of a file as the export writes it: `2023-05-22 15:12:44.175051 UTC`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "counts and microseconds far below 2^53"
    )]
    pub(super) fn write(&self, place: u64, out: &mut Vec<u8>) {
        let passed = (place as f64 / self.files).cbrt() * SPAN;
        let moment = self.first + Duration::microseconds(passed as i64);
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, micro) = moment.to_hms_micro();
        padded(u32::try_from(year).expect("after Christ"), 4, b'-', out);
        padded(u8::from(month).into(), 2, b'-', out);
        padded(day.into(), 2, b' ', out);
        padded(hour.into(), 2, b':', out);
        padded(minute.into(), 2, b':', out);
        padded(second.into(), 2, b'.', out);
        padded(micro, 6, b' ', out);
        out.extend_from_slice(b"UTC");
    }
}

/// Appends `number` with leading zeros, and what separates it from the next.
fn padded(number: u32, width: usize, end: u8, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let digits = decimal(number.into(), &mut digits);
    out.extend(std::iter::repeat_n(b'0', width - digits.len()));
    out.extend_from_slice(digits);
    out.push(end);
}
