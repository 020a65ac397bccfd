//! Who must have signed, as the flags say; and what is told of who did.

use portcullis_evidence::{LogEntry, Reason, Refused, SignedTime, Signer, SubjectName, TimeSource};
use portcullis_model::{KeyRule, KeySource, Presence, TrustRoot, TrustRule, format_time};

use crate::args::SignerArguments;

/// The flags as a policy set would say them.
pub fn rule(arguments: &SignerArguments) -> TrustRule {
    let keys = arguments.key.iter().map(|path| KeyRule {
        name: path.display().to_string(),
        source: KeySource::File(path.clone()),
        not_before: None,
        not_after: None,
        revoked: false,
    });
    let root = arguments.trusted_root.clone().map_or(TrustRoot::SigstorePublic, TrustRoot::File);
    TrustRule {
        name: "command line".to_owned(),
        root: Some(root),
        keys: keys.collect(),
        // Whoever signs with a key may do so where no log can be reached; a certificate of minutes needs one.
        log: if arguments.key.is_some() { Presence::Optional } else { Presence::Required },
        timestamp: Presence::Optional,
        place: None,
    }
}

/// Whether the signer is the one that was asked for; anybody is where nobody was. A certificate with several names is that
/// of none of them.
pub fn check(signer: &Signer, arguments: &SignerArguments) -> Result<(), Refused> {
    let other = |detail: String| Refused { reason: Reason::WrongIdentity, detail };
    let Some(expected) = &arguments.certificate_identity else {
        return match signer {
            Signer::Certificate(_) if arguments.key.is_some() => {
                Err(other("a certificate made it, and --key asks for a key".to_owned()))
            }
            _ => Ok(()),
        };
    };
    let Signer::Certificate(identity) = signer else {
        return Err(other("a key made it, and --certificate-identity asks for a certificate".to_owned()));
    };
    let names: Vec<&str> = identity.subjects.iter().map(SubjectName::as_str).collect();
    if names != [expected.as_str()] {
        return Err(other(format!("it was made by `{}`, not by `{expected}`", names.join("`, `"))));
    }
    let issuer = identity.issuer.as_deref();
    if issuer != arguments.certificate_oidc_issuer.as_deref() {
        return Err(other(format!("its identity is vouched for by `{}`", issuer.unwrap_or("nobody"))));
    }
    Ok(())
}

/// Who signed, each line with its name.
pub fn who(signer: &Signer) -> Vec<(&'static str, String)> {
    match signer {
        Signer::Key { name, fingerprint } => vec![("key", format!("{name} ({fingerprint})"))],
        Signer::Certificate(identity) => {
            let mut lines: Vec<_> =
                identity.subjects.iter().map(|name| ("identity", name.as_str().to_owned())).collect();
            lines.push(("issuer", identity.issuer.clone().unwrap_or_else(|| "none".to_owned())));
            lines.extend(identity.claims.iter().map(|(name, value)| ("claim", format!("{name}: {value}"))));
            lines
        }
    }
}

/// When, and where it is logged, each line with its name.
pub fn when(times: &[SignedTime], log: &[LogEntry]) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for time in times {
        let (TimeSource::Authority(who) | TimeSource::Log(who)) = &time.source;
        lines.push(("time", format!("{} by {who}", format_time(time.seconds))));
    }
    for entry in log {
        let how = if entry.proved { "" } else { " (promised, not proved)" };
        lines.push(("log", format!("{} entry {}{how}", entry.log, entry.index)));
    }
    if times.is_empty() {
        lines.push(("time", "none that anybody signed".to_owned()));
    }
    if log.is_empty() {
        lines.push(("log", "none".to_owned()));
    }
    lines
}
