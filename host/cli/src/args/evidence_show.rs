//! The flags of `evidence show`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{EvidenceArguments, SignerArguments};

const NOTE: &str = "\
Exit status:
  0  shown, whatever it proves: a signature that does not count is shown with the reason, and is no failure of this command
  2  could not look: bad arguments, a registry that did not answer or does not let us in, no such image

Without --policies, --key and --certificate-identity everything counts for which sigstore's public root (or --trusted-root) vouches,
whoever signed it; with --policies what verifies under a trust of the set by its name. Whether a signer is the right one for an
image is for the policy to say: `portcullis check`. What is attached to single platforms of an index is shown for their digests.";

/// What is asked about evidence.
#[derive(Args, Debug)]
pub struct EvidenceCommands {
    /// What to do.
    #[command(subcommand)]
    pub command: EvidenceCommand,
}

/// The commands about evidence.
#[derive(Subcommand, Debug)]
pub enum EvidenceCommand {
    /// Show what an image carries and what each piece proves, or what an SBOM or a SARIF report in a file says
    Show(Box<ShowArguments>),
}

/// The flags of `evidence show`.
#[derive(Args, Debug)]
#[command(after_help = NOTE, group(ArgGroup::new("signer").args(["key", "certificate_identity"])))]
pub struct ShowArguments {
    /// The image: a name with a tag, a digest, or both. A file is given by --sbom or --sarif
    #[arg(value_name = "IMAGE", required_unless_present_any = ["sbom", "sarif"])]
    pub image: Option<String>,

    /// An SBOM in a file, to be shown as well, or alone; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SBOM", value_delimiter = ',')]
    pub sbom: Vec<PathBuf>,

    /// A SARIF report in a file, likewise; repeatable
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_SARIF", value_delimiter = ',')]
    pub sarif: Vec<PathBuf>,

    /// A policy set, or a directory of them, whose trusts to verify under; repeatable
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "PORTCULLIS_POLICIES",
        value_delimiter = ',',
        conflicts_with_all = ["key", "certificate_identity", "trusted_root"]
    )]
    pub policies: Vec<PathBuf>,

    #[command(flatten)]
    pub signer: SignerArguments,

    #[command(flatten)]
    pub evidence: EvidenceArguments,

    /// How to show it
    #[arg(long, short, value_name = "FORMAT", env = "PORTCULLIS_FORMAT", default_value = "human")]
    pub format: ShowFormat,
}

/// How to show it, as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// A tree, for people
    Human,
    /// One JSON object
    Json,
}
