//! Credentials get us in, and go nowhere else (A34, A41, N47).

use portcullis_registry::{Cause, Class, Client, Credential, Keychain};
use portcullis_support::{Auth, FakeRegistry, Reply, image};

use crate::world::{Asker, NAME, config, plain};

/// `u:p`.
const BASIC: &str = "Basic dTpw";

fn password(user: &str, password: &str) -> Credential {
    Credential::Password { user: user.to_owned(), password: password.to_owned() }
}

fn bearer(basic: Option<&str>) -> Auth {
    Auth::Bearer { realm: String::new(), basic: basic.map(str::to_owned), refresh: None, expires_in: 300 }
}

async fn guarded(auth: Auth) -> FakeRegistry {
    let fake = FakeRegistry::start().await;
    fake.push(NAME, Some("v1"), &image(&[]));
    fake.set_auth(auth);
    fake
}

fn with(fake: &FakeRegistry, credential: Credential) -> Asker {
    Asker { keychain: Keychain::of(&fake.host(), credential), ..Asker::at(fake) }
}

/// Every `Authorization` that was shown.
fn shown(fake: &FakeRegistry) -> Vec<String> {
    fake.log().iter().filter_map(|one| one.header("authorization").map(str::to_owned)).collect()
}

#[tokio::test]
async fn gets_in_with_a_password_and_shows_it_only_when_asked() {
    let fake = guarded(Auth::Basic(BASIC.to_owned())).await;
    assert!(with(&fake, password("u", "p")).resolve("v1").await.expect("an answer").is_some());
    assert_eq!(shown(&fake), [BASIC], "the first request has none");
    let error = Asker::at(&fake).resolve("v1").await.expect_err("nobody");
    assert_eq!(error.cause.class(), Class::Denied);
    let error = with(&fake, password("u", "wrong")).resolve("v1").await.expect_err("a wrong password");
    assert_eq!(error.cause.class(), Class::Denied);
    assert!(!format!("{error:?} {error}").contains("wrong"));
}

#[tokio::test]
async fn gets_a_token_as_nobody_with_a_password_or_with_an_identity() {
    let fake = guarded(bearer(None)).await;
    let asker = Asker::at(&fake);
    for _ in 0..2 {
        assert!(asker.resolve("v1").await.expect("an answer").is_some());
    }
    let manifest = "GET /v2/team/app/manifests/v1";
    assert_eq!(fake.lines(), [manifest, "GET /token", manifest, manifest], "the token is remembered");
    assert_eq!(fake.log()[1].field("scope").as_deref(), Some("repository:team/app:pull"));
    assert_eq!(fake.log()[1].header("authorization"), None);

    let fake = guarded(bearer(Some(BASIC))).await;
    assert!(with(&fake, password("u", "p")).resolve("v1").await.expect("an answer").is_some());
    assert_eq!(shown(&fake), [BASIC, "Bearer token-for-repository-team-app-pull"]);
    assert_eq!(Asker::at(&fake).resolve("v1").await.expect_err("nobody").cause.class(), Class::Denied);

    let refresh = Some("a/refresh+token".to_owned());
    let fake = guarded(Auth::Bearer { realm: String::new(), basic: None, refresh, expires_in: 300 }).await;
    let asker = with(&fake, Credential::Identity { token: "a/refresh+token".to_owned() });
    assert!(asker.resolve("v1").await.expect("an answer").is_some());
    assert_eq!(fake.lines()[1], "POST /token");
    assert_eq!(fake.log()[1].field("grant_type").as_deref(), Some("refresh_token"));
    let token = Credential::Token { token: "token-for-repository-team-app-pull".to_owned() };
    assert!(with(&fake, token).resolve("v1").await.expect("a token as it is").is_some());
}

#[tokio::test]
async fn a34_a_token_is_for_one_credential_and_one_repository() {
    let fake = guarded(bearer(Some(BASIC))).await;
    let asker = with(&fake, password("u", "p"));
    assert!(asker.resolve("v1").await.expect("an answer").is_some());
    // The same client, another caller: what the first one was allowed says nothing about the second.
    let nobody = Asker { client: asker.client.clone(), ..Asker::at(&fake) };
    assert_eq!(nobody.resolve("v1").await.expect_err("nobody").cause.class(), Class::Denied);
    let other = Asker { keychain: Keychain::of(&fake.host(), password("u", "q")), ..nobody };
    assert_eq!(other.resolve("v1").await.expect_err("another").cause.class(), Class::Denied);
    let before = fake.log().len();
    let repository = portcullis_registry::Repository::new(&fake.host(), "team/other").expect("a name");
    let found = asker.client.resolve(&repository, "v1", asker.access()).await.expect("an answer");
    assert_eq!(found.value, None);
    let scopes: Vec<_> = fake.log()[before..].iter().filter_map(|one| one.field("scope")).collect();
    assert_eq!(scopes, ["repository:team/other:pull"]);
}

