//! "Could not look" is never "not there" (N46, A42).

use std::time::{Duration, Instant};

use portcullis_registry::{Cause, Class, Error, Legacy};
use portcullis_support::{FakeRegistry, Reply, image};

use crate::world::{Asker, NAME, config, digest, limits};

/// Asks everything that may answer "nothing there", and returns what became of it.
async fn all(asker: &Asker, about: &str) -> Vec<Error> {
    let about = digest(about);
    let (client, repository) = (&asker.client, &asker.repository);
    let none = |found: bool| assert!(!found, "nothing was pushed");
    let mut errors = Vec::new();
    match client.resolve(repository, "v1", asker.access()).await {
        Ok(answer) => none(answer.value.is_some()),
        Err(error) => errors.push(error),
    }
    match client.manifest(repository, &about, asker.access()).await {
        Ok(answer) => none(answer.value.is_some()),
        Err(error) => errors.push(error),
    }
    match client.legacy(repository, &about, Legacy::Signatures, asker.access()).await {
        Ok(answer) => none(answer.value.is_some()),
        Err(error) => errors.push(error),
    }
    match client.referrers(repository, &about, asker.access()).await {
        Ok(answer) => none(!answer.value.descriptors.is_empty()),
        Err(error) => errors.push(error),
    }
    errors
}

/// Everything is an error of this class when the registry answers everything like this.
async fn refuses(reply: Reply, class: Class) {
    for referrers_api in [true, false] {
        let fake = FakeRegistry::start().await;
        fake.set_referrers_api(referrers_api);
        let shown = format!("{reply:?}");
        let wrong = reply.clone();
        // Without the API, the fallback tag gets the answer.
        fake.rule(move |asked| (referrers_api || !asked.path.contains("/referrers/")).then(|| wrong.clone()));
        let errors = all(&Asker::at(&fake), &image(&[]).digest()).await;
        let classes: Vec<Class> = errors.iter().map(|error| error.cause.class()).collect();
        assert_eq!(classes, [class; 4], "{shown:.200}: {errors:?}");
        assert!(errors.iter().all(|error| !error.attempts.is_empty()), "each attempt is in the error");
    }
}

#[tokio::test]
async fn n46_nothing_there_is_the_registrys_own_word() {
    let fake = FakeRegistry::start().await;
    fake.set_referrers_api(false);
    let asker = Asker::at(&fake);
    let absent = image(&[]).digest();
    assert!(all(&asker, &absent).await.is_empty(), "the repository is not there");
    fake.push(NAME, Some("v0"), &image(&[b"one"]));
    assert!(all(&asker, &absent).await.is_empty(), "the manifest is not there");
    fake.set_referrers_api(true);
    assert!(all(&asker, &absent).await.is_empty(), "the list is empty");
}

#[tokio::test]
async fn n46_a42_401_and_403_are_errors() {
    refuses(Reply::error(401, "UNAUTHORIZED"), Class::Denied).await;
    refuses(Reply::error(403, "DENIED"), Class::Denied).await;
    refuses(Reply::new(403, "text/html", "<html>blocked</html>"), Class::Denied).await;
    // The status alone would say "not there".
    let mixed = r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}, {"code": "DENIED", "message": "no"}]}"#;
    let fake = FakeRegistry::start().await;
    fake.answer("/manifests/", Reply::new(404, "application/json", mixed));
    let error = Asker::at(&fake).resolve("v1").await.expect_err("denied");
    assert_eq!(error.cause.class(), Class::Denied, "{error}");
}

#[tokio::test]
async fn n46_a42_429_and_5xx_are_errors() {
    refuses(Reply::error(429, "TOOMANYREQUESTS"), Class::Throttled).await;
    for status in [500, 502, 503, 504, 507] {
        refuses(Reply::new(status, "text/plain", "oops"), Class::Failing).await;
    }
    // Its own words do not make it "not there".
    refuses(Reply::error(500, "MANIFEST_UNKNOWN"), Class::Failing).await;
}

