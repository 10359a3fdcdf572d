//! The outbox: what has to be delivered, until every receiver has it.
//!
//! Messages are put there in the transaction that moves the monitor on, so each event is there once. Every
//! *sink* takes them in order and acknowledges one before it is given the next; both survive a crash.
//! A message is sent again only if its sink was stopped after the receiver had taken it and before that was
//! acknowledged, and then with the same id: a receiver that keeps ids has each of them once.

mod message;

use std::path::PathBuf;
use std::sync::Arc;

use record::Digest;
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};

pub use self::message::Message;
use self::message::Notice;
use super::event::{self, Event};
use super::state::Fault;
use crate::error::Undecided;

/// By number: messages that some sink has not acknowledged, as JSON.
const OUTBOX: TableDefinition<u64, &[u8]> = TableDefinition::new("outbox");

/// By id: number of the sink's next message, and its name for people.
const SINKS: TableDefinition<&str, (u64, &str)> = TableDefinition::new("sinks");

/// Number of the next message, and when the last canary was sent.
const DELIVERY: TableDefinition<&str, u64> = TableDefinition::new("delivery");
const NEXT: &str = "next";
const CANARY: &str = "canary";

/// Ids of disproofs that were put there: the log says nothing of them.
const DISPROOFS: TableDefinition<&str, ()> = TableDefinition::new("disproofs");

/// Seconds between two canaries.
const CANARY_INTERVAL: u64 = 24 * 3600;

/// Where a monitor's messages wait. Clones are of the same one.
///
/// Operations block for as long as a small transaction takes to be written and synced.
#[derive(Clone, Debug)]
pub struct Outbox {
    database: Arc<Database>,
    path: PathBuf,
    origin: String,
}

/// Who takes messages: told apart by what it does, so that it goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    id: String,
    name: String,
}

/// A message on its way to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    number: u64,
    message: Message,
}

