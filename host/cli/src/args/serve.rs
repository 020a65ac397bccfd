//! The flags of `serve`.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use portcullis_gate::DEFAULT_FAULTS;
use portcullis_model::AmountState;
use portcullis_subject::quantity;
use portcullis_webhook::tls::TlsVersion;
use portcullis_webhook::{DEFAULT_QUEUE, parse_duration};

use super::EvidenceArguments;
use crate::logging::LogFormat;
use crate::wire::MAX_JOBS;

/// The longest that any flag may ask somebody to wait: more is a slip, or a way to never end.
const LONGEST: Duration = Duration::from_secs(3600);

/// The flags whose variable must not be empty: nothing in their place would leave a check out, or judge by something else.
pub const NEVER_EMPTY: [&str; 10] = [
    "policies",
    "waivers",
    "tls_cert",
    "tls_key",
    "client_ca",
    "client_name",
    "namespace_labels",
    "kubeconfig",
    "registries",
    "rate_limits",
];

const NOTE: &str = "\
Exit status:
  0  ended by SIGTERM or SIGINT, every review under way answered or cut after --drain
  1  ended at once by a second signal: reviews under way were cut
  2  could not start: bad arguments, a file that cannot serve, a port that is taken

SIGHUP reads policy sets, plugins, waivers, labels, registries, rate limits and certificates again, as --reload-interval
does by itself.
Every flag can be given as PORTCULLIS_<FLAG> too; several values with commas between them.";

/// The flags of `serve`.
#[derive(Args, Debug)]
#[command(after_help = NOTE)]
pub struct ServeArguments {
    /// A policy set, or a directory of them; repeatable. Without it the built-in default set judges
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_POLICIES", value_delimiter = ',')]
    pub policies: Vec<PathBuf>,

    /// Waivers: files or directories; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_WAIVERS", value_delimiter = ',')]
    pub waivers: Vec<PathBuf>,

    /// Where compiled plugins are kept; default: the user's cache directory
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Where reviews are taken, over HTTPS; default: 0.0.0.0:8443, with --dev 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS", env = "PORTCULLIS_LISTEN", value_parser = address)]
    pub listen: Option<SocketAddr>,

    /// Where /livez, /readyz, /healthz and /metrics are; default: 0.0.0.0:8081, with --dev 127.0.0.1:8081
    #[arg(long, value_name = "ADDRESS", env = "PORTCULLIS_OPS_LISTEN", value_parser = address)]
    pub ops_listen: Option<SocketAddr>,

    /// The certificate with its chain, as PEM
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,

    /// Its private key, as PEM
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_TLS_KEY")]
    pub tls_key: Option<PathBuf>,

    /// The oldest version of TLS that is spoken; default: 1.3
    #[arg(long, value_name = "VERSION", env = "PORTCULLIS_TLS_MIN")]
    pub tls_min: Option<TlsMinArgument>,

    /// Callers must show a certificate by one of these authorities (PEM)
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CLIENT_CA")]
    pub client_ca: Option<PathBuf>,

    /// A name that callers may have in that certificate; repeatable. Without it every name may call
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_CLIENT_NAME", value_delimiter = ',')]
    pub client_name: Vec<String>,

    /// Try it on this machine: a throw-away certificate, loopback addresses, and every namespace known without labels
    #[arg(long, env = "PORTCULLIS_DEV")]
    pub dev: bool,

    /// Namespace objects (YAML or JSON) in the place of a cluster: nothing else is asked for labels; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_NAMESPACE_LABELS", value_delimiter = ',')]
    pub namespace_labels: Vec<PathBuf>,

    /// The cluster; default: KUBECONFIG, else the service account of the Pod, else ~/.kube/config
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,

    #[command(flatten)]
    pub evidence: EvidenceArguments,

    /// The most time for one review, whatever the API server grants
    #[arg(long, value_name = "TIME", env = "PORTCULLIS_MAX_REVIEW_TIME", default_value = "10s", value_parser = duration)]
    pub max_review_time: Duration,

    /// The largest body of a review, in bytes
    #[arg(long, value_name = "BYTES", env = "PORTCULLIS_MAX_BODY", default_value = "8Mi", value_parser = bytes)]
    pub max_body: usize,

    /// What all bodies may take that are held at once, in bytes
    #[arg(long, value_name = "BYTES", env = "PORTCULLIS_MAX_HELD", default_value = "256Mi", value_parser = bytes)]
    pub max_held: usize,

    /// How many threads judge, 32 at most; default: one per core
    #[arg(long, value_name = "N", env = "PORTCULLIS_WORKERS", value_parser = workers)]
    pub workers: Option<NonZero<usize>>,

    /// How many reviews may wait for a thread; what comes beyond is answered at once as onOverload says
    #[arg(long, value_name = "N", env = "PORTCULLIS_QUEUE", value_parser = queue, default_value_t = NonZero::new(DEFAULT_QUEUE).unwrap_or(NonZero::<usize>::MIN))]
    pub queue: NonZero<usize>,

    /// How many reviews namespaces may have: one RateLimits document; more are answered 429. Without it as many as they like
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_RATE_LIMITS")]
    pub rate_limits: Option<PathBuf>,

