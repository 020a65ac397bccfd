//! The flags of `verify-bundle`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::SignerArguments;

const EXIT_STATUS: &str = "\
Exit status:
  0  the bundle proves that the signer signed the artifact
  1  it does not
  2  nothing could be verified: bad arguments, an unreadable file, a key or a root that is none

Nothing is looked up on any network. With --key a log entry and a signed time are verified where the bundle has them;
with an identity a log entry is required.";

/// The flags of `verify-bundle`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_STATUS, group(ArgGroup::new("signer").required(true).args(["key", "certificate_identity"])))]
pub struct VerifyBundleArguments {
    /// What was signed: a file of 1 GiB at most, or sha256:HEX
    #[arg(value_name = "FILE|sha256:HEX")]
    pub artifact: PathBuf,

    /// The bundle (sigstore bundle 0.1 to 0.3)
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_BUNDLE")]
    pub bundle: PathBuf,

    #[command(flatten)]
    pub signer: SignerArguments,
}
