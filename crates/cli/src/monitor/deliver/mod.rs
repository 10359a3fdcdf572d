//! Delivery: every sink works the outbox off, in order, beside the reading and beside the others.

mod exec;
mod retry;
mod signature;
mod webhook;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use client::{Delivery, Message, Outbox, Sink};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::exec::Exec;
use self::retry::{Refusal, Retries};
use self::webhook::Webhook;
use crate::failure::Failure;
use crate::output::{count, warn};

/// Where events are delivered.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub struct DeliverArgs {
    /// Run this by `sh -c` for each event, with its JSON on standard input (may be repeated)
    ///
    /// What is bad is delivered, and with --project or --sha256-from every event. `INDELIBLE_EVENT_ID`,
    /// `INDELIBLE_EVENT_KIND`, `INDELIBLE_EVENT_CLASS` and `INDELIBLE_EVENT_PROJECT` are in its environment.
    /// An exit code other than 0 means that it has to be run again: waits grow from a second to five minutes. Its
    /// standard output goes to standard error.
    ///
    /// Events come in the order of the log, each when the one before it was taken. What is not delivered
    /// waits in the state directory, also for a command that is left out for a while. An event comes a second
    /// time only if the monitor was stopped after the command had ended well and before that was noted, and
    /// then with the same id: who keeps ids sees each once. A command that is new to the state directory
    /// gets what is found from then on.
    #[arg(long, value_name = "COMMAND")]
    pub exec: Vec<String>,
    /// Time that a command has for one event; it is stopped then, and run again later
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub exec_limit: u64,
    /// Send each event's JSON to this URL by POST (may be repeated)
    ///
    /// The id is in the headers X-Indelible-Event and Idempotency-Key. Any 2xx means that it was taken.
    /// After 408, 425, 429, 5xx and failures of the network it is sent again, as for --exec and not before
    /// the time in Retry-After, which counts up to an hour. Other answers, redirects too, are not going to
    /// change by themselves: it is sent again every ten minutes. What --exec says of order, and of events that
    /// come twice, holds here as well.
    #[arg(long, value_name = "URL")]
    pub webhook: Vec<String>,
    /// Sign what is sent to URLs with the secret in this file, without line ends behind it
    ///
    /// The header X-Indelible-Signature is `sha256=` and the HMAC-SHA256 of the body, in hex.
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub webhook_secret_file: Option<PathBuf>,
    /// With --once, wait this long for deliveries when everything was read; exits with 2 if one is missing
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub deliver_timeout: u64,
    /// Send a test, marked as such, through every sink once a day; with --once, exits with 2 if it is missing
    #[arg(long)]
    pub canary: bool,
    /// Drop what waits for sinks that are not given now
    #[arg(long)]
    pub forget_sinks: bool,
}

/// What takes events.
#[derive(Clone, Debug)]
enum Receiver {
    Exec(Exec),
    Webhook(Webhook),
}

/// What couriers are told.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    /// When they have to be done; `None` while more may come.
    until: Option<Instant>,
}

/// The sinks at work.
pub(super) struct Couriers {
    outbox: Outbox,
    call: watch::Sender<Call>,
    tasks: Vec<(Sink, JoinHandle<()>)>,
    timeout: Duration,
    canary: bool,
}

impl DeliverArgs {
    fn receivers(&self) -> Result<Vec<(Sink, Receiver)>, Failure> {
        let limit = Duration::from_secs(self.exec_limit);
        let mut receivers = Vec::new();
        for command in &self.exec {
            let exec = Exec { command: command.clone(), limit };
            receivers.push((exec.sink(), Receiver::Exec(exec)));
        }
        let secret = self.webhook_secret_file.as_deref().map(webhook::read_secret).transpose()?;
        for url in &self.webhook {
            let webhook = Webhook::new(url, secret.clone())?;
            receivers.push((webhook.sink(), Receiver::Webhook(webhook)));
        }
        // What is given twice is one sink, and works once.
        let mut known: Vec<Sink> = Vec::new();
        receivers.retain(|(sink, _)| {
            let is_new = !known.contains(sink);
            known.push(sink.clone());
            is_new
        });
        Ok(receivers)
    }

