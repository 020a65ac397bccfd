//! Live reads: as new as the call, shared, bounded, and an honest word when there is no answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_cluster::{Limits, Namespaces};
use portcullis_model::NamespaceLabels;
use tokio::time::sleep;

use crate::api_server::{ApiServer, Manner, eventually};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// The mode that a namespace is labelled with, live.
async fn mode(namespaces: &Namespaces, name: &str) -> String {
    match namespaces.live(name, soon()).await {
        NamespaceLabels::Known(labels) => {
            assert_eq!(labels["kubernetes.io/metadata.name"], name);
            labels["portcullis.dev/mode"].clone()
        }
        other => panic!("{other:?}"),
    }
}

/// Why the labels of a namespace are not known, and how long that took.
async fn reason(namespaces: &Namespaces, name: &str, deadline: Instant) -> (String, Duration) {
    let asked = Instant::now();
    match namespaces.live(name, deadline).await {
        NamespaceLabels::Unknown(reason) => (reason, asked.elapsed()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn never_gives_labels_older_than_the_call() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    server.state().get = Manner::After(Duration::from_millis(100));
    let first = tokio::spawn({
        let namespaces = namespaces.clone();
        async move { mode(&namespaces, "team-a").await }
    });
    eventually("the first read is under way", || server.state().gets.len() == 1).await;

    server.relabel("team-a", "compliance");
    assert_eq!(mode(&namespaces, "team-a").await, "compliance", "the read under way is too old for this caller");
    assert_eq!(first.await.unwrap(), "sandbox", "and new enough for the one who asked before");
    assert_eq!(server.state().gets.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_gives_labels_older_than_the_call_while_they_change_all_the_time() {
    let server = Arc::new(ApiServer::start(&[("team-a", "0")]).await);
    let namespaces = server.namespaces(Limits::default()).await;
    server.state().get = Manner::After(Duration::from_millis(2));
    let writer = tokio::spawn({
        let server = Arc::clone(&server);
        async move {
            for number in 1.. {
                server.relabel("team-a", &number.to_string());
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (server, namespaces) = (Arc::clone(&server), namespaces.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    let before: u64 =
                        server.state().namespaces["team-a"]["portcullis.dev/mode"].parse().expect("a number");
                    let seen: u64 = mode(&namespaces, "team-a").await.parse().expect("a number");
                    assert!(seen >= before, "read {seen} after {before} was there");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    writer.abort();
    let reads = server.state().gets.len();
    let most = server.state().most_at_once;
    assert!(reads < 16 * 50, "{reads} reads for 800 calls: none was shared");
    assert!(most <= 2, "{most} reads of one namespace at once");
}

#[tokio::test]
async fn shares_one_read_between_concurrent_callers() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    server.state().get = Manner::After(Duration::from_millis(50));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let namespaces = namespaces.clone();
            tokio::spawn(async move { mode(&namespaces, "team-a").await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "sandbox");
    }
    let reads = server.state().gets.len();
    assert!(reads <= 2, "{reads} reads for 100 callers");
    assert!(server.state().accepts.iter().all(|accept| accept.contains("as=PartialObjectMetadata")), "metadata only");
}

#[tokio::test]
async fn takes_no_answer_from_the_others_when_a_caller_goes_away() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    server.state().get = Manner::After(Duration::from_millis(100));
    let call = || {
        let namespaces = namespaces.clone();
        tokio::spawn(async move { mode(&namespaces, "team-a").await })
    };
    let (first, second) = (call(), call());
    eventually("the read is under way", || server.state().gets.len() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(second.await.unwrap(), "sandbox");
    assert_eq!(server.state().gets.len(), 1);
}

#[tokio::test]
async fn reads_nothing_for_callers_who_are_gone_before_it_begins() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "sandbox")]).await;
    let namespaces = server.namespaces(Limits { reads: 1, ..Limits::default() }).await;
    server.state().next_gets.push_back(Manner::After(Duration::from_millis(200)));
    let call = |name: &'static str| {
        let namespaces = namespaces.clone();
        tokio::spawn(async move { mode(&namespaces, name).await })
    };
    let first = call("team-a");
    eventually("the first read is under way", || server.state().gets.len() == 1).await;
    let second = call("team-b");
    sleep(Duration::from_millis(20)).await;
    second.abort();
    assert_eq!(first.await.unwrap(), "sandbox");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.state().gets, ["team-a"], "nobody waits for team-b any more");
    assert_eq!(mode(&namespaces, "team-b").await, "sandbox", "and the next caller is served");
}

#[tokio::test]
async fn denies_knowledge_when_the_api_server_does_not_answer() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits { live: Duration::from_secs(1), ..Limits::default() }).await;
    server.state().get = Manner::Hang;

    let (why, took) = reason(&namespaces, "team-a", Instant::now() + Duration::from_millis(150)).await;
    assert!(why.starts_with("the API server did not say within "), "{why}");
    assert!(why.ends_with("which labels namespace `team-a` has"), "{why}");
    assert!(took < Duration::from_millis(900), "the caller's deadline holds: {took:?}");

    let (why, took) = reason(&namespaces, "team-a", Instant::now() + Duration::from_secs(3_600)).await;
    assert!(why.contains("did not say within "), "{why}");
    assert!(took < Duration::from_secs(5), "so does our own bound: {took:?}");

    let (why, took) = reason(&namespaces, "team-a", Instant::now()).await;
    assert!(why.contains("`team-a`") && took < Duration::from_millis(500), "{why} {took:?}");

    server.state().get = Manner::Answer;
    assert_eq!(mode(&namespaces, "team-a").await, "sandbox", "nothing is stuck afterwards");
}

