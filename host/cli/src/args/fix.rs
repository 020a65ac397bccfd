//! The flags that write fixes back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis_check::fix::FixLevel;

/// The flags that write fixes back.
#[derive(Args, Debug)]
pub struct FixArguments {
    /// Write fixes into the files, in sandbox only: `safe` (what --fix alone means) those that cannot change what an object
    /// means, and the others are shown as a patch; `all` those as well
    #[arg(
        long,
        value_name = "WHICH",
        env = "PORTCULLIS_FIX",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "safe"
    )]
    pub fix: Option<FixArgument>,

    /// Where the patch of --fix goes; default: behind the report for people on the standard output
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_PATCH", requires = "fix")]
    pub patch: Option<PathBuf>,
}

/// Which fixes are written, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FixArgument {
    /// Those that cannot change what an object means
    Safe,
    /// All of them
    All,
}

impl From<FixArgument> for FixLevel {
    fn from(fix: FixArgument) -> Self {
        match fix {
            FixArgument::Safe => Self::Safe,
            FixArgument::All => Self::All,
        }
    }
}
