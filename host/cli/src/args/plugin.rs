//! The flags of `plugin new`, `plugin build`, `plugin test` and `plugin inspect`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portcullis_author::{InspectFormat, TestFormat};

const BUILD_STATUS: &str = "\
Exit status:
  0  the plugin was built, and can be loaded
  1  it was not: the compiler, the contract or the runner refuses it
  2  nothing could be tried: bad arguments, an unreadable file, no cargo

The same sources, the same compiler and the same version of this program make the same bytes, in any folder.";

const TEST_STATUS: &str = "\
Exit status:
  0  every case is as it is drawn
  1  a case is not, or the plugin fails on one, or it cannot be built or loaded; with --strict, or no case fires one of its rules
  2  nothing could be tried: bad arguments, a case that cannot be read as it is meant, no case at all";

const INSPECT_STATUS: &str = "\
Exit status:
  0  it is a plugin, and is shown
  1  it is none that can be loaded
  2  it could not be read";

/// What to do with a plugin.
#[derive(Args, Debug)]
pub struct PluginCommands {
    /// What to do.
    #[command(subcommand)]
    pub command: PluginCommand,
}

/// The commands about a plugin.
#[derive(Subcommand, Debug)]
pub enum PluginCommand {
    /// Write a small project in Rust that builds and passes its test at once
    New(NewArguments),
    /// Make a plugin of a project, or of what any compiler made (a core module or a component)
    Build(BuildArguments),
    /// Judge the cases of a plugin with the plugin itself
    Test(TestArguments),
    /// Show what a plugin imports, says, holds and costs
    Inspect(InspectArguments),
}

/// The flags of `plugin new`.
#[derive(Args, Debug)]
pub struct NewArguments {
    /// The name of the plugin, in kebab-case. It is forever: codes and waivers name it
    pub name: String,

    /// The folder of the project, empty or not there yet; default: the plugin's name
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_PLUGIN_PATH")]
    pub path: Option<PathBuf>,

    /// Where the SDK is: its folder in a clone, or a git URL with a revision; default: its sources are written into the project
    #[arg(long, value_name = "DIR|URL#REV", env = "PORTCULLIS_PLUGIN_SDK")]
    pub sdk: Option<String>,
}

/// The flags of `plugin build`.
#[derive(Args, Debug)]
#[command(after_help = BUILD_STATUS)]
pub struct BuildArguments {
    /// A project, or a file that a compiler made
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    pub path: PathBuf,

    /// Where to write the plugin; default: NAME.wasm in the project, or in the current folder
    #[arg(long, short, value_name = "FILE", env = "PORTCULLIS_PLUGIN_OUTPUT")]
    pub output: Option<PathBuf>,

    /// A policy set that names the plugin's file: its digest is written there; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_PLUGIN_PIN", value_delimiter = ',')]
    pub pin: Vec<PathBuf>,

    /// Cargo.lock must say everything already
    #[arg(long, env = "PORTCULLIS_PLUGIN_LOCKED")]
    pub locked: bool,

    /// Where compiled plugins are kept; default: the user's cache directory
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// The flags of `plugin test`.
#[derive(Args, Debug)]
#[command(after_help = TEST_STATUS)]
pub struct TestArguments {
    /// The folder of the project; its cases stand in `cases`
    #[arg(default_value = ".", value_name = "DIR")]
    pub path: PathBuf,

    /// The plugin, where no project in Rust makes it
    #[arg(long, value_name = "FILE|builtin:NAME", env = "PORTCULLIS_PLUGIN")]
    pub plugin: Option<String>,

    /// Judge with what was built before, even where sources are newer
    #[arg(long, env = "PORTCULLIS_PLUGIN_NO_BUILD")]
    pub no_build: bool,

    /// Only cases whose file names contain this
    #[arg(long, value_name = "TEXT", env = "PORTCULLIS_PLUGIN_FILTER")]
    pub filter: Option<String>,

    /// Draw what was found into the cases that differ; every other byte stays
    #[arg(long, env = "PORTCULLIS_PLUGIN_UPDATE")]
    pub update: bool,

    /// A rule that no case fires fails the test
    #[arg(long, env = "PORTCULLIS_PLUGIN_STRICT")]
    pub strict: bool,

    /// How to show the result
    #[arg(long, short, value_name = "FORMAT", env = "PORTCULLIS_PLUGIN_FORMAT", default_value = "human")]
    pub format: TestFormatArgument,

    /// Where compiled plugins are kept; default: the user's cache directory
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// The flags of `plugin inspect`.
#[derive(Args, Debug)]
#[command(after_help = INSPECT_STATUS)]
pub struct InspectArguments {
    /// A plugin
    #[arg(value_name = "FILE|builtin:NAME")]
    pub plugin: String,

    /// Settings (a JSON file) to measure an evaluation with; default: those of a case beside the plugin, or an example of its schema
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_PLUGIN_SETTINGS")]
    pub settings: Option<PathBuf>,

    /// How to show it
    #[arg(long, short, value_name = "FORMAT", env = "PORTCULLIS_PLUGIN_FORMAT", default_value = "human")]
    pub format: InspectFormatArgument,
}

/// The format of a test, as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TestFormatArgument {
    /// A table, and differences as drawings
    Human,
    /// Everything
    Json,
    /// For the test tab of a CI system
    Junit,
}

impl From<TestFormatArgument> for TestFormat {
    fn from(format: TestFormatArgument) -> Self {
        match format {
            TestFormatArgument::Human => Self::Human,
            TestFormatArgument::Json => Self::Json,
            TestFormatArgument::Junit => Self::Junit,
        }
    }
}

/// The format of an inspection, as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum InspectFormatArgument {
    /// For a person
    Human,
    /// Everything, whole
    Json,
    /// A page of documentation: settings and rules
    Markdown,
}

impl From<InspectFormatArgument> for InspectFormat {
    fn from(format: InspectFormatArgument) -> Self {
        match format {
            InspectFormatArgument::Human => Self::Human,
            InspectFormatArgument::Json => Self::Json,
            InspectFormatArgument::Markdown => Self::Markdown,
        }
    }
}
