//! What a collector of traces receives.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::harness::{Server, Submitter, TOKEN, TestLog, files, listings, within};

/// Keeps all spans.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    /// Starts one; the URL to send to, and what it keeps.
    async fn start() -> (String, Collector) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Collector::default();
        let service = TraceServiceServer::new(collector.clone());
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        (url, collector)
    }

    /// Waits until one of the spans is as wanted.
    async fn receives(&self, what: &str, is_wanted: impl Fn(&[Span]) -> bool) {
        let received = async {
            while !is_wanted(&self.0.lock().unwrap()) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        within(what, received).await;
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        let text = format!("{request:?}");
        assert!(!text.contains(TOKEN), "a secret: {text}");
        let spans = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
        self.0.lock().unwrap().extend(spans.flat_map(|spans| spans.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test]
async fn a_collector_receives_the_steps_of_a_batch_and_no_secret() {
    let (url, collector) = Collector::start().await;
    let log = TestLog::create().await;
    let mut command = log.command(&["--log-format", "json"]);
    command.args(["--otlp", &url]);
    let server = Server::start(command).await;
    Submitter::open(&server).await.submit(files(0..100)).await;
    server.signal(rustix::process::Signal::TERM);
    for name in ["batch", "commit", "catalog", "confirm", "sign", "publish"] {
        collector.receives(name, |spans| spans.iter().any(|span| span.name == name)).await;
    }
    let said = server.said();
    let line: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "INFO", "{said}");
    assert!(!said.contains(TOKEN));
}

#[tokio::test]
async fn a_batch_is_traced_back_to_the_pages_it_came_from() {
    let (url, collector) = Collector::start().await;
    let log = TestLog::create().await;
    let mut command = log.command(&["--otlp", &url]);
    command.arg("--index").arg(listings());
    let server = Server::start(command).await;
    // Spans are sent every few seconds; a sweep, its pages and their batches may come one after the other.
    let is_traced = |spans: &[Span]| {
        let named = |name: &'static str| spans.iter().filter(move |span| span.name == name);
        named("sweep").any(|sweep| {
            named("page").any(|page| {
                let is_cause =
                    |batch: &Span| batch.links.iter().any(|link| link.span_id == page.span_id);
                page.parent_span_id == sweep.span_id && named("batch").any(is_cause)
            })
        })
    };
    collector.receives("a batch, its page and its sweep", is_traced).await;
    server.terminate().await;
}
