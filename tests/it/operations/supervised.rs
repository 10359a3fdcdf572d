//! What a service manager hears.

use std::time::Duration;

use tokio::net::UnixDatagram;

use crate::harness::{Server, TestLog, within};

#[tokio::test]
async fn a_service_manager_hears_that_the_log_is_served_alive_and_closed() {
    let log = TestLog::create().await;
    let path = log.path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let mut command = log.command(&[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000").env_remove("WATCHDOG_PID");
    let server = Server::start(command).await;
    let hears = async |words: &str| {
        let mut heard = [0; 4096];
        loop {
            let length = manager.recv(&mut heard).await.unwrap();
            if String::from_utf8_lossy(&heard[..length]).contains(words) {
                return;
            }
        }
    };
    within("READY", hears("READY=1")).await;
    within("STATUS", hears("STATUS=ok: size 0")).await;
    for _ in 0..3 {
        let soon = tokio::time::timeout(Duration::from_secs(2), hears("WATCHDOG=1"));
        soon.await.expect("the watchdog hears twice within its limit");
    }
    server.terminate().await;
    within("STOPPING", hears("STOPPING=1")).await;
}
