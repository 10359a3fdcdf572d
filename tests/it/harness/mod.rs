//! What the tests have in common: logs in temporary directories, the program as a process, and ways
//! to write to a log and to read it back.

mod copy;
mod facts;
mod forward;
mod log;
mod netns;
mod peers;
mod ports;
mod process;
mod publisher;
mod python;
mod raw;
mod reader;
mod submitter;
mod weed;
mod witness;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use copy::copy_tree;
pub(crate) use facts::{fact, file, files, large_files, sdist, sha256};
pub(crate) use forward::forward;
pub(crate) use log::{TOKEN, TestLog, fsck, init};
pub(crate) use netns::Namespace;
pub(crate) use peers::siglog;
pub(crate) use ports::{free_address, free_port};
pub(crate) use process::{Ended, Server, indelible, indelible_witness, indelibled, run};
pub(crate) use publisher::{Publisher, as_operator, change, desk, expect};
pub(crate) use python::environment;
pub(crate) use raw::{Answer, raw};
pub(crate) use reader::{Reader, Tree, connect, hashes, index, size};
pub(crate) use submitter::Submitter;
pub(crate) use weed::Weed;
pub(crate) use witness::{Cosigner, Quorum, policy};

/// Nothing that a test waits for takes longer, on however busy a machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Waits for `future`, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, future).await;
    done.unwrap_or_else(|_| panic!("{what} took longer than {} seconds", LIMIT.as_secs()))
}

/// The recorded listings.
pub(crate) fn listings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/index")
}

/// Whether the long versions of the loops are wanted.
pub(crate) fn long() -> bool {
    std::env::var_os("INDELIBLE_LONG").is_some_and(|value| value == "1")
}

/// What a test needs and this machine may not have, `what`: without it the test is skipped and says so, with the
/// reason, unless the environment variable `INDELIBLE_REQUIRE_<name>` is 1, which makes it fail.
#[allow(clippy::print_stderr, reason = "who reads the test's output must see it")]
pub(crate) fn needed<T>(found: Result<T, String>, name: &str, what: &str) -> Option<T> {
    let variable = format!("INDELIBLE_REQUIRE_{name}");
    let required = std::env::var_os(&variable).is_some_and(|value| value == "1");
    match found {
        Ok(found) => Some(found),
        Err(why) if required => panic!("missing: {what}: {why}"),
        Err(why) => {
            eprintln!("skipped: missing {what} ({variable}=1 makes this fail): {why}");
            None
        }
    }
}