#[tokio::test]
async fn n46_a_404_of_somebody_else_is_an_error() {
    for (content_type, body) in [
        ("text/html", "<html>404</html>"),
        ("text/plain", "404 page not found\n"),
        ("application/json", ""),
        ("application/json", "{}"),
        ("application/json", r#"{"errors": []}"#),
        ("application/json", r#"{"errors": null}"#),
        ("application/json", r#"{"errors": [{"code": "UNKNOWN"}]}"#),
        ("application/json", r#"{"errors": [{"message": "MANIFEST_UNKNOWN"}]}"#),
        ("application/json", r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}, {"code": "UNSUPPORTED"}]}"#),
        ("application/json", r#"{"message": "no Route matched with those values"}"#),
    ] {
        refuses(Reply::new(404, content_type, body), Class::Failing).await;
    }
    let long = format!(r#"{{"errors": [{{"code": "MANIFEST_UNKNOWN", "message": "{}"}}]}}"#, "x".repeat(100_000));
    refuses(Reply::new(404, "application/json", long), Class::Failing).await;
}

#[tokio::test]
async fn n46_other_statuses_are_errors() {
    for status in [201, 204, 206, 300, 304, 402, 410, 418, 451] {
        let fake = FakeRegistry::start().await;
        fake.rule(move |_| Some(Reply::error(status, "MANIFEST_UNKNOWN")));
        let errors = all(&Asker::at(&fake), &image(&[]).digest()).await;
        assert_eq!(errors.len(), 4, "{status}: {errors:?}");
        assert!(errors.iter().all(|error| error.cause.class() == Class::Failing), "{status}: {errors:?}");
    }
}

#[tokio::test]
async fn n46_broken_answers_are_errors() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n";
    let short = format!("{head}Content-Length: 100\r\n\r\n{{\"schemaVersion\":2,\"manifests\":[]}}");
    let chunk = format!("{head}Transfer-Encoding: chunked\r\n\r\n22\r\n{{\"schemaVersion\":2,\"manifests\":[]}}\r\n");
    refuses(Reply::raw(""), Class::Unreachable).await;
    refuses(Reply::raw(short), Class::Unreachable).await;
    refuses(Reply::raw(chunk), Class::Unreachable).await;
    refuses(Reply::raw("SSH-2.0-OpenSSH_9.2\r\n"), Class::Lying).await;
    refuses(Reply::raw("HTTP/1.1 404 Not"), Class::Unreachable).await;
    let json = "application/vnd.oci.image.index.v1+json";
    for body in ["", "{}", "[]", "null", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"manifests\":{}}"] {
        let fake = FakeRegistry::start().await;
        fake.answer("/referrers/", Reply::new(200, json, body));
        let error = Asker::at(&fake).referrers(&image(&[]).digest()).await.expect_err(body);
        assert_eq!(error.cause.class(), Class::Lying, "{body}: {error}");
    }
    let gzip = Reply::new(200, json, "x").with("Content-Encoding", "gzip");
    refuses(gzip, Class::Lying).await;
}

#[tokio::test]
async fn n46_a42_nobody_there_is_an_error() {
    let fake = FakeRegistry::start().await;
    let settings = config(&[&fake]);
    let host = fake.host();
    drop(fake);
    let errors = all(&Asker::of(&host, settings), &image(&[]).digest()).await;
    assert_eq!(errors.len(), 4);
    for error in errors {
        assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
        assert_eq!(error.attempts.len(), 3, "twice more: {:?}", error.attempts);
    }
    let addresses = std::collections::BTreeMap::from([("registry.example".to_owned(), Vec::new())]);
    let none = portcullis_registry::Config { addresses, limits: limits(), ..Default::default() };
    let error = Asker::of("registry.example", none).resolve("v1").await.expect_err("no address");
    assert!(matches!(error.cause, Cause::Unresolved { .. }) && error.attempts.len() == 3, "{error:?}");
    // RFC 6761: there is never such a name.
    let asker = Asker::of("registry.invalid", portcullis_registry::Config { limits: limits(), ..Default::default() });
    let error = asker.resolve("v1").await.expect_err("no such name");
    assert_eq!(error.cause.class(), Class::Unreachable, "{error}");
}

#[tokio::test]
async fn a42_a_failure_that_passes_is_asked_again_twice_and_recorded() {
    let fake = FakeRegistry::start().await;
    fake.push(NAME, Some("v1"), &image(&[]));
    fake.answer_first(
        "/manifests/",
        vec![Reply::new(503, "text/plain", ""), Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")],
    );
    let asker = Asker::at(&fake);
    let answer = asker.client.resolve(&asker.repository, "v1", asker.access()).await.expect("the third one is good");
    let url = format!("http://{}/v2/team/app/manifests/v1", fake.host());
    let lines: Vec<String> = answer.attempts.iter().map(ToString::to_string).collect();
    assert_eq!(lines, [format!("{url} -> 503"), format!("{url} -> no answer"), format!("{url} -> 200")]);
    let fake = FakeRegistry::start().await;
    fake.answer("/", Reply::new(502, "text/plain", ""));
    let error = Asker::at(&fake).resolve("v1").await.expect_err("always 502");
    assert_eq!((error.attempts.len(), fake.log().len()), (3, 3), "two retries and no more");
}

#[tokio::test]
async fn a42_comes_back_when_the_registry_says_so() {
    let fake = FakeRegistry::start().await;
    fake.push(NAME, Some("v1"), &image(&[]));
    let busy = Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", "1");
    fake.answer_first("/manifests/", vec![busy]);
    let begun = Instant::now();
    assert!(Asker::at(&fake).resolve("v1").await.expect("the second one is good").is_some());
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before its time");
    // A date in the past is no pause; and so often, and no more.
    let fake = FakeRegistry::start().await;
    let busy = Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT");
    fake.answer("/", busy);
    let error = Asker::at(&fake).resolve("v1").await.expect_err("always busy");
    assert_eq!(error.attempts.len(), 1 + portcullis_registry::limits::THROTTLED_RETRIES);
}

#[tokio::test]
async fn a42_does_not_wait_beyond_its_time() {
    for wait in ["3600", "18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let fake = FakeRegistry::start().await;
        fake.answer("/", Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", wait));
        let error = Asker::at(&fake).resolve("v1").await.expect_err("too long to wait");
        let Cause::Throttled { retry_after: Some(_), .. } = error.cause else { panic!("{error}") };
        assert_eq!(fake.log().len(), 1, "{wait}");
    }
}

#[tokio::test]
async fn says_on_one_line_what_a_registry_says() {
    let fake = FakeRegistry::start().await;
    let body = serde_json::json!({"errors": [{"code": "DENIED", "message": "a\n::error::b\u{1b}[31m"}]});
    fake.answer("/", Reply::new(403, "application/json", body.to_string()));
    let error = Asker::at(&fake).resolve("v1").await.expect_err("denied");
    let expected = format!(
        "the registry does not allow http://{}/v2/team/app/manifests/v1 (403: DENIED a ::error::b [31m)",
        fake.host()
    );
    assert_eq!(error.to_string(), expected);
}
