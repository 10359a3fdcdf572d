//! A real index server on a folder, and an edge in front of it that may serve other bytes.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::harness::{run, within};

/// pypiserver in a process. Dropped, it is killed.
pub(super) struct Index {
    _child: Child,
    pub(super) url: String,
}

impl Index {
    pub(super) async fn start(python: &Path, dists: &Path) -> Index {
        let port = free_port().await;
        let mut command = Command::new(python);
        command.args(["-m", "pypiserver", "run", "-i", "127.0.0.1", "--disable-fallback", "-p"]);
        command.arg(port.to_string()).arg(dists).kill_on_drop(true);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let child = command.spawn().unwrap();
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within("the start of the index", listening).await;
        Index { _child: child, url: format!("http://127.0.0.1:{port}") }
    }
}

/// A port that nobody listens on.
pub(super) async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Builds distributions into the folder.
pub(super) async fn make_dists(python: &Path, dists: &Path, releases: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/index-server/make_dists.py");
    let mut command = Command::new(python);
    command.arg(script).arg(dists).args(releases);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// What an index's file host may become: it passes everything on, and alters files when told to.
#[derive(Clone)]
pub(super) struct Edge {
    behind: String,
    client: reqwest::Client,
    alters: Arc<Mutex<bool>>,
    pub(super) url: String,
}

impl Edge {
    pub(super) async fn start(index: &Index) -> Edge {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let edge = Edge { behind: index.url.clone(), client, alters: Arc::default(), url };
        let routes = axum::Router::new().fallback(pass_on).with_state(edge.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        edge
    }

    /// From now on it serves altered files, or does not any more.
    pub(super) fn alter(&self, alters: bool) {
        *self.alters.lock().unwrap() = alters;
    }
}

async fn pass_on(State(edge): State<Edge>, request: Request) -> Response {
    let path = request.uri().path();
    let Ok(answer) = edge.client.get(format!("{}{path}", edge.behind)).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned();
    let headers = HeaderMap::from_iter(content_type.map(|value| (header::CONTENT_TYPE, value)));
    let mut body = answer.bytes().await.unwrap().to_vec();
    let is_file = path.starts_with("/packages/");
    if is_file && *edge.alters.lock().unwrap() {
        // A comment at the end of the archive: it unpacks as before.
        body.extend_from_slice(b"evil");
    }
    (status, headers, body).into_response()
}
