//! What the service manager is told (systemd's `sd_notify`): that the log is served, how it is, and, for its watchdog,
//! that the process is alive. Without a manager that listens nothing is said.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;
use tracing::debug;

use crate::http::Health;

/// How often the status is told, if the watchdog does not want to hear more often.
const STATUS: Duration = Duration::from_secs(10);

/// Tells until it is dropped, and then that the log is being closed.
pub struct Told(JoinHandle<()>);

impl Told {
    /// Says that the log is served, and goes on telling how it is.
    pub fn start(health: Health) -> Told {
        tell(&[NotifyState::Ready]);
        let watchdog = sd_notify::watchdog_enabled();
        let pause = watchdog.map_or(STATUS, |limit| (limit / 2).min(STATUS));
        Told(tokio::spawn(async move {
            loop {
                let (Ok(status) | Err(status)) = health.check();
                // A log that is not well is still served; the watchdog is for a process that hangs.
                tell(&[NotifyState::Status(&status), NotifyState::Watchdog]);
                tokio::time::sleep(pause).await;
            }
        }))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.abort();
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!(%error, "the service manager can not be told");
    }
}
