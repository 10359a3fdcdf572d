//! The checking proxy in front of an index that behaves, and of one that does not.

mod downloads;
mod index;
mod pages;
mod process;
mod publisher;
mod refusals;

use crate::Session;
use crate::log::{TestLog, file, filler, removed, yanked};

/// Several releases; `attrs-2.0.tar.gz` changed.
fn entries() -> TestLog {
    let mut log = TestLog::new(&filler(10));
    log.append(&[
        file("attrs-1.0.tar.gz", "sdist"),
        file("attrs-1.0-py3-none-any.whl", "wheel"),
        file("attrs-2.0.tar.gz", "first"),
        file("attrs-2.0.tar.gz", "second"),
        file("attrs-2.0-py3-none-any.whl", "wheel two"),
        file("attrs-0.9.tar.gz", "old"),
        removed("attrs-0.9.tar.gz", "old"),
        yanked("attrs-1.0-py3-none-any.whl", "broken"),
    ]);
    log
}

/// The same, able to show that its answers are complete.
fn complete() -> TestLog {
    let mut log = entries();
    log.append_epoch(|_| ());
    log
}

async fn session() -> Session {
    Session::start(complete()).await
}
