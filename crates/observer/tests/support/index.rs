//! A package index on a loopback port: JSON or HTML, entity tags, serials, a journal, and faults on
//! request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use super::sha256;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const XML: &str = "text/xml";

/// An index that does as it is told.
pub struct FakeIndex {
    shared: Arc<Mutex<Shared>>,
    pub url: String,
    server: tokio::task::JoinHandle<()>,
}

/// What the index holds and how it behaves.
#[derive(Default)]
pub struct Shared {
    pub projects: BTreeMap<String, FakeProject>,
    pub html: bool,
    pub etags: bool,
    pub serials: bool,
    pub serial: u64,
    pub journal: Option<Vec<Value>>,
    /// Answers by path, given once each before the usual one.
    pub canned: BTreeMap<String, VecDeque<Canned>>,
    pub requests: Vec<(String, HeaderMap)>,
}

#[derive(Clone, Default)]
pub struct FakeProject {
    pub serial: u64,
    pub files: Vec<Value>,
    pub status: Option<Value>,
    /// Left out of the list.
    pub hidden: bool,
    /// The page is missing.
    pub absent: bool,
    /// Serial that the page claims instead.
    pub claims: Option<u64>,
}

/// One answer out of the usual.
#[derive(Clone)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The connection breaks after the body.
    pub breaks: bool,
}

impl Canned {
    pub fn status(status: u16) -> Canned {
        Canned { status, headers: Vec::new(), body: Vec::new(), breaks: false }
    }

    pub fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Canned {
        let headers = vec![("content-type", content_type.to_owned())];
        Canned { status: 200, headers, body: body.into(), breaks: false }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Canned {
        self.headers.push((name, value.into()));
        self
    }
}

impl FakeIndex {
    /// An index that speaks JSON and tells serials and entity tags.
    pub async fn start() -> FakeIndex {
        let shared = Shared { etags: true, serials: true, ..Shared::default() };
        let shared = Arc::new(Mutex::new(shared));
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        FakeIndex { shared, url, server }
    }

    pub fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// Changes a project, creating it if need be: its serial moves.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut FakeProject)) {
        let mut shared = self.lock();
        shared.serial += 1;
        let serial = shared.serial;
        let project = shared.projects.entry(name.to_owned()).or_default();
        project.serial = serial;
        change(project);
    }

    /// Adds a row to the journal, of the serial that the last change has.
    pub fn journal(&self, name: &str, version: Option<&str>, action: &str) {
        let mut shared = self.lock();
        let row = json!([name, version, 1_795_223_638, action, shared.serial]);
        shared.journal.get_or_insert_default().push(row);
    }

    pub fn can(&self, path: &str, canned: Canned) {
        self.lock().canned.entry(path.to_owned()).or_default().push_back(canned);
    }

    /// Paths asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        let requests = std::mem::take(&mut self.lock().requests);
        requests.into_iter().map(|(path, _)| path).collect()
    }

    /// Headers of the last request for a path.
    pub fn headers(&self, path: &str) -> HeaderMap {
        let shared = self.lock();
        let found = shared.requests.iter().rev().find(|(asked, _)| asked == path);
        found.unwrap_or_else(|| panic!("{path} was not asked for")).1.clone()
    }
}

impl Drop for FakeIndex {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let mut shared = shared.lock().unwrap();
    shared.requests.push((path.clone(), headers.clone()));
    if let Some(canned) = shared.canned.get_mut(&path).and_then(VecDeque::pop_front) {
        return canned.response();
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["simple"] => shared.document(&headers, shared.list(), Some(shared.serial)),
        ["simple", name] => match shared.projects.get(*name).filter(|project| !project.absent) {
            Some(project) => {
                let serial = project.claims.unwrap_or(project.serial);
                shared.document(&headers, shared.page(name, project), Some(serial))
            }
            None => Canned::status(404).response(),
        },
        ["pypi"] => shared.rpc(std::str::from_utf8(&body).unwrap()),
        _ => Canned::status(404).response(),
    }
}