    /// A policy that traps or spends its time so many times in a row for a namespace is not called for it for a while: its onError holds at once. 0: it is always called
    #[arg(long, value_name = "N", env = "PORTCULLIS_BREAKER_FAULTS", default_value_t = DEFAULT_FAULTS)]
    pub breaker_faults: u32,

    /// After how long a policy that is not called for its faults is tried again; each time that it fails again, twice as long, up to 16 times
    #[arg(long, value_name = "TIME", env = "PORTCULLIS_BREAKER_REST", default_value = "10s", value_parser = duration)]
    pub breaker_rest: Duration,

    /// Keep every judged review here, Secrets masked, for `portcullis check` to judge again
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_RECORD_REVIEWS")]
    pub record_reviews: Option<PathBuf>,

    /// Judge and deny nothing: what would be denied is let in with a warning, a line in the log and its metrics
    #[arg(long, env = "PORTCULLIS_OBSERVE")]
    pub observe: bool,

    /// How long reviews under way may take after a stop has begun
    #[arg(long, value_name = "TIME", env = "PORTCULLIS_DRAIN", default_value = "30s", value_parser = duration)]
    pub drain: Duration,

    /// How often files are looked at for something new
    #[arg(long, value_name = "TIME", env = "PORTCULLIS_RELOAD_INTERVAL", default_value = "2s", value_parser = duration)]
    pub reload_interval: Duration,

    /// How log lines look; default: json, with --dev text
    #[arg(long, value_name = "FORMAT", env = "PORTCULLIS_LOG_FORMAT")]
    pub log_format: Option<LogFormatArgument>,

    /// The least that is logged: error, warn, info, debug or trace; by target too, as in info,portcullis_webhook=debug
    #[arg(long, value_name = "LEVEL", env = "PORTCULLIS_LOG_LEVEL", default_value = "info")]
    pub log_level: String,

    /// Where traces go, over OTLP/HTTP: http://collector:4318
    #[arg(long, value_name = "URL", env = "PORTCULLIS_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

impl ServeArguments {
    /// How log lines look.
    pub fn log_format(&self) -> LogFormat {
        let usual = if self.dev { LogFormatArgument::Text } else { LogFormatArgument::Json };
        self.log_format.unwrap_or(usual).into()
    }
}

/// The oldest version of TLS, as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TlsMinArgument {
    /// TLS 1.2 and 1.3
    #[value(name = "1.2")]
    V1_2,
    /// TLS 1.3 alone
    #[value(name = "1.3")]
    V1_3,
}

impl From<TlsMinArgument> for TlsVersion {
    fn from(version: TlsMinArgument) -> Self {
        match version {
            TlsMinArgument::V1_2 => Self::V1_2,
            TlsMinArgument::V1_3 => Self::V1_3,
        }
    }
}

/// How log lines look, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArgument {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

impl From<LogFormatArgument> for LogFormat {
    fn from(format: LogFormatArgument) -> Self {
        match format {
            LogFormatArgument::Json => Self::Json,
            LogFormatArgument::Text => Self::Text,
        }
    }
}

/// Where to listen.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port such as `0.0.0.0:8443` or `[::]:8443`".to_owned())
}

/// A number of threads.
fn workers(text: &str) -> Result<NonZero<usize>, String> {
    let number = text.parse().ok().filter(|number: &NonZero<usize>| number.get() <= MAX_JOBS);
    number.ok_or_else(|| format!("from 1 to {MAX_JOBS} threads can judge at once"))
}

/// How many reviews may wait.
fn queue(text: &str) -> Result<NonZero<usize>, String> {
    text.parse().map_err(|_| format!("write how many reviews may wait, 1 or more, such as `{DEFAULT_QUEUE}`"))
}

/// A Go duration (`10s`, `1m30s`, `500ms`), as the API server writes them.
fn duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Some(time) if time > LONGEST => Err("an hour is the most".to_owned()),
        Some(time) => Ok(time),
        None => Err("write a time such as `500ms`, `10s` or `1m`".to_owned()),
    }
}

/// A number of bytes as Kubernetes writes them (`8Mi`, `1048576`).
fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || "write a number of bytes such as `8Mi` or `1048576`".to_owned();
    let amount = quantity::parse(text).map_err(|_| wrong())?;
    let whole = amount.state == AmountState::Exact && amount.nanos == 0;
    usize::try_from(amount.whole).ok().filter(|bytes| whole && (1..=1 << 40).contains(bytes)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_sizes_and_refuses_what_is_none() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(bytes("8Mi"), Ok(8 << 20));
        assert_eq!(workers("32").map(NonZero::get), Ok(32));
        for bad in ["", "0", "-1", "33", "99", "many"] {
            assert_eq!(workers(bad), Err("from 1 to 32 threads can judge at once".to_owned()), "{bad}");
        }
        assert_eq!(queue("1").map(NonZero::get), Ok(1));
        for bad in ["", "0", "-1", "many"] {
            let said = "write how many reviews may wait, 1 or more, such as `1024`".to_owned();
            assert_eq!(queue(bad), Err(said), "{bad}");
        }
        for bad in ["", "8443", "localhost:8443", ":8443", "[::]"] {
            assert!(address(bad).is_err_and(|error| error.contains("0.0.0.0:8443")), "{bad}");
        }
        for bad in ["", "0s", "-1s", "10", "soon", "2h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in ["", "0", "-1", "100m", "1.5", "many", "1Ei"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
