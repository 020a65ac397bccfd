//! Every command and flag.

use std::ffi::OsStr;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Id, Parser, Subcommand, ValueEnum};
use portcullis_report::plain;

mod baseline;
mod config;
mod documents;
mod everyday;
mod evidence;
mod evidence_show;
mod fix;
mod init;
mod plugin;
mod policies;
mod serve;
mod signer;
mod verify_bundle;
mod webhook_config;

pub use baseline::{BaselineArguments, BaselineCommand, BaselineCommands, BaselineWriteArguments};
pub use config::{ConfigArguments, Given};
pub use documents::DocumentArguments;
pub use everyday::EverydayArguments;
pub use evidence::EvidenceArguments;
pub use evidence_show::{EvidenceCommand, EvidenceCommands, ShowArguments, ShowFormat};
pub use fix::FixArguments;
pub use init::{InitArguments, ManArguments};
pub use plugin::{BuildArguments, InspectArguments, NewArguments, PluginCommand, PluginCommands, TestArguments};
pub use policies::{
    PoliciesCommand, PoliciesCommands, PolicyArguments, PolicyExplainArguments, PolicyListArguments, TableFormat,
};
pub use serve::ServeArguments;
pub use signer::SignerArguments;
pub use verify_bundle::VerifyBundleArguments;
pub use webhook_config::WebhookConfigArguments;

/// The version, with the commit that it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("PORTCULLIS_COMMIT"), ")");

const SERVE: &str = "serve";
/// What `evidence show` wants, as clap names it.
const IMAGE: &str = "<IMAGE>";

const EXIT_STATUS: &str = "\
Exit status:
  0  everything was allowed (warnings included)
  1  something was denied, or counts by --fail-on
  2  something could not be judged: bad arguments, unreadable or empty input, a bad policy set, a failed plugin
     (shown as not judged, without a status, where the policy set says onError: warn)

Every flag can be given as PORTCULLIS_<FLAG> too; several values with commas between them.
A flag wins over its variable, that over `portcullis.yaml` (`check`, `baseline write`,
`policies`), that over the default.";

const COMPLETIONS: &str = "\
bash: source <(portcullis completions bash)
zsh:  portcullis completions zsh > \"${fpath[1]}/_portcullis\"
fish: portcullis completions fish > ~/.config/fish/completions/portcullis.fish";

/// Decides whether a change may enter: sandboxed WebAssembly policies judge Kubernetes manifests.
#[derive(Parser, Debug)]
#[command(name = "portcullis", version = VERSION, after_help = EXIT_STATUS, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Judge manifests: files, directories, streams, rendered charts, recorded AdmissionReviews
    Check(Box<CheckArguments>),
    /// Findings that were there before: write the file that `check --baseline` takes
    Baseline(BaselineCommands),
    /// Judge what the API server asks: the admission webhook
    Serve(Box<ServeArguments>),
    /// Print the ValidatingWebhookConfiguration that makes the API server ask
    WebhookConfig(Box<WebhookConfigArguments>),
    /// Verify a sigstore bundle over one file or digest, offline
    VerifyBundle(VerifyBundleArguments),
    /// What an image carries (signatures, attestations, SBOMs, reports of scans), and what an SBOM or a report in a file says
    Evidence(EvidenceCommands),
    /// Which policies judge here, and which of them would judge a file, and why
    Policies(PoliciesCommands),
    /// Write `portcullis.yaml`, a policy set and a step for the CI system of this repository; what is there stays as it is
    Init(InitArguments),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, or write one page for each command
    Man(ManArguments),
    /// Write a plugin of your own: a project, its component, its cases, and all that is known of it
    Plugin(PluginCommands),
    /// Compile one plugin from the standard input to the standard output (the product calls this itself)
    #[command(hide = true)]
    CompilePlugin,
}

impl Command {
    /// Keeps what was given for the commands that read `portcullis.yaml` besides.
    fn take_given(&mut self, given: Given) {
        match self {
            Self::Check(arguments) => arguments.everyday.config.given = given,
            Self::Baseline(commands) => match &mut commands.command {
                BaselineCommand::Write(arguments) => arguments.check.everyday.config.given = given,
            },
            Self::Policies(commands) => match &mut commands.command {
                PoliciesCommand::List(arguments) => arguments.flags.config.given = given,
                PoliciesCommand::Explain(arguments) => arguments.flags.config.given = given,
            },
            _ => {}
        }
    }
}

