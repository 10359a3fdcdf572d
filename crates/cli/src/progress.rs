//! Progress bars: on standard error, and only if that is a terminal.

use client::judging::{Progress, Step};
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

/// Shows how far a log was read. The entries of one step are read too quickly to show it.
pub(crate) fn of_reading(progress: client::Progress, what: &'static str) -> ProgressBar {
    let many = progress.size.get() - progress.read.get() > 4096;
    if !many {
        return ProgressBar::hidden();
    }
    of_many(progress.size.get(), what).with_position(progress.read.get())
}

/// Shows how far judging has come, one step after the other.
#[derive(Debug, Default)]
pub(crate) struct Steps(Option<(Step, ProgressBar)>);

impl Steps {
    pub(crate) fn show(&mut self, progress: Progress) {
        let Progress { step, done, total } = progress;
        if self.0.as_ref().is_none_or(|(shown, _)| *shown != step) {
            self.clear();
            let what = match step {
                Step::Hashes => "looking hashes up",
                Step::Names => "looking filenames up",
                Step::Projects => "looking projects up",
            };
            self.0 = Some((step, of_many(total as u64, what)));
        }
        if let Some((_, bar)) = &self.0 {
            bar.set_position(done as u64);
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Some((_, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(len: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is a valid one");
    ProgressBar::new(len).with_style(style)
}
