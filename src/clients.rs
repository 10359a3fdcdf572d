//! Fairness among those who ask: nobody's requests can crowd out everybody else's.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// One request in so many is looked at to know who asks most.
const SAMPLE: u64 = 16;
/// Networks that are counted at once.
const COUNTED: usize = 256;
/// Networks whose requests are shown.
const SHOWN: usize = 5;
/// A network that was refused is named in the log once in so many refusals.
const NAME_EVERY: u64 = 10_000;

/// A client as far as it is told apart: an IPv4 address, or an IPv6 network of /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; `None` for this machine, which is not limited.
    pub fn of(address: IpAddr) -> Option<Network> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(Network(match address {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }))
    }
}

/// The clients of a server.
pub struct Clients {
    limiter: Option<DefaultKeyedRateLimiter<Network>>,
    requests: AtomicU64,
    refused: AtomicU64,
    heavy: Mutex<Heavy>,
}

impl Clients {
    /// Clients that may each ask so often a second, and so much at once; as often as they like if there is no
    /// number.
    pub fn new(per_second: Option<NonZeroU32>) -> Clients {
        let limiter = per_second.map(|rate| RateLimiter::keyed(Quota::per_second(rate)));
        let (requests, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        Clients { limiter, requests, refused, heavy: Mutex::default() }
    }

    /// Lets a request of a network pass.
    ///
    /// # Errors
    /// How long it should wait.
    pub fn admit(&self, network: Network) -> Result<(), Duration> {
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLE) {
            self.heavy.lock().unwrap_or_else(PoisonError::into_inner).count(network);
        }
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let Err(until) = limiter.check_key(&network) else { return Ok(()) };
        metrics::counter!("indelible_refused_requests_total", "reason" => "rate").increment(1);
        if self.refused.fetch_add(1, Ordering::Relaxed).is_multiple_of(NAME_EVERY) {
            tracing::warn!(network = %network.0, "a client asks too often and is refused");
        }
        Err(until.wait_time_from(DefaultClock::default().now()))
    }

    /// Forgets who has not asked lately, and shows how much those ask who ask most: by rank, since whoever reads
    /// the metrics need not know who they are.
    pub fn tidy_up(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
        let most = self.heavy.lock().unwrap_or_else(PoisonError::into_inner).take();
        for rank in 0..SHOWN {
            let sampled = most.get(rank).map_or(0, |(_, count)| *count);
            // Exact up to 2^53 requests.
            #[allow(clippy::cast_precision_loss)]
            metrics::gauge!("indelible_heaviest_clients_requests", "rank" => (rank + 1).to_string())
                .set((sampled * SAMPLE) as f64);
        }
        if let Some((network, count)) = most.first() {
            let requests = count * SAMPLE;
            tracing::debug!(network = %network.0, requests, "who asked most lately");
        }
    }
}

/// Who asks most, of a bounded number of networks: a new one takes the place, and the count, of the one that
/// asked least (the space-saving sketch), so that no heavy one is missed.
#[derive(Debug, Default)]
struct Heavy(HashMap<Network, u64>);

impl Heavy {
    fn count(&mut self, network: Network) {
        if let Some(count) = self.0.get_mut(&network) {
            *count += 1;
            return;
        }
        let mut before = 0;
        if self.0.len() >= COUNTED
            && let Some((least, count)) = self.0.iter().min_by_key(|(_, count)| **count)
        {
            let least = *least;
            before = *count;
            self.0.remove(&least);
        }
        self.0.insert(network, before + 1);
    }

    /// Those that were counted since the last time, most first.
    fn take(&mut self) -> Vec<(Network, u64)> {
        let mut counts: Vec<_> = self.0.drain().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{Clients, Heavy, IpAddr, Network, NonZeroU32};

    fn network(last: u8) -> Network {
        Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))).unwrap()
    }

    #[test]
    fn neighbours_in_ipv6_are_one_client_and_this_machine_is_none() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!((of("127.0.0.1"), of("::1"), of("::ffff:127.0.0.1")), (None, None, None));
    }

    #[test]
    fn one_client_that_asks_too_often_does_not_hinder_another() {
        let clients = Clients::new(NonZeroU32::new(10));
        let refused = (0..30).filter(|_| clients.admit(network(1)).is_err()).count();
        assert!((19..=20).contains(&refused), "{refused}");
        let wait = clients.admit(network(1)).unwrap_err();
        assert!(wait.as_millis() <= 100, "{wait:?}");
        assert!(clients.admit(network(2)).is_ok());
        let unlimited = Clients::new(None);
        assert!((0..1000).all(|_| unlimited.admit(network(1)).is_ok()));
    }

    #[test]
    fn who_asks_most_is_found_among_many() {
        let mut heavy = Heavy::default();
        for round in 0..2000_u32 {
            let [.., high, low] = round.to_be_bytes();
            heavy.count(Network::of(IpAddr::V4(Ipv4Addr::new(10, high, low, 1))).unwrap());
            if round % 4 == 0 {
                heavy.count(network(7));
            }
        }
        let most = heavy.take();
        assert_eq!(most[0].0, network(7));
        assert!(most[0].1 >= 500 && most.len() <= 256, "{most:?}");
        assert!(heavy.take().is_empty());
    }
}
