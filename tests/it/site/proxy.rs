//! Something between the browser and the log that changes what it likes, and sees every request.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::harness::{Server, forward};

/// Changes the body of the answer to a path.
type Lie = Box<dyn Fn(&str, &mut Vec<u8>) + Send + Sync>;

struct Between {
    log: Mutex<String>,
    lie: Mutex<Lie>,
    asked: Mutex<Vec<String>>,
    http: reqwest::Client,
}

/// A proxy. Dropped, it ends.
pub(super) struct Proxy {
    between: Arc<Between>,
    serving: JoinHandle<()>,
    pub(super) url: String,
}

impl Proxy {
    /// An honest one in front of a log.
    pub(super) async fn start(log: &Server) -> Proxy {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let between = Arc::new(Between {
            log: Mutex::new(log.url.clone()),
            lie: Mutex::new(Box::new(|_, _| ())),
            asked: Mutex::default(),
            http: http.build().unwrap(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(pass_on).with_state(Arc::clone(&between));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Proxy { between, serving, url }
    }

    /// Lies from now on.
    pub(super) fn lie(&self, lie: impl Fn(&str, &mut Vec<u8>) + Send + Sync + 'static) {
        *self.between.lie.lock().unwrap() = Box::new(lie);
    }

    /// Stands before another log from now on.
    pub(super) fn switch(&self, log: &Server) {
        self.between.log.lock().unwrap().clone_from(&log.url);
    }

    /// Methods and paths that were asked for, with the bytes of what was sent along.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.between.asked.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(State(between): State<Arc<Between>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    let (mut parts, body) = request.into_parts();
    // What is to be changed has to be readable.
    parts.headers.remove(ACCEPT_ENCODING);
    let sent = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    between.asked.lock().unwrap().push(format!("{} {path} {}", parts.method, sent.len()));
    let log = between.log.lock().unwrap().clone();
    let request = Request::from_parts(parts, Body::from(sent));
    let mut response = forward(&between.http, &log, request).await.unwrap();
    for header in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        response.headers_mut().remove(header);
    }
    response.map(|body| {
        let mut body = body.to_vec();
        (between.lie.lock().unwrap())(&path, &mut body);
        Body::from(body)
    })
}

/// Changes one byte, the first one of `what`, where that stands first.
pub(super) fn alter(body: &mut [u8], what: &str) {
    let found = body.windows(what.len()).position(|window| window == what.as_bytes());
    let shown = || String::from_utf8_lossy(body).into_owned();
    let at = found.unwrap_or_else(|| panic!("{what} is not there: {}", shown()));
    body[at] ^= 1;
}

/// Changes one character of the signature at the end of evidence.
pub(super) fn falsify_signature(evidence: &mut [u8]) {
    let at = evidence.len() - 8;
    evidence[at] = if evidence[at] == b'A' { b'B' } else { b'A' };
}