#[tokio::test]
async fn denies_knowledge_and_says_why_whatever_else_the_api_server_does() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    let say = |code, text: &str| Manner::Say(code, text.to_owned());
    let cases = [
        (
            Manner::Status(403, "Forbidden"),
            "`get`, `list` and `watch` on `namespaces` is missing (namespaces is Forbidden",
        ),
        (Manner::Status(401, "Unauthorized"), "does not accept the credentials"),
        (Manner::Status(404, "NotFound"), "the namespace `team-a` does not exist"),
        (say(404, "404 page not found"), "status 404 (404 page not found)"),
        (Manner::Status(500, "InternalError"), "status 500"),
        (Manner::Status(429, "TooManyRequests"), "status 429"),
        (say(503, "{}"), "refused to answer (without a message)"),
        (say(502, "\u{1b}[31m<html>\n"), "status 502 ( [31m<html>)"),
        (Manner::Half, "cannot be reached"),
        (Manner::Close, "cannot be reached"),
        (say(200, ""), "unreadable"),
        (say(200, "{"), "unreadable"),
        (say(200, "{}"), "unreadable (it is no namespace)"),
        (say(200, r#"{"kind": "Status", "metadata": {}, "status": "Success"}"#), "it is no namespace"),
        (say(200, r#"{"metadata": {"name": "team-b"}}"#), "it speaks of `team-b` instead of `team-a`"),
        (say(200, r#"{"metadata": {"name": "team-a", "labels": {"a": 1}}}"#), "unreadable"),
        (say(302, ""), "unreadable"),
    ];
    for (manner, expected) in cases {
        server.state().get = manner.clone();
        let (why, _) = reason(&namespaces, "team-a", soon()).await;
        assert!(why.contains(expected), "{manner:?}: {why}");
        assert!(!why.contains(char::is_control), "{manner:?}: {why:?}");
    }
    server.state().get = say(200, r#"{"metadata": {"name": "team-a"}}"#);
    let NamespaceLabels::Known(labels) = namespaces.live("team-a", soon()).await else {
        panic!("no labels are labels")
    };
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), [("kubernetes.io/metadata.name".into(), "team-a".into())]);
}

#[tokio::test]
async fn asks_nothing_for_a_text_that_is_no_name() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    for bad in ["", "team-a/status", "../secrets", "team-a?resourceVersion=0", "Team-A", "team-a\n"] {
        let (why, _) = reason(&namespaces, bad, soon()).await;
        assert!(why.ends_with("is no name of a namespace"), "{why:?}");
    }
    assert!(server.state().gets.is_empty());
}

#[tokio::test]
async fn asks_again_when_the_api_server_stumbles() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let limits = Limits { attempt: Duration::from_millis(200), ..Limits::default() };
    let namespaces = server.namespaces(limits).await;
    for (first, second) in [
        (Manner::Close, Manner::Status(503, "ServiceUnavailable")),
        (Manner::Half, Manner::Status(429, "TooManyRequests")),
        (Manner::Hang, Manner::Hang),
    ] {
        server.state().gets.clear();
        server.state().next_gets.extend([first, second]);
        assert_eq!(mode(&namespaces, "team-a").await, "sandbox");
        assert_eq!(server.state().gets.len(), 3);
    }
    server.state().gets.clear();
    server.state().get = Manner::Status(403, "Forbidden");
    reason(&namespaces, "team-a", soon()).await;
    assert_eq!(server.state().gets.len(), 1, "what a moment does not change is asked once");
}

#[tokio::test]
async fn reads_no_more_at_once_than_it_may() {
    let names: Vec<String> = (0..20).map(|number| format!("team-{number}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "sandbox")).collect();
    let server = ApiServer::start(&pairs).await;
    let namespaces = server.namespaces(Limits { reads: 3, ..Limits::default() }).await;
    server.state().get = Manner::After(Duration::from_millis(20));
    let callers: Vec<_> = names
        .iter()
        .map(|name| {
            let (namespaces, name) = (namespaces.clone(), name.clone());
            tokio::spawn(async move { mode(&namespaces, &name).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "sandbox");
    }
    assert_eq!(server.state().most_at_once, 3);
}

#[tokio::test]
async fn denies_knowledge_when_too_many_reads_are_under_way() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "sandbox"), ("team-c", "sandbox")]).await;
    let limits = Limits {
        reads: 1,
        waiting: 1,
        live: Duration::from_millis(500),
        attempt: Duration::from_secs(1),
        ..Limits::default()
    };
    let namespaces = server.namespaces(limits).await;
    server.state().next_gets.push_back(Manner::Hang);
    let call = |name: &'static str| {
        let namespaces = namespaces.clone();
        tokio::spawn(async move { reason(&namespaces, name, Instant::now() + Duration::from_millis(200)).await.0 })
    };
    let first = call("team-a");
    eventually("the first read is under way", || server.state().gets.len() == 1).await;
    let second = call("team-b");
    sleep(Duration::from_millis(20)).await;
    let (third, took) = reason(&namespaces, "team-c", soon()).await;
    assert!(third.contains("`team-c` could not be read: 1 reads of namespaces were under way"), "{third}");
    assert!(took < Duration::from_millis(400), "there is no room to wait: {took:?}");
    assert!(second.await.unwrap().contains("`team-b` could not be read: 1 reads"), "it never began");
    assert!(first.await.unwrap().contains("did not say within"));
    sleep(Duration::from_millis(600)).await;
    assert_eq!(mode(&namespaces, "team-c").await, "sandbox", "nothing is stuck afterwards");
}
