//! Logs and traces: lines to the standard error, spans to a collector, and neither ever waits.

use anyhow::{Context as _, ensure};
use tracing_subscriber::filter::LevelFilter;

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
    /// `info`.
    pub level: &'a str,
    /// How a line looks.
    pub format: LogFormat,
    /// The collector.
    pub otlp_endpoint: Option<&'a str>,
    /// The version that the spans name.
    pub version: &'a str,
}

/// Held until everything is logged.
pub struct Logging;

/// Begins to log, once in a process.
pub fn start(settings: &LogSettings<'_>) -> anyhow::Result<Logging> {
    ensure!(settings.otlp_endpoint.is_none(), "traces of {} are not supported yet", settings.version);
    let level: LevelFilter = settings.level.parse().with_context(|| format!("`{}` is no level", settings.level))?;
    let plain = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    match settings.format {
        LogFormat::Json => plain.json().flatten_event(true).init(),
        LogFormat::Text => plain.init(),
    }
    Ok(Logging)
}
