//! The flags that say which `portcullis.yaml` holds, and what flags and variables said themselves.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

/// Whose settings hold besides flags and variables.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfigArguments {
    /// The settings of this repository (kind CheckConfig). Default: `portcullis.yaml` in the current directory or above it, up
    /// to the one that holds `.git`. Flags and variables win over it
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: Option<PathBuf>,

    /// Read no `portcullis.yaml`: only flags and variables hold
    #[arg(long, env = "PORTCULLIS_NO_CONFIG")]
    pub no_config: bool,

    #[arg(skip)]
    pub given: Given,
}

/// The flags that the command line or a variable gave, by their names in the code.
#[derive(Clone, Debug, Default)]
pub struct Given {
    line: BTreeSet<String>,
    variables: BTreeSet<String>,
}

impl Given {
    /// What was said to the innermost command.
    pub fn of(matches: &ArgMatches) -> Self {
        if let Some((_, inner)) = matches.subcommand() {
            return Self::of(inner);
        }
        let from = |source: ValueSource| {
            let ids = matches.ids().filter(|id| matches.value_source(id.as_str()) == Some(source));
            ids.map(ToString::to_string).collect()
        };
        Self { line: from(ValueSource::CommandLine), variables: from(ValueSource::EnvVariable) }
    }

    /// Whether a flag or its variable was given.
    pub fn has(&self, flag: &str) -> bool {
        self.line.contains(flag) || self.variables.contains(flag)
    }

    /// Whether the command line itself gave it.
    pub fn on_the_line(&self, flag: &str) -> bool {
        self.line.contains(flag)
    }
}
