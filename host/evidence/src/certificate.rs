//! Whom a certificate names, what it is for, and whether everyone above it was in office.

use std::collections::BTreeMap;

use portcullis_model::{format_time, sha256_hex};
use sigstore_crypto::{KeyAlgorithm, VerificationKey};
use sigstore_types::{DerPublicKey, HashAlgorithm, SignatureBytes};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::attestation::short;
use crate::refused::{Reason, Refused};
use crate::trust::Root;
use crate::verified::{Identity, SubjectName};

/// The arc of Fulcio's extensions (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>).
const FULCIO: &str = "1.3.6.1.4.1.57264.1.";
/// The name of a user where it is no e-mail address.
const FULCIO_USERNAME: &str = "1.3.6.1.4.1.57264.1.7";
/// Issuer, first form: the bare text.
const FULCIO_ISSUER: &str = "1.3.6.1.4.1.57264.1.1";
/// Issuer, second form: a UTF8String.
const FULCIO_ISSUER_V2: &str = "1.3.6.1.4.1.57264.1.8";

/// Claims of a CI system by the last number of their OID: UTF8Strings.
const CLAIMS: [(&str, &str); 16] = [
    ("9", "buildSignerURI"),
    ("10", "buildSignerDigest"),
    ("11", "runnerEnvironment"),
    ("12", "sourceRepositoryURI"),
    ("13", "sourceRepositoryDigest"),
    ("14", "sourceRepositoryRef"),
    ("15", "sourceRepositoryIdentifier"),
    ("16", "sourceRepositoryOwnerURI"),
    ("17", "sourceRepositoryOwnerIdentifier"),
    ("18", "buildConfigURI"),
    ("19", "buildConfigDigest"),
    ("20", "buildTrigger"),
    ("21", "runInvocationURI"),
    ("22", "sourceRepositoryVisibilityAtSigning"),
    ("23", "deploymentEnvironment"),
    ("24", "tokenSubject"),
];

/// Claims that GitHub's certificates have carried from the beginning: bare texts.
const OLD_CLAIMS: [(&str, &str); 5] = [
    ("2", "githubWorkflowTrigger"),
    ("3", "githubWorkflowSHA"),
    ("4", "githubWorkflowName"),
    ("5", "githubWorkflowRepository"),
    ("6", "githubWorkflowRef"),
];

/// Reads one certificate and nothing behind it.
pub(crate) fn read(der: &[u8]) -> Result<X509Certificate<'_>, Refused> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(Reason::CertificateMalformed.because("there are bytes behind it")),
        Err(_) => Err(Reason::CertificateMalformed.because("it is no X.509 certificate in DER")),
    }
}

/// Whether a certificate names itself as its issuer, as roots do.
pub(crate) fn is_self_issued(der: &[u8]) -> Result<bool, Refused> {
    let certificate = read(der)?;
    Ok(certificate.subject().as_raw() == certificate.issuer().as_raw())
}

/// Whom a leaf certificate names.
///
/// # Errors
/// It names nobody, or names something that is no text of one line, or says one thing twice.
pub(crate) fn identity(der: &[u8], logged: bool) -> Result<Identity, Refused> {
    let certificate = read(der)?;
    let names = certificate.subject_alternative_name().map_err(|_| malformed("its names cannot be read"))?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let subjects: Vec<SubjectName> = names.iter().map(subject).collect::<Result<_, _>>()?;
    if subjects.is_empty() {
        return Err(malformed("it names nobody (no subject alternative name)"));
    }
    let (issuer, claims) = extensions(&certificate)?;
    Ok(Identity {
        issuer,
        subjects,
        claims,
        fingerprint: sha256_hex(der),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        logged,
    })
}

