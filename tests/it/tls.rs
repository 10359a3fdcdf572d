//! The same port over TLS: gRPC, HTTP/2 and HTTP/1.1, and what goes wrong with certificates.

use std::path::PathBuf;

use indelible_proto::v1::GetCheckpointRequest;
use indelible_proto::v1::log_client::LogClient;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::harness::{TestLog, within};

/// A self-signed certificate for localhost as PEM, and the files that hold it and its key.
fn certificate(log: &TestLog, name: &str) -> (String, PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, secret) = (log.path(&format!("{name}.pem")), log.path(&format!("{name}.key")));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&secret, made.signing_key.serialize_pem()).unwrap();
    (made.cert.pem(), chain, secret)
}

#[tokio::test]
async fn one_port_serves_everything_over_tls() {
    let log = TestLog::create().await;
    let (pem, chain, secret) = certificate(&log, "good");
    let options = ["--tls-cert", chain.to_str().unwrap(), "--tls-key", secret.to_str().unwrap()];
    let server = log.serve_with(&options).await;
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let url = server.url.replace("127.0.0.1", "localhost");

    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let builder = || {
        let address = server.address().parse().unwrap();
        reqwest::Client::builder().tls_certs_only([root.clone()]).resolve("localhost", address)
    };
    for (http, version) in [
        (builder().build().unwrap(), reqwest::Version::HTTP_2),
        (builder().http1_only().build().unwrap(), reqwest::Version::HTTP_11),
    ] {
        let answer = http.get(format!("{url}/checkpoint")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        log.head(&answer.bytes().await.unwrap());
    }
    let stranger = reqwest::Client::builder().build().unwrap();
    stranger.get(format!("{}/checkpoint", server.url)).send().await.unwrap_err();

    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)).domain_name("localhost");
    let endpoint = Endpoint::from_shared(server.url.clone()).unwrap().tls_config(tls).unwrap();
    let mut grpc = LogClient::new(within("connect", endpoint.connect()).await.unwrap());
    let note = grpc.get_checkpoint(GetCheckpointRequest {}).await.unwrap().into_inner();
    log.head(&note.checkpoint);
    server.terminate().await;
}

#[tokio::test]
async fn certificates_that_can_not_be_served_with() {
    let log = TestLog::create().await;
    let (_, chain, secret) = certificate(&log, "one");
    let (_, _, other) = certificate(&log, "other");
    let absent = log.path("absent");
    let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
    for (chain, secret, why) in [
        (&chain, &other, "do not fit together"),
        (&absent, &secret, "absent"),
        (&chain, &absent, "absent"),
        (&chain, &chain, "holds no private key in PEM"),
    ] {
        let options = ["--tls-cert", &text(chain), "--tls-key", &text(secret)];
        let refusal = log.refusal(&options).await;
        assert!(refusal.contains(why), "{why}: {refusal}");
    }
    let alone = log.refusal(&["--tls-cert", &text(&chain)]).await;
    assert!(alone.contains("--tls-key"), "{alone}");
}
