//! The `serve` command.

mod contradictions;
mod dev;
mod life;
pub mod rates;
mod registries;
mod reload;
mod watched_files;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use portcullis_cluster::{Connection, Namespaces};
use portcullis_gate::{BreakerRules, Gate};
use portcullis_policies::RateLimits;
use portcullis_webhook::health::{Health, ops_routes};
use portcullis_webhook::listen::{ConnectionLimits, Shutdown, connections_within, may_open, serve_plain, serve_tls};
use portcullis_webhook::metrics;
use portcullis_webhook::tls::{Certificates, TlsFiles, TlsOptions};
use portcullis_webhook::{Webhook, WebhookConfig, review_routes};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use self::dev::Trial;
use self::life::Signals;
use self::rates::Rates;
use self::registries::Registries;
use self::reload::Reloader;
use self::watched_files::WatchedFiles;
use crate::args::ServeArguments;
use crate::evidence;
use crate::logging::{self, LogSettings};
use crate::namespaces;
use crate::output;
use crate::wire::{self, Works};

/// What `/readyz?verbose` calls the parts that must stand.
const POLICIES: &str = "policies";
const NAMESPACES: &str = "namespaces";
const CERTIFICATE: &str = "certificate";

/// How long the ops port may take to end after everything else has.
const OPS_DRAIN: Duration = Duration::from_secs(1);

/// How many connections the ops port may have: probes and scrapes.
const OPS_CONNECTIONS: usize = 256;

