//! The flags that say who must have signed, and who vouches for that.

use std::path::PathBuf;

use clap::Args;

/// Who must have signed.
#[derive(Args, Clone, Debug, Default)]
pub struct SignerArguments {
    /// The public key that must have made it, as PEM
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_KEY")]
    pub key: Option<PathBuf>,

    /// Whom its certificate must name, exactly: the subject alternative name
    #[arg(
        long,
        value_name = "IDENTITY",
        env = "PORTCULLIS_CERTIFICATE_IDENTITY",
        requires = "certificate_oidc_issuer",
        conflicts_with = "key"
    )]
    pub certificate_identity: Option<String>,

    /// Who must have vouched for that identity, exactly: the URL of the OpenID Connect issuer
    #[arg(long, value_name = "URL", env = "PORTCULLIS_CERTIFICATE_OIDC_ISSUER", requires = "certificate_identity")]
    pub certificate_oidc_issuer: Option<String>,

    /// A `trusted_root.json`; without it sigstore's public root as this program knows it
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_TRUSTED_ROOT")]
    pub trusted_root: Option<PathBuf>,
}
