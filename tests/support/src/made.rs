//! Bundles made up for tests, by the made-up sigstore or by a key, with every part exchangeable.

use rcgen::{KeyPair, SigningKey};
use serde_json::{Value, json};

use crate::instance::{INSTANCE, Instance, LOG2, Leaf, LeafParams, Tsa, b64, hex, sha256, signing_time, spki};

/// What is signed where nothing else is said.
pub const BLOB: &[u8] = b"the artifact\n";
/// The type of a signature on an image.
pub const COSIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// What is signed.
#[derive(Clone)]
pub enum Content {
    /// Bytes.
    Blob(Vec<u8>),
    /// A payload of a type, in an envelope (DSSE).
    Envelope(String, Vec<u8>),
}

/// Who signs.
pub enum By<'a> {
    /// Somebody with a certificate.
    Leaf(&'a Leaf),
    /// Somebody with a key.
    Key(&'a KeyPair),
}

/// Which log takes an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// None does.
    None,
    /// Rekor v1.
    V1,
    /// Rekor v2.
    V2,
}

/// [`BLOB`].
pub fn blob() -> Content {
    Content::Blob(BLOB.to_vec())
}

/// A statement about [`BLOB`].
pub fn statement(predicate_type: &str) -> Content {
    statement_about(&hex(sha256(BLOB)), predicate_type)
}

/// A statement about whatever has this SHA-256, in hex digits.
pub fn statement_about(sha256: &str, predicate_type: &str) -> Content {
    let text = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": sha256}}],
        "predicateType": predicate_type,
        "predicate": {},
    });
    Content::Envelope("application/vnd.in-toto+json".to_owned(), text.to_string().into_bytes())
}

impl Content {
    /// The bytes under the signature.
    pub fn signed(&self) -> Vec<u8> {
        match self {
            Self::Blob(bytes) => bytes.clone(),
            Self::Envelope(kind, payload) => {
                let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
                [head.as_bytes(), payload].concat()
            }
        }
    }
}

impl By<'_> {
    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            By::Leaf(leaf) => leaf.key.sign(bytes),
            By::Key(key) => key.sign(bytes),
        }
        .expect("a signature")
    }

    fn pem(&self) -> String {
        let (label, der) = match self {
            By::Leaf(leaf) => ("CERTIFICATE", leaf.der.clone()),
            By::Key(key) => ("PUBLIC KEY", spki(key)),
        };
        pem(label, &der)
    }
}

/// PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = b64(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A leaf as Fulcio would issue it.
pub fn leaf() -> Leaf {
    INSTANCE.leaf(&LeafParams::default())
}

/// A whole bundle 0.3 of the instance.
pub fn bundle(by: &By<'_>, content: &Content, log: Log, stamped: bool) -> Value {
    bundle_of(&INSTANCE, by, content, log, stamped)
}

