//! The flags of baselines: the one that `check` takes, and those of `baseline write`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::CheckArguments;

/// The flag that `check` takes.
#[derive(Args, Debug)]
pub struct BaselineArguments {
    /// Findings that were there before (kind Baseline): shown as known, and only new ones deny
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_BASELINE")]
    pub baseline: Option<PathBuf>,
}

/// What can be done with baselines.
#[derive(Args, Debug)]
pub struct BaselineCommands {
    /// What to do
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum BaselineCommand {
    /// List all findings of a check, so that from now on only new ones deny
    Write(Box<BaselineWriteArguments>),
}

/// The flags of `baseline write`: those of `check`, of which --output says where the baseline goes.
#[derive(Args, Debug)]
pub struct BaselineWriteArguments {
    /// Who answers for these findings
    #[arg(long, value_name = "TEAM", env = "PORTCULLIS_OWNER")]
    pub owner: String,

    /// When they deny again: a date (the end of that day in UTC), 366 days from now at most
    #[arg(long, value_name = "DATE", env = "PORTCULLIS_EXPIRES")]
    pub expires: String,

    /// Why they stay for now
    #[arg(long, value_name = "TEXT", env = "PORTCULLIS_REASON")]
    pub reason: Option<String>,

    /// Where that was agreed
    #[arg(long, value_name = "TICKET", env = "PORTCULLIS_TICKET")]
    pub ticket: Option<String>,

    /// How to check; --output is where the baseline goes (default: what `portcullis.yaml` calls the baseline, else
    /// baseline.yaml), and --format and --fail-on are not used
    #[command(flatten)]
    pub check: CheckArguments,
}
