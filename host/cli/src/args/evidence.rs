//! The flags that say where evidence about images is looked up.

use std::path::PathBuf;

use clap::Args;

/// Where signatures are looked for. Nothing is asked where no policy set has a `trust`.
#[derive(Args, Clone, Debug, Default)]
pub struct EvidenceArguments {
    /// A sigstore bundle that may be about what is judged; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_BUNDLE", value_delimiter = ',')]
    pub bundle: Vec<PathBuf>,

    /// Ask no registry: only what is given counts (--bundle; for `check` --sbom and --sarif, too), and what is signed needs a digest
    #[arg(long, env = "PORTCULLIS_OFFLINE")]
    pub offline: bool,

    /// Which registries may be asked, and how: mirrors, proxy, authorities, credentials (kind Registries)
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRIES")]
    pub registries: Option<PathBuf>,

    /// A registry (`host:port`) that may have a private address and speaks plain HTTP; repeatable
    #[arg(long, value_name = "HOST", env = "PORTCULLIS_INSECURE_REGISTRY", value_delimiter = ',')]
    pub insecure_registry: Vec<String>,

    /// A registry (`host:port`) that may have a private address; repeatable
    #[arg(long, value_name = "HOST", env = "PORTCULLIS_PRIVATE_REGISTRY", value_delimiter = ',')]
    pub private_registry: Vec<String>,

    /// Certificate authorities of registries (PEM), besides those of the system
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRY_CA")]
    pub registry_ca: Option<PathBuf>,

    /// Credentials: a `config.json` of Docker, or a mounted pull secret (`.dockerconfigjson`, `.dockercfg`); repeatable.
    /// Default: DOCKER_CONFIG, else ~/.docker/config.json
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_REGISTRY_CONFIG", value_delimiter = ',')]
    pub registry_config: Vec<PathBuf>,
}

impl EvidenceArguments {
    /// Every file that the flags name, with the flag.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let registries = self.registries.iter().map(|path| ("--registries", path));
        let authorities = self.registry_ca.iter().map(|path| ("--registry-ca", path));
        let bundles = self.bundle.iter().map(|path| ("--bundle", path));
        bundles
            .chain(registries)
            .chain(authorities)
            .chain(self.registry_config.iter().map(|path| ("--registry-config", path)))
    }
}