    /// Sets the sinks to work on what waits for them.
    pub(super) fn start(&self, outbox: &Outbox) -> Result<Couriers, Failure> {
        let receivers = self.receivers()?;
        if self.canary && receivers.is_empty() {
            return Err(Failure::undecided("there is nothing to send a test through")
                .with_hint("Give --exec COMMAND or --webhook URL with --canary."));
        }
        let sinks: Vec<Sink> = receivers.iter().map(|(sink, _)| sink.clone()).collect();
        let known = if self.forget_sinks {
            outbox.forget_others(&sinks)
        } else {
            outbox.others(&sinks).map(|others| others.iter().for_each(warn_of_other))
        };
        known.and_then(|()| outbox.register(&sinks)).map_err(client::Error::from)?;
        let (call, _) = watch::channel(Call::default());
        let tasks = receivers.into_iter().map(|(sink, receiver)| {
            let courier = Courier { outbox: outbox.clone(), sink: sink.clone(), receiver };
            (sink, tokio::spawn(courier.work(call.subscribe())))
        });
        let tasks = tasks.collect();
        let timeout = Duration::from_secs(self.deliver_timeout);
        Ok(Couriers { outbox: outbox.clone(), call, tasks, timeout, canary: self.canary })
    }
}

fn warn_of_other((name, waiting): &(String, u64)) {
    if *waiting > 0 {
        let events =
            count(usize::try_from(*waiting).unwrap_or(usize::MAX), "event waits", "events wait");
        warn(&format!("{events} for {name}, which is not given: give it, or --forget-sinks"));
    }
}

impl Couriers {
    /// Tells the sinks that there may be something new; puts a canary there if one is due at `now`.
    pub(super) fn wake(&self, now: u64) -> Result<(), client::Error> {
        if self.canary {
            self.outbox.put_canary(now)?;
        }
        self.call.send_replace(Call::default());
        Ok(())
    }

    /// Waits until everything is delivered, as long as there is time for it. Says whether it is.
    pub(super) async fn finish(self) -> Result<bool, client::Error> {
        let until = Instant::now() + self.timeout;
        self.call.send_replace(Call { until: Some(until) });
        let mut complete = true;
        for (sink, mut task) in self.tasks {
            if tokio::time::timeout_at(until, &mut task).await.is_err() {
                task.abort();
                // What it holds is let go when it has ended.
                let _ = task.await;
            }
            let waiting = self.outbox.waiting(&sink)?;
            if waiting > 0 {
                complete = false;
                let number = usize::try_from(waiting).unwrap_or(usize::MAX);
                let events = count(number, "event was", "events were");
                let failure = format!("{events} not delivered to {}", sink.name());
                let hint = "What is not delivered is kept, and comes the next time.";
                Failure::undecided(failure).with_hint(hint).report(&mut io::stderr());
            }
        }
        Ok(complete)
    }
}

/// One sink at work.
struct Courier {
    outbox: Outbox,
    sink: Sink,
    receiver: Receiver,
}

impl Courier {
    /// Delivers until everything is delivered and nothing more comes, or there is no time left.
    async fn work(self, mut call: watch::Receiver<Call>) {
        let mut retries = Retries::default();
        loop {
            let until = call.borrow_and_update().until;
            let refusal = match self.outbox.next(&self.sink) {
                Ok(Some(delivery)) => self.deliver(&delivery).await.err(),
                Ok(None) if until.is_some() => return,
                Ok(None) => {
                    if call.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                Err(error) => Some(Refusal::soon(error.to_string())),
            };
            let Some(refusal) = refusal else {
                retries = Retries::default();
                continue;
            };
            if retries.is_news(&refusal) {
                let failure = format!("cannot deliver to {}: {}", self.sink.name(), refusal.what);
                Failure::undecided(failure).report(&mut io::stderr());
            }
            if !wait(&mut call, Instant::now() + retries.wait(&refusal)).await {
                return;
            }
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), Refusal> {
        self.receiver.send(delivery.message()).await?;
        let noted = self.outbox.acknowledge(&self.sink, delivery);
        noted.map_err(|error| Refusal::soon(error.to_string()))
    }
}

impl Receiver {
    async fn send(&self, message: &Message) -> Result<(), Refusal> {
        match self {
            Receiver::Exec(exec) => exec.send(message).await,
            Receiver::Webhook(webhook) => webhook.send(message).await,
        }
    }
}

/// Waits for the time of the next attempt; `false` if there is no time for it.
async fn wait(call: &mut watch::Receiver<Call>, attempt: Instant) -> bool {
    loop {
        if call.borrow_and_update().until.is_some_and(|until| until < attempt) {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep_until(attempt) => return true,
            called = call.changed() => if called.is_err() { return false },
        }
    }
}
