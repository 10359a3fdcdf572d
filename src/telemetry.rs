//! What the program says about itself while it runs: lines on standard error and, if an operator wants them,
//! traces to a collector (OTLP over gRPC).
//!
//! Neither holds a secret: keys and tokens are never part of a span or a line.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

/// Whose spans are traced: that the exporter itself sends something is not.
const TRACED: [&str; 4] = ["indelibled", "observer", "store", "catalog"];

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Ends with the program; what is not sent yet is sent then.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to write lines, by level as `RUST_LOG` says or else `info`, and to send traces to the collector
    /// at the URL `otlp`. Must be called within a runtime.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn start(format: LogFormat, otlp: Option<&str>) -> anyhow::Result<Telemetry> {
        let provider = otlp.map(provider).transpose()?;
        let traces = provider.as_ref().map(|provider| {
            let targets = TRACED.map(|target| (target, tracing::Level::INFO));
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("indelibled"))
                .with_filter(Targets::new().with_targets(targets))
        });
        tracing_subscriber::registry().with(lines(format)).with(traces).init();
        Ok(Telemetry(provider))
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // There is nobody left to tell that it failed.
            let _ = provider.shutdown();
        }
    }
}

/// The layer that writes lines.
fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(format: LogFormat) -> impl Layer<S> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().boxed(),
    }
    .with_filter(filter)
}

fn provider(url: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(url).build();
    let exporter = exporter.with_context(|| format!("traces can not be sent to {url}"))?;
    let resource = Resource::builder().with_service_name("indelibled").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
