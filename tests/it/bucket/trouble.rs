//! An object store that is slow, refuses requests, and answers errors to requests that it has carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

use super::{Log, writes};
use crate::harness::{Server, Submitter, Weed, files, forward};

/// What each request waits for.
const DELAY: Duration = Duration::from_millis(15);

/// Stands between a log and its object store.
struct Between {
    store: String,
    client: reqwest::Client,
    requests: AtomicU64,
    /// Writes are carried out, and answered as if nobody may write.
    denies: AtomicBool,
}

impl Between {
    /// Its address, and what it does.
    async fn start(weed: &Weed) -> (String, Arc<Between>) {
        let between = Arc::new(Between {
            store: format!("http://{}", weed.address()),
            client: reqwest::Client::new(),
            requests: AtomicU64::new(0),
            denies: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = Router::new().fallback(pass).with_state(Arc::clone(&between));
        tokio::spawn(axum::serve(listener, routes).into_future());
        (address, between)
    }
}

async fn pass(State(between): State<Arc<Between>>, request: Request) -> Response {
    let number = between.requests.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(DELAY).await;
    if number % 7 == 3 {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let denied = between.denies.load(Ordering::Relaxed) && request.method() != Method::GET;
    let answer = forward(&between.client, &between.store, request).await;
    let answer = answer
        .map_or_else(|_| StatusCode::BAD_GATEWAY.into_response(), |answer| answer.map(Body::from));
    match () {
        () if denied => StatusCode::FORBIDDEN.into_response(),
        () if number % 11 == 5 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        () => answer,
    }
}

#[tokio::test]
async fn errors_of_the_store_are_asked_again_or_end_the_writer_and_cost_no_answer() {
    let Some(weed) = Weed::start().await else { return };
    let log = Log::create(&weed, "log").await;
    let (address, between) = Between::start(&weed).await;
    let troubled = || {
        let mut command = log.command("log");
        command.args(["--lease", "1"]).env("AWS_ENDPOINT", format!("http://{address}"));
        Server::start(command)
    };
    let mut server = troubled().await;
    writes(&server).await;
    let mut submitter = Submitter::open(&server).await;
    for batch in 0..10 {
        submitter.submit(files(batch * 10..batch * 10 + 10)).await;
    }
    assert!(between.requests.load(Ordering::Relaxed) > 60);

    // Nobody may write any more, the log is told, in the middle of a batch that was written.
    let standby = log.serve("two").await;
    between.denies.store(true, Ordering::Relaxed);
    let refused = submitter.refused(files(100..110)).await;
    assert!(refused.message.contains("the log stopped writing"), "{}", refused.message);
    let status = server.ended().await;
    assert_eq!(status.code(), Some(2), "{}", server.said());
    server.has_said("start this process again, to stand by").await;
    writes(&standby).await;
    Submitter::open(&standby).await.submit(files(100..120)).await;

    between.denies.store(false, Ordering::Relaxed);
    let server = troubled().await;
    standby.terminate().await;
    writes(&server).await;
    let mut submitter = Submitter::open(&server).await;
    assert_eq!(submitter.submit(files(0..121)).await.entries, 1, "an answered entry is gone");
    server.terminate().await;
    log.assert_clean("log", 121).await;
}
