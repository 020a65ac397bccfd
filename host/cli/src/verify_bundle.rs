//! The `verify-bundle` command.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use portcullis_check::bytes;
use portcullis_check::exit::Exit;
use portcullis_evidence::{
    Artifact, MAX_BUNDLE_BYTES, Reason, Refused, Says, Signer, TimeSource, Trust, Verified, verify,
};
use portcullis_model::format_time;
use portcullis_report::plain;

use crate::args::{SignerArguments, VerifyBundleArguments};
use crate::output;
use crate::signer;
use crate::write;

/// Bytes of the file that was signed: 1 GiB. For more there is the digest.
const ARTIFACT_BYTES: u64 = 1 << 30;

/// Verifies one bundle over one artifact, and says what it proves or why it proves nothing.
pub fn run(arguments: &VerifyBundleArguments) -> anyhow::Result<ExitCode> {
    let trust = Trust::load(&signer::trust(&arguments.signer), Path::new(""))?;
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
        check_signer(&verified.signer, &arguments.signer)?;
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

/// Whether the signer is the one that was asked for. A certificate with several names is that of none of them.
fn check_signer(signer: &Signer, arguments: &SignerArguments) -> Result<(), Refused> {
    let other = |detail: String| Refused { reason: Reason::WrongIdentity, detail };
    let Some(expected) = &arguments.certificate_identity else {
        return match signer {
            Signer::Key { .. } => Ok(()),
            Signer::Certificate(_) => Err(other("a certificate made it, and --key asks for a key".to_owned())),
        };
    };
    let Signer::Certificate(identity) = signer else {
        return Err(other("a key made it, and --certificate-identity asks for a certificate".to_owned()));
    };
    let names: Vec<&str> = identity.subjects.iter().map(portcullis_evidence::SubjectName::as_str).collect();
    if names != [expected.as_str()] {
        return Err(other(format!("it was made by `{}`, not by `{expected}`", names.join("`, `"))));
    }
    let issuer = identity.issuer.as_deref();
    if issuer != arguments.certificate_oidc_issuer.as_deref() {
        return Err(other(format!("its identity is vouched for by `{}`", issuer.unwrap_or("nobody"))));
    }
    Ok(())
}

fn describe(artifact: &Artifact<'_>, verified: &Verified) -> String {
    let mut text = format!("verified: {artifact}\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name}: {}", plain(value));
    };
    match &verified.signer {
        Signer::Key { name, fingerprint } => line("key", &format!("{name} ({fingerprint})")),
        Signer::Certificate(identity) => {
            identity.subjects.iter().for_each(|name| line("identity", name.as_str()));
            line("issuer", identity.issuer.as_deref().unwrap_or("none"));
        }
    }
    match &verified.says {
        Says::Statement(statement) => line("statement", &statement.predicate_type),
        _ => line("statement", "none: the signature is over the bytes"),
    }
    for time in &verified.times {
        let (TimeSource::Authority(who) | TimeSource::Log(who)) = &time.source;
        line("time", &format!("{} by {who}", format_time(time.seconds)));
    }
    for entry in &verified.log {
        let how = if entry.proved { "" } else { " (promised, not proved)" };
        line("log", &format!("{} entry {}{how}", entry.log, entry.index));
    }
    if verified.times.is_empty() {
        line("time", "none that anybody signed");
    }
    if verified.log.is_empty() {
        line("log", "none");
    }
    text
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
