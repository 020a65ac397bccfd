//! Logs and traces: lines to the standard error, spans to a collector, and neither ever waits.

mod collector;
mod json;
mod lines;

use anyhow::{Context as _, bail, ensure};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use self::collector::Collector;
use self::json::Json;
use self::lines::Lines;

/// How many spans wait for the collector; more are dropped.
const SPANS: usize = 4096;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For a person.
    Text,
}

/// What to log, and where traces go.
#[derive(Debug, Clone, Copy)]
pub struct LogSettings<'a> {
    /// `info`, or by target: `info,portcullis_webhook=debug`.
    pub level: &'a str,
    /// How a line looks.
    pub format: LogFormat,
    /// The collector that speaks OTLP over HTTP: `http://collector:4318`. Without it no span is made.
    pub otlp_endpoint: Option<&'a str>,
    /// The version that the spans name.
    pub version: &'a str,
}

/// Logs and traces of this process; what is still queued is written when it is dropped.
pub struct Logging {
    lines: Lines,
    traces: Option<SdkTracerProvider>,
}

/// Begins to log, once in a process.
pub fn start(settings: &LogSettings<'_>) -> anyhow::Result<Logging> {
    let level = level(settings.level)?;
    // First, so that a bad endpoint leaves nothing behind.
    let traces = settings.otlp_endpoint.map(|endpoint| traces(endpoint, settings.version)).transpose()?;
    let lines = Lines::to_stderr().context("no thread for the log")?;
    tracing::subscriber::set_global_default(subscriber(settings.format, level, lines.clone()))
        .context("the log was begun twice")?;
    if let Some(traces) = &traces {
        opentelemetry::global::set_tracer_provider(traces.clone());
        portcullis_webhook::trace::collect();
    }
    Ok(Logging { lines, traces })
}

/// What is logged. A word alone must be a level: it would otherwise be the name of a target, and silence everything else.
fn level(written: &str) -> anyhow::Result<Targets> {
    let wrong = || {
        format!(
            "the log level `{written}` is none: write `error`, `warn`, `info`, `debug` or `trace`, or `info,hyper=warn`"
        )
    };
    let is_level = |word: &str| word.contains('=') || word.trim().parse::<LevelFilter>().is_ok();
    ensure!(!written.trim().is_empty() && written.split(',').all(is_level), wrong());
    let level: Targets = written.parse().with_context(wrong)?;
    // The client says without what and where that a call failed, beside our own line that says both.
    let quiet = |level: Targets, target: &str| match written.contains(target) {
        true => level,
        false => level.with_target(target, LevelFilter::OFF),
    };
    Ok(quiet(quiet(level, "kube_client"), "kube_runtime"))
}

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.take().map(|traces| traces.shutdown()) {
            tracing::warn!(%error, "the last spans were not sent");
        }
        self.lines.flush();
    }
}

/// Values stand quoted and escaped in both formats, so that no value makes a second line or a second field.
fn subscriber<W>(format: LogFormat, level: Targets, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let registry = tracing_subscriber::registry().with(level);
    match format {
        LogFormat::Json => Box::new(registry.with(layer.event_format(Json))),
        LogFormat::Text => Box::new(registry.with(layer)),
    }
}

/// Spans to a collector: from a thread of their own, in batches, from a queue that drops what does not fit.
fn traces(endpoint: &str, version: &str) -> anyhow::Result<SdkTracerProvider> {
    if !endpoint.starts_with("http://") {
        bail!(
            "the collector `{endpoint}` is not an `http://` address; run one beside this process, and let it speak TLS"
        );
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new()?)
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .with_context(|| format!("no traces can be sent to `{endpoint}`"))?;
    let batches = BatchConfigBuilder::default().with_max_queue_size(SPANS).build();
    let resource = Resource::builder()
        .with_service_name("portcullis")
        .with_attribute(KeyValue::new("service.version", version.to_owned()))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
        .build())
}

#[cfg(test)]
mod tests;
