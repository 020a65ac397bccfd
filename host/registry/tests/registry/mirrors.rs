//! Mirrors are asked first, and the registry itself has the last word.

use portcullis_registry::{Config, Credential, Host, Keychain, Mirror};
use portcullis_support::{FakeRegistry, Reply, image, referrer};

use crate::world::{Asker, NAME, config, limits, plain};

/// A registry, a mirror of it, and someone who asks.
async fn mirrored(only_mirrors: bool) -> (FakeRegistry, FakeRegistry, Asker) {
    let (registry, mirror) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let mut settings = Config { limits: limits(), ..config(&[&registry, &mirror]) };
    let mirrors = vec![Mirror { host: mirror.host(), prefix: "cache".to_owned() }];
    settings.hosts.insert(registry.host(), Host { mirrors, only_mirrors, ..plain() });
    let asker = Asker::with(&registry, settings);
    (registry, mirror, asker)
}

#[tokio::test]
async fn finds_in_the_mirror_what_is_there() {
    let (registry, mirror, asker) = mirrored(false).await;
    let pushed = mirror.push("cache/team/app", Some("v1"), &image(&[]));
    assert_eq!(asker.resolve("v1").await.expect("an answer"), Some(pushed));
    assert!(registry.log().is_empty());
}

#[tokio::test]
async fn asks_the_registry_for_what_the_mirror_has_not_or_cannot_say() {
    for broken in [false, true] {
        let (registry, mirror, asker) = mirrored(false).await;
        let subject = image(&[]);
        let pushed = registry.push(NAME, Some("v1"), &subject);
        registry.push(NAME, None, &referrer(&subject.descriptor(), "a/b", b"x"));
        if broken {
            mirror.answer("/", Reply::new(502, "text/plain", ""));
        }
        assert_eq!(asker.resolve("v1").await.expect("an answer"), Some(pushed.clone()));
        assert_eq!(
            asker.referrers(&pushed).await.expect("an answer").len(),
            1,
            "a mirror's empty list is no last word"
        );
        assert_eq!(asker.resolve("v2").await.expect("the registry says so"), None);
        assert_eq!(mirror.lines()[0], "GET /v2/cache/team/app/manifests/v1");
    }
}

#[tokio::test]
async fn n46_a_mirror_does_not_say_that_nothing_is_there() {
    let (registry, _mirror, asker) = mirrored(false).await;
    registry.answer("/", Reply::new(503, "text/plain", ""));
    assert!(asker.resolve("v1").await.is_err(), "the mirror says no, and the registry says nothing");
    assert!(asker.referrers(&image(&[]).digest()).await.is_err());
}

#[tokio::test]
async fn n41_a_mirror_that_lies_is_passed_over() {
    let (registry, mirror, asker) = mirrored(false).await;
    let pushed = registry.push(NAME, None, &image(&[b"one"]));
    let other = image(&[b"other"]);
    mirror.answer("/", Reply::new(200, &other.media_type, &other.bytes));
    assert_eq!(asker.manifest(&pushed).await.expect("an answer"), Some(image(&[b"one"]).bytes.len()));
}

#[tokio::test]
async fn asks_only_mirrors_where_told_so() {
    let (registry, mirror, asker) = mirrored(true).await;
    registry.push(NAME, Some("v1"), &image(&[]));
    assert_eq!(asker.resolve("v1").await.expect("the mirror knows best"), None);
    mirror.answer("/", Reply::new(503, "text/plain", ""));
    assert!(asker.resolve("v1").await.is_err());
    assert!(registry.log().is_empty());
}

#[tokio::test]
async fn n47_a_mirror_gets_its_own_credentials_and_no_others() {
    let (registry, mirror, asker) = mirrored(false).await;
    let basic = |header: &str| portcullis_support::Auth::Basic(header.to_owned());
    mirror.set_auth(basic("Basic bTpw"));
    registry.set_auth(basic("Basic dTpw"));
    let password = |user: &str| Credential::Password { user: user.to_owned(), password: "p".to_owned() };
    let keychain = Keychain::of(&registry.host(), password("u")).and(Keychain::of(&mirror.host(), password("m")));
    let asker = Asker { keychain, ..asker };
    assert_eq!(asker.resolve("v1").await.expect("an answer"), None);
    let shown = |fake: &FakeRegistry| -> Vec<String> {
        fake.log().iter().filter_map(|one| one.header("authorization").map(str::to_owned)).collect()
    };
    assert_eq!(shown(&mirror), ["Basic bTpw"]);
    assert_eq!(shown(&registry), ["Basic dTpw"]);
}

#[tokio::test]
async fn n46_among_mirrors_alone_one_that_fails_leaves_it_open() {
    let (one, other, registry) =
        (FakeRegistry::start().await, FakeRegistry::start().await, FakeRegistry::start().await);
    let mut settings = config(&[&one, &other, &registry]);
    let mirrors = [&one, &other].map(|mirror| Mirror { host: mirror.host(), prefix: String::new() }).to_vec();
    settings.hosts.insert(registry.host(), Host { mirrors, only_mirrors: true, ..plain() });
    let asker = Asker::with(&registry, settings);
    assert_eq!(asker.resolve("v1").await.expect("both say so"), None);
    one.answer("/", Reply::new(503, "text/plain", ""));
    assert!(asker.resolve("v1").await.is_err(), "the other one may not have it yet");
    assert!(asker.referrers(&image(&[]).digest()).await.is_err());
}
