//! The flags that give SBOMs and SARIF reports as files.

use std::path::PathBuf;

use clap::Args;

/// Documents about what is judged that nobody signed.
#[derive(Args, Clone, Debug, Default)]
pub struct DocumentArguments {
    /// An SBOM (CycloneDX or SPDX) of an image or --artifact that is judged. Where a policy asks for SBOMs, it counts if that says
    /// `local: accept`; else the built-in set `documents` judges by it: it must be valid, list something and be about that. One
    /// of several is enough; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SBOM", value_delimiter = ',')]
    pub sbom: Vec<PathBuf>,

    /// A SARIF report of the scan of what is judged. Where a policy asks for reports, it counts if that says `local: accept`;
    /// else the built-in set `documents` judges by it: the scan must have run, and found nothing high or critical. Each of
    /// several must keep that; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SARIF", value_delimiter = ',')]
    pub sarif: Vec<PathBuf>,
}

impl DocumentArguments {
    /// Every file that the flags name.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sbom.iter().chain(&self.sarif)
    }
}