/// The flags of `check`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub struct CheckArguments {
    /// Files and directories to judge; `-` reads the standard input. Without any the `paths` of `portcullis.yaml`
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// An image to judge by its name alone, as `registry/repository@sha256:...`; repeatable
    #[arg(long, value_name = "REF", env = "PORTCULLIS_IMAGE", value_delimiter = ',')]
    pub image: Vec<String>,

    /// A file to judge by its bytes alone: who signed it (FILE.sigstore.json, or --bundle), and what --sbom and --sarif say of
    /// it; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_ARTIFACT", value_delimiter = ',')]
    pub artifact: Vec<PathBuf>,

    /// A policy set, a directory of them, or `-`; repeatable. Without it the built-in default set judges
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_POLICIES", value_delimiter = ',')]
    pub policies: Vec<PathBuf>,

    /// The mode everywhere, whatever the namespaces say
    #[arg(long, short, value_name = "MODE", env = "PORTCULLIS_MODE")]
    pub mode: Option<ModeArgument>,

    /// Waivers: files or directories; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_WAIVERS", value_delimiter = ',')]
    pub waivers: Vec<PathBuf>,

    /// How to show the result (human, json, sarif, junit, github, gitlab, markdown, html); repeatable
    #[arg(
        long,
        short,
        value_name = "FORMAT",
        env = "PORTCULLIS_FORMAT",
        value_delimiter = ',',
        default_value = "human"
    )]
    pub format: Vec<String>,

    /// Where to write it, one for each --format in the same order; `-` is the standard output
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_OUTPUT", value_delimiter = ',')]
    pub output: Vec<PathBuf>,

    /// Namespace objects (YAML or JSON) whose labels choose modes and match selectors; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_NAMESPACE_LABELS", value_delimiter = ',')]
    pub namespace_labels: Vec<PathBuf>,

    /// The namespace of namespaced objects that name none, as `kubectl --namespace` would give it
    #[arg(long, short, value_name = "NAME", env = "PORTCULLIS_NAMESPACE")]
    pub namespace: Option<String>,

    /// More kinds: the output of `kubectl api-resources`, or an APIResourceList in JSON; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_API_RESOURCES", value_delimiter = ',')]
    pub api_resources: Vec<PathBuf>,

    /// Recorded facts (kind RecordedFacts) that answer the plugins' queries
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_FACTS")]
    pub facts: Option<PathBuf>,

    /// Besides all policy sets, every image and every --artifact must be signed by this signer
    #[command(flatten)]
    pub signer: SignerArguments,

    #[command(flatten)]
    pub documents: DocumentArguments,

    #[command(flatten)]
    pub baseline: BaselineArguments,

    #[command(flatten)]
    pub fixing: FixArguments,

    #[command(flatten)]
    pub evidence: EvidenceArguments,

    #[command(flatten)]
    pub everyday: EverydayArguments,

    /// The time of the judgement (RFC 3339), for waivers and plugins; default: now
    #[arg(long, value_name = "TIME", env = "PORTCULLIS_TIME")]
    pub time: Option<String>,

    /// Paths to leave out of directories, as in a .gitignore, from the current or the named directory; repeatable
    #[arg(long, value_name = "GLOB", env = "PORTCULLIS_IGNORE", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// How many threads judge, 32 at most; default: one per core
    #[arg(long, short, value_name = "N", env = "PORTCULLIS_JOBS")]
    pub jobs: Option<NonZero<usize>>,

    /// When to colour
    #[arg(long, value_name = "WHEN", env = "PORTCULLIS_COLOR", default_value = "auto")]
    pub color: ColorArgument,

    /// Where compiled plugins are kept; default: the user's cache directory
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// The mode, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArgument {
    /// Findings warn
    Sandbox,
    /// Findings deny
    Compliance,
}

impl From<ModeArgument> for portcullis_model::Mode {
    fn from(mode: ModeArgument) -> Self {
        match mode {
            ModeArgument::Sandbox => Self::Sandbox,
            ModeArgument::Compliance => Self::Compliance,
        }
    }
}

/// When to colour, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArgument {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Reads the command line and the environment.
///
/// # Errors
/// What clap says about it; [`explain`] shows it.
pub fn parse() -> Result<Arguments, clap::Error> {
    let mut empty = Vec::new();
    let mut command = Arguments::command().mut_subcommands(|command| {
        let of_serve = command.get_name() == SERVE;
        without_empty(command, &mut |flag, variable| {
            if of_serve && serve::NEVER_EMPTY.contains(&flag.as_str()) {
                empty.push((flag.clone(), variable.to_owned()));
            }
        })
    });
    let matches = command.try_get_matches_from_mut(std::env::args_os()).map_err(with_other_ways)?;
    if let Some((SERVE, given)) = matches.subcommand() {
        empty.retain(|(flag, _)| given.value_source(flag.as_str()).is_none());
        if let (Some((_, variable)), Some(serve)) = (empty.first(), command.find_subcommand_mut(SERVE)) {
            let message = format!("{variable} is set, but empty; give a value or unset it");
            return Err(serve.error(ErrorKind::InvalidValue, message));
        }
    }
    let mut arguments = Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    arguments.command.take_given(Given::of(&matches));
    Ok(arguments)
}

