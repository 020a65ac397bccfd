//! Answers of a registry with changed bytes, on the wire: an answer or an error in time, never other bytes.

use std::sync::Mutex;
use std::time::Duration;

use portcullis_support::{FakeRegistry, Reply, image, index, referrer};

use crate::world::{Asker, NAME, config, digest, limits};

const ROUNDS: usize = 1_200;

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
    for round in 0..ROUNDS {
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
    let _ = NAME;
}
