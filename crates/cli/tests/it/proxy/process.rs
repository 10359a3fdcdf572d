//! `indelible proxy` as a process, and those who ask it.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::ext::ReasonPhrase;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::index::{Index, JSON};
use crate::Session;

const LIMIT: Duration = Duration::from_secs(30);

/// A running proxy. Dropped, it is killed.
pub(super) struct Proxy {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Without a slash at its end.
    pub(super) base: String,
    client: Client,
}

impl Proxy {
    pub(super) async fn start(session: &Session, index: &Index, options: &str) -> Proxy {
        Proxy::start_at(session, &index.url(), options).await
    }

    pub(super) async fn start_at(session: &Session, index: &str, options: &str) -> Proxy {
        Proxy::start_with(session, |command| {
            command.args(["--index", index]).args(options.split_whitespace());
        })
        .await
    }

    pub(super) async fn start_with(session: &Session, set: impl FnOnce(&mut Command)) -> Proxy {
        let mut command = session.command("proxy --listen 127.0.0.1:0");
        set(&mut command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap();
        let url = url.expect("it says where it listens");
        let said = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let heard = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                heard.lock().unwrap().extend([line.as_str(), "\n"]);
            }
        });
        let base = url.strip_suffix("/simple/").expect("the URL for installers").to_owned();
        let policy = reqwest::redirect::Policy::none();
        let client = Client::builder().no_proxy().redirect(policy).build().unwrap();
        Proxy { child, said, base, client }
    }

    pub(super) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Sends a request with these headers.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        timeout(LIMIT, request.send()).await.unwrap().unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, &[]).await
    }

    /// The page of `attrs` in JSON.
    pub(super) async fn page(&self) -> Value {
        let answer = self.ask(Method::GET, "/simple/attrs/", &[("accept", JSON)]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", self.said());
        assert_eq!(answer.headers()["content-type"], JSON);
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// The path of a file, as the page of `attrs` has it.
    pub(super) async fn path_of(&self, filename: &str) -> String {
        let page = self.page().await;
        let file = page["files"].as_array().unwrap().iter().find(|f| f["filename"] == filename);
        let url = file.unwrap_or_else(|| panic!("not listed: {page}"))["url"].as_str().unwrap();
        url.strip_prefix("../..").expect("a URL relative to the page").to_owned()
    }

    /// Downloads a file by the page: its content, or status and reason.
    pub(super) async fn download(&self, filename: &str) -> Result<String, (u16, String)> {
        let answer = self.get(&self.path_of(filename).await).await;
        match answer.status() {
            StatusCode::OK => Ok(answer.text().await.unwrap()),
            status => Err((status.as_u16(), reason(&answer))),
        }
    }

    /// Asks it to end.
    pub(super) async fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        timeout(LIMIT, self.child.wait()).await.unwrap().unwrap()
    }
}

/// The reason phrase of an answer.
pub(super) fn reason(answer: &Response) -> String {
    let phrase = answer.extensions().get::<ReasonPhrase>();
    let phrase = phrase.map_or(&b""[..], |phrase| phrase.as_bytes());
    String::from_utf8(phrase.to_vec()).unwrap()
}
