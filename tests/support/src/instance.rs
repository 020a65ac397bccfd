//! A keyless sigstore made up for tests: certificate authority, certificate log, both kinds of Rekor, timestamp authority.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData,
    SanType, SerialNumber, SigningKey,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::prelude::FromDer;

/// Whom its certificates name.
pub const SUBJECT: &str = "https://git.example.test/org/app/.ci/release.yml@refs/heads/main";
/// Who vouches for that.
pub const ISSUER: &str = "https://token.ci.example.test";
/// The origin of its log (Rekor v2).
pub const LOG2: &str = "rekor2.example.test";
const LOG1: &str = "rekor1.example.test";

/// One made-up sigstore for all tests: keys take their time.
pub static INSTANCE: LazyLock<Instance> = LazyLock::new(|| Instance::new(-30 * 86_400, 3650 * 86_400));

/// Base64, as bundles have it.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// SHA-256.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hex digits in lower case.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds since 1970.
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()).expect("a time")
}

/// A time as RFC 3339 writes it, in UTC.
pub fn format_time(seconds: i64) -> String {
    let at = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).expect("after 1970"));
    let (hour, minute, second) = at.to_hms();
    format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", at.year(), u8::from(at.month()), at.day())
}

/// When the tests sign: an hour ago, so that nothing is in the future.
pub fn signing_time() -> i64 {
    now() - 3600
}

/// The public half, DER.
pub fn spki(key: &KeyPair) -> Vec<u8> {
    key.subject_public_key_info()
}

/// A fresh key.
pub fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
}

/// A certificate authority and its key.
pub type Issuer = CertifiedIssuer<'static, KeyPair>;

/// An instance and all its keys.
pub struct Instance {
    /// The certificate authority that is trusted.
    pub root: Issuer,
    /// The one that issues.
    pub intermediate: Issuer,
    /// The log of certificates.
    pub ct: KeyPair,
    /// Rekor v1.
    pub log1: KeyPair,
    /// Rekor v2.
    pub log2: KeyPair,
    /// The authority above [`Self::tsa`].
    pub tsa_root: Issuer,
    /// The timestamp authority.
    pub tsa: Tsa,
}

/// A timestamp authority.
pub struct Tsa {
    /// What it signs with.
    pub key: KeyPair,
    /// Its certificate.
    pub der: Vec<u8>,
}

/// What a leaf certificate says.
pub struct LeafParams {
    /// Whom it names.
    pub subjects: Vec<SanType>,
    /// Who vouches for them.
    pub issuer: Option<String>,
    /// What its key is for.
    pub usages: Vec<ExtendedKeyUsagePurpose>,
    /// Whether it says that it is an authority.
    pub ca: bool,
    /// When it begins.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    /// Whose promise it carries; none means no promise.
    pub ct: Option<KeyPair>,
    /// The issuer that the promise speaks of; none means the true one.
    pub ct_issuer: Option<Vec<u8>>,
    /// Claims of a run, by the last number of their OID.
    pub claims: Vec<(u64, String)>,
}

impl Default for LeafParams {
    fn default() -> Self {
        Self {
            subjects: vec![uri(SUBJECT)],
            issuer: Some(ISSUER.to_owned()),
            usages: vec![ExtendedKeyUsagePurpose::CodeSigning],
            ca: false,
            from: signing_time() - 120,
            to: signing_time() + 480,
            ct: Some(INSTANCE.ct()),
            ct_issuer: None,
            claims: vec![(14, "refs/heads/main".to_owned()), (11, "github-hosted".to_owned())],
        }
    }
}

/// A leaf certificate and its key.
pub struct Leaf {
    /// Its key.
    pub key: KeyPair,
    /// The certificate.
    pub der: Vec<u8>,
}

/// A subject that is a URI.
pub fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().expect("an IA5 string"))
}

fn time(seconds: i64) -> impl Fn(&mut CertificateParams, bool) {
    move |params, end| {
        let at = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).expect("after 1970"));
        if end { params.not_after = at } else { params.not_before = at }
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn ca_params(
    common_name: &str,
    from: i64,
    to: i64,
    depth: u8,
    usage: Option<ExtendedKeyUsagePurpose>,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = usage.into_iter().collect();
    time(from)(&mut params, false);
    time(to)(&mut params, true);
    params
}

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::from_pem(&key.serialize_pem()).expect("the same key")
}

