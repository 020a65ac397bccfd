//! Floods fill no memory (A40, N45).

use portcullis_registry::{Class, Config};
use portcullis_support::{FakeRegistry, Piece, Reply, image};

use crate::again;
use crate::world::{Asker, config, limits};

/// In KiB: what threads and allocators reserve, the room that the client has for answers, and no more. A flood has 64 GB.
const ADDRESS_SPACE: u64 = 2_500_000;

#[test]
fn a40_n45_floods_stay_within_the_memory_they_have() {
    again::run("memory::floods", Some(ADDRESS_SPACE), None);
}

#[tokio::test]
#[ignore = "started by the test above, with little memory"]
async fn floods() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunks = Piece::Repeat([b"8000\r\n".to_vec(), vec![b' '; 0x8000], b"\r\n".to_vec()].concat(), 1_000_000);
    let headers =
        Piece::Repeat(b"X-Flood: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(1_000), 1_000_000);
    for reply in [
        Reply::flood(None),
        Reply::flood(Some(u64::MAX / 2)),
        Reply::Raw(vec![Piece::Bytes(head), chunks]),
        Reply::Raw(vec![Piece::Bytes(b"HTTP/1.1 200 OK\r\n".to_vec()), headers]),
        Reply::Raw(vec![Piece::Repeat(vec![b'['; 100_000], 1_000_000)]),
    ] {
        let fake = FakeRegistry::start().await;
        fake.answer("/", reply);
        let asker = std::sync::Arc::new(Asker::with(&fake, Config { limits: limits(), ..config(&[&fake]) }));
        let mut tasks = tokio::task::JoinSet::new();
        // All at once: the room for answers is for all of them.
        for _ in 0..96 {
            let asker = asker.clone();
            tasks.spawn(async move { asker.referrers(&image(&[]).digest()).await.map(drop) });
        }
        while let Some(result) = tasks.join_next().await {
            let error = result.expect("no panic").expect_err("a flood");
            assert!(matches!(error.cause.class(), Class::TooMuch | Class::Lying | Class::Late), "{error}");
        }
    }
}