/// What is missing, with the flags that may stand in its place, of which clap says nothing.
fn with_other_ways(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return error };
    let ways = |argument: &String| match argument.as_str() {
        IMAGE => format!("{IMAGE} (or --sbom <FILE>, or --sarif <FILE>)"),
        _ => argument.clone(),
    };
    let ways = missing.iter().map(ways).collect();
    if error.kind() == ErrorKind::MissingRequiredArgument {
        error.insert(ContextKind::InvalidArg, ContextValue::Strings(ways));
    }
    error
}

/// A command that does not see variables that are set to nothing; each of these is told.
fn without_empty(command: clap::Command, told: &mut dyn FnMut(&Id, &str)) -> clap::Command {
    let command = command.mut_args(|argument| {
        // The value of a variable is a stranger's text, which clap would print in the help as it is.
        let argument = argument.hide_env_values(true);
        let argument = match argument.get_action() {
            // `1` and `yes` as elsewhere; a flag itself takes no value.
            ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
            _ => argument,
        };
        let Some(variable) = argument.get_env().filter(|name| is_empty(name)) else { return argument };
        told(argument.get_id(), &variable.to_string_lossy());
        // CI systems set what nobody gave to nothing.
        argument.env(None::<&str>)
    });
    command.mut_subcommands(|command| without_empty(command, told))
}

/// Whether this variable is set to nothing.
fn is_empty(variable: &OsStr) -> bool {
    std::env::var_os(variable).is_some_and(|value| value.is_empty())
}

/// Shows clap's own message; asking for help is no error, anything else could not be judged.
pub fn explain(error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing is left to do where even the help cannot be written.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let _ = write!(std::io::stderr(), "{}", harmless(error));
    portcullis_check::exit::Exit::NotJudged.into()
}

/// The message with the user's words on one line each, and nothing in it that a terminal or a CI log would obey. The line
/// breaks that are left are clap's own.
fn harmless(mut error: clap::Error) -> String {
    let words: Vec<(ContextKind, ContextValue)> = error
        .context()
        .map(|(kind, value)| (kind, value.clone()))
        .filter(|(kind, _)| *kind != ContextKind::Usage)
        .collect();
    let styled = |text: clap::builder::StyledStr| plain(&text.to_string()).into_owned().into();
    for (kind, value) in words {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(plain(&text).into_owned()),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| plain(text).into_owned()).collect())
            }
            ContextValue::StyledStr(text) => ContextValue::StyledStr(styled(text)),
            ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.into_iter().map(styled).collect()),
            other => other,
        };
        error.insert(kind, value);
    }
    error.render().to_string().split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flags without a variable, each with the reason.
    const ONLY_FLAGS: [(&str, &str); 1] = [("explain", "a variable that is left behind would make every check pass")];

    #[test]
    fn gives_every_flag_of_every_command_a_variable() {
        let mut commands = vec![("PORTCULLIS", Arguments::command())];
        let (mut flags, mut complaints) = (0, Vec::new());
        while let Some((prefix, command)) = commands.pop() {
            // What a pipeline sets for `check` must not reach the plugin that is built beside it.
            let prefix = if command.get_name() == "plugin" { "PORTCULLIS_PLUGIN" } else { prefix };
            commands.extend(command.get_subcommands().cloned().map(|command| (prefix, command)));
            for flag in command.get_arguments().filter_map(|argument| argument.get_long().map(|long| (long, argument)))
            {
                let (long, argument) = flag;
                let expected = format!("{prefix}_{}", long.to_uppercase().replace('-', "_"));
                // The cache is one for all commands, and the plugin is named once.
                let expected = expected.replace("PLUGIN_PLUGIN", "PLUGIN").replace("PLUGIN_CACHE", "CACHE");
                let found = argument.get_env().map(|name| name.to_string_lossy().into_owned());
                let excused = ONLY_FLAGS.iter().any(|(flag, _)| *flag == long);
                flags += 1;
                if found.as_deref() != Some(&expected) && !(excused && found.is_none()) {
                    complaints.push(format!("{} --{long}: {found:?}, not {expected}", command.get_name()));
                }
            }
        }
        assert!(flags > 80 && complaints.is_empty(), "{flags} flags:\n{}", complaints.join("\n"));
    }

    #[test]
    fn judges_no_word_of_the_user_as_a_line_of_its_own() {
        let hostile = "x\n::error::y\r\u{1b}[31m";
        for arguments in [
            vec!["portcullis", "check", "--mode", hostile, "a"],
            vec!["portcullis", "check", &format!("--{hostile}")],
            vec!["portcullis", "check", "--color", hostile, "a"],
            vec!["portcullis", "check", "--jobs", hostile, "a"],
            vec!["portcullis", hostile],
        ] {
            let text = harmless(Arguments::try_parse_from(&arguments).expect_err("no such argument"));
            assert!(text.contains("\\u{1b}[31m"), "{text}");
            assert!(!text.contains(['\u{1b}', '\r']) && !text.contains("\n::"), "{text}");
            assert!(text.ends_with('\n') && text.lines().count() > 1, "clap's own lines stay: {text}");
        }
    }
}
