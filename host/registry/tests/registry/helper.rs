//! Credential helpers: started for an operator's `config.json`, within bounds.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use portcullis_registry::{Cause, Keychain};
use portcullis_support::{Auth, FakeRegistry, image};

use crate::again;
use crate::world::{Asker, NAME};

/// `u:p`.
const BASIC: &str = "Basic dTpw";

/// A folder with a `config.json` and helpers. It goes away with its owner.
struct Docker(PathBuf);

impl Docker {
    fn new(name: &str, config: &str, helpers: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-docker-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("config.json"), config).expect("a file");
        for (name, script) in helpers {
            let program = folder.join(format!("docker-credential-{name}"));
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a program");
        }
        Self(folder)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn error_of(name: &str, text: &str) -> Cause {
    let docker = Docker::new(name, text, &[]);
    Keychain::docker_config(&docker.0.join("config.json")).expect_err(text)
}

#[test]
fn refuses_helpers_that_are_no_names_and_files_that_are_no_settings() {
    for (name, text) in [
        ("path", r#"{"credsStore": "../evil"}"#),
        ("space", r#"{"credHelpers": {"a.example": "x y"}}"#),
        ("empty", r#"{"credHelpers": {"a.example": ""}}"#),
        ("json", "{"),
    ] {
        let cause = error_of(name, text);
        assert!(matches!(cause, Cause::Credentials { .. }), "{cause}");
    }
    let missing = Keychain::docker_config(std::path::Path::new("/nowhere/config.json")).expect_err("no file");
    assert!(missing.to_string().contains("/nowhere/config.json"), "{missing}");
}

#[test]
fn asks_helpers_within_bounds() {
    let config = r#"{"auths": {"127.0.0.1": {}}, "credsStore": "t-good", "credHelpers": {
        "fails.example": "t-fails", "nothing.example": "t-nothing", "https://floods.example": "t-floods", "stalls.example": "t-stalls",
        "lies.example": "t-lies", "missing.example": "t-missing"}}"#;
    let helpers = [
        (
            "t-good",
            r#"echo x >> "$DOCKER_CONFIG/asked"; read server; echo '{"ServerURL": "x", "Username": "u", "Secret": "p"}'"#,
        ),
        ("t-fails", "echo geheim; echo geheim >&2; exit 1"),
        ("t-nothing", "echo credentials not found in native keychain; exit 1"),
        ("t-floods", "exec yes geheim"),
        ("t-stalls", r#"echo $$ > "$DOCKER_CONFIG/stalls"; exec sleep 60"#),
        ("t-lies", "echo geheim"),
    ];
    let docker = Docker::new("helpers", config, &helpers);
    again::run("helper::with_helpers", None, Some(&docker.0));
    assert_eq!(std::fs::read_to_string(docker.0.join("asked")).expect("it was asked"), "x\n", "and once");
    let pid = std::fs::read_to_string(docker.0.join("stalls")).expect("it was started");
    let process = PathBuf::from("/proc").join(pid.trim());
    let until = Instant::now() + Duration::from_secs(5);
    while process.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!process.exists(), "a helper that stalls is killed");
}

#[tokio::test]
#[ignore = "started by the test above, with helpers in its PATH"]
async fn with_helpers() {
    let fake = FakeRegistry::start().await;
    fake.push(NAME, Some("v1"), &image(&[]));
    fake.set_auth(Auth::Basic(BASIC.to_owned()));
    let keychain = Keychain::from_env().expect("a config.json");
    let asker = Asker { keychain: keychain.clone(), ..Asker::at(&fake) };
    for _ in 0..2 {
        assert!(asker.resolve("v1").await.expect("an answer").is_some(), "the store lets us in");
    }
    let before = fake.log().len();
    for registry in ["fails.example", "floods.example", "lies.example", "missing.example", "stalls.example"] {
        let mut asker = Asker::of(registry, crate::world::config(&[&fake]));
        asker.keychain = keychain.clone();
        asker.patience = Duration::from_millis(if registry == "stalls.example" { 300 } else { 5_000 });
        let error = asker.resolve("v1").await.expect_err(registry);
        let expected = match registry {
            "stalls.example" => error.cause == Cause::Late,
            _ => matches!(error.cause, Cause::Credentials { .. }),
        };
        assert!(expected && error.attempts.is_empty(), "{registry}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
    }
    let mut none = crate::world::config(&[&fake]);
    none.addresses.insert("nothing.example".to_owned(), Vec::new());
    let mut asker = Asker::of("nothing.example", none);
    asker.keychain = keychain;
    let error = asker.resolve("v1").await.expect_err("it is asked as nobody");
    assert!(matches!(error.cause, Cause::Unresolved { .. }), "{error}");
    assert_eq!(fake.log().len(), before);
}
