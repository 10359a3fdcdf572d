//! Addresses for processes that have to be told where to listen before they do.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below what the system gives to connections and to listeners that do not choose: a port that is free when it
/// is chosen is still free when a slow process comes to listen on it.
const PORTS: std::ops::Range<u32> = 12_000..32_000;

/// An address on which nobody listens; each call gives another one.
pub(crate) fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// A port on which nobody listens; each call gives another one.
pub(crate) fn free_port() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(101);
    loop {
        let step = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + step % (PORTS.end - PORTS.start);
        if TcpListener::bind(format!("127.0.0.1:{port}")).is_ok() {
            return port;
        }
    }
}