#[tokio::test]
async fn a_token_that_is_over_is_had_again() {
    let fake = guarded(Auth::Bearer { realm: String::new(), basic: None, refresh: None, expires_in: 0 }).await;
    let asker = Asker::at(&fake);
    for _ in 0..2 {
        assert!(asker.resolve("v1").await.expect("an answer").is_some());
    }
    assert_eq!(fake.lines().iter().filter(|line| *line == "GET /token").count(), 2);
    // One that the registry forgot before its time.
    let fake = guarded(bearer(None)).await;
    let asker = Asker::at(&fake);
    assert!(asker.resolve("v1").await.expect("an answer").is_some());
    let challenge = format!("Bearer realm=\"{}/token\",scope=\"repository:team/app:pull\"", fake.base());
    fake.answer_first("/manifests/", vec![Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", &challenge)]);
    assert!(asker.resolve("v1").await.expect("an answer").is_some());
}

#[tokio::test]
async fn tries_every_pull_secret() {
    let fake = guarded(Auth::Basic(BASIC.to_owned())).await;
    let secret = |user: &str| {
        let text = format!(r#"{{"auths": {{"{}": {{"username": "{user}", "password": "p"}}}}}}"#, fake.host());
        Keychain::pull_secret(text.as_bytes()).expect("a secret")
    };
    let asker = Asker { keychain: secret("old").and(secret("other")).and(secret("u")), ..Asker::at(&fake) };
    assert!(asker.resolve("v1").await.expect("the third one is right").is_some());
    let asker = Asker { keychain: secret("old").and(secret("other")), ..asker };
    let client = Client::new(config(&[&fake])).expect("settings");
    let asker = Asker { client, ..asker };
    assert_eq!(asker.resolve("v1").await.expect_err("none is right").cause.class(), Class::Denied);
}

#[tokio::test]
async fn n46_nothing_there_for_strangers_is_not_nothing_there() {
    // A registry that shows strangers nothing, without asking who they are; only its root does.
    let fake = FakeRegistry::start().await;
    fake.push(NAME, Some("v1"), &image(&[]));
    fake.rule(|asked| match (asked.path.as_str(), asked.header("authorization")) {
        (_, Some(BASIC)) => None,
        ("/v2/", _) => Some(Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", "Basic realm=\"x\"")),
        _ => Some(Reply::error(404, "NAME_UNKNOWN")),
    });
    assert_eq!(Asker::at(&fake).resolve("v1").await.expect("what a stranger sees"), None);
    assert!(with(&fake, password("u", "p")).resolve("v1").await.expect("an answer").is_some());
    // And where the root cannot be asked, nothing is known.
    let fake = FakeRegistry::start().await;
    fake.answer_first("/v2/", vec![Reply::error(404, "NAME_UNKNOWN")]);
    fake.answer("/v2/", Reply::new(500, "text/plain", ""));
    let error = with(&fake, password("u", "p")).resolve("v1").await.expect_err("unknown");
    assert_eq!(error.cause.class(), Class::Failing);
}

#[tokio::test]
async fn n47_a41_credentials_follow_no_redirect() {
    let elsewhere = FakeRegistry::start().await;
    let sample = image(&[]);
    elsewhere.answer("/", Reply::new(200, &sample.media_type, &sample.bytes));
    for (auth, credential) in
        [(Auth::Basic(BASIC.to_owned()), password("u", "p")), (bearer(Some(BASIC)), password("u", "p"))]
    {
        for to in [format!("{}/signed?X-Signature=1", elsewhere.base()), "/signed?X-Signature=1".to_owned()] {
            let fake = guarded(auth.clone()).await;
            let known = sample.clone();
            fake.answer("/signed", Reply::new(200, &known.media_type, &known.bytes));
            fake.rule(move |asked| {
                let inside =
                    asked.header("authorization").is_some_and(|header| header.starts_with("Bearer") || header == BASIC);
                (inside && asked.path.contains("/manifests/")).then(|| Reply::redirect(&to))
            });
            let asker = Asker {
                keychain: Keychain::of(&fake.host(), credential.clone()),
                ..Asker::with(&fake, config(&[&fake, &elsewhere]))
            };
            let answer = asker.client.resolve(&asker.repository, "v1", asker.access()).await.expect("an answer");
            assert!(answer.value.is_some());
            assert!(fake.log().iter().all(|one| one.path != "/signed" || one.header("authorization").is_none()));
            assert!(answer.attempts.iter().all(|one| !one.url.contains("Signature")), "{:?}", answer.attempts);
        }
    }
    assert!(elsewhere.log().len() == 2 && shown(&elsewhere).is_empty());
}

#[tokio::test]
async fn n47_a41_a_redirect_that_wants_credentials_gets_none() {
    let elsewhere = guarded(Auth::Basic(BASIC.to_owned())).await;
    let fake = FakeRegistry::start().await;
    fake.answer("/manifests/", Reply::redirect(&format!("{}/v2/team/app/manifests/v1", elsewhere.base())));
    let both = Keychain::of(&fake.host(), password("u", "p")).and(Keychain::of(&elsewhere.host(), password("u", "p")));
    let asker = Asker { keychain: both, ..Asker::with(&fake, config(&[&fake, &elsewhere])) };
    let error = asker.resolve("v1").await.expect_err("credentials stay at home");
    assert!(error.to_string().contains("credentials never follow one"), "{error}");
    assert!(shown(&elsewhere).is_empty() && elsewhere.log().len() == 1);
}

#[tokio::test]
async fn n47_a41_a_foreign_token_service_gets_no_request() {
    let elsewhere = FakeRegistry::start().await;
    elsewhere.answer("/", Reply::new(200, "application/json", r#"{"token": "x"}"#));
    // The same address under another name is another host.
    let port = elsewhere.address().port();
    let realm = format!("http://localhost:{port}/token");
    let fake = guarded(Auth::Bearer { realm: realm.clone(), basic: None, refresh: None, expires_in: 60 }).await;
    let mut settings = config(&[&fake, &elsewhere]);
    settings.hosts.insert(format!("localhost:{port}"), plain());
    for asker in [
        Asker::with(&fake, settings.clone()),
        Asker { keychain: Keychain::of(&fake.host(), password("u", "p")), ..Asker::with(&fake, settings.clone()) },
    ] {
        let error = asker.resolve("v1").await.expect_err("a foreign realm");
        assert_eq!(error.cause, Cause::ForeignRealm { registry: fake.host(), realm: format!("localhost:{port}") });
    }
    assert!(elsewhere.log().is_empty());
    // An operator may say that it is none.
    let own = settings.hosts.get_mut(&fake.host()).expect("the registry");
    own.token_hosts = vec![format!("localhost:{port}")];
    let asker = Asker { keychain: Keychain::of(&fake.host(), password("u", "p")), ..Asker::with(&fake, settings) };
    let error = asker.resolve("v1").await.expect_err("its token is a wrong one");
    assert_eq!(error.cause.class(), Class::Denied);
    assert_eq!(shown(&elsewhere), [BASIC]);
}

#[tokio::test]
async fn n47_a_token_service_that_redirects_gets_nothing_more() {
    let elsewhere = FakeRegistry::start().await;
    elsewhere.answer("/", Reply::new(200, "application/json", r#"{"token": "x"}"#));
    let fake = guarded(bearer(Some(BASIC))).await;
    fake.answer("/token", Reply::redirect(&format!("{}/token", elsewhere.base())));
    let asker = Asker {
        keychain: Keychain::of(&fake.host(), password("u", "p")),
        ..Asker::with(&fake, config(&[&fake, &elsewhere]))
    };
    let error = asker.resolve("v1").await.expect_err("not followed");
    assert!(matches!(error.cause, Cause::Refused { status: 307, .. }), "{error}");
    assert!(elsewhere.log().is_empty());
}

#[tokio::test]
async fn challenges_that_nobody_understands_are_errors() {
    for challenge in [
        "Bearer",
        "Bearer realm=\"",
        "Bearer realm=\"/token\"",
        "Bearer realm=\"file:///x\"",
        &format!("Bearer realm=\"{}\"", "x".repeat(9_000)),
    ] {
        let fake = FakeRegistry::start().await;
        fake.answer("/", Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", challenge));
        let error = Asker::at(&fake).resolve("v1").await.expect_err(challenge);
        assert!(matches!(error.cause, Cause::Challenge { .. }), "{challenge}: {error}");
    }
    for body in ["", "{}", "[", r#"{"token": "a\nb"}"#] {
        let fake = guarded(bearer(None)).await;
        fake.answer("/token", Reply::new(200, "application/json", body));
        let error = Asker::at(&fake).resolve("v1").await.expect_err(body);
        assert_eq!(error.cause.class(), Class::Lying, "{body}: {error}");
    }
    let fake = guarded(bearer(None)).await;
    fake.answer("/token", Reply::flood(None));
    assert_eq!(Asker::at(&fake).resolve("v1").await.expect_err("a flood").cause.class(), Class::TooMuch);
    let fake = guarded(bearer(None)).await;
    fake.answer("/token", Reply::error(429, "TOOMANYREQUESTS"));
    assert_eq!(Asker::at(&fake).resolve("v1").await.expect_err("busy").cause.class(), Class::Throttled);
}

#[tokio::test]
async fn what_is_posted_is_not_posted_again() {
    let refresh = Some("t".to_owned());
    let fake = guarded(Auth::Bearer { realm: String::new(), basic: None, refresh, expires_in: 60 }).await;
    fake.answer("/token", Reply::new(503, "text/plain", ""));
    let error = with(&fake, Credential::Identity { token: "t".to_owned() }).resolve("v1").await.expect_err("503");
    assert_eq!(error.cause.class(), Class::Failing);
    assert_eq!(fake.lines().iter().filter(|line| *line == "POST /token").count(), 1);
}
