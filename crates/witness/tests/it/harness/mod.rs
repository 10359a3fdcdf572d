//! What the tests have in common: logs, witnesses in this process and in others, and HTTP.

mod http;
mod log;
mod process;
mod served;

use std::time::Duration;

pub(crate) use http::{Answer, exchange, exchange_h2};
pub(crate) use log::{Log, ORIGIN};
pub(crate) use process::{Process, program, texts};
pub(crate) use served::{NOW, Served, new_dir, open};

/// Nothing that a test waits for takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits for `future`, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, future).await;
    done.unwrap_or_else(|_| panic!("{what} took longer than {} seconds", LIMIT.as_secs()))
}
