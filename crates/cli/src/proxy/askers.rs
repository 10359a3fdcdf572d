//! Several questions to the log at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use client::{Client, LookupKey, VerifiedLookup};
use tokio::sync::Mutex;

use crate::args::LogArgs;
use crate::failure::Failure;

/// Most questions that are open at once.
const ASKERS: usize = 8;

/// Readers of one log that take turns. They share what is remembered of it.
#[derive(Debug)]
pub(super) struct Askers {
    clients: Vec<Mutex<Client>>,
    turn: AtomicUsize,
}

impl Askers {
    /// Prepares to ask the log that the options name.
    pub(super) fn open(log: &LogArgs) -> Result<Askers, Failure> {
        let clients = (0..ASKERS).map(|_| log.client().map(Mutex::new));
        Ok(Askers { clients: clients.collect::<Result<_, _>>()?, turn: AtomicUsize::new(0) })
    }

    /// Looks a key up.
    pub(super) async fn lookup(&self, key: &LookupKey) -> Result<VerifiedLookup, client::Error> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut client = self.clients[turn % ASKERS].lock().await;
        client.lookup(key).await
    }
}
