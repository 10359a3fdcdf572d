//! Network namespaces: a process in one reaches the test, and nothing else, through a pair of virtual
//! interfaces that can be taken down.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::needed;

/// Each test process has room for so many.
static NEXT: AtomicU8 = AtomicU8::new(1);

/// A namespace; dropped, it is removed.
pub(crate) struct Namespace {
    name: String,
    outside: String,
    /// Third byte of its addresses.
    number: u8,
}

impl Namespace {
    /// A new one; `None` where this process may not make any, unless `INDELIBLE_REQUIRE_NETNS` is set.
    pub(crate) async fn create() -> Option<Namespace> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id() % 10_000;
        let (name, outside) = (format!("idl{id}n{number}"), format!("idl{id}o{number}"));
        let namespace = Namespace { name, outside, number };
        let is_up = namespace.set_up().await;
        let made = is_up.then_some(namespace).ok_or_else(|| "`ip netns` fails".to_owned());
        needed(made, "NETNS", "the right to make network namespaces")
    }

    async fn set_up(&self) -> bool {
        let Namespace { name, outside, .. } = self;
        let inside = format!("{outside}p");
        let (host, guest) = (format!("{}/24", self.host()), format!("{}/24", self.guest()));
        let steps: [&[&str]; 6] = [
            &["netns", "add", name],
            &["link", "add", outside, "type", "veth", "peer", "name", &inside, "netns", name],
            &["addr", "add", &host, "dev", outside],
            &["link", "set", outside, "up"],
            &["-n", name, "addr", "add", &guest, "dev", &inside],
            &["-n", name, "link", "set", &inside, "up"],
        ];
        for step in steps {
            if !ip(step).await {
                return false;
            }
        }
        true
    }

    /// This side's address.
    pub(crate) fn host(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 213, self.number, 1)
    }

    /// The address of those within.
    pub(crate) fn guest(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 213, self.number, 2)
    }

    /// The same command, run within.
    pub(crate) fn enter(&self, command: &Command) -> Command {
        let inner = command.as_std();
        let mut entered = Command::new("ip");
        entered.args(["netns", "exec", &self.name]).arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => entered.env(name, value),
                None => entered.env_remove(name),
            };
        }
        entered.stdin(Stdio::null()).kill_on_drop(true);
        entered
    }

    /// Passes on to `target`, on this machine, what is sent to a port of [`host`](Self::host), which it returns.
    pub(crate) async fn forward(&self, target: String) -> SocketAddr {
        let listener = TcpListener::bind((self.host(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let target = target.clone();
                tokio::spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        address
    }

    /// Takes the interface down: nothing gets through, and nobody is told.
    pub(crate) async fn cut(&self) {
        assert!(ip(&["link", "set", &self.outside, "down"]).await);
    }

    /// Takes it up again.
    pub(crate) async fn mend(&self) {
        assert!(ip(&["link", "set", &self.outside, "up"]).await);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The interfaces go with it, when the last process in it has ended.
        for arguments in [["netns", "del", &self.name], ["link", "del", &self.outside]] {
            let mut command = std::process::Command::new("ip");
            let _ = command.args(arguments).stderr(Stdio::null()).status();
        }
    }
}

/// Whether `ip` is there and could do this.
async fn ip(arguments: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}
