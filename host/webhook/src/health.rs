//! Whether this process lives, and whether it can judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use portcullis_model::time::format_time;
use serde_json::json;

use crate::metrics::{self, Metrics};

/// The longest reason that is shown, in characters.
const LONGEST_REASON: usize = 1000;

const TEXT: &str = "text/plain; charset=utf-8";

/// Asked at every look: an `Err` says what is missing.
type Probe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Asked at every look: what a person should know though reviews can be judged.
type Concern = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// What must hold before a review can be judged, and what became of it.
pub struct Health {
    version: &'static str,
    commit: &'static str,
    state: RwLock<Reports>,
    draining: AtomicBool,
}

#[derive(Default)]
struct Reports {
    conditions: BTreeMap<String, Condition>,
    /// What a reload was refused for, by what was reloaded. The last good version serves on.
    refused: BTreeMap<String, String>,
    concerns: BTreeMap<String, Concern>,
}

enum Condition {
    Reported(Result<(), String>),
    Probed(Probe),
}

impl Condition {
    fn now(&self) -> Result<(), String> {
        match self {
            Self::Reported(result) => result.clone(),
            Self::Probed(probe) => probe(),
        }
    }
}

impl Health {
    /// Not ready until each of the `required` conditions was reported as met.
    pub fn new(version: &'static str, commit: &'static str, required: &[&str]) -> Arc<Self> {
        let not_yet = |name: &&str| ((*name).to_owned(), Condition::Reported(Err("not yet".to_owned())));
        let conditions = required.iter().map(not_yet).collect();
        let state = RwLock::new(Reports { conditions, ..Reports::default() });
        Arc::new(Self { version, commit, state, draining: AtomicBool::new(false) })
    }

    /// Reports a condition: met, or what is missing.
    pub fn set(&self, name: &str, result: Result<(), String>) {
        self.write(|state| state.conditions.insert(name.to_owned(), Condition::Reported(result)));
    }

    /// A condition that is asked for whenever somebody looks. It must answer at once.
    pub fn probe(&self, name: &str, probe: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.write(|state| state.conditions.insert(name.to_owned(), Condition::Probed(Box::new(probe))));
    }

    /// Something to warn of while it lasts, asked for whenever somebody looks; nobody is less ready by it. It must answer at
    /// once.
    pub fn concern(&self, name: &str, concern: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.write(|state| state.concerns.insert(name.to_owned(), Box::new(concern)));
    }

    /// What became of a reload. A refused one is shown and changes nothing else: the last good version serves.
    pub fn reloaded(&self, what: &str, result: Result<(), String>) {
        metrics::reload_refused(what, result.is_err());
        self.write(|state| match result {
            Ok(()) => state.refused.remove(what),
            Err(reason) => state.refused.insert(what.to_owned(), reason),
        });
    }

    /// From now on not ready: a shutdown has begun.
    pub fn draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
        metrics::health(false);
    }

    /// What is missing, each with its condition; nothing where reviews can be judged.
    pub fn missing(&self) -> Vec<String> {
        let failed = self.conditions().into_iter().filter_map(|(name, result)| {
            let reason = result.err()?;
            Some(format!("{name}: {reason}"))
        });
        failed.collect()
    }

    /// Every condition in the order of names, the end last.
    fn conditions(&self) -> Vec<(String, Result<(), String>)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = state
            .conditions
            .iter()
            .map(|(name, condition)| (one_line(name), condition.now().map_err(|reason| one_line(&reason))))
            .collect();
        drop(state);
        let draining = self.draining.load(Ordering::SeqCst);
        all.push(("shutdown".to_owned(), if draining { Err("draining".to_owned()) } else { Ok(()) }));
        metrics::health(all.iter().all(|(_, result)| result.is_ok()));
        all
    }

    /// What a person should know though reviews can be judged: refused reloads, then other concerns, by name.
    pub fn warnings(&self) -> Vec<String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let refused = state.refused.iter().map(|(what, reason)| {
            format!("reload of {} refused, the last good version serves: {}", one_line(what), one_line(reason))
        });
        let concerns = state.concerns.iter().filter_map(|(name, concern)| {
            let reason = concern()?;
            Some(format!("{}: {}", one_line(name), one_line(&reason)))
        });
        refused.chain(concerns).collect()
    }

    fn write<T>(&self, change: impl FnOnce(&mut Reports) -> T) {
        let _ = change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A reason as one bounded line: it may quote what somebody wrote into a file.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST_REASON));
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST_REASON {
            line.push_str("...");
            break;
        }
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    line
}

/// The routes of the ops port: `/livez`, `/readyz`, `/healthz` and `/metrics`.
pub fn ops_routes(health: Arc<Health>, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .with_state(Arc::clone(&health))
        .route("/metrics", get(scrape).with_state((health, metrics)))
}

type Headers = [(HeaderName, &'static str); 2];

fn headers(content_type: &'static str) -> Headers {
    [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")]
}

/// Lives while it answers: restarting it would help with nothing that `/readyz` complains about.
async fn livez() -> impl IntoResponse {
    (headers(TEXT), "ok")
}

/// As the API server's own: `ok`, or every condition with `[+]` or `[-]`.
async fn readyz(State(health): State<Arc<Health>>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let conditions = health.conditions();
    let ready = conditions.iter().all(|(_, result)| result.is_ok());
    let asks = |pair: &str| pair == "verbose" || pair.starts_with("verbose=");
    let verbose = query.is_some_and(|query| query.split('&').any(asks));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if ready && !verbose {
        return (status, headers(TEXT), "ok".to_owned());
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (name, result) in conditions {
        let _ = match result {
            Ok(()) => writeln!(text, "[+]{name} ok"),
            Err(reason) => writeln!(text, "[-]{name} failed: {reason}"),
        };
    }
    for warning in health.warnings() {
        let _ = writeln!(text, "[!]{warning}");
    }
    let _ = writeln!(text, "readyz check {}", if ready { "passed" } else { "failed" });
    (status, headers(TEXT), text)
}

/// The same as JSON, for monitors.
async fn healthz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let errors = health.missing();
    let up = errors.is_empty();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut body = json!({
        "status": if up { "ok" } else { "unhealthy" },
        "version": health.version,
        "commit": health.commit,
        "timestamp": format_time(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
        "metrics": { "health_up": u8::from(up) },
    });
    if !up {
        body["errors"] = json!(errors);
    }
    let warnings = health.warnings();
    if !warnings.is_empty() {
        body["warnings"] = json!(warnings);
    }
    let status = if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, headers("application/json"), body.to_string())
}

async fn scrape(State((health, metrics)): State<(Arc<Health>, Metrics)>) -> impl IntoResponse {
    // Brings `portcullis_health_up` up to date, and what concerns measure.
    let _ = (health.conditions(), health.warnings());
    (headers("text/plain; version=0.0.4; charset=utf-8"), metrics.render())
}
