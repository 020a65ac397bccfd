//! Whose signatures count: keys by their names, certificates by all that they say and never by a part of it.

use crate::pattern;
use crate::settings::{Identity, Signers};
use crate::signer::{Certificate, Signer};
use crate::words::{list, name};

/// Whether a signer is one of those whose signatures count; else what is wrong with it, for a person.
pub fn admits(signers: &Signers<'_>, signer: &Signer) -> Result<(), String> {
    match signer {
        Signer::Key(key) => match &signers.keys {
            Some(keys) if !keys.contains(&key.as_str()) => Err("`keys` does not name it".to_owned()),
            _ => Ok(()),
        },
        Signer::Certificate(_) if signers.identities.is_empty() => {
            Err("without `identities` no certificate counts".to_owned())
        }
        Signer::Certificate(certificate) => {
            let faults = signers.identities.iter().map(|identity| fault(identity, certificate));
            // What comes nearest says the most: a wrong claim more than a wrong issuer, that more than a wrong subject.
            let nearest = faults.max_by_key(|fault| fault.as_ref().map_or(u8::MAX, |fault| fault.near));
            nearest.flatten().map_or(Ok(()), |fault| Err(fault.what))
        }
        Signer::Unknown(_) => Err("it is neither a key nor a certificate".to_owned()),
    }
}

struct Fault {
    near: u8,
    what: String,
}

/// What keeps a certificate from being an identity; nothing where it is this one.
///
/// All subjects must match: a certificate that also names somebody else is that somebody's, too (N33).
fn fault(identity: &Identity<'_>, certificate: &Certificate) -> Option<Fault> {
    let is = |subject: &String| match identity.is_pattern {
        true => pattern::matches(identity.subject, subject),
        false => identity.subject == subject,
    };
    let (all, any) = (certificate.subjects.iter().all(is), certificate.subjects.iter().any(is));
    if !any {
        return Some(Fault { near: 0, what: "no identity has this subject".to_owned() });
    }
    if !all {
        let others: Vec<String> = certificate.subjects.iter().filter(|subject| !is(subject)).map(|s| name(s)).collect();
        let what = format!("the certificate also names {}, and all of its subjects must match", list(&others, "and"));
        return Some(Fault { near: 1, what });
    }
    if identity.issuer != certificate.issuer {
        return Some(Fault { near: 2, what: format!("its issuer is not {}", name(identity.issuer)) });
    }
    identity.claims.iter().find_map(|claim| {
        let said = certificate.claim(claim.name);
        let instead = if said.is_empty() { "not there".to_owned() } else { name(&said) };
        let what = format!("its `{}` is {instead} and not {}", claim.name, name(claim.value));
        (said != claim.value).then_some(Fault { near: 3, what })
    })
}

/// How many different signers these are. Two certificates that share a subject of one issuer are one signer's.
pub fn distinct(signers: &[&Signer]) -> usize {
    let mut counted: Vec<&Signer> = Vec::new();
    for signer in signers {
        if !counted.iter().any(|other| is_same(signer, other)) {
            counted.push(signer);
        }
    }
    counted.len()
}

fn is_same(one: &Signer, other: &Signer) -> bool {
    match (one, other) {
        (Signer::Certificate(one), Signer::Certificate(other)) => {
            one.issuer == other.issuer && one.subjects.iter().any(|subject| other.subjects.contains(subject))
        }
        _ => one == other,
    }
}

/// A signer, for messages, with what is wrong with it; nothing is wrong where that is empty.
pub fn shown(signer: &Signer, fault: &str) -> String {
    let besides = |sign: &str| if fault.is_empty() { String::new() } else { format!("{sign}{fault}") };
    let bracketed = |text: String| if text.is_empty() { text } else { format!(" ({text})") };
    match signer {
        Signer::Key(key) => format!("the key {}{}", name(key), bracketed(besides(""))),
        Signer::Certificate(certificate) => {
            let subjects: Vec<String> = certificate.subjects.iter().map(|subject| name(subject)).collect();
            let subjects = if subjects.is_empty() { "nobody by name".to_owned() } else { list(&subjects, "and") };
            format!("{subjects} (issuer {}{})", name(&certificate.issuer), besides(": "))
        }
        Signer::Unknown(what) => format!("an unknown signer {}{}", name(what), bracketed(besides(""))),
    }
}

/// Whose signatures count, for messages.
pub fn wanted(signers: &Signers<'_>, trust: &str) -> String {
    let mut all: Vec<String> = match &signers.keys {
        Some(keys) => keys.iter().map(|key| format!("the key {}", name(key))).collect(),
        None => vec![format!("a key of the trust {}", name(trust))],
    };
    all.extend(signers.identities.iter().map(|identity| {
        let claims = if identity.claims.is_empty() { "" } else { ", with its `claims`" };
        format!("{} (issuer {}{claims})", name(identity.subject), name(identity.issuer))
    }));
    match signers.at_least {
        1 => list(&all, "or"),
        many => format!("{many} different ones of {}", list(&all, "and")),
    }
}
