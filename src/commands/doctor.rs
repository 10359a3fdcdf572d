//! `indelibled doctor`: what an operator wants to know before a log is served.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail, ensure};
use reqwest::header::DATE;
use tlog::Policy;
use tokio::net::TcpListener;

use crate::args::Serve;
use crate::data_dir::DataDir;
use crate::grpc::Token;
use crate::server;
use crate::settings::Settings;
use crate::space::SpaceGuard;

/// Longest wait for somebody else's answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Writes of which the median is told.
const SYNCS: usize = 51;
/// A synced write that takes longer makes a slow log.
const SLOW_SYNC: Duration = Duration::from_millis(20);
/// Clocks that differ by more are wrong.
const SKEW: Duration = Duration::from_secs(30);

/// What is wrong, what may become wrong, and what is well.
struct Report {
    failures: usize,
}

/// Whether what was found hinders.
enum Finding {
    /// All is well; what was found.
    Well(String),
    /// It works, and an operator should know.
    Warning(String),
}

use Finding::{Warning, Well};

/// Checks everything that `serve` with the same arguments needs, one line each. Exit code 0: it can be served,
/// 1: something hinders.
///
/// # Errors
/// Standard output is closed.
pub async fn run(arguments: Serve) -> anyhow::Result<ExitCode> {
    let mut report = Report { failures: 0 };
    let Serve { data, config, settings } = arguments;
    let settings = match settings.clone().over_file(config.as_deref()) {
        Ok(read) => {
            report.say("configuration", Ok(Well("understood".to_owned())))?;
            read
        }
        Err(error) => {
            report.say("configuration", Err(error))?;
            settings
        }
    };
    let data = DataDir::new(data);
    report.say("key", key(&data, &settings))?;
    report.say("store", store(&data, &settings).await)?;
    report.say("disk", disk(&data, &settings))?;
    report.say("synced writes", synced_writes(data.path()))?;
    report.say("remembered head", head_file(&data, &settings))?;
    report.say("address", address(&settings).await)?;
    report.say("TLS", tls(&settings))?;
    report.say("token", token(&settings))?;
    let http = reqwest::Client::builder().timeout(ANSWER).build()?;
    report.say("index", index(&settings, &http).await)?;
    for (name, found) in witnesses(&settings, &http).await {
        report.say(&name, found)?;
    }
    Ok(if report.failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl Report {
    fn say(&mut self, what: &str, found: anyhow::Result<Finding>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match found {
            Ok(Well(how)) => writeln!(out, "ok       {what}: {how}"),
            Ok(Warning(why)) => writeln!(out, "warning  {what}: {why}"),
            Err(error) => {
                self.failures += 1;
                writeln!(out, "failure  {what}: {error:#}")
            }
        }
    }
}

fn key(data: &DataDir, settings: &Settings) -> anyhow::Result<Finding> {
    if settings.follow.is_some() {
        return Ok(Well("a replica needs none".to_owned()));
    }
    let key = data.key()?;
    let mode = fs::metadata(data.key_file())?.permissions().mode() & 0o077;
    let key = key.verifying_key();
    Ok(match mode {
        0 => Well(key.to_string()),
        _ => Warning(format!("others can read {}: chmod 600", data.key_file().display())),
    })
}

async fn store(data: &DataDir, settings: &Settings) -> anyhow::Result<Finding> {
    if settings.follow.is_some() {
        return Ok(Well("a replica makes its own".to_owned()));
    }
    // Whether it can be opened is known only by opening it, which another process may have done.
    if settings.store.is_none() && data.bucket_url()?.is_none() {
        ensure!(data.store().is_dir(), "{} is missing", data.store().display());
        return Ok(Well(format!("{}; `indelibled fsck` checks it", data.store().display())));
    }
    match &settings.store {
        Some(url) => data.open_store_at(url).await?,
        None => data.open_store().await?,
    };
    Ok(Well("a bucket that honours conditional puts".to_owned()))
}

fn disk(data: &DataDir, settings: &Settings) -> anyhow::Result<Finding> {
    let watermark = settings.min_free_bytes();
    SpaceGuard::new(data.path().to_owned(), watermark).check()?;
    let plenty = watermark.saturating_mul(4);
    Ok(match SpaceGuard::new(data.path().to_owned(), plenty).check() {
        Ok(()) => Well(format!("more than {} MiB are free", plenty >> 20)),
        Err(low) => Warning(low.to_string()),
    })
}

/// What a commit costs at least.
fn synced_writes(dir: &Path) -> anyhow::Result<Finding> {
    let file = tempfile::tempfile_in(dir).with_context(|| format!("{}", dir.display()))?;
    let median = median_sync(&file)?;
    let shown = format!("{:.2} ms each", median.as_secs_f64() * 1000.0);
    Ok(if median > SLOW_SYNC {
        Warning(format!("{shown}: this disk makes a slow log"))
    } else {
        Well(shown)
    })
}

fn median_sync(file: &File) -> io::Result<Duration> {
    let mut times = Vec::with_capacity(SYNCS);
    for number in 0..SYNCS as u64 {
        let begun = Instant::now();
        file.write_all_at(&[7; 4096], number * 4096)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[SYNCS / 2])
}

/// It protects against a restored backup only where that does not bring it back.
fn head_file(data: &DataDir, settings: &Settings) -> anyhow::Result<Finding> {
    let path = settings.head_file.clone().unwrap_or_else(|| data.head_file());
    let dir = path.parent().context("a file is in a directory")?;
    let device = fs::metadata(dir).with_context(|| format!("{}", dir.display()))?.dev();
    if device == fs::metadata(data.path())?.dev() && settings.policy.is_none() {
        return Ok(Warning(format!(
            "{} is on the log's own disk, and no witness remembers the head: a restored backup would not be \
             noticed",
            path.display()
        )));
    }
    Ok(Well(path.display().to_string()))
}

async fn address(settings: &Settings) -> anyhow::Result<Finding> {
    let listen = settings.listen();
    TcpListener::bind(listen).await.with_context(|| format!("{listen} can not be listened on"))?;
    Ok(Well(listen.to_owned()))
}

fn tls(settings: &Settings) -> anyhow::Result<Finding> {
    match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => {
            server::tls(certificate, key)?;
            Ok(Well(certificate.display().to_string()))
        }
        (None, None) => Ok(Well("none; a proxy in front may do it".to_owned())),
        _ => bail!("needs both tls_cert and tls_key"),
    }
}

fn token(settings: &Settings) -> anyhow::Result<Finding> {
    let Some(path) = &settings.token_file else {
        return Ok(Well("none: nobody submits over the network".to_owned()));
    };
    Token::read(path)?;
    Ok(Well(path.display().to_string()))
}

async fn index(settings: &Settings, http: &reqwest::Client) -> anyhow::Result<Finding> {
    match settings.index.as_deref() {
        None => Ok(Well("none is observed".to_owned())),
        Some(dir) if Path::new(dir).is_dir() => Ok(Well(format!("the directory {dir}"))),
        Some(url) => answers(http, url).await,
    }
}

async fn witnesses(
    settings: &Settings,
    http: &reqwest::Client,
) -> Vec<(String, anyhow::Result<Finding>)> {
    let Some(path) = &settings.policy else {
        return vec![(
            "witnesses".to_owned(),
            Ok(Warning("there is no policy, none is asked".to_owned())),
        )];
    };
    let policy = fs::read_to_string(path)
        .with_context(|| format!("{}", path.display()))
        .and_then(|text| Ok(Policy::parse(&text)?));
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => return vec![("policy".to_owned(), Err(error))],
    };
    let mut found = Vec::new();
    for witness in policy.witnesses() {
        let answer = match witness.url() {
            Some(url) => answers(http, url).await,
            None => Ok(Warning("the policy does not say where it is asked".to_owned())),
        };
        found.push((format!("witness {}", witness.name()), answer));
    }
    found
}

/// Somebody answers there, and the two clocks agree.
async fn answers(http: &reqwest::Client, url: &str) -> anyhow::Result<Finding> {
    let answer = http.get(url).send().await.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("{url} can not be reached"))?;
    ensure!(!answer.status().is_server_error(), "{url} answers {}", answer.status());
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let Some(there) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Ok(Well(format!("{url} answers")));
    };
    let here = SystemTime::now();
    let skew =
        here.duration_since(there).or_else(|_| there.duration_since(here)).unwrap_or_default();
    if skew > SKEW {
        return Ok(Warning(format!(
            "{url} has a clock that differs by {} seconds from this machine's",
            skew.as_secs()
        )));
    }
    Ok(Well(format!("{url} answers, and the clocks agree")))
}
