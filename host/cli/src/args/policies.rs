//! The flags of `policies list` and `policies explain`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ConfigArguments, ModeArgument};

const EXIT_STATUS: &str = "\
Exit status:
  0  shown
  2  could not be shown: bad arguments, a bad policy set, an unreadable or empty file

The sets are those that `check` would judge by: --policies, else `policies` of `portcullis.yaml`, else the built-in set.
Every flag can be given as PORTCULLIS_<FLAG> too; several values with commas between them.";

/// What is asked about policies.
#[derive(Args, Debug)]
pub struct PoliciesCommands {
    /// What to do.
    #[command(subcommand)]
    pub command: PoliciesCommand,
}

/// The commands about policies.
#[derive(Subcommand, Debug)]
pub enum PoliciesCommand {
    /// List the policies that judge here: plugin, digest, what they judge, what their findings do in each mode
    List(Box<PolicyListArguments>),
    /// Say of each subject in a file which policies would judge it and why, and which would not
    Explain(Box<PolicyExplainArguments>),
}

/// Which policies.
#[derive(Args, Debug)]
pub struct PolicyArguments {
    /// A policy set, a directory of them, or `-`; repeatable. Without it the built-in default set
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_POLICIES", value_delimiter = ',')]
    pub policies: Vec<PathBuf>,

    /// Where compiled plugins are kept; default: the user's cache directory
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,

    /// How to show it
    #[arg(long, short, value_name = "FORMAT", env = "PORTCULLIS_FORMAT", default_value = "human")]
    pub format: TableFormat,

    #[command(flatten)]
    pub config: ConfigArguments,
}

/// The flags of `policies list`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub struct PolicyListArguments {
    #[command(flatten)]
    pub flags: PolicyArguments,
}

/// The flags of `policies explain`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub struct PolicyExplainArguments {
    /// Files and directories; `-` reads the standard input
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,

    /// Show every policy with all reasons, not only those that may find something or nearly would
    #[arg(long, short, env = "PORTCULLIS_ALL")]
    pub all: bool,

    /// The mode everywhere, whatever the namespaces say
    #[arg(long, short, value_name = "MODE", env = "PORTCULLIS_MODE")]
    pub mode: Option<ModeArgument>,

    /// Namespace objects (YAML or JSON) whose labels choose modes and match selectors; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_NAMESPACE_LABELS", value_delimiter = ',')]
    pub namespace_labels: Vec<PathBuf>,

    /// The namespace of namespaced objects that name none, as `kubectl --namespace` would give it
    #[arg(long, short, value_name = "NAME", env = "PORTCULLIS_NAMESPACE")]
    pub namespace: Option<String>,

    /// More kinds: the output of `kubectl api-resources`, or an APIResourceList in JSON; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_API_RESOURCES", value_delimiter = ',')]
    pub api_resources: Vec<PathBuf>,

    #[command(flatten)]
    pub flags: PolicyArguments,
}

/// How to show it, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
}
