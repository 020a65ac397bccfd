//! The watched store: complete before it counts, and silent about everything that may be old.

use std::time::{Duration, Instant};

use portcullis_cluster::{Limits, Namespaces};
use portcullis_model::NamespaceLabels;
use tokio::time::sleep;

use crate::api_server::{ApiServer, Manner, eventually};

fn cached(namespaces: &Namespaces, name: &str) -> Option<String> {
    let labels = namespaces.cached(name)?;
    assert_eq!(labels["kubernetes.io/metadata.name"], name);
    labels.get("portcullis.dev/mode").cloned()
}

fn is(namespaces: &Namespaces, name: &str, mode: &str) -> bool {
    cached(namespaces, name).as_deref() == Some(mode)
}

#[tokio::test]
async fn keeps_up_with_namespaces_that_come_change_and_go() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "compliance")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    assert!(is(&namespaces, "team-a", "sandbox") && is(&namespaces, "team-b", "compliance"));
    assert_eq!(cached(&namespaces, "team-c"), None);

    server.relabel("team-a", "compliance");
    server.relabel("team-c", "sandbox");
    eventually("both changes arrive", || {
        is(&namespaces, "team-a", "compliance") && is(&namespaces, "team-c", "sandbox")
    })
    .await;
    server.delete("team-b");
    eventually("the deletion arrives", || namespaces.cached("team-b").is_none()).await;

    server.end_watches();
    server.relabel("team-a", "sandbox");
    eventually("a watch that is over is renewed", || is(&namespaces, "team-a", "sandbox")).await;
    assert_eq!((namespaces.lag(), server.state().lists), (None, 1), "without a list");
}

#[tokio::test]
async fn is_not_ready_until_the_first_list_is_complete() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "sandbox"), ("team-c", "sandbox")]).await;
    server.state().next_page = Manner::Hang;
    let limits = Limits { page: 2, list: Duration::from_millis(200), ..Limits::default() };
    let namespaces = Namespaces::watched_within(&server.connection().await, limits).await;
    assert_eq!(namespaces.ready(), Err("the namespaces have not been listed yet".to_owned()));
    eventually("the second page is asked for", || server.state().lists == 2).await;
    assert_eq!(namespaces.cached("team-a"), None, "half a list is none");
    let late = "the namespaces have not been listed yet: the API server did not list the namespaces within 200 ms";
    eventually("the list is given up", || namespaces.ready() == Err(late.to_owned())).await;
    assert_eq!(namespaces.lag(), None, "there is nothing to fall behind of");

    server.state().next_page = Manner::Answer;
    eventually("the list is complete", || namespaces.ready().is_ok()).await;
    assert!(["team-a", "team-b", "team-c"].iter().all(|name| is(&namespaces, name, "sandbox")));
}

#[tokio::test]
async fn says_which_permission_is_missing() {
    let server = ApiServer::start(&[]).await;
    server.state().list = Manner::Status(403, "Forbidden");
    let namespaces = Namespaces::watched(&server.connection().await).await;
    let missing = "a ClusterRole with the verbs `get`, `list` and `watch` on `namespaces` is missing";
    eventually("the answer is no", || namespaces.ready().is_err_and(|why| why.contains(missing))).await;
}

#[tokio::test]
async fn stays_ready_and_knows_nothing_by_heart_while_the_watch_is_broken() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    eventually("the watch stands", || server.state().watchers == 1).await;
    server.state().watch = Manner::Status(500, "InternalError");
    server.state().list = Manner::Close;
    server.tear_watches();
    eventually("the break is noticed", || namespaces.lag().is_some()).await;
    let lag = namespaces.lag().unwrap();
    assert!(lag.starts_with("the watch of namespaces broke ") && lag.ends_with("; labels are read live"), "{lag}");
    assert_eq!(namespaces.ready(), Ok(()));
    assert_eq!(namespaces.cached("team-a"), None, "it may be old");

    server.relabel("team-a", "compliance");
    let deadline = Instant::now() + Duration::from_secs(5);
    let NamespaceLabels::Known(labels) = namespaces.live("team-a", deadline).await else { panic!("reads still work") };
    assert_eq!(labels["portcullis.dev/mode"], "compliance");

    server.state().watch = Manner::Answer;
    server.state().list = Manner::Answer;
    eventually("the watch works again", || namespaces.lag().is_none()).await;
    assert!(is(&namespaces, "team-a", "compliance"), "and what was missed is known");
}

#[tokio::test]
async fn lists_again_when_its_place_in_the_history_is_gone() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    eventually("the watch stands", || server.state().watchers == 1).await;
    server.state().mute = true;
    server.relabel("team-a", "compliance");
    server.delete("team-b");
    server.compact();
    server.state().mute = false;
    eventually("the change arrives", || is(&namespaces, "team-a", "compliance")).await;
    assert_eq!(namespaces.cached("team-b"), None, "what is not in the new list is gone");
    assert_eq!(namespaces.lag(), None);
    assert_eq!(server.state().lists, 2);
}

#[tokio::test]
async fn notices_a_watch_on_which_nobody_speaks_any_more() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits { watch_seconds: 1, ..Limits::default() }).await;
    eventually("the watch stands", || server.state().watchers == 1).await;
    server.state().mute = true;
    server.relabel("team-a", "compliance");
    sleep(Duration::from_millis(100)).await;
    assert!(is(&namespaces, "team-a", "sandbox"), "the watch is behind, and cannot know");
    let deadline = Instant::now() + Duration::from_secs(5);
    let NamespaceLabels::Known(labels) = namespaces.live("team-a", deadline).await else { panic!("reads still work") };
    assert_eq!(labels["portcullis.dev/mode"], "compliance", "a live read never depends on it");

    // Only a new watch speaks: the old one stays mute, as a connection does whose other end is gone.
    eventually("the watch is renewed", || server.state().watches >= 2).await;
    server.state().mute = false;
    eventually("the change arrives", || is(&namespaces, "team-a", "compliance")).await;
}

#[tokio::test]
async fn does_not_run_in_circles_when_every_watch_ends_at_once() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    server.state().watch = Manner::Say(200, String::new());
    let namespaces = server.namespaces(Limits::default()).await;
    sleep(Duration::from_millis(1_500)).await;
    let watches = server.state().watches;
    assert!((5..=25).contains(&watches), "{watches} watches in a second and a half");
    assert!(is(&namespaces, "team-a", "sandbox"));
}

#[tokio::test]
async fn reads_live_what_it_has_no_room_for() {
    let server = ApiServer::start(&[("team-a", "sandbox"), ("team-b", "sandbox")]).await;
    let namespaces = server.namespaces(Limits { kept: 250, ..Limits::default() }).await;
    assert!(is(&namespaces, "team-a", "sandbox"));
    assert_eq!(namespaces.cached("team-b"), None);
    let live = namespaces.live("team-b", Instant::now() + Duration::from_secs(5)).await;
    assert!(matches!(live, NamespaceLabels::Known(_)), "{live:?}");
}

#[tokio::test]
async fn ends_the_watch_with_the_last_clone() {
    let server = ApiServer::start(&[("team-a", "sandbox")]).await;
    let namespaces = server.namespaces(Limits::default()).await;
    eventually("the watch stands", || server.state().watchers == 1).await;
    let clone = namespaces.clone();
    drop(namespaces);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(server.state().watchers, 1);
    drop(clone);
    eventually("the watch is over", || server.state().watchers == 0).await;
}
