//! Texts of registries with changed bytes: never a panic, and never other bytes than those of the digest.

use bytes::Bytes;
use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

use crate::auth::{Challenge, token_in};
use crate::digest::Digest;
use crate::keychain::Keychain;
use crate::limits::{MAX_DOCKER_CONFIG, MAX_TOKEN, MAX_TOKEN_AGE};
use crate::location::{join, next_page};
use crate::manifest::{Content, Manifest};
use crate::proxy::Proxy;

/// `PORTCULLIS_MUTATIONS=100` tries a hundred times as often, for a longer look.
fn rounds() -> usize {
    let factor = std::env::var("PORTCULLIS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    20_000 * std::cmp::max(factor, 1)
}

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"annotations":{"x":"y"}}],"annotations":{"a":"b"}}"#;
const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"platform":{"architecture":"amd64","os":"linux"},"artifactType":"x/y"}]}"#;
const CHALLENGE: &str =
    r#"Basic realm="x", Bearer realm="https://auth.a.example/token",service="a \"b\"",scope="repository:a/b:pull""#;
const LINK: &str = r#"</v2/a/referrers/b?n=1>; rel="prev", </v2/a/referrers/b?n=2&last=x>; rel="next""#;
const TOKEN: &str = r#"{"token":"abc","access_token":"abc","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}"#;
const SECRET: &str = r#"{"auths":{"https://a.example/v2/x":{"auth":"dTpnZWhlaW0="},"b":{"username":"u","password":"geheim"},"*.c":{"identitytoken":"t"}}}"#;

const OLDER_SECRET: &str = r#"{"https://a.example":{"auth":"dTpnZWhlaW0=","email":"a@b.example"},"b.example:5000":{"username":"u","password":"geheim"}}"#;

/// The same chances in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit.max(1)
    }

    /// A few bytes changed, left out, doubled, or cut off.
    fn mutate(&mut self, text: &str) -> Vec<u8> {
        const TELLING: &[u8] = b"\"\\{}[]:,=<>;/?#@%\0\n\r\xff\x80 0-e9z\xe2";
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = TELLING[self.below(TELLING.len())],
                2 if !bytes.is_empty() => drop(bytes.remove(at)),
                3 => bytes.insert(at, TELLING[self.below(TELLING.len())]),
                4 => bytes.truncate(at),
                _ => {
                    let end = at + self.below(bytes.len() - at.min(bytes.len()));
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        bytes
    }
}

#[test]
fn survives_every_manifest_and_never_mixes_images_and_indexes() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for round in 0..rounds() {
        let bytes = Bytes::from(chance.mutate([MANIFEST, INDEX][round % 2]));
        for header in
            [None, Some("application/vnd.oci.image.manifest.v1+json"), Some("application/vnd.oci.image.index.v1+json")]
        {
            let Ok(manifest) = Manifest::read(Digest::of(&bytes), bytes.clone(), header) else { continue };
            read += 1;
            assert!(manifest.digest.check(&bytes).is_ok() && manifest.bytes == bytes);
            let is_index = matches!(manifest.content, Content::Index(_));
            assert_eq!(is_index, manifest.media_type.contains("index") || manifest.media_type.contains("list"));
        }
    }
    assert!(read > 100, "some are still manifests: {read}");
}

#[test]
fn a20c_no_changed_byte_has_the_digest() {
    let digest = Digest::of(MANIFEST.as_bytes());
    for at in 0..MANIFEST.len() {
        for bit in 0..8 {
            let mut bytes = MANIFEST.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            assert!(digest.check(&bytes).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn survives_every_header_token_and_secret() {
    let mut chance = Chance(0xd1b5_4a32_d192_ed03);
    let base = Uri::from_static("https://a.example/v2/a/referrers/b");
    for _ in 0..rounds() {
        if let Ok(header) = HeaderValue::from_bytes(&chance.mutate(CHALLENGE)) {
            let mut headers = HeaderMap::new();
            headers.append(WWW_AUTHENTICATE, header);
            if let Ok(Some(Challenge::Bearer { realm, service, scope })) = Challenge::of(&headers) {
                // Nothing grows on the way; an escaped character only shrinks.
                let parts = [Some(realm), service, scope].into_iter().flatten().map(|text| text.len());
                assert!(parts.sum::<usize>() <= 2 * CHALLENGE.len());
            }
        }
        let link = String::from_utf8_lossy(&chance.mutate(LINK)).into_owned();
        if let Ok(Some(target)) = next_page(&link)
            && let Ok(url) = join(&base, &target)
        {
            assert!(matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some(), "{url}");
        }
        if let Ok((header, age)) = token_in(&chance.mutate(TOKEN)) {
            assert!(header.len() <= MAX_TOKEN && header.is_sensitive() && age <= MAX_TOKEN_AGE);
        }
        for secret in [SECRET, OLDER_SECRET] {
            if let Err(error) = Keychain::pull_secret(&chance.mutate(secret)) {
                let said = error.to_string();
                assert!(!said.contains("geheim") && !said.contains("Z2VoZWlt") && said.len() < 1_000, "{said}");
            }
        }
        let _ = Proxy::new(
            &String::from_utf8_lossy(&chance.mutate("https://u:p%40@proxy.example:3128/")),
            "10.0.0.0/8,[::1]:5,*.x",
        );
        let _ = String::from_utf8_lossy(&chance.mutate(&Digest::of(b"").to_string())).parse::<Digest>();
    }
}

#[test]
fn n45_refuses_texts_beyond_their_bounds_without_reading_them() {
    let long = "x".repeat(MAX_TOKEN + 1);
    assert!(token_in(format!(r#"{{"token":"{long}"}}"#).as_bytes()).is_err());
    let secret =
        format!(r#"{{"auths":{{}},"x":"{}"}}"#, "y".repeat(usize::try_from(MAX_DOCKER_CONFIG).expect("a megabyte")));
    let said = Keychain::pull_secret(secret.as_bytes()).expect_err("too long").to_string();
    assert!(said.contains("more than 1048576 bytes"), "{said}");
    let mut headers = HeaderMap::new();
    let challenge = format!("Bearer realm=\"https://a.example/{}\"", "z".repeat(8 * 1024));
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(&challenge).expect("a header"));
    assert_eq!(Challenge::of(&headers), Err("it is too long"));
    let nested = format!(r#"{{"schemaVersion":2,"annotations":{}1{}}}"#, r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let bytes = Bytes::from(nested);
    assert!(Manifest::read(Digest::of(&bytes), bytes, Some("application/vnd.oci.image.index.v1+json")).is_err());
}
