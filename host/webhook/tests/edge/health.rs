//! The ops port: what a kubelet, a monitor and a person read there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_webhook::health::{Health, ops_routes};
use portcullis_webhook::listen::ConnectionLimits;
use portcullis_webhook::metrics;

use crate::caller::{Answer, Server, request};

async fn server(health: &Arc<Health>) -> Server {
    let metrics = metrics::install("1.2.3", "abc").unwrap();
    Server::plain_with(ops_routes(Arc::clone(health), metrics), ConnectionLimits::default()).await
}

async fn get(server: &Server, path: &str) -> Answer {
    request(&mut server.tcp().await, "GET", path).await.unwrap()
}

/// X09.
#[tokio::test]
async fn is_ready_only_when_every_condition_is_met_and_names_those_that_are_not() {
    let health = Health::new("1.2.3", "abc", &["policies", "namespaces"]);
    let server = server(&health).await;
    let not_yet = get(&server, "/readyz").await;
    assert_eq!(not_yet.status, 503);
    assert_eq!(
        not_yet.body,
        "[-]namespaces failed: not yet\n[-]policies failed: not yet\n[+]shutdown ok\nreadyz check failed\n"
    );
    assert_eq!(get(&server, "/livez").await.status, 200);

    health.set("policies", Ok(()));
    let known = Arc::new(AtomicBool::new(false));
    let probed = Arc::clone(&known);
    health.probe("namespaces", move || {
        if probed.load(Ordering::SeqCst) { Ok(()) } else { Err("the first list has not arrived\n[+]x ok".to_owned()) }
    });
    let body = get(&server, "/readyz").await.body;
    assert!(
        body.starts_with("[-]namespaces failed: the first list has not arrived\\n[+]x ok\n[+]policies ok\n"),
        "{body}"
    );

    known.store(true, Ordering::SeqCst);
    let ready = get(&server, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ok"));
    let verbose = get(&server, "/readyz?verbose").await;
    assert_eq!(verbose.body, "[+]namespaces ok\n[+]policies ok\n[+]shutdown ok\nreadyz check passed\n");
    assert_eq!(get(&server, "/readyz?verbose=1").await.body, verbose.body);

    health.draining();
    assert_eq!(get(&server, "/readyz").await.status, 503);
    assert_eq!(get(&server, "/livez").await.status, 200);
}

#[tokio::test]
async fn shows_a_refused_reload_and_stays_ready() {
    let health = Health::new("1.2.3", "abc", &[]);
    let server = server(&health).await;
    health.reloaded("policies", Err("sets.yaml:3: unknown field `polices`".to_owned()));
    let verbose = get(&server, "/readyz?verbose").await;
    assert_eq!(verbose.status, 200);
    assert!(
        verbose
            .body
            .contains("[!]reload of policies refused, the last good version serves: sets.yaml:3: unknown field"),
        "{}",
        verbose.body
    );
    assert_eq!(get(&server, "/readyz").await.body, "ok");
    health.reloaded("policies", Ok(()));
    assert!(!get(&server, "/readyz?verbose").await.body.contains("[!]"));
}

#[tokio::test]
async fn warns_of_a_concern_while_it_lasts_and_stays_ready() {
    let health = Health::new("1.2.3", "abc", &[]);
    let server = server(&health).await;
    let broken = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&broken);
    health.concern("namespaces", move || seen.load(Ordering::SeqCst).then(|| "the watch broke\n[+]x ok".to_owned()));
    health.reloaded("certificates", Err("no key".to_owned()));
    let verbose = get(&server, "/readyz?verbose").await;
    assert_eq!(verbose.status, 200);
    assert!(verbose.body.contains("\n[!]namespaces: the watch broke\\n[+]x ok\n"), "{}", verbose.body);
    assert_eq!(get(&server, "/readyz").await.body, "ok");
    let body: serde_json::Value = serde_json::from_str(&get(&server, "/healthz").await.body).unwrap();
    assert_eq!(body["status"], "ok");
    let warnings = [
        "reload of certificates refused, the last good version serves: no key",
        "namespaces: the watch broke\\n[+]x ok",
    ];
    assert_eq!(body["warnings"], serde_json::json!(warnings));
    assert!(get(&server, "/metrics").await.body.contains("portcullis_reload_refused{what=\"certificates\"} 1\n"));
    broken.store(false, Ordering::SeqCst);
    health.reloaded("certificates", Ok(()));
    let body: serde_json::Value = serde_json::from_str(&get(&server, "/healthz").await.body).unwrap();
    assert_eq!(body.get("warnings"), None);
    assert!(get(&server, "/metrics").await.body.contains("portcullis_reload_refused{what=\"certificates\"} 0\n"));
}

#[tokio::test]
async fn tells_monitors_its_version_and_its_errors_as_json() {
    let health = Health::new("1.2.3", "abc", &["policies"]);
    let server = server(&health).await;
    let read = |answer: &Answer| serde_json::from_str::<serde_json::Value>(&answer.body).unwrap();
    let unhealthy = get(&server, "/healthz").await;
    assert_eq!(unhealthy.status, 503);
    let body = read(&unhealthy);
    assert_eq!(body["errors"], serde_json::json!(["policies: not yet"]));
    assert_eq!((body["status"].as_str(), body["metrics"]["health_up"].as_u64()), (Some("unhealthy"), Some(0)));

    health.set("policies", Ok(()));
    let healthy = get(&server, "/healthz").await;
    assert_eq!(healthy.status, 200);
    assert!(healthy.head.contains("content-type: application/json"), "{}", healthy.head);
    let body = read(&healthy);
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["commit", "metrics", "status", "timestamp", "version"]);
    assert_eq!((&body["version"], &body["commit"], &body["status"]), (&"1.2.3".into(), &"abc".into(), &"ok".into()));
    assert_eq!(body["metrics"]["health_up"], 1);
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == 20 && timestamp.ends_with('Z'), "{timestamp}");
}

#[tokio::test]
async fn denies_what_is_no_route_of_the_ops_port() {
    let server = server(&Health::new("1.2.3", "abc", &[])).await;
    assert_eq!(get(&server, "/validate").await.status, 404);
    assert_eq!(request(&mut server.tcp().await, "POST", "/livez").await.unwrap().status, 405);
    let scrape = get(&server, "/metrics").await;
    assert!(scrape.head.contains("content-type: text/plain; version=0.0.4"), "{}", scrape.head);
    assert!(scrape.body.contains("portcullis_build_info{"), "{}", scrape.body);
}
