//! The flags that give SBOMs and SARIF reports as files.

use std::path::PathBuf;

use clap::Args;

/// Documents about what is judged that nobody signed.
#[derive(Args, Clone, Debug, Default)]
pub struct DocumentArguments {
    /// An SBOM (CycloneDX or SPDX) of what is judged; it counts where a policy says `local: accept`, and where no policy set
    /// asks for SBOMs; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SBOM", value_delimiter = ',')]
    pub sbom: Vec<PathBuf>,

    /// A SARIF report of what is judged; it counts where a policy says `local: accept`, and where no policy set asks for
    /// reports; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SARIF", value_delimiter = ',')]
    pub sarif: Vec<PathBuf>,
}

impl DocumentArguments {
    /// Every file that the flags name.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sbom.iter().chain(&self.sarif)
    }
}
