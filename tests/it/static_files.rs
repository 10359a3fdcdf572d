//! Tiles, bundles and checkpoint over HTTP, byte for byte and header for header (C2SP tlog-tiles).

use std::io::Read as _;

use flate2::read::GzDecoder;
use tlog::{TileKind, TilePath};

use crate::harness::{Answer, Reader, Server, Submitter, TestLog, Tree, files, long, raw, size};

async fn served(entries: u64) -> (TestLog, Server, Tree) {
    let log = TestLog::create().await;
    let server = log.serve().await;
    let mut submitter = Submitter::open(&server).await;
    let mut next = 0;
    while next < entries {
        let end = entries.min(next + 16_384);
        submitter.submit(files(next..end)).await;
        next = end;
    }
    let tree = Reader::open(&server).await.tree().await;
    assert_eq!(tree.size(), entries);
    (log, server, tree)
}

/// Fetches files one after the other.
struct Files {
    http: reqwest::Client,
    url: String,
}

impl Files {
    fn of(server: &Server) -> Files {
        let http = reqwest::Client::builder().http1_only().no_gzip().build().unwrap();
        Files { http, url: server.url.clone() }
    }

    /// The bytes of a file that is there.
    async fn bytes(&self, path: &TilePath) -> Vec<u8> {
        let answer = self.http.get(format!("{}/{path}", self.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }
}

/// The first `width` hashes or entries of a tile or bundle.
fn narrowed(path: TilePath, bytes: &[u8], width: u16) -> (TilePath, &[u8]) {
    let narrow = TilePath::new(path.kind(), path.index(), width).unwrap();
    let length = match path.kind() {
        TileKind::Hashes(_) => usize::from(width) * 32,
        TileKind::Entries => tlog::bundle_prefix(bytes, width).unwrap(),
    };
    (narrow, &bytes[..length])
}

#[tokio::test]
async fn tiles_and_bundles_are_what_the_entries_make_at_every_size() {
    let (_log, server, tree) = served(if long() { 66_000 } else { 600 }).await;
    let files = Files::of(&server);
    let sizes = [1, 2, 3, 100, 255, 256, 257, 511, 512, 513, 599, 600, 65_535, 65_536, 65_537];
    for count in sizes.into_iter().filter(|count| *count <= tree.size()) {
        let objects = tree.objects(count);
        let of_interest = objects.len().saturating_sub(8);
        for (path, bytes) in &objects[of_interest..] {
            assert_eq!(files.bytes(path).await, *bytes, "{path} at size {count}");
        }
    }
    server.terminate().await;
}

#[tokio::test]
async fn every_older_width_is_there() {
    let (_log, server, tree) = served(300).await;
    let files = Files::of(&server);
    for (path, bytes) in tree.objects(300) {
        for width in 1..=path.width() {
            let (narrow, expected) = narrowed(path, &bytes, width);
            assert_eq!(files.bytes(&narrow).await, expected, "{narrow}");
        }
    }
    server.terminate().await;
}

fn check_headers(answer: &Answer, content_type: &str, caching: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(content_type), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some(caching), "{answer:?}");
}

#[tokio::test]
async fn headers_say_for_how_long_it_is_true() {
    let (log, server, tree) = served(300).await;
    let address = server.address();
    let octets = "application/octet-stream";
    let immutable = "public, max-age=31536000, immutable";
    for path in ["/tile/0/000", "/tile/0/001.p/44", "/tile/entries/000", "/tile/entries/001.p/3"] {
        let got = raw(address, "GET", path, "").await;
        check_headers(&got, octets, immutable);
        assert_eq!(got.header("content-encoding"), None, "{path}");
        let head = raw(address, "HEAD", path, "").await;
        check_headers(&head, octets, immutable);
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), got.header("content-length"), "{path}");
        assert_eq!(got.header("content-length"), Some(&*got.body.len().to_string()), "{path}");
    }
    for prefix in ["", "/pypi"] {
        let answer = raw(address, "GET", &format!("{prefix}/checkpoint"), "").await;
        check_headers(&answer, "text/plain; charset=utf-8", "no-cache");
        assert_eq!(log.head(&answer.body), tree.head(300));
        let tile = raw(address, "GET", &format!("{prefix}/tile/1/000.p/1"), "").await;
        assert_eq!(tile.body.len(), 32);
    }
    server.terminate().await;
}

