//! A browser that is driven over `WebDriver`, one for each test.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::harness::{LIMIT, needed, within};

/// How often to look whether a page has come so far.
const LOOK: Duration = Duration::from_millis(50);

/// A browser with its driver.
pub(super) struct Browser {
    pub(super) client: Client,
    _driver: Driver,
}

/// A driver. Dropped, it is killed with all that it started, which is of its process group.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let group = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What the browser noted.
#[derive(Debug)]
struct ReadLog(&'static str);

impl WebDriverCompatibleCommand for ReadLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// A command of the developer tools.
#[derive(Debug)]
struct DevTools(&'static str, Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

impl Browser {
    /// A browser with nothing in its memory; `None` where there is none.
    pub(super) async fn open() -> Option<Browser> {
        needed(start().await, "BROWSER", "a browser that can be driven")
    }

    /// Opens a page and waits until its verification has ended; returns how.
    pub(super) async fn visit(&self, url: &str) -> String {
        within("a page", self.client.goto(url)).await.unwrap();
        self.verdict().await
    }

    /// How the verification of the page ended: `verified`, `disproven` or `undecided`.
    pub(super) async fn verdict(&self) -> String {
        let ended = "return ['verified', 'disproven', 'undecided', 'bad'].includes(document.body.dataset.verdict)";
        self.until(ended).await;
        self.text_of("return document.body.dataset.verdict").await
    }

    /// Waits until a script says `true`.
    pub(super) async fn until(&self, script: &str) {
        let holds = async {
            while self.run(script).await != json!(true) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(LIMIT, holds).await.is_err() {
            let page = self.text_of("return document.documentElement.innerText").await;
            panic!("this did not come true: {script}\n{page}\n{:?}", self.log("browser").await);
        }
    }

    /// What a script returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        within("a script", self.client.execute(script, Vec::new())).await.unwrap()
    }

    /// The text that a script returns.
    pub(super) async fn text_of(&self, script: &str) -> String {
        self.run(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// All text that is seen in an element.
    pub(super) async fn text(&self, css: &str) -> String {
        let found = within("an element", self.client.find(Locator::Css(css))).await.unwrap();
        found.text().await.unwrap()
    }

    /// Presses keys where the focus is.
    pub(super) async fn press(&self, keys: &str) {
        let focused = within("the focus", self.client.active_element()).await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    /// A command of the developer tools.
    pub(super) async fn tools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(DevTools(command, parameters)).await.unwrap()
    }

    /// The messages of one of the browser's logs since they were read last.
    pub(super) async fn log(&self, kind: &'static str) -> Vec<String> {
        let entries = self.client.issue_cmd(ReadLog(kind)).await.unwrap();
        let entries = entries.as_array().unwrap().iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Every address that was asked for since this was called last.
    pub(super) async fn requests(&self) -> Vec<String> {
        let events = self.log("performance").await;
        let urls = events.iter().filter_map(|event| {
            let event: Value = serde_json::from_str(event).unwrap();
            let message = &event["message"];
            let sent = message["method"] == "Network.requestWillBeSent";
            sent.then(|| message["params"]["request"]["url"].as_str().unwrap().to_owned())
        });
        urls.collect()
    }

    /// Ends the browser in peace.
    pub(super) async fn close(self) {
        within("the end of a browser", self.client.clone().close()).await.unwrap();
    }
}

/// Starts a driver, and a browser with it.
async fn start() -> Result<Browser, String> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("chromedriver");
    command.arg(format!("--port={port}")).stdin(Stdio::null()).process_group(0);
    let driver = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let driver = Driver(driver.map_err(|error| format!("chromedriver: {error}"))?);
    let address = format!("127.0.0.1:{port}");
    let listening = async {
        while TcpStream::connect(&address).await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    };
    within("the start of chromedriver", listening).await;
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities());
    let connected = within("a browser", builder.connect(&format!("http://{address}"))).await;
    let client = connected.map_err(|error| error.to_string())?;
    Ok(Browser { client, _driver: driver })
}

fn capabilities() -> Capabilities {
    let options = json!({
        "args": [
            "--headless=new",
            // Without these it does not run as root, or in a container.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1280,1000",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        ],
        "perfLoggingPrefs": { "enableNetwork": true },
    });
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    let capabilities = [("goog:chromeOptions", options), ("goog:loggingPrefs", logs)];
    capabilities.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