fn subject(name: &GeneralName<'_>) -> Result<SubjectName, Refused> {
    match name {
        GeneralName::RFC822Name(text) => line(text).map(SubjectName::Email),
        GeneralName::URI(text) => line(text).map(SubjectName::Uri),
        GeneralName::DNSName(text) => line(text).map(SubjectName::Dns),
        GeneralName::OtherName(oid, value) if oid.to_id_string() == FULCIO_USERNAME => {
            // [0] EXPLICIT UTF8String, as RFC 5280 has it.
            let inner = match x509_parser::der_parser::asn1_rs::Any::from_der(value) {
                Ok(([], any)) if any.tag().0 == 0 => utf8_string(any.data),
                Ok(([], _)) => utf8_string(value),
                _ => None,
            };
            inner.ok_or_else(|| malformed("its user name cannot be read")).and_then(line).map(SubjectName::Username)
        }
        _ => Err(malformed("it names something that is no person, workload or host")),
    }
}

type Claims = BTreeMap<&'static str, String>;

fn extensions(certificate: &X509Certificate<'_>) -> Result<(Option<String>, Claims), Refused> {
    let (mut old_issuer, mut issuer, mut claims) = (None, None, Claims::new());
    for extension in certificate.extensions() {
        let oid = extension.oid.to_id_string();
        let Some(number) = oid.strip_prefix(FULCIO) else { continue };
        let find = |table: &[(&str, &'static str)]| table.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
        let unreadable = || malformed(&format!("its extension {oid} cannot be read"));
        let before = if oid == FULCIO_ISSUER {
            old_issuer.replace(line(bare(extension.value).ok_or_else(unreadable)?)?)
        } else if oid == FULCIO_ISSUER_V2 {
            issuer.replace(line(utf8_string(extension.value).ok_or_else(unreadable)?)?)
        } else if let Some(name) = find(&CLAIMS) {
            claims.insert(name, line(utf8_string(extension.value).ok_or_else(unreadable)?)?)
        } else if let Some(name) = find(&OLD_CLAIMS) {
            claims.insert(name, line(bare(extension.value).ok_or_else(unreadable)?)?)
        } else {
            None
        };
        if before.is_some() {
            return Err(malformed(&format!("its extension {oid} stands twice")));
        }
    }
    Ok((issuer.or(old_issuer), claims))
}

fn bare(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// A DER UTF8String and nothing behind it.
fn utf8_string(der: &[u8]) -> Option<&str> {
    use x509_parser::der_parser::asn1_rs::{Any, Tag};
    let (rest, any) = Any::from_der(der).ok()?;
    (rest.is_empty() && any.tag() == Tag::Utf8String).then_some(())?;
    std::str::from_utf8(any.data).ok()
}

/// A text without control characters, so that no name looks like another on a terminal or ends in a line break (N34).
fn line(text: &str) -> Result<String, Refused> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(malformed(&format!("`{}` is no name", short(text))));
    }
    Ok(text.to_owned())
}

fn malformed(what: &str) -> Refused {
    Reason::CertificateMalformed.because(what)
}

/// Whether a leaf is one for signing code, and no certificate authority (N29).
pub(crate) fn check_usage(der: &[u8]) -> Result<(), Refused> {
    let certificate = read(der)?;
    if certificate.is_ca() {
        return Err(Reason::CertificateUsage.because("it is that of a certificate authority"));
    }
    let usage = certificate.extended_key_usage().map_err(|_| malformed("its usage cannot be read"))?;
    if !usage.is_some_and(|extension| extension.value.code_signing) {
        return Err(Reason::CertificateUsage.because("it lacks the usage `codeSigning`"));
    }
    let usage = certificate.key_usage().map_err(|_| malformed("its usage cannot be read"))?;
    if usage.is_some_and(|extension| !extension.value.digital_signature()) {
        return Err(Reason::CertificateUsage.because("it lacks the usage `digitalSignature`"));
    }
    Ok(())
}

/// Whether one authority of the root stands above the leaf with all its certificates in date, at every one of the times.
///
/// The library takes each certificate of the root for an anchor and asks no anchor for its dates, so that an intermediate
/// which had expired would still vouch (N31, CVE-2026-24122).
pub(crate) fn check_path(certificates: &[&[u8]], root: &Root, times: &[i64]) -> Result<(), Refused> {
    let chain: Vec<_> = certificates.iter().map(|der| read(der)).collect::<Result<_, _>>()?;
    let Some((leaf, brought)) = chain.split_first() else { return Err(malformed("there is none")) };
    for time in times {
        check_dates(leaf, *time)?;
        let mut refusal = Reason::CertificateUntrusted.alone();
        let mut stands = false;
        for authority in &root.trusted.certificate_authorities {
            let in_office = authority.valid_for.is_none_or(|window| {
                window.start.as_second() <= *time && window.end.is_none_or(|end| *time <= end.as_second())
            });
            let above: Vec<_> = authority.cert_chain.certificates.iter().map(|one| one.raw_bytes.as_bytes()).collect();
            match climb(leaf, brought, &above, *time) {
                Some(Ok(())) if in_office => stands = true,
                Some(Ok(())) => refusal = Reason::CertificateUntrusted.because("its authority was not in office then"),
                Some(Err(why)) => refusal = why,
                None => {}
            }
        }
        if !stands {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Goes from a leaf up to a chain of the root; nothing where no way leads there.
fn climb(
    leaf: &X509Certificate<'_>,
    brought: &[X509Certificate<'_>],
    chain: &[&[u8]],
    time: i64,
) -> Option<Result<(), Refused>> {
    // The root was read when it was loaded; a chain that cannot be read here vouches for nobody.
    let above: Vec<_> = chain.iter().map(|der| read(der)).collect::<Result<_, _>>().ok()?;
    let mut current = leaf;
    // One step more than there are certificates to step on; no certificate is needed twice.
    for _ in 0..=brought.len() {
        if let Some(first) = above.iter().position(|issuer| issued(issuer, current)) {
            return Some(above.iter().skip(first).try_for_each(|certificate| check_dates(certificate, time)));
        }
        current = brought.iter().find(|issuer| issued(issuer, current))?;
        if let Err(refusal) = check_dates(current, time) {
            return Some(Err(refusal));
        }
    }
    None
}

fn check_dates(certificate: &X509Certificate<'_>, time: i64) -> Result<(), Refused> {
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let reason = match time {
        time if time < from => Reason::CertificateNotYetValid,
        time if time > to => Reason::CertificateExpired,
        _ => return Ok(()),
    };
    let subject = short(&certificate.subject().to_string());
    // Leaf certificates of Fulcio have no subject.
    let who = if subject.is_empty() { "that of the signer".to_owned() } else { format!("`{subject}`") };
    let [from, to, time] = [from, to, time].map(format_time);
    Err(reason.because(format!("{who} is valid from {from} to {to}, and the signature is of {time}")))
}

/// Whether every certificate of a chain was in date.
pub(crate) fn chain_in_date<'a>(chain: impl Iterator<Item = &'a [u8]>, time: i64) -> Result<(), Refused> {
    for der in chain {
        check_dates(&read(der)?, time)?;
    }
    Ok(())
}

/// Whether one certificate signed another.
fn issued(issuer: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    if issuer.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let hash = match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.10045.4.3.2" | "1.2.840.113549.1.1.11" => HashAlgorithm::Sha2256,
        "1.2.840.10045.4.3.3" | "1.2.840.113549.1.1.12" => HashAlgorithm::Sha2384,
        "1.2.840.10045.4.3.4" | "1.2.840.113549.1.1.13" => HashAlgorithm::Sha2512,
        // Of Ed25519, which brings its own.
        "1.3.101.112" => HashAlgorithm::Sha2512,
        _ => return false,
    };
    let key = DerPublicKey::from_bytes(issuer.public_key().raw);
    let signature = SignatureBytes::from_bytes(&certificate.signature_value.data);
    KeyAlgorithm::from_spki(&key)
        .and_then(|algorithm| algorithm.resolve_signing_scheme(hash))
        .and_then(|scheme| VerificationKey::from_spki_with_scheme(&key, scheme))
        .and_then(|key| key.verify(certificate.tbs_certificate.as_ref(), &signature))
        .is_ok()
}
