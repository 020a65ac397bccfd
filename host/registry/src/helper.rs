//! Credential helpers: programs of the operator, started with bounds.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::credential::Credential;
use crate::error::{Cause, quoted};
use crate::limits::{HELPER_AGE, HELPER_TIMEOUT, MAX_HELPER_ANSWER};

/// What a helper says when it has nothing (github.com/docker/docker-credential-helpers).
const NOTHING: &str = "credentials not found in native keychain";
/// The user name that marks an identity token.
const IDENTITY: &str = "<token>";
/// The most answers that are remembered.
const MAX_ANSWERS: usize = 256;

/// The helpers of one `config.json`, and what they said in the last minutes.
#[derive(Debug)]
pub(crate) struct Helpers {
    by_registry: BTreeMap<String, String>,
    store: Option<String>,
    /// Held while a helper runs: one at a time, and those who wait find its answer.
    answers: Mutex<HashMap<String, (Instant, Option<Credential>)>>,
}

impl Helpers {
    /// Checks the names; nothing where there is no helper.
    pub(crate) fn new(by_registry: BTreeMap<String, String>, store: Option<String>) -> Result<Option<Self>, Cause> {
        let store = store.filter(|store| !store.is_empty());
        for name in by_registry.values().chain(&store) {
            let plain = |one: char| one.is_ascii_alphanumeric() || "._-".contains(one);
            if name.is_empty() || !name.chars().all(plain) {
                let source = format!("the helper `{}`", quoted(name));
                return Err(Cause::Credentials { source, why: "it is no name of a program".to_owned() });
            }
        }
        if by_registry.is_empty() && store.is_none() {
            return Ok(None);
        }
        let by_registry = by_registry.into_iter().map(|(key, name)| (bare(&key), name)).collect();
        Ok(Some(Self { by_registry, store, answers: Mutex::default() }))
    }

    /// Asks the helper of a registry, or the store. Nothing where there is no helper, or it has nothing.
    pub(crate) async fn ask(
        &self,
        server: &str,
        registry: &str,
        deadline: Instant,
    ) -> Result<Option<Credential>, Cause> {
        let Some(name) = self.by_registry.get(registry).or(self.store.as_ref()) else { return Ok(None) };
        let mut answers = timeout_at(deadline, self.answers.lock()).await.map_err(|_| Cause::Late)?;
        let now = Instant::now();
        if let Some((until, credential)) = answers.get(registry)
            && *until > now
        {
            return Ok(credential.clone());
        }
        let own = now + HELPER_TIMEOUT;
        let source = format!("the helper `docker-credential-{name}`");
        let found = match timeout_at(own.min(deadline), run(name, server, &source)).await {
            Ok(found) => found?,
            Err(_) if deadline < own => return Err(Cause::Late),
            Err(_) => return Err(silent(source, HELPER_TIMEOUT)),
        };
        if answers.len() >= MAX_ANSWERS {
            answers.clear();
        }
        answers.insert(registry.to_owned(), (Instant::now() + HELPER_AGE, found.clone()));
        Ok(found)
    }
}

/// The host of a key, which may be written as a URL.
fn bare(key: &str) -> String {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = key.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if host == "index.docker.io" { crate::name::DOCKER_HUB.to_owned() } else { host }
}

fn silent(source: String, waited: Duration) -> Cause {
    Cause::Credentials { source, why: format!("it did not answer within {} s", waited.as_secs()) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

async fn run(name: &str, server: &str, source: &str) -> Result<Option<Credential>, Cause> {
    let wrong = |why: String| Cause::Credentials { source: source.to_owned(), why };
    let mut command = Command::new(format!("docker-credential-{name}"));
    // Killed when nobody waits for it any more. What it says on its standard error is not ours to show: it may be a secret.
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| wrong(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read its input says so by its answer.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = stdout.take(MAX_HELPER_ANSWER + 1);
        stdout.read_to_end(&mut answer).await.map_err(|error| wrong(error.to_string()))?;
    }
    if answer.len() as u64 > MAX_HELPER_ANSWER {
        return Err(wrong(format!("its answer has more than {MAX_HELPER_ANSWER} bytes")));
    }
    let status = child.wait().await.map_err(|error| wrong(error.to_string()))?;
    if !status.success() {
        if String::from_utf8_lossy(&answer).trim() == NOTHING {
            return Ok(None);
        }
        return Err(wrong(format!("it failed ({status})")));
    }
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| wrong("its answer is unreadable".to_owned()))?;
    Ok(match (answer.username.as_str(), answer.secret.is_empty()) {
        ("", true) => None,
        (IDENTITY, _) => Some(Credential::Identity { token: answer.secret }),
        _ => Some(Credential::Password { user: answer.username, password: answer.secret }),
    })
}