/// The same of another instance.
pub fn bundle_of(instance: &Instance, by: &By<'_>, content: &Content, log: Log, stamped: bool) -> Value {
    let signature = by.sign(&content.signed());
    let mut material = match by {
        By::Leaf(leaf) => json!({"certificate": {"rawBytes": b64(&leaf.der)}}),
        By::Key(key) => json!({"publicKey": {"hint": b64(sha256(spki(key)))}}),
    };
    if log != Log::None {
        material["tlogEntries"] = json!([entry(instance, by, content, &signature, log, signing_time())]);
    }
    if stamped {
        material["timestampVerificationData"] = stamps(&[instance.tsa.stamp(&signature, signing_time())]);
    }
    let mut bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material,
    });
    match content {
        Content::Blob(bytes) => {
            let digest = json!({"algorithm": "SHA2_256", "digest": b64(sha256(bytes))});
            bundle["messageSignature"] = json!({"messageDigest": digest, "signature": b64(&signature)});
        }
        Content::Envelope(kind, payload) => {
            bundle["dsseEnvelope"] =
                json!({"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(&signature)}]});
        }
    }
    bundle
}

/// What a bundle holds of timestamps.
pub fn stamps(tokens: &[Vec<u8>]) -> Value {
    let tokens: Vec<Value> = tokens.iter().map(|token| json!({"signedTimestamp": b64(token)})).collect();
    json!({"rfc3161Timestamps": tokens})
}

/// A token over a bundle's own signature, by any authority.
pub fn stamp_of(bundle: &Value, tsa: &Tsa, at: i64) -> Vec<u8> {
    tsa.stamp(&signature_of(bundle), at)
}

/// The signature in a bundle.
pub fn signature_of(bundle: &Value) -> Vec<u8> {
    use base64::Engine;
    let text = match &bundle["messageSignature"]["signature"] {
        Value::String(text) => text,
        _ => bundle["dsseEnvelope"]["signatures"][0]["sig"].as_str().expect("a signature"),
    };
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// A log entry about a signature.
pub fn entry(instance: &Instance, by: &By<'_>, content: &Content, signature: &[u8], log: Log, at: i64) -> Value {
    let digest = sha256(content.signed());
    match log {
        Log::V2 => {
            let verifier = match by {
                By::Leaf(leaf) => {
                    json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(&leaf.der)}})
                }
                By::Key(key) => {
                    json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": {"rawBytes": b64(spki(key))}})
                }
            };
            let spec = json!({"data": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": {"content": b64(signature), "verifier": verifier}});
            let body = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": spec}});
            entry_v2(instance, LOG2, &body)
        }
        _ => {
            let body = match content {
                Content::Blob(_) => json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": hex(digest)}},
                    "signature": {"content": b64(signature), "publicKey": {"content": b64(by.pem())}},
                }}),
                Content::Envelope(_, payload) => json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": hex(digest)},
                    "payloadHash": {"algorithm": "sha256", "value": hex(sha256(payload))},
                    "signatures": [{"signature": b64(signature), "verifier": b64(by.pem())}],
                }}),
            };
            entry_v1(instance, &body, at)
        }
    }
}

/// A tree of two leaves in which the entry is the second: its root, and the way there.
fn tree(body: &[u8]) -> ([u8; 32], [u8; 32]) {
    let other = sha256(b"\0other");
    (sha256([&[1][..], &other, &sha256([&[0][..], body].concat())].concat()), other)
}

/// A checkpoint (C2SP) of a tree of two leaves.
pub fn checkpoint(origin: &str, id: &[u8], root: &[u8; 32], key: &KeyPair) -> String {
    let note = format!("{origin}\n2\n{}\n", b64(root));
    let signature = key.sign(note.as_bytes()).expect("a signature");
    // The origin of Rekor v1 has spaces, the name of its key has none.
    let name = origin.split(' ').next().expect("a first word");
    format!("{note}\n— {name} {}\n", b64([&id[..4], &signature].concat()))
}

/// An entry of Rekor v2 with this body.
pub fn entry_v2(instance: &Instance, origin: &str, body: &Value) -> Value {
    let body = body.to_string();
    let (root, other) = tree(body.as_bytes());
    let id = instance.log2_id();
    json!({
        "logIndex": "1", "logId": {"keyId": b64(id)}, "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": {
            "logIndex": "1", "rootHash": b64(root), "treeSize": "2", "hashes": [b64(other)],
            "checkpoint": {"envelope": checkpoint(origin, &id, &root, &instance.log2)},
        },
        "canonicalizedBody": b64(body),
    })
}

/// An entry of Rekor v1 with this body.
pub fn entry_v1(instance: &Instance, body: &Value, at: i64) -> Value {
    let (kind, version) = (body["kind"].clone(), body["apiVersion"].clone());
    let body = body.to_string();
    let (root, other) = tree(body.as_bytes());
    let id = sha256(spki(&instance.log1));
    let promised = format!(r#"{{"body":"{}","integratedTime":{at},"logID":"{}","logIndex":1}}"#, b64(&body), hex(id));
    let promise = instance.log1.sign(promised.as_bytes()).expect("a signature");
    json!({
        "logIndex": "1", "logId": {"keyId": b64(id)}, "kindVersion": {"kind": kind, "version": version},
        "integratedTime": at.to_string(), "inclusionPromise": {"signedEntryTimestamp": b64(promise)},
        "inclusionProof": {
            "logIndex": "1", "rootHash": b64(root), "treeSize": "2", "hashes": [b64(other)],
            "checkpoint": {"envelope": checkpoint("rekor1.example.test - 42", &id, &root, &instance.log1)},
        },
        "canonicalizedBody": b64(body),
    })
}