impl Sink {
    /// A sink that does `what` in the way of `kind`. `what` is not kept, for it may be secret; `name` is.
    pub fn new(kind: &str, what: &str, name: &str) -> Sink {
        let id = Digest::sha256(format!("{kind}\n{what}").as_bytes()).to_string();
        Sink { id, name: name.to_owned() }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Delivery {
    /// What is sent.
    pub const fn message(&self) -> &Message {
        &self.message
    }
}

impl Outbox {
    pub(super) fn open(
        database: &Arc<Database>,
        path: PathBuf,
        origin: &str,
    ) -> Result<Outbox, Undecided> {
        let outbox = Outbox { database: Arc::clone(database), path, origin: origin.to_owned() };
        outbox.write(|transaction| {
            transaction.open_table(OUTBOX)?;
            transaction.open_table(SINKS)?;
            transaction.open_table(DELIVERY)?;
            transaction.open_table(DISPROOFS)?;
            Ok(())
        })?;
        Ok(outbox)
    }

    /// Makes sinks known. A new one gets what is put there from now on; one that was known goes on where it
    /// was, also when it was not given for a while.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written.
    pub fn register(&self, sinks: &[Sink]) -> Result<(), Undecided> {
        self.write(|transaction| {
            let next = next_number(transaction)?;
            let mut known = transaction.open_table(SINKS)?;
            for Sink { id, name } in sinks {
                let number = known.get(id.as_str())?.map_or(next, |row| row.value().0);
                known.insert(id.as_str(), (number, name.as_str()))?;
            }
            Ok(())
        })
    }

    /// Names of all other sinks, and how many messages wait for each.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be read.
    pub fn others(&self, sinks: &[Sink]) -> Result<Vec<(String, u64)>, Undecided> {
        self.read(|database| {
            let transaction = database.begin_read()?;
            let next = transaction.open_table(DELIVERY)?.get(NEXT)?.map_or(0, |n| n.value());
            let mut others = Vec::new();
            for row in transaction.open_table(SINKS)?.iter()? {
                let (id, row) = row?;
                let (number, name) = row.value();
                if sinks.iter().all(|sink| sink.id != id.value()) {
                    others.push((name.to_owned(), next.saturating_sub(number)));
                }
            }
            Ok(others)
        })
    }

    /// Forgets all other sinks, and what waits for them alone.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written.
    pub fn forget_others(&self, sinks: &[Sink]) -> Result<(), Undecided> {
        self.write(|transaction| {
            let mut known = transaction.open_table(SINKS)?;
            known.retain(|id, _| sinks.iter().any(|sink| sink.id == id))?;
            drop(known);
            prune(transaction)
        })
    }

    /// The next message for a sink.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be read.
    pub fn next(&self, sink: &Sink) -> Result<Option<Delivery>, Undecided> {
        self.read(|database| {
            let transaction = database.begin_read()?;
            let sinks = transaction.open_table(SINKS)?;
            let Some(number) = sinks.get(sink.id.as_str())?.map(|row| row.value().0) else {
                return Ok(None);
            };
            let Some(row) = transaction.open_table(OUTBOX)?.range(number..)?.next() else {
                return Ok(None);
            };
            let (number, message) = row?;
            let message = serde_json::from_slice(message.value())?;
            Ok(Some(Delivery { number: number.value(), message }))
        })
    }

    /// How many messages wait for a sink.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be read.
    pub fn waiting(&self, sink: &Sink) -> Result<u64, Undecided> {
        self.read(|database| {
            let transaction = database.begin_read()?;
            let next = transaction.open_table(DELIVERY)?.get(NEXT)?.map_or(0, |n| n.value());
            let sinks = transaction.open_table(SINKS)?;
            let number = sinks.get(sink.id.as_str())?.map_or(next, |row| row.value().0);
            Ok(next.saturating_sub(number))
        })
    }

    /// Notes that the receiver has it. It is never given to this sink again.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written; it will be given again then.
    pub fn acknowledge(&self, sink: &Sink, delivery: &Delivery) -> Result<(), Undecided> {
        self.write(|transaction| {
            let mut sinks = transaction.open_table(SINKS)?;
            let next = delivery.number + 1;
            let number = sinks.get(sink.id.as_str())?.map_or(0, |row| row.value().0).max(next);
            sinks.insert(sink.id.as_str(), (number, sink.name.as_str()))?;
            drop(sinks);
            prune(transaction)
        })
    }

    /// Puts a test message there, for every sink, unless one was put there less than a day before `now`, in
    /// seconds since 1970. Says whether it did.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written.
    pub fn put_canary(&self, now: u64) -> Result<bool, Undecided> {
        let id = event::id(&self.origin, &now.to_string(), "canary");
        let detail = format!("a test that alarms arrive: nothing has happened in {}", self.origin);
        self.write(|transaction| {
            let mut times = transaction.open_table(DELIVERY)?;
            let last = times.get(CANARY)?.map(|last| last.value());
            if last.is_some_and(|last| (last..last.saturating_add(CANARY_INTERVAL)).contains(&now))
            {
                return Ok(false);
            }
            times.insert(CANARY, now)?;
            drop(times);
            let notice = Notice {
                event: "canary",
                class: "note",
                id: &id,
                detail: &detail,
                evidence: &[],
                test: true,
            };
            put(transaction, &[Message::notice(&notice)])?;
            Ok(true)
        })
    }

    /// Puts there that the log was disproven: it forked or lied. Once for each such `detail`.
    ///
    /// # Errors
    /// [`Undecided::State`] if it cannot be written.
    pub fn put_disproof(&self, detail: &str, evidence: &[String]) -> Result<(), Undecided> {
        let place = Digest::sha256(detail.as_bytes()).to_string();
        let id = event::id(&self.origin, &place, "log-disproven");
        self.write(|transaction| {
            if transaction.open_table(DISPROOFS)?.insert(id.as_str(), ())?.is_some() {
                return Ok(());
            }
            let notice = Notice {
                event: "log-disproven",
                class: "bad",
                id: &id,
                detail,
                evidence,
                test: false,
            };
            put(transaction, &[Message::notice(&notice)])
        })
    }

    /// Whether anybody takes messages.
    pub(super) fn has_sinks(&self) -> Result<bool, Undecided> {
        self.read(|database| Ok(!database.begin_read()?.open_table(SINKS)?.is_empty()?))
    }

    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, Undecided> {
        read(&self.database).map_err(|fault| Undecided::state(&self.path, fault))
    }

    fn write<T>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, Fault>,
    ) -> Result<T, Undecided> {
        let run = || -> Result<T, Fault> {
            let transaction = self.database.begin_write()?;
            let done = write(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|fault| Undecided::state(&self.path, fault))
    }
}

/// Puts events there, in order, if anybody takes them.
pub(super) fn put_events(transaction: &WriteTransaction, events: &[&Event]) -> Result<(), Fault> {
    let messages: Vec<Message> = events.iter().map(|event| Message::of(event)).collect();
    put(transaction, &messages)
}

fn put(transaction: &WriteTransaction, messages: &[Message]) -> Result<(), Fault> {
    if messages.is_empty() || transaction.open_table(SINKS)?.is_empty()? {
        return Ok(());
    }
    let mut number = next_number(transaction)?;
    let mut outbox = transaction.open_table(OUTBOX)?;
    for message in messages {
        outbox.insert(number, serde_json::to_vec(message)?.as_slice())?;
        number += 1;
    }
    transaction.open_table(DELIVERY)?.insert(NEXT, number)?;
    Ok(())
}

fn next_number(transaction: &WriteTransaction) -> Result<u64, Fault> {
    Ok(transaction.open_table(DELIVERY)?.get(NEXT)?.map_or(0, |next| next.value()))
}

/// Drops what every sink has.
fn prune(transaction: &WriteTransaction) -> Result<(), Fault> {
    let mut needed = next_number(transaction)?;
    for row in transaction.open_table(SINKS)?.iter()? {
        needed = needed.min(row?.1.value().0);
    }
    let mut outbox = transaction.open_table(OUTBOX)?;
    while outbox.first()?.is_some_and(|(number, _)| number.value() < needed) {
        outbox.pop_first()?;
    }
    Ok(())
}
