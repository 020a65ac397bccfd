//! The flags of `webhook-config`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis_webhook::registration::{DEFAULT_TIMEOUT, FailurePolicy};

/// The flags of `webhook-config`.
#[derive(Args, Debug)]
pub struct WebhookConfigArguments {
    /// A policy set, a directory of them, or `-`; repeatable. Without it the built-in default set
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_POLICIES", value_delimiter = ',')]
    pub policies: Vec<PathBuf>,

    /// Waivers, for --try: a file or a directory; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_WAIVERS", value_delimiter = ',')]
    pub waivers: Vec<PathBuf>,

    /// The rate limits of `serve`, for --try: one RateLimits document
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_RATE_LIMITS")]
    pub rate_limits: Option<PathBuf>,

    /// Try the sets first as `serve` does: load their plugins, check all settings, waivers and rate limits, judge a trial
    /// object; what is not sound is refused
    #[arg(long = "try", env = "PORTCULLIS_TRY")]
    pub try_sets: bool,

    /// Where compiled plugins are kept, for --try; default: below ~/.cache
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Register this policy set alone, with a path of its own; default: one registration for all of them
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_SET")]
    pub set: Option<String>,

    /// The name of the object; default: portcullis, with --set portcullis-NAME
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_NAME")]
    pub name: Option<String>,

    /// The Service in front of `serve`; default: portcullis in the own namespace, port 443
    #[arg(long, value_name = "NAMESPACE/NAME[:PORT]", env = "PORTCULLIS_SERVICE")]
    pub service: Option<String>,

    /// Where `serve` is, where it is no Service: https://host[:port][/path]
    #[arg(long, value_name = "URL", env = "PORTCULLIS_URL")]
    pub url: Option<String>,

    /// PEM of the authority that signed the certificate of `serve`; without it the API server trusts its machine's roots
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CA_BUNDLE")]
    pub ca_bundle: Option<PathBuf>,

    /// How many seconds the API server waits, 1 to 30
    #[arg(long, value_name = "SECONDS", env = "PORTCULLIS_TIMEOUT", default_value_t = DEFAULT_TIMEOUT)]
    pub timeout: u8,

    /// What the API server does when nobody answers
    #[arg(long, value_name = "WHAT", env = "PORTCULLIS_FAILURE_POLICY", default_value = "fail")]
    pub failure_policy: FailurePolicyArgument,

    /// The namespace of `serve` itself, which is never judged: it must start before anybody can judge it
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_OWN_NAMESPACE", default_value = "portcullis-system")]
    pub own_namespace: String,

    /// Further namespaces that are not judged, beside the own one and kube-system, kube-node-lease and kube-public; repeatable
    #[arg(long, value_name = "NAME", env = "PORTCULLIS_EXCLUDE_NAMESPACES", value_delimiter = ',')]
    pub exclude_namespaces: Vec<String>,

    /// Judge kube-system, kube-node-lease and kube-public too: a cluster may then not come up while nobody answers
    #[arg(long, env = "PORTCULLIS_JUDGE_SYSTEM_NAMESPACES")]
    pub judge_system_namespaces: bool,

    /// Judge also what agents of networks, storage and machines write, where a policy asks for every kind: nodes may then not
    /// come back while nobody answers
    #[arg(long, env = "PORTCULLIS_JUDGE_AGENTS")]
    pub judge_agents: bool,
}

/// What happens when nobody answers, as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FailurePolicyArgument {
    /// The request is refused
    Fail,
    /// The request is let through, unjudged
    Ignore,
}

impl From<FailurePolicyArgument> for FailurePolicy {
    fn from(policy: FailurePolicyArgument) -> Self {
        match policy {
            FailurePolicyArgument::Fail => Self::Fail,
            FailurePolicyArgument::Ignore => Self::Ignore,
        }
    }
}
