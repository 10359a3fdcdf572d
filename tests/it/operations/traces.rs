//! What a collector of traces receives.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::harness::{Server, Submitter, TOKEN, TestLog, files, within};

/// Keeps the names of all spans.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<String>>>);

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
        let names = spans.flat_map(|spans| spans.spans).map(|span| span.name);
        self.0.lock().unwrap().extend(names);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test]
async fn a_collector_receives_the_steps_of_a_batch_and_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let collector = Collector::default();
    let service = TraceServiceServer::new(collector.clone());
    let serving = tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let log = TestLog::create().await;
    let mut command = log.command(&["--log-format", "json"]);
    command.args(["--otlp", &url]);
    let server = Server::start(command).await;
    Submitter::open(&server).await.submit(files(0..100)).await;
    server.signal(rustix::process::Signal::TERM);
    let received = async {
        for name in ["batch", "commit", "catalog", "confirm", "sign", "publish"] {
            while !collector.0.lock().unwrap().iter().any(|found| found == name) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    };
    within("the spans of a batch", received).await;
    let said = server.said();
    let line: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "INFO", "{said}");
    assert!(!said.contains(TOKEN));
}
