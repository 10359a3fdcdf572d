//! The log behind the HTTP proxy of a company network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::log::vkey;
use crate::{Session, eventful};

/// A name that only the proxy can resolve.
const LOG: &str = "http://log.example:8080";

/// An HTTP proxy that knows one host, and counts what it passed on: tunnels, and plain requests.
struct Proxy {
    url: String,
    tunnels: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start(target: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
        let proxy = Proxy { url, tunnels: Arc::default(), requests: Arc::default() };
        let (tunnels, requests) = (Arc::clone(&proxy.tunnels), Arc::clone(&proxy.requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counters = (Arc::clone(&tunnels), Arc::clone(&requests));
                tokio::spawn(pass_on(stream, target.clone(), counters));
            }
        });
        proxy
    }

    fn passed_on(&self) -> (usize, usize) {
        (self.tunnels.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

async fn pass_on(
    mut stream: TcpStream,
    target: String,
    (tunnels, requests): (Arc<AtomicUsize>, Arc<AtomicUsize>),
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let text = String::from_utf8(head.clone()).unwrap();
    // "user:secret"
    assert!(text.to_lowercase().contains("proxy-authorization: basic dxnlcjpzzwnyzxq="), "{text}");
    assert!(text.contains("log.example:8080"), "{text}");
    let mut upstream = TcpStream::connect(target).await.unwrap();
    if text.starts_with("CONNECT ") {
        tunnels.fetch_add(1, Ordering::SeqCst);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    } else {
        requests.fetch_add(1, Ordering::SeqCst);
        upstream.write_all(&head).await.unwrap();
    }
    let _ = copy_bidirectional(&mut stream, &mut upstream).await;
}

#[tokio::test]
async fn questions_go_through_the_proxy_of_the_environment() {
    let session = Session::start(eventful()).await;
    let target = session.server.url().split_once("://").unwrap().1.to_owned();
    for variable in ["http_proxy", "ALL_PROXY"] {
        let proxy = Proxy::start(target.clone()).await;
        let mut asked = session.bare("lookup project attrs");
        asked.env("INDELIBLE_LOG", LOG).env("INDELIBLE_KEY", vkey()).env(variable, &proxy.url);
        let output = asked.output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(proxy.passed_on(), (1, 0));
    }
}

#[tokio::test]
async fn tiles_go_through_the_proxy_of_the_environment() {
    let session = Session::start(eventful()).await;
    let proxy = Proxy::start(session.server.url().split_once("://").unwrap().1.to_owned()).await;
    let mut watched = session.bare("monitor --once --state seen --project attrs");
    watched.env("INDELIBLE_LOG", LOG).env("INDELIBLE_KEY", vkey()).env("http_proxy", &proxy.url);
    let output = watched.output().await.unwrap();
    assert!(!output.stdout.is_empty(), "{output:?}");
    let (tunnels, requests) = proxy.passed_on();
    assert!(tunnels == 0 && requests > 0, "{tunnels} tunnels, {requests} requests");
}

#[tokio::test]
async fn hosts_can_be_left_out_and_useless_proxies_are_named() {
    let session = Session::start(eventful()).await;
    let mut straight = session.command("lookup project attrs");
    straight.env("http_proxy", "http://127.0.0.1:1").env("NO_PROXY", "127.0.0.1");
    assert_eq!(straight.output().await.unwrap().status.code(), Some(0));

    let mut refused = session.command("lookup project attrs");
    let output = refused.env("http_proxy", "https://127.0.0.1:1").output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("is not one that speaks plain HTTP"), "{told}");
}