#[tokio::test]
async fn bundles_are_compressed_for_those_who_ask() {
    let (_log, server, tree) = served(256).await;
    let address = server.address();
    let path = "/tile/entries/000";
    let (_, plain) =
        tree.objects(256).into_iter().find(|(at, _)| at.kind() == TileKind::Entries).unwrap();

    let http = reqwest::Client::builder().no_gzip().build().unwrap();
    let asked =
        http.get(format!("{}{path}", server.url)).header("accept-encoding", "gzip, identity");
    let answer = asked.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("content-encoding"), Some("gzip"));
    assert!(header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"));
    assert_eq!(header("content-type"), Some("application/octet-stream"));
    assert_eq!(header("cache-control"), Some("public, max-age=31536000, immutable"));
    let packed = answer.bytes().await.unwrap();
    assert!(packed.len() < plain.len() / 2, "{} of {}", packed.len(), plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);

    for encodings in ["", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n"] {
        let answer = raw(address, "GET", path, encodings).await;
        assert_eq!(answer.header("content-encoding"), None, "{encodings}");
        assert!(answer.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"));
        assert_eq!(answer.body, plain, "{encodings}");
    }
    // Hashes do not get shorter.
    let tile = raw(address, "GET", "/tile/0/000", "Accept-Encoding: gzip\r\n").await;
    assert_eq!((tile.header("content-encoding"), tile.body.len()), (None, 8192));
    server.terminate().await;
}

/// Paths of a log of 300 entries that name nothing there is.
const NOTHING_THERE: [&str; 50] = [
    // Not the one form of a path.
    "/tile/0/x000/001",
    "/tile/0/1000",
    "/tile/0/0",
    "/tile/0/00",
    "/tile/0/0000",
    "/tile/0/X000",
    "/tile/0/+00",
    "/tile/0/-00",
    "/tile/0/000.p/0",
    "/tile/0/000.p/256",
    "/tile/0/000.p/257",
    "/tile/0/000.p/01",
    "/tile/0/000.p/+1",
    "/tile/0/000.p/",
    "/tile/0/000.p",
    "/tile/0/000.p/1/",
    "/tile/0/000/",
    "/tile/0/",
    "/tile/0",
    "/tile/",
    "/tile",
    "/tile/64/000",
    "/tile/256/000",
    "/tile/00/000",
    "/tile/-1/000",
    "/tile/0x0/000",
    "/tile/entries",
    "/tile/entries/",
    "/tile/entries/0",
    "/tile/entries/000.p/0",
    "/tile/data/000",
    "/tile/8/0/000",
    "/Tile/0/000",
    "/tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
    "/tile//000",
    "//tile/0/000",
    "/tile/0/../0/000",
    "/tile/entries/../0/000",
    "/tile/0/000%00",
    "/../checkpoint",
    "/checkpoint/",
    "/Checkpoint",
    "/pypi/",
    "/pypi",
    "/other/checkpoint",
    // Beyond what is published.
    "/tile/0/001",
    "/tile/0/001.p/45",
    "/tile/0/002.p/1",
    "/tile/1/000.p/2",
    "/tile/entries/001.p/45",
];

#[tokio::test]
async fn what_is_not_there_is_refused_and_not_cached() {
    let (_log, server, _) = served(300).await;
    for path in NOTHING_THERE {
        for method in ["GET", "HEAD"] {
            let answer = raw(server.address(), method, path, "").await;
            assert!([400, 404].contains(&answer.status), "{method} {path}: {answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
            assert_eq!(answer.header("location"), None, "{method} {path}");
        }
    }
    for path in &NOTHING_THERE[45..] {
        assert_eq!(raw(server.address(), "GET", path, "").await.status, 404, "{path}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn nothing_can_be_written_over_http() {
    let (_log, server, tree) = served(3).await;
    for path in ["/checkpoint", "/tile/0/000.p/3", "/tile/entries/000.p/3", "/healthz", "/metrics"]
    {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = raw(server.address(), method, path, "Content-Length: 0\r\n").await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
    assert_eq!(Reader::open(&server).await.tree().await.entries, tree.entries);
    server.terminate().await;
}

#[tokio::test]
async fn an_origin_without_a_path_is_served_at_the_root_alone() {
    for (origin, found, missing) in [
        ("log.example", "/checkpoint", "/log.example/checkpoint"),
        ("log.example/a/b", "/a/b/checkpoint", "/a/checkpoint"),
        ("log.example/{id}", "/checkpoint", "/x/checkpoint"),
    ] {
        let log = TestLog::named(origin).await;
        let server = log.serve().await;
        let answer = raw(server.address(), "GET", found, "").await;
        assert_eq!((answer.status, log.head(&answer.body).size), (200, size(0)), "{origin}");
        assert_eq!(raw(server.address(), "GET", missing, "").await.status, 404, "{origin}");
        server.terminate().await;
    }
}

#[tokio::test]
async fn health_and_metrics_are_for_operators() {
    let (_log, server, _) = served(5).await;
    let health = raw(server.address(), "GET", "/healthz", "").await;
    assert_eq!((health.status, health.header("cache-control")), (200, Some("no-store")));
    let line = String::from_utf8(health.body).unwrap();
    assert!(line.starts_with("ok: size 5, confirmed "), "{line}");
    let metrics = raw(server.address(), "GET", "/metrics", "").await;
    assert_eq!((metrics.status, metrics.header("cache-control")), (200, Some("no-store")));
    let text = String::from_utf8(metrics.body).unwrap();
    for line in ["indelible_entries_total 5", "indelible_tree_size 5"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    server.terminate().await;
}

#[tokio::test]
async fn the_same_port_speaks_both_versions_of_http() {
    let (log, server, tree) = served(300).await;
    let h1 = reqwest::Client::builder().http1_only().build().unwrap();
    let h2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for (http, version) in [(h1, reqwest::Version::HTTP_11), (h2, reqwest::Version::HTTP_2)] {
        let answer = http.get(format!("{}/checkpoint", server.url)).send().await.unwrap();
        assert_eq!(answer.version(), version);
        assert_eq!(log.head(&answer.bytes().await.unwrap()), tree.head(300));
        for (path, bytes) in tree.objects(300) {
            let answer = http.get(format!("{}/{path}", server.url)).send().await.unwrap();
            assert_eq!((answer.version(), answer.status().as_u16()), (version, 200), "{path}");
            assert_eq!(answer.bytes().await.unwrap(), bytes, "{path}");
        }
    }
    server.terminate().await;
}