impl Instance {
    /// Made anew; the intermediate lives from and to so many seconds from now.
    pub fn new(from: i64, to: i64) -> Self {
        let (long_ago, far) = (now() - 3650 * 86_400, now() + 3650 * 86_400);
        let root = Issuer::self_signed(ca_params("root", long_ago, far, 1, None), p256()).expect("a root");
        let params = ca_params("intermediate", now() + from, now() + to, 0, Some(ExtendedKeyUsagePurpose::CodeSigning));
        let intermediate = Issuer::signed_by(params, p256(), &root).expect("an intermediate");
        let tsa_root = Issuer::self_signed(ca_params("tsa-root", long_ago, far, 1, None), p256()).expect("a root");
        let tsa = Tsa::new(&tsa_root, long_ago, far);
        let log2 = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        Self { root, intermediate, ct: p256(), log1: p256(), log2, tsa_root, tsa }
    }

    /// The key of the log of certificates.
    pub fn ct(&self) -> KeyPair {
        copy(&self.ct)
    }

    /// The file `trusted_root.json` of this instance.
    pub fn trusted_root(&self) -> Value {
        let from = format_time(now() - 20 * 86_400);
        let certificate = |der: &[u8]| json!({"rawBytes": b64(der)});
        let key = |key: &KeyPair, details: &str| json!({"rawBytes": b64(spki(key)), "keyDetails": details, "validFor": {"start": from}});
        let log = |url: &str, public: Value, id: &[u8]| json!({"baseUrl": format!("https://{url}"), "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": b64(id)}});
        let p256 = "PKIX_ECDSA_P256_SHA_256";
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log(LOG2, key(&self.log2, "PKIX_ED25519"), &self.log2_id()),
                log(LOG1, key(&self.log1, p256), &sha256(spki(&self.log1))),
            ],
            "certificateAuthorities": [{
                "subject": {"organization": "example", "commonName": "ca"}, "uri": "https://fulcio.example.test",
                "certChain": {"certificates": [certificate(self.intermediate.der()), certificate(self.root.der())]},
                "validFor": {"start": from},
            }],
            "ctlogs": [log("ct.example.test", key(&self.ct, p256), &sha256(spki(&self.ct)))],
            "timestampAuthorities": [{
                "subject": {"organization": "example", "commonName": "tsa"}, "uri": "https://tsa.example.test",
                "certChain": {"certificates": [certificate(&self.tsa.der), certificate(self.tsa_root.der())]},
                "validFor": {"start": from},
            }],
        })
    }

    /// The id of a key in a signed note (C2SP): Ed25519 is algorithm 1.
    pub fn log2_id(&self) -> [u8; 32] {
        let raw = self.log2.public_key_raw();
        sha256([LOG2.as_bytes(), b"\n\x01", raw].concat())
    }

    /// Issues a certificate for a fresh key, with the promise of the certificate log (RFC 6962 section 3.2).
    pub fn leaf(&self, leaf: &LeafParams) -> Leaf {
        let key = p256();
        let build = |promise: Option<Vec<u8>>| {
            let mut params = CertificateParams::default();
            params.distinguished_name = DistinguishedName::new();
            params.serial_number = Some(SerialNumber::from_slice(&sha256(spki(&key))[..8]));
            params.is_ca = if leaf.ca { IsCa::Ca(BasicConstraints::Constrained(0)) } else { IsCa::NoCa };
            params.subject_alt_names = leaf.subjects.clone();
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = leaf.usages.clone();
            params.use_authority_key_identifier_extension = true;
            time(leaf.from)(&mut params, false);
            time(leaf.to)(&mut params, true);
            let fulcio = |last: u64| [1, 3, 6, 1, 4, 1, 57264, 1, last];
            let mut add = |oid: &[u64], content| {
                params.custom_extensions.push(CustomExtension::from_oid_content(oid, content));
            };
            if let Some(issuer) = &leaf.issuer {
                add(&fulcio(1), issuer.clone().into_bytes());
                add(&fulcio(8), der(0x0c, issuer.as_bytes()));
            }
            for (last, value) in &leaf.claims {
                add(&fulcio(*last), der(0x0c, value.as_bytes()));
            }
            if let Some(list) = promise {
                add(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], der(0x04, &list));
            }
            params.signed_by(&key, &self.intermediate).expect("a certificate").der().to_vec()
        };
        let der = match &leaf.ct {
            None => build(None),
            Some(ct) => {
                let issuer = leaf.ct_issuer.clone().unwrap_or_else(|| spki(self.intermediate.key()));
                build(Some(promise(ct, &issuer, &build(None), leaf.from)))
            }
        };
        Leaf { key, der }
    }
}

