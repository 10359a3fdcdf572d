//! Rules that the fields of entries keep.

use thiserror::Error;

/// Largest number in an entry: 2^53-1, so that every JSON reader sees the same.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Longest filename, in bytes. The index stops far below; an observer records what others list.
pub const MAX_FILENAME_LEN: usize = 1024;

/// Longest version, in bytes.
pub const MAX_VERSION_LEN: usize = 1024;

/// Longest name of a data set, in bytes.
pub const MAX_VIA_LEN: usize = 256;

/// Longest upload time as the index claims it, in bytes.
pub const MAX_UPLOADED_LEN: usize = 64;

/// Longest reason, in bytes. Written as escapes only (six bytes for one) it still fits into an entry.
pub const MAX_REASON_LEN: usize = 8192;

/// A field breaks a rule of its kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("`{field}` {problem}")]
pub struct FieldError {
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FieldProblem {
    /// Not together with what the other fields say.
    #[error("does not go with the other fields: {0}")]
    Contradiction(&'static str),
    /// U+0000 to U+001F or U+007F where the text is one line.
    #[error("holds a control character")]
    ControlCharacter,
    /// Says nothing.
    #[error("is empty")]
    Empty,
    /// A number above [`MAX_NUMBER`].
    #[error("is a number above 2^53-1")]
    TooLarge,
    /// More than this many bytes.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
}

type Checked = Result<(), FieldError>;

fn refuse_if(wrong: bool, field: &'static str, problem: FieldProblem) -> Checked {
    if wrong { Err(FieldError { field, problem }) } else { Ok(()) }
}

/// Text on one line, perhaps empty.
pub(super) fn line(field: &'static str, text: &str, max: usize) -> Checked {
    refuse_if(text.len() > max, field, FieldProblem::TooLong(max))?;
    let control = text.bytes().any(|byte| byte.is_ascii_control());
    refuse_if(control, field, FieldProblem::ControlCharacter)
}

/// Text on one line that says something.
pub(super) fn nonempty_line(field: &'static str, text: &str, max: usize) -> Checked {
    refuse_if(text.is_empty(), field, FieldProblem::Empty)?;
    line(field, text, max)
}

pub(super) fn version(text: &str) -> Checked {
    line("version", text, MAX_VERSION_LEN)
}

pub(super) fn filename(text: &str) -> Checked {
    nonempty_line("filename", text, MAX_FILENAME_LEN)
}

/// An upload time, whatever its form.
pub(super) fn uploaded(text: &str) -> Checked {
    nonempty_line("uploaded", text, MAX_UPLOADED_LEN)
}

pub(super) fn via(text: Option<&str>) -> Checked {
    text.map_or(Ok(()), check_via)
}

/// Whether entries can hold a data set's name: one line of 1 to [`MAX_VIA_LEN`] bytes.
///
/// # Errors
/// [`FieldError`] says what is wrong with it.
pub fn check_via(name: &str) -> Result<(), FieldError> {
    nonempty_line("via", name, MAX_VIA_LEN)
}

/// Free text, perhaps of many lines.
pub(super) fn free_text(field: &'static str, text: &str) -> Checked {
    refuse_if(text.len() > MAX_REASON_LEN, field, FieldProblem::TooLong(MAX_REASON_LEN))
}

/// Free text that says something.
pub(super) fn nonempty_text(field: &'static str, text: &str) -> Checked {
    refuse_if(text.is_empty(), field, FieldProblem::Empty)?;
    free_text(field, text)
}

pub(super) fn number(field: &'static str, number: u64) -> Checked {
    refuse_if(number > MAX_NUMBER, field, FieldProblem::TooLarge)
}

/// Refuses with `why` when the fields contradict each other.
pub(super) fn consistent(holds: bool, field: &'static str, why: &'static str) -> Checked {
    refuse_if(!holds, field, FieldProblem::Contradiction(why))
}

/// The longest beginning of a reason that an entry can hold.
///
/// ```
/// use record::{MAX_REASON_LEN, bound_reason};
///
/// assert_eq!(bound_reason("broken wheel"), "broken wheel");
/// assert_eq!(bound_reason(&"é".repeat(9000)).len(), MAX_REASON_LEN);
/// ```
pub fn bound_reason(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON_LEN);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}