impl Shared {
    fn document(&self, headers: &HeaderMap, body: String, serial: Option<u64>) -> Response<Body> {
        let etag = format!("\"{}\"", sha256(&body));
        let mut canned =
            Canned::body(if self.html { "text/html; charset=UTF-8" } else { JSON }, body);
        if self.etags {
            canned = canned.with("etag", etag.clone());
        }
        if let Some(serial) = serial.filter(|_| self.serials) {
            canned = canned.with("x-pypi-last-serial", serial.to_string());
        }
        let known = headers.get("if-none-match").and_then(|known| known.to_str().ok());
        if self.etags && known == Some(&etag) {
            canned.status = 304;
            canned.body.clear();
        }
        canned.response()
    }

    fn list(&self) -> String {
        let listed = self.projects.iter().filter(|(_, project)| !project.hidden);
        if self.html {
            let links = listed.map(|(name, _)| format!("<a href=\"/simple/{name}/\">{name}</a>"));
            return format!(
                "<!DOCTYPE html><html><body>{}</body></html>",
                links.collect::<String>()
            );
        }
        let projects: Vec<Value> = listed
            .map(|(name, project)| {
                let mut item = json!({"name": name});
                if self.serials {
                    item["_last-serial"] = json!(project.serial);
                }
                item
            })
            .collect();
        json!({"meta": {"api-version": "1.4"}, "projects": projects}).to_string()
    }

    fn page(&self, name: &str, project: &FakeProject) -> String {
        if self.html {
            let links = project.files.iter().map(|file| {
                let (filename, hash) = (&file["filename"], &file["hashes"]["sha256"]);
                let (filename, hash) = (filename.as_str().unwrap(), hash.as_str().unwrap());
                format!("<a href=\"/files/{filename}#sha256={hash}\">{filename}</a><br>")
            });
            return format!(
                "<!DOCTYPE html><html><body>{}</body></html>",
                links.collect::<String>()
            );
        }
        let mut page =
            json!({"meta": {"api-version": "1.4"}, "name": name, "files": project.files});
        if let Some(status) = &project.status {
            page["project-status"] = status.clone();
        }
        page.to_string()
    }

    fn rpc(&self, call: &str) -> Response<Body> {
        let Some(rows) = &self.journal else { return Canned::status(404).response() };
        let value = if call.contains("changelog_last_serial") {
            format!("<value><int>{}</int></value>", self.serial)
        } else {
            let since: u64 =
                call.split("<int>").nth(1).unwrap().split('<').next().unwrap().parse().unwrap();
            let rows = rows.iter().filter(|row| row[4].as_u64().unwrap() > since);
            format!("<value>{}</value>", array(rows))
        };
        let body = format!(
            "<?xml version='1.0'?>\n<methodResponse><params><param>{value}</param></params></methodResponse>"
        );
        Canned::body(XML, body).response()
    }
}

fn array<'a>(items: impl IntoIterator<Item = &'a Value>) -> String {
    let values = items.into_iter().map(|item| {
        let inner = match item {
            Value::Array(items) => array(items),
            Value::String(text) => format!("<string>{}</string>", text.replace('&', "&amp;")),
            Value::Number(number) => format!("<int>{number}</int>"),
            _ => "<nil/>".to_owned(),
        };
        format!("<value>{inner}</value>\n")
    });
    format!("<array><data>{}</data></array>", values.collect::<String>())
}

impl Canned {
    fn response(self) -> Response<Body> {
        let mut builder = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        let body = if self.breaks {
            let broken = std::io::Error::other("the connection breaks here");
            Body::from_stream(futures::stream::iter([Ok(self.body), Err(broken)]))
        } else {
            Body::from(self.body)
        };
        builder.body(body).unwrap()
    }
}
