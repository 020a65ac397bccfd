//! The flags that say where evidence about images is looked up.

use std::path::PathBuf;

use clap::Args;

/// Where signatures are looked for. Nothing is asked where no policy set has a `trust`.
#[derive(Args, Debug, Default)]
pub struct EvidenceArguments {
    /// A sigstore bundle that may be about what is judged, read once; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_BUNDLE", value_delimiter = ',')]
    pub bundle: Vec<PathBuf>,

    /// Ask no registry: only bundles that are given count, and images need digests
    #[arg(long, env = "PORTCULLIS_OFFLINE")]
    pub offline: bool,

    /// A registry (`host:port`) that may have a private address and speaks plain HTTP; repeatable
    #[arg(long, value_name = "HOST", env = "PORTCULLIS_INSECURE_REGISTRY", value_delimiter = ',')]
    pub insecure_registry: Vec<String>,

    /// A registry (`host:port`) that may have a private address; repeatable
    #[arg(long, value_name = "HOST", env = "PORTCULLIS_PRIVATE_REGISTRY", value_delimiter = ',')]
    pub private_registry: Vec<String>,

    /// Certificate authorities of registries (PEM), besides those of the system
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRY_CA")]
    pub registry_ca: Option<PathBuf>,

    /// Credentials for registries as Docker keeps them; default: DOCKER_CONFIG, else ~/.docker/config.json
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRY_CONFIG")]
    pub registry_config: Option<PathBuf>,
}
