//! Bytes changed at random: whatever is signed cannot change, and nothing panics whatever comes.

use portcullis_evidence::{Artifact, Verified, verify};

use crate::instance::{p256, sha256};
use crate::made::{BLOB, By, Content, Log, blob, bundle, leaf, signature_of, statement};
use crate::trusts::trust_both;

/// How often something is tried: `PORTCULLIS_MUTATIONS=100` tries a hundred times as often, for a longer look.
pub fn times(usual: usize) -> usize {
    let factor = std::env::var("PORTCULLIS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    usual * std::cmp::max(factor, 1)
}

/// Each byte with one bit changed, one after the other.
pub fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(move |at| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        (at, changed)
    })
}

/// A small generator (xorshift64*): the same bytes in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits") % limit
    }
}

/// A bundle with some of its bytes changed, taken out or doubled.
pub fn mutate(bundle: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bundle.to_vec();
    for _ in 0..=chance.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            3 => bytes[at] = b"\"{}[]:,0a=\n"[chance.below(11)],
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

/// What counts for whoever asks; where things are written (white space, unsigned hints) does not. A time that is no longer
/// there proves less, never something else.
pub fn means_the_same(verified: &Verified, original: &Verified) -> bool {
    let times = verified.times.iter().all(|time| original.times.contains(time));
    times && (&verified.signer, &verified.says) == (&original.signer, &original.says)
}

#[test]
fn never_panics_and_never_verifies_another_meaning() {
    let (leaf, pair) = (leaf(), p256());
    let trust = trust_both(&pair);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut still = 0;
    for content in [blob(), statement("https://cyclonedx.org/bom")] {
        for (by, log, stamped) in
            [(By::Leaf(&leaf), Log::V1, true), (By::Leaf(&leaf), Log::V2, true), (By::Key(&pair), Log::None, false)]
        {
            let good = bundle(&by, &content, log, stamped).to_string().into_bytes();
            let original = verify(&good, &Artifact::Bytes(BLOB), &trust).expect("it holds");
            for _ in 0..times(400) {
                let bytes = mutate(&good, &mut chance);
                if let Ok(verified) = verify(&bytes, &Artifact::Sha256(sha256(BLOB)), &trust) {
                    still += 1;
                    let text = String::from_utf8_lossy(&bytes);
                    assert!(means_the_same(&verified, &original), "{text}\n{verified:?}");
                }
            }
        }
    }
    println!("{still} of {} changed bundles mean the same", times(2400));
    assert!(still < times(600), "the changes change nothing: {still}");
}

#[test]
fn refuses_every_changed_byte_of_what_is_signed() {
    use base64::Engine;
    let pair = p256();
    let trust = trust_both(&pair);
    let content = statement("https://cyclonedx.org/bom");
    let good = bundle(&By::Key(&pair), &content, Log::None, false);
    let Content::Envelope(_, payload) = &content else { panic!("an envelope") };
    let refused = |bundle: &serde_json::Value, what: &str| {
        assert!(verify(bundle.to_string().as_bytes(), &Artifact::Bytes(BLOB), &trust).is_err(), "{what}");
    };
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    for at in 0..payload.len() {
        let mut bytes = payload.clone();
        bytes[at] ^= 1;
        let mut bundle = good.clone();
        bundle["dsseEnvelope"]["payload"] = encode(&bytes).into();
        refused(&bundle, &format!("byte {at} of the payload"));
    }
    let signature = signature_of(&good);
    for at in 0..signature.len() {
        let mut bytes = signature.clone();
        bytes[at] ^= 1;
        let mut bundle = good.clone();
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = encode(&bytes).into();
        refused(&bundle, &format!("byte {at} of the signature"));
    }
    for at in 0..BLOB.len() {
        let mut bytes = BLOB.to_vec();
        bytes[at] ^= 1;
        let verdict = verify(good.to_string().as_bytes(), &Artifact::Bytes(&bytes), &trust);
        assert!(verdict.is_err(), "byte {at} of the artifact");
    }
}

#[test]
fn refuses_what_is_too_large_before_reading_it() {
    use portcullis_evidence::{MAX_BUNDLE_BYTES, MAX_LOG_ENTRIES, MAX_TIMESTAMPS, Reason};
    let (leaf, pair) = (leaf(), p256());
    let trust = trust_both(&pair);
    let refuses = |bytes: &[u8]| {
        let refused = verify(bytes, &Artifact::Bytes(BLOB), &trust).expect_err("too large");
        assert_eq!(refused.reason, Reason::TooLarge, "{refused}");
    };
    refuses(&vec![b' '; MAX_BUNDLE_BYTES + 1]);
    let good = bundle(&By::Leaf(&leaf), &blob(), Log::V2, true);
    let mut entries = good.clone();
    let list = &mut entries["verificationMaterial"]["tlogEntries"];
    *list = vec![list[0].clone(); MAX_LOG_ENTRIES + 1].into();
    refuses(entries.to_string().as_bytes());
    let mut times = good.clone();
    let list = &mut times["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    *list = vec![list[0].clone(); MAX_TIMESTAMPS + 1].into();
    refuses(times.to_string().as_bytes());
    let mut signature = good;
    signature["messageSignature"]["signature"] = "A".repeat(40_000).into();
    refuses(signature.to_string().as_bytes());
}
