//! Answers of a registry with changed bytes, on the wire: an answer or an error in time, never other bytes.

use std::sync::Mutex;
use std::time::Duration;

use portcullis_registry::{Credential, Keychain};
use portcullis_support::{FakeRegistry, Reply, image, index, referrer};

use crate::world::{Asker, config, digest, limits};

/// `PORTCULLIS_MUTATIONS=100` tries a hundred times as often, for a longer look.
fn rounds(usual: usize) -> usize {
    let factor = std::env::var("PORTCULLIS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    usual * std::cmp::max(factor, 1)
}

/// The same chances in every run.
fn chance(state: &mut u64, limit: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 11).unwrap_or(0) % limit.max(1)
}

fn mutate(bytes: &mut Vec<u8>, state: &mut u64) {
    for _ in 0..=chance(state, 3) {
        let at = chance(state, bytes.len());
        match chance(state, 4) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << chance(state, 8),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\r\n 0:9{\"\xff"[chance(state, 9)]),
            _ => bytes.truncate(at),
        }
    }
}

#[tokio::test]
async fn n41_n45_any_changed_answer_is_an_error_or_the_same_bytes() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[b"subject"]);
    let about = subject.digest();
    let signature = referrer(&subject.descriptor(), "a/b", b"signature");
    let list = index(&[signature.descriptor()]);
    let state = Mutex::new(0x2545_f491_4f6c_dd1d_u64);
    let (honest, listed) = (subject.clone(), list.clone());
    fake.rule(move |asked| {
        let (status, more, body) = if asked.path.contains("/referrers/") {
            ("200 OK", "Content-Type: application/vnd.oci.image.index.v1+json\r\n".to_owned(), listed.bytes.clone())
        } else if asked.path.ends_with("/gone") {
            ("404 Not Found", String::new(), br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"x"}]}"#.to_vec())
        } else if asked.path.ends_with("/moved") {
            ("307 Moved", "Location: /v2/team/app/manifests/v1\r\n".to_owned(), Vec::new())
        } else if asked.path.ends_with("/busy") {
            (
                "401 No",
                "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/token\",service=\"x\"\r\n".to_owned(),
                Vec::new(),
            )
        } else {
            ("200 OK", format!("Content-Type: {}\r\n", honest.media_type), honest.bytes.clone())
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n", body.len());
        let mut bytes = head.into_bytes();
        bytes.extend(body);
        mutate(&mut bytes, &mut state.lock().expect("chance"));
        Some(Reply::raw(bytes))
    });
    let mut settings = config(&[&fake]);
    settings.limits = portcullis_registry::Limits { answer: Duration::from_millis(500), retries: 0, ..limits() };
    let asker = Asker { patience: Duration::from_secs(2), ..Asker::with(&fake, settings) };
    let (mut good, mut bad) = (0, 0);
    for round in 0..rounds(1_200) {
        let result = match round % 5 {
            0 => asker.client.manifest(&asker.repository, &digest(&about), asker.access()).await.map(|answer| {
                // A changed 404 may still be one; the bytes are those of the digest or none.
                answer.value.is_none_or(|manifest| manifest.bytes == subject.bytes)
            }),
            1 => asker
                .resolve(["gone", "moved", "busy"][round % 3])
                .await
                .map(|found| found.is_none_or(|found| found.starts_with("sha256:"))),
            2 => asker.resolve("v1").await.map(|found| found.is_some_and(|found| found.len() == 71)),
            _ => asker.referrers(&about).await.map(|found| found.len() <= 1),
        };
        match result {
            Ok(right) => {
                assert!(right, "round {round}");
                good += 1;
            }
            Err(_) => bad += 1,
        }
    }
    assert!(good > 20 && bad > 200, "{good} good, {bad} bad");
}

/// One HTTP/1.1 answer, with some of its bytes changed where chance says so.
fn answer(status: &str, headers: &str, body: &[u8], state: &mut u64) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n", body.len());
    let mut bytes = [head.as_bytes(), body].concat();
    // Three of four arrive as they are, so that the later steps are reached as well.
    if chance(state, 4) == 0 {
        mutate(&mut bytes, state);
    }
    Reply::raw(bytes)
}

#[tokio::test]
async fn a41_n45_any_changed_challenge_token_or_page_is_an_error_or_the_whole_list() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[b"subject"]);
    let about = subject.digest();
    let signatures: Vec<_> =
        [b"one", b"two"].iter().map(|layer| referrer(&subject.descriptor(), "a/b", &layer[..])).collect();
    let pages = signatures.iter().map(|one| index(&[one.descriptor()]).bytes).collect::<Vec<_>>();
    let (state, base) = (Mutex::new(0x1f83_d9ab_fb41_bd6b_u64), fake.base());
    fake.rule(move |asked| {
        let mut state = state.lock().expect("chance");
        let kind = "Content-Type: application/vnd.oci.image.index.v1+json\r\n";
        Some(if asked.path == "/token" {
            answer("200 OK", "Content-Type: application/json\r\n", br#"{"token":"t","expires_in":300}"#, &mut state)
        } else if asked.header("authorization") != Some("Bearer t") {
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"{base}/token\",service=\"x\",scope=\"repository:team/app:pull\"\r\n"
            );
            answer("401 No", &challenge, b"{}", &mut state)
        } else if asked.query.contains("n=2") {
            answer("200 OK", kind, &pages[1], &mut state)
        } else {
            let link = format!("{kind}Link: <{}?n=2>; rel=\"next\"\r\n", asked.path);
            answer("200 OK", &link, &pages[0], &mut state)
        })
    });
    let mut settings = config(&[&fake]);
    settings.limits = portcullis_registry::Limits { answer: Duration::from_millis(500), retries: 0, ..limits() };
    let digests: Vec<String> = signatures.iter().map(portcullis_support::Sample::digest).collect();
    let (mut whole, mut bad) = (0, 0);
    for round in 0..rounds(250) {
        // A client of its own: no token is remembered from round to round.
        let password = Credential::Password { user: "u".to_owned(), password: "geheim".to_owned() };
        let keychain = Keychain::of(&fake.host(), password);
        let asker = Asker { keychain, patience: Duration::from_secs(2), ..Asker::with(&fake, settings.clone()) };
        match asker.referrers(&about).await {
            Ok(found) if found == digests => whole += 1,
            // A list is not known by its digest: over plain HTTP whoever is on the way may change what it says. Each thing that
            // it lists is known by its own.
            Ok(found) => assert!(found.len() <= 2, "round {round}: {found:?}"),
            Err(error) => {
                bad += 1;
                assert!(!error.to_string().contains("geheim") && !format!("{error:?}").contains("geheim"), "{error:?}");
            }
        }
    }
    println!("{whole} whole, {bad} errors");
    assert!(whole > 20 && bad > 40, "{whole} whole, {bad} errors");
    // A changed realm may be another path of the same host, which is its own token service.
    let shown = fake
        .log()
        .iter()
        .filter(|one| one.path.starts_with("/v2/"))
        .all(|one| one.header("authorization").is_none_or(|header| header.starts_with("Bearer ")));
    assert!(shown, "the password is shown to the token service alone");
}
