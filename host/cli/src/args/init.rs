//! The flags of `init` and `man`.

use std::path::PathBuf;

use clap::Args;

const EXIT_STATUS: &str = "\
Exit status:
  0  written, or everything was there
  2  could not be written

Nothing that is there is overwritten: of a file that exists, what to add is printed.";

/// The flags of `init`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS)]
pub struct InitArguments {
    /// The directory; default: the one that holds `.git` above the current one, else the current one
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Write nothing, and print what would be written
    #[arg(long, env = "PORTCULLIS_DRY_RUN")]
    pub dry_run: bool,
}

/// The flags of `man`.
#[derive(Args, Debug)]
pub struct ManArguments {
    /// Write one page for each command into this directory; without it the first page is printed
    #[arg(long, short, value_name = "DIR", env = "PORTCULLIS_OUTPUT")]
    pub output: Option<PathBuf>,
}
