//! `indelible monitor`: reads every entry of the log and reports changes.

mod deliver;
mod print;
mod replay;
mod select;

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use client::{Class, Disproof, Error, Event, Grace, Monitor, Replayed, Undecided};

use self::deliver::Couriers;
pub use self::deliver::DeliverArgs;
pub use self::select::SelectArgs;
use crate::args::LogArgs;
use crate::failure::Failure;
use crate::freshness;
use crate::progress;

/// Arguments of `monitor`.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Stop when every published entry was read and every event delivered; exits with 1 if something bad was
    /// reported, with 2 if an event could not be delivered
    #[arg(long)]
    pub once: bool,
    /// What is reported.
    #[command(flatten)]
    pub select: SelectArgs,
    /// Time from the listing of a file until it has to be expected, by the log's clock, where a publisher
    /// declared to expect every file
    #[arg(long, value_name = "SECONDS", default_value_t = Grace::default().undeclared)]
    pub grace: u64,
    /// Compute again what the log concludes from its entries, and stop for good at the first lie
    ///
    /// Every entry has to be canonical, epochs have to be numbered without gaps, and the map root of each
    /// has to be that of the entries before it. It begins with the first entry, whatever was read before;
    /// a log of millions of files takes a while and some gigabytes in the state directory. What follows
    /// is printed at the end, and the proof of a lie is put into the state directory.
    #[arg(long)]
    pub replay: bool,
    /// Wait this long between looks at the log
    #[arg(long, value_name = "SECONDS", default_value_t = 60, conflicts_with = "once")]
    pub interval: u64,
    /// Print one JSON object a line: {"event", "class", "id", "index", "before", "earlier", "detail", "entry",
    /// "evidence"}, and with --replay {"replay": {..}} or {"lie": {..}}
    #[arg(long)]
    pub json: bool,
    /// Where events are delivered.
    #[command(flatten)]
    pub deliver: DeliverArgs,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

pub(crate) async fn run(args: MonitorArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let trust = args.log.trust()?;
    let url = args.log.url(&trust)?;
    let selection = args.select.selection()?;
    let grace = Grace { undeclared: args.grace, ..Grace::default() };
    let monitor = Monitor::open(trust, url, &args.log.state()?, selection)?.with_grace(grace);
    let monitor = if args.replay { monitor.with_replay()? } else { monitor };
    let couriers = args.deliver.start(monitor.outbox())?;
    let mut session = Session { monitor, couriers, json: args.json, printed: None };
    let ended = if args.once {
        session.catch_up(out).await.map(Class::exit_code)
    } else {
        session.follow(out, Duration::from_secs(args.interval)).await
    };
    if let Err(error) = &ended {
        session.give_notice(error)?;
        if args.json {
            replay::print_lie(out, error)?;
        }
    }
    let delivered = session.couriers.finish().await?;
    let code = ended?;
    Ok(if delivered { code } else { Class::Undecided.exit_code() })
}

/// A monitor at work, and those who deliver what it finds.
struct Session {
    monitor: Monitor,
    couriers: Couriers,
    json: bool,
    /// What the replay came to when that was printed last.
    printed: Option<Replayed>,
}

impl Session {
    /// Catches up again and again. What could not be checked may be checkable later; what is false stays.
    async fn follow(
        &mut self,
        out: &mut (dyn Write + Send),
        interval: Duration,
    ) -> Result<u8, Error> {
        let mut told = None;
        loop {
            match self.catch_up(out).await {
                Ok(_) => told = None,
                Err(error @ (Error::Disproven(_) | Error::Undecided(Undecided::Report(_)))) => {
                    return Err(error);
                }
                Err(error) => {
                    let text = error.to_string();
                    if told.as_ref() != Some(&text) {
                        Failure::from(error).report(&mut io::stderr());
                        told = Some(text);
                    }
                }
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Reads as far as the log is published, and returns the worst class of what it reported.
    ///
    /// What the replay came to is printed unless it was printed before.
    async fn catch_up(&mut self, out: &mut (dyn Write + Send)) -> Result<Class, Error> {
        self.wake()?;
        let mut progress = self.monitor.refresh().await?;
        let bar = progress::of_reading(progress, "reading the log");
        let mut worst = Class::Good;
        while !progress.is_complete() {
            let handle = |event: &Event| {
                worst = worst.max(event.class());
                bar.suspend(|| print::print(out, event, self.json))
            };
            progress = self.monitor.read(handle).await?;
            bar.set_position(progress.read.get());
            self.wake()?;
        }
        bar.finish_and_clear();
        if self.monitor.replayed() != self.printed {
            replay::print(out, &self.monitor, self.json).map_err(Undecided::Report)?;
            self.printed = self.monitor.replayed();
        }
        Ok(worst)
    }

    /// Has delivered what there is, and a canary if one is due.
    fn wake(&self) -> Result<(), Error> {
        let now = freshness::now()
            .map_err(|failure| Undecided::Report(io::Error::other(failure.summary())))?;
        self.couriers.wake(now.unix())
    }

    /// Has delivered that the log was disproven, too.
    fn give_notice(&self, error: &Error) -> Result<(), Error> {
        let Error::Disproven(disproof) = error else { return Ok(()) };
        let (Disproof::Fork { saved, .. }
        | Disproof::Fraud { saved, .. }
        | Disproof::Lie { saved, .. }) = disproof
        else {
            return Ok(());
        };
        let evidence: Vec<_> = saved.iter().map(|path| path.display().to_string()).collect();
        self.monitor.outbox().put_disproof(&disproof.to_string(), &evidence)?;
        Ok(())
    }
}