/// Serves until somebody says stop.
pub fn run(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    contradictions::refuse(arguments)?;
    let logging = logging::start(&LogSettings {
        level: &arguments.log_level,
        format: arguments.log_format(),
        otlp_endpoint: arguments.otlp_endpoint.as_deref(),
        version: env!("CARGO_PKG_VERSION"),
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let served = runtime.block_on(serve(arguments));
    // What still computes is bounded by its budget, and nobody waits for its answer any more.
    runtime.shutdown_timeout(OPS_DRAIN);
    drop(logging);
    served
}

async fn serve(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let (stop, asked) = (Shutdown::new(), signals.reloads());
    let doors = tokio::select! {
        doors = open(arguments, &stop, asked) => doors?,
        signal = signals.stop() => {
            tracing::info!(signal, "stopped before it served");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let signal = signals.stop().await;
    tracing::info!(signal, drain = ?arguments.drain, "stopping: not ready from now on, reviews under way are answered");
    doors.health.draining();
    stop.begin();
    tokio::select! {
        () = doors.close() => Ok(ExitCode::SUCCESS),
        signal = signals.stop() => {
            tracing::warn!(signal, "ended at once; reviews under way are cut");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Everything that runs.
struct Doors {
    health: Arc<Health>,
    reviews: tokio::task::JoinHandle<portcullis_webhook::listen::Ended>,
    ops: tokio::task::JoinHandle<portcullis_webhook::listen::Ended>,
    ops_stop: Shutdown,
    reloads: tokio::task::JoinHandle<()>,
    /// Gone with the process.
    _trial: Option<Trial>,
}

impl Doors {
    /// Returns when every review under way was answered, or cut at the end of the drain.
    async fn close(self) {
        self.reloads.abort();
        match self.reviews.await {
            Ok(ended) if ended.cut == 0 => tracing::info!("every review was answered"),
            Ok(ended) => tracing::warn!(cut = ended.cut, "connections were cut at the end of the drain"),
            Err(error) => tracing::error!(%error, "the door for reviews broke"),
        }
        // Until now somebody could ask whether we are ready.
        self.ops_stop.begin();
        let _ = self.ops.await;
    }
}

/// What can be known to be good before anything listens.
struct Checked {
    certificates: Option<Certificates>,
    files: WatchedFiles,
    namespaces: Namespaces,
    rates: Option<(Rates, RateLimits)>,
}

/// Whoever made a slip learns of it before anybody could have called.
async fn check(arguments: &ServeArguments) -> anyhow::Result<Checked> {
    let certificates = certificates(arguments)?;
    let mut files = WatchedFiles::of(arguments);
    let (evidence, rates) = (arguments.evidence.clone(), arguments.rate_limits.clone());
    let checking = move || {
        reload::check(&mut files)?;
        evidence::asking(&evidence)?;
        anyhow::Ok((files, rates.as_deref().map(Rates::first).transpose()?))
    };
    let (files, rates) = spawn_blocking(checking).await??;
    Ok(Checked { certificates, files, namespaces: namespaces_of(arguments).await?, rates })
}

/// Opens the doors: the ops port first, so that somebody can ask how far the rest is; reviews are taken only when policies
/// are in force, because without any everything would be allowed.
async fn open(arguments: &ServeArguments, stop: &Shutdown, asked: Arc<Notify>) -> anyhow::Result<Doors> {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("PORTCULLIS_COMMIT"));
    // First, because whatever is loaded may be measured.
    let metrics = metrics::install(version, commit)?;
    let Checked { certificates, files, namespaces, rates } = check(arguments).await?;
    let health = Health::new(version, commit, &[POLICIES, NAMESPACES, CERTIFICATE]);
    let listener = bind("--listen", arguments.listen(), arguments.dev).await?;
    let ops_listener = bind("--ops-listen", arguments.ops_listen(), arguments.dev).await?;
    let (address, ops_address) = (listener.local_addr()?, ops_listener.local_addr()?);
    let ops_stop = Shutdown::new();
    let ops_limits = ConnectionLimits {
        max_connections: OPS_CONNECTIONS,
        linger: Duration::ZERO,
        drain: OPS_DRAIN,
        ..ConnectionLimits::default()
    };
    let routes = ops_routes(Arc::clone(&health), metrics);
    let ops = tokio::spawn(serve_plain(ops_listener, routes, ops_limits, ops_stop.clone()));

    let (certificates, trial) = match certificates {
        Some(certificates) => (certificates, None),
        None => Trial::begin(address).map(|(certificates, trial)| (certificates, Some(trial)))?,
    };
    let certificates = Arc::new(certificates);
    health.probe(CERTIFICATE, in_date(Arc::clone(&certificates)));
    let known = namespaces.clone();
    health.probe(NAMESPACES, move || known.ready());
    if arguments.namespace_labels.is_empty() && !arguments.dev {
        health.concern(NAMESPACES, lagging(namespaces.clone()));
    }
    if arguments.observe {
        health.concern("observe", || Some("nothing is denied".to_owned()));
    }

    let cache_dir = arguments.cache_dir.clone();
    // Compiling takes moments in which the ops port must answer.
    let told = Arc::clone(&health);
    let loading = spawn_blocking(move || {
        let works = Works::start(cache_dir.as_deref())?;
        let loaded = reload::first(&works, files, &told)?;
        anyhow::Ok((works, loaded))
    });
    let (works, loaded) = loading.await.context("the policies cannot be loaded")??;
    metrics::in_force(reload::digests(&loaded.sets));
    let trusts = Arc::clone(&works.trusts);
    let (registries, source) = Registries::first(&arguments.evidence, trusts, tokio::runtime::Handle::current())?;
    let gate = Arc::new(Gate::new(loaded.sets, source));
    // The labels that belong to this reading of the files, not to one before it.
    if let Some(labels) = loaded.labels {
        namespaces.replace(labels);
    }
    health.set(POLICIES, Ok(()));

    let (rates, rate_limits) = rates.unzip();
    let config = WebhookConfig { rate_limits, ..config(arguments) };
    let webhook = Webhook::new(Arc::clone(&gate), namespaces.clone(), config)?;
    let limits = ConnectionLimits {
        max_connections: connections(),
        body: webhook.config().body_time,
        drain: arguments.drain,
        ..ConnectionLimits::default()
    };
    let routes = review_routes(Arc::clone(&webhook));
    let reviews = tokio::spawn(serve_tls(listener, routes, Arc::clone(&certificates), limits, stop.clone()));
    let (health_too, files) = (Arc::clone(&health), loaded.files);
    let reloader =
        Reloader { works, gate, certificates, registries, namespaces, webhook, rates, health: health_too, files };
    let reloads = tokio::spawn(reloader.run(arguments.reload_interval, asked));
    tracing::info!(%address, ops_address = %ops_address, version, commit, dev = arguments.dev, "serving");
    metrics::observing(arguments.observe);
    metrics::bounds(arguments.queue.get(), arguments.max_held);
    if arguments.observe {
        tracing::warn!("observing: nothing is denied; leave out --observe to enforce the policies");
    }
    if let Some(trial) = &trial {
        trial.explain(address, ops_address)?;
    }
    Ok(Doors { health, reviews, ops, ops_stop, reloads, _trial: trial })
}

/// How many connections may bring reviews: no more than there are files for, because a reload must find some.
fn connections() -> usize {
    let (wanted, files) = (ConnectionLimits::default().max_connections, may_open());
    let connections = connections_within(files, OPS_CONNECTIONS, wanted);
    if connections < wanted {
        tracing::warn!(
            connections,
            wanted,
            files,
            "fewer connections than usual, because few files may be open; raise the hard limit of open files (`ulimit -Hn`)"
        );
    }
    connections
}

async fn bind(flag: &str, address: SocketAddr, dev: bool) -> anyhow::Result<TcpListener> {
    if dev && !address.ip().is_loopback() {
        output::note(&format!("{flag} {address} is open to others, and --dev is for trying things out"));
    }
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address}; choose another {flag}, or end what listens there"))
}

/// Those of the files; none with `--dev`, which makes its own.
fn certificates(arguments: &ServeArguments) -> anyhow::Result<Option<Certificates>> {
    if arguments.dev {
        return Ok(None);
    }
    let (Some(cert), Some(key)) = (arguments.tls_cert.clone(), arguments.tls_key.clone()) else {
        anyhow::bail!("a certificate is needed: give --tls-cert and --tls-key, or --dev for a throw-away one");
    };
    let files = TlsFiles { cert, key, client_ca: arguments.client_ca.clone() };
    let options = TlsOptions {
        min_version: arguments.tls_min.map(Into::into).unwrap_or_default(),
        client_names: arguments.client_name.clone(),
    };
    Certificates::load(files, options).context("cannot serve with this certificate").map(Some)
}

/// A certificate that is over is shown to nobody who would take it.
fn in_date(certificates: Arc<Certificates>) -> impl Fn() -> Result<(), String> {
    move || match certificates.expiry() <= SystemTime::now() {
        true => Err("the certificate is over; renew it, and it is read within moments".to_owned()),
        false => Ok(()),
    }
}

/// Labels are read live while the watch is broken: slower, and nobody would know why.
fn lagging(namespaces: Namespaces) -> impl Fn() -> Option<String> {
    move || {
        let lag = namespaces.lag();
        metrics::namespaces_watch(lag.is_none() && namespaces.ready().is_ok());
        lag
    }
}

async fn namespaces_of(arguments: &ServeArguments) -> anyhow::Result<Namespaces> {
    if !arguments.namespace_labels.is_empty() {
        return Ok(Namespaces::fixed(namespaces::labels(&arguments.namespace_labels)?));
    }
    if arguments.dev {
        return Ok(Namespaces::unlabelled());
    }
    let connection = match arguments.kubeconfig.as_deref() {
        Some(path) => Connection::from_kubeconfig(path).await,
        None => Connection::infer().await,
    };
    let hint = "the labels of namespaces choose the mode; without a cluster give --namespace-labels or --dev";
    let connection = connection.context(hint)?;
    tracing::info!(server = connection.server(), "reading the labels of namespaces");
    Ok(Namespaces::watched(&connection).await)
}

fn config(arguments: &ServeArguments) -> WebhookConfig {
    let default = WebhookConfig::default();
    WebhookConfig {
        max_body: arguments.max_body,
        held: arguments.max_held,
        max_review_time: arguments.max_review_time,
        workers: arguments.workers.map_or(default.workers, usize::from).min(wire::MAX_JOBS),
        queue: arguments.queue.into(),
        observe: arguments.observe,
        breakers: BreakerRules { faults: arguments.breaker_faults, rest: arguments.breaker_rest },
        record_reviews: arguments.record_reviews.as_deref().map(Path::to_path_buf),
        ..default
    }
}
