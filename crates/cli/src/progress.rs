//! Progress bars: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Files smaller than this are hashed before anyone could look.
const BIG_FILE: u64 = 64 << 20;

/// Shows how many bytes of a big file were read.
pub(crate) fn of_file(name: &str, len: u64) -> ProgressBar {
    if len < BIG_FILE {
        return ProgressBar::hidden();
    }
    bar(len, "{msg} {bar:30} {bytes}/{total_bytes}").with_message(name.to_owned())
}

/// Shows how many things of a known number are done.
pub(crate) fn of_many(len: u64, what: &'static str) -> ProgressBar {
    bar(len, "{msg} {bar:30} {human_pos}/{human_len}, {eta} left").with_message(what)
}

fn bar(len: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is a valid one");
    ProgressBar::new(len).with_style(style)
}
