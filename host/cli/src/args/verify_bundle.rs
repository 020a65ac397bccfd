//! The flags of `verify-bundle`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

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

    /// The public key that must have made it, as PEM
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_KEY")]
    pub key: Option<PathBuf>,

    /// Whom its certificate must name, exactly: the subject alternative name
    #[arg(
        long,
        value_name = "IDENTITY",
        env = "PORTCULLIS_CERTIFICATE_IDENTITY",
        requires = "certificate_oidc_issuer"
    )]
    pub certificate_identity: Option<String>,

    /// Who must have vouched for that identity, exactly: the URL of the OpenID Connect issuer
    #[arg(long, value_name = "URL", env = "PORTCULLIS_CERTIFICATE_OIDC_ISSUER", requires = "certificate_identity")]
    pub certificate_oidc_issuer: Option<String>,

    /// A `trusted_root.json`; without it sigstore's public root as this program knows it
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_TRUSTED_ROOT")]
    pub trusted_root: Option<PathBuf>,
}
