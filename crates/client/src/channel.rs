//! The way to the log's gRPC service: straight, or through the HTTP proxy of the environment.

use std::error::Error;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::trust::LogUrl;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a silent connection is believed to be alive.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A connection to the log, made when it is first used.
///
/// gRPC has no path prefix: the service is at the root of the host, wherever the log's files are. It
/// needs HTTP/2 from end to end, so a proxy is asked for a tunnel (CONNECT), also for `http`. Which proxy
/// and for which hosts, the usual variables say: `http_proxy`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
pub(crate) fn to(url: &LogUrl) -> Result<Channel, Box<dyn Error + Send + Sync>> {
    let endpoint = Endpoint::from_shared(url.as_str().to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .user_agent(crate::USER_AGENT)?;
    let tls = ClientTlsConfig::new().with_native_roots();
    let endpoint =
        if url.as_str().starts_with("https") { endpoint.tls_config(tls)? } else { endpoint };
    match Matcher::from_env().intercept(endpoint.uri()) {
        Some(proxy) => Ok(endpoint.connect_with_connector_lazy(through(&proxy)?)),
        None => Ok(endpoint.connect_lazy()),
    }
}

/// Connections that the proxy passes on, whatever is said in them.
fn through(proxy: &Intercept) -> Result<Tunnel<HttpConnector>, String> {
    if proxy.uri().scheme_str() != Some("http") {
        return Err(format!("the proxy {} is not one that speaks plain HTTP", proxy.uri()));
    }
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let tunnel = Tunnel::new(proxy.uri().clone(), tcp);
    Ok(match proxy.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    })
}
