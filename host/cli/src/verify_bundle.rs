//! The `verify-bundle` command.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use portcullis_check::bytes;
use portcullis_check::exit::Exit;
use portcullis_evidence::{Artifact, MAX_BUNDLE_BYTES, Reason, Says, Trust, Verified, verify};
use portcullis_report::plain;

use crate::args::VerifyBundleArguments;
use crate::output;
use crate::signer;
use crate::write;

/// Bytes of the file that was signed: 1 GiB. For more there is the digest.
const ARTIFACT_BYTES: u64 = 1 << 30;

/// Verifies one bundle over one artifact, and says what it proves or why it proves nothing.
pub fn run(arguments: &VerifyBundleArguments) -> anyhow::Result<ExitCode> {
    let trust = Trust::load(&signer::rule(&arguments.signer), Path::new(""))?;
    trust.warnings(now()).iter().for_each(|warning| output::note(warning));
    let bundle = bytes::read(&arguments.bundle, MAX_BUNDLE_BYTES as u64)?;
    let named = arguments.artifact.to_str().filter(|text| text.starts_with("sha256:"));
    let content;
    let artifact = match named {
        Some(text) => Artifact::from_digest(text)
            .with_context(|| format!("`{text}` is no digest; write sha256: and 64 lower-case hex digits"))?,
        None => {
            content = bytes::read(&arguments.artifact, ARTIFACT_BYTES)?;
            Artifact::Bytes(&content)
        }
    };
    let verdict = verify(&bundle, &artifact, &trust).and_then(|verified| {
        signer::check(&verified.signer, &arguments.signer)?;
        Ok(verified)
    });
    match verdict {
        Ok(verified) => {
            write::to_stdout(&describe(&artifact, &verified))?;
            Ok(Exit::Allowed.into())
        }
        Err(refused) => {
            let code = refused.reason.code();
            // The status says it too, to whoever has closed the standard error.
            let _ = writeln!(std::io::stderr(), "refused: {} [{code}]", plain(&refused.to_string()));
            let exit = if refused.reason == Reason::NeedsBytes { Exit::NotJudged } else { Exit::Denied };
            Ok(exit.into())
        }
    }
}

fn describe(artifact: &Artifact<'_>, verified: &Verified) -> String {
    let mut text = format!("verified: {artifact}\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name}: {}", plain(value));
    };
    signer::who(&verified.signer).iter().for_each(|(name, value)| line(name, value));
    match &verified.says {
        Says::Statement(statement) => line("statement", &statement.predicate_type),
        _ => line("statement", "none: the signature is over the bytes"),
    }
    signer::when(&verified.times, &verified.log).iter().for_each(|(name, value)| line(name, value));
    text
}

/// Seconds since 1970-01-01T00:00:00Z.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