/// A list of one signed certificate timestamp over a certificate without it.
fn promise(ct: &KeyPair, issuer: &[u8], certificate: &[u8], at: i64) -> Vec<u8> {
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(certificate).expect("our certificate");
    let tbs = parsed.tbs_certificate.as_ref();
    let millis = u64::try_from(at * 1000).expect("after 1970").to_be_bytes();
    let length = &u32::try_from(tbs.len()).expect("short").to_be_bytes()[1..];
    let signed = [&[0, 0][..], &millis, &[0, 1], &sha256(issuer), length, tbs, &[0, 0]].concat();
    let signature = ct.sign(&signed).expect("a signature");
    let u16 = |length: usize| u16::try_from(length).expect("short").to_be_bytes();
    let sct = [&[0][..], &sha256(spki(ct)), &millis, &[0, 0], &[4, 3], &u16(signature.len()), &signature].concat();
    [&u16(sct.len() + 2)[..], &u16(sct.len()), &sct].concat()
}

/// DER: tag, length, content.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(u8::try_from(length).expect("short")),
        0x80..0x100 => out.extend([0x81, u8::try_from(length).expect("short")]),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(length).expect("short").to_be_bytes());
        }
    }
    out.extend(content);
    out
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

impl Tsa {
    /// An authority below a root, in date from and to.
    pub fn new(root: &Issuer, from: i64, to: i64) -> Self {
        let key = p256();
        let mut params = CertificateParams::default();
        params.distinguished_name = name("tsa");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Critical and alone, as RFC 3161 section 2.3 asks; cosign looks.
        let usage = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8]]);
        let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], usage);
        usage.set_criticality(true);
        params.custom_extensions = vec![usage];
        time(from)(&mut params, false);
        time(to)(&mut params, true);
        let der = params.signed_by(&key, root).expect("a certificate").der().to_vec();
        Self { key, der }
    }

    /// A response with a token (RFC 3161, RFC 5652) that says that `data` was there at a time.
    pub fn stamp(&self, data: &[u8], at: i64) -> Vec<u8> {
        let sha256_id = sequence(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], &[5, 0]]);
        let tst_info = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4];
        let time: String = format_time(at).chars().filter(|c| !"-:T".contains(*c)).collect();
        let info = sequence(&[
            &[2, 1, 1],
            &der(6, &[0x2a, 3, 4, 1]),
            &sequence(&[&sha256_id, &der(4, &sha256(data))]),
            &[2, 1, 7],
            &der(0x18, time.as_bytes()),
        ]);
        let attribute = |last: u8, value: Vec<u8>| {
            sequence(&[&der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, last]), &der(0x31, &value)])
        };
        let attributes = [attribute(3, der(6, &tst_info)), attribute(4, der(4, &sha256(&info)))].concat();
        let signature = self.key.sign(&der(0x31, &attributes)).expect("a signature");
        let (_, own) = x509_parser::certificate::X509Certificate::from_der(&self.der).expect("our certificate");
        let signer = sequence(&[
            &[2, 1, 1],
            &sequence(&[own.issuer().as_raw(), &der(2, own.raw_serial())]),
            &sha256_id,
            &der(0xa0, &attributes),
            &sequence(&[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]),
            &der(4, &signature),
        ]);
        let signed_data = sequence(&[
            &[2, 1, 3],
            &der(0x31, &sha256_id),
            &sequence(&[&der(6, &tst_info), &der(0xa0, &der(4, &info))]),
            &der(0x31, &signer),
        ]);
        let token = sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2], &der(0xa0, &signed_data)]);
        // A response that grants it.
        sequence(&[&sequence(&[&[2, 1, 0]]), &token])
    }
}
