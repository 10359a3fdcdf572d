//! `indelibled status`: how a running log is.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::StatusCode;
use serde_json::Value;

use crate::args::Status;

/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Prints what the log says of itself; with `json`, as the log says it. Exit code 0: it is well, 1: it is not.
///
/// # Errors
/// A log that can not be reached.
pub async fn run(arguments: Status) -> anyhow::Result<ExitCode> {
    let Status { log, json } = arguments;
    let base = log.trim_end_matches('/');
    let http = reqwest::Client::builder().timeout(ANSWER).build()?;
    let get = async |path: &str| {
        let url = format!("{base}/{path}");
        let answer = http.get(&url).send().await.map_err(reqwest::Error::without_url);
        let answer = answer.with_context(|| format!("{url} can not be reached"))?;
        anyhow::Ok((answer.status(), answer.text().await?))
    };
    let (status, health) = get("healthz").await?;
    let (_, about) = get("log.json").await?;
    let mut about: Value = serde_json::from_str(&about)
        .with_context(|| format!("{base}/log.json is not what a log says of itself"))?;
    let is_well = status == StatusCode::OK;
    let mut out = io::stdout().lock();
    if json {
        about["health"] = serde_json::json!({ "well": is_well, "says": health.trim_end() });
        writeln!(out, "{about}")?;
    } else {
        writeln!(out, "{:<12}{}", "health", health.trim_end())?;
        for (name, path) in LINES {
            match about.pointer(path) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => writeln!(out, "{name:<12}{text}")?,
                Some(other) => writeln!(out, "{name:<12}{other}")?,
            }
        }
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What is printed, by where it stands.
const LINES: [(&str, &str); 9] = [
    ("log", "/origin"),
    ("key", "/key"),
    ("role", "/role"),
    ("size", "/head/size"),
    ("root", "/head/root"),
    ("confirmed", "/head/confirmed"),
    ("swept", "/coverage/swept"),
    ("serial", "/coverage/serial"),
    ("summed up", "/coverage/time"),
];
