//! `indelible monitor`: reads every entry of the log and reports changes.

mod replay;

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use client::{Class, Error, Event, Monitor, Replayed, Undecided, describe};
use record::ProjectName;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::LogArgs;
use crate::failure::Failure;
use crate::output::{entry_json, print_json, printable};
use crate::progress;

/// Arguments of `monitor`.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Stop when every published entry was read; exits with 1 if something bad was reported
    #[arg(long)]
    pub once: bool,
    /// Report every entry of this project, and of no other (may be repeated)
    ///
    /// Without it, changed hashes, differing contents, removals and returns of any file are reported.
    #[arg(long = "project", value_name = "NAME", value_parser = ProjectName::normalise)]
    pub projects: Vec<ProjectName>,
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
    /// Print one JSON object a line: {"event", "class", "index", "before", "entry"}, and with --replay
    /// {"replay": {..}} or {"lie": {..}}
    #[arg(long)]
    pub json: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Serialize)]
struct EventJson<'a> {
    event: &'static str,
    class: &'static str,
    index: u64,
    before: Option<String>,
    entry: Option<&'a RawValue>,
}

pub(crate) async fn run(args: MonitorArgs, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    let trust = args.log.trust()?;
    let url = args.log.url(&trust)?;
    let mut monitor = Monitor::open(trust, url, &args.log.state()?, args.projects)?;
    if args.replay {
        monitor = monitor.with_replay()?;
    }
    let ended = if args.once {
        catch_up(&mut monitor, out, args.json, &mut None).await.map(Class::exit_code)
    } else {
        follow(&mut monitor, out, args.json, Duration::from_secs(args.interval)).await
    };
    if let Err(error) = &ended
        && args.json
    {
        replay::print_lie(out, error)?;
    }
    Ok(ended?)
}

/// Catches up again and again. What could not be checked may be checkable later; what is false stays.
async fn follow(
    monitor: &mut Monitor,
    out: &mut (dyn Write + Send),
    json: bool,
    interval: Duration,
) -> Result<u8, Error> {
    let (mut told, mut printed) = (None, None);
    loop {
        match catch_up(monitor, out, json, &mut printed).await {
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
/// What the replay came to is printed unless it was `printed` before.
async fn catch_up(
    monitor: &mut Monitor,
    out: &mut (dyn Write + Send),
    json: bool,
    printed: &mut Option<Replayed>,
) -> Result<Class, Error> {
    let mut progress = monitor.refresh().await?;
    let bar = progress::of_reading(progress, "reading the log");
    let mut worst = Class::Good;
    while !progress.is_complete() {
        let handle = |event: &Event| {
            worst = worst.max(event.kind().class());
            bar.suspend(|| print(out, event, json))
        };
        progress = monitor.read(handle).await?;
        bar.set_position(progress.read.get());
    }
    bar.finish_and_clear();
    if monitor.replayed() != *printed {
        replay::print(out, monitor, json).map_err(Undecided::Report)?;
        *printed = monitor.replayed();
    }
    Ok(worst)
}

/// Prints an event and makes sure that it is out: after that it does not come again.
fn print(out: &mut dyn Write, event: &Event, json: bool) -> io::Result<()> {
    let index = event.entry().index().get();
    let before = event.before().map(ToString::to_string);
    if json {
        let (kind, entry) = (event.kind(), entry_json(event.entry()));
        let (event, class) = (kind.name(), kind.class().name());
        return print_json(out, &EventJson { event, class, index, before, entry });
    }
    let known = event.entry().entry();
    let subject = known.and_then(|known| known.filename().or(known.project().map(AsRef::as_ref)));
    let what = known.map_or("bytes that are no entry".to_owned(), describe);
    let before = before.filter(|_| event.kind() == client::EventKind::HashChanged);
    let before = before.map_or(String::new(), |before| format!(", before with {before}"));
    let subject = subject.unwrap_or("the log");
    let line = format!("{index:>8}  {} {subject}: {what}{before}", event.kind());
    writeln!(out, "{}", printable(&line))?;
    out.flush()
}
