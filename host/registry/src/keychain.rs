//! Where credentials come from: Docker's `config.json`, its helpers, and the pull secrets of Kubernetes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use tokio::time::Instant;

use crate::credential::Credential;
use crate::error::Cause;
use crate::helper::Helpers;
use crate::limits::{MAX_CREDENTIALS, MAX_DOCKER_CONFIG};
use crate::name::DOCKER_HUB;

/// `auth` with and without padding, as people write it by hand.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What Docker calls its own registry in `config.json`.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Credentials from several places, tried in order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Keychain {
    sources: Vec<Arc<Source>>,
}

#[derive(Debug)]
struct Source {
    entries: Vec<Entry>,
    helpers: Option<Helpers>,
}

/// One line of `auths`.
#[derive(Debug)]
struct Entry {
    /// The registry, which may begin with labels that are `*`.
    host: String,
    /// The beginning of the repositories; empty for all.
    path: String,
    credential: Credential,
}

impl Keychain {
    /// No credentials.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// One credential for one registry (`host` or `host:port`), or for what is below a path in it.
    pub fn of(registry: &str, credential: Credential) -> Self {
        let (host, path) = place(registry);
        let entry = Entry { host, path, credential };
        Self::source(Source { entries: vec![entry], helpers: None })
    }

    /// Docker's `config.json`: `auths`, `credHelpers` and `credsStore`. For files of an operator or a user, never of a
    /// tenant: a helper is a program that is started.
    ///
    /// # Errors
    /// It cannot be read, or is not what Docker writes.
    pub fn docker_config(path: &Path) -> Result<Self, Cause> {
        let shown = format!("`{}`", path.display());
        let wrong = |why: String| Cause::Credentials { source: shown.clone(), why };
        let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if length > MAX_DOCKER_CONFIG {
            return Err(wrong(format!("it has more than {MAX_DOCKER_CONFIG} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let file = File::read(&bytes, &shown)?;
        let helpers = Helpers::new(file.cred_helpers.clone(), file.creds_store.clone())?;
        Ok(Self::source(Source { entries: file.entries(&shown)?, helpers }))
    }

    /// Where Docker keeps its `config.json`: `$DOCKER_CONFIG`, else `~/.docker`; no credentials where there is none.
    ///
    /// # Errors
    /// There is one, and it cannot be used.
    pub fn from_env() -> Result<Self, Cause> {
        match Self::default_config() {
            Some(path) if path.is_file() => Self::docker_config(&path),
            _ => Ok(Self::anonymous()),
        }
    }

    /// The path of that file, whether it is there or not; nothing where nobody has a home.
    pub fn default_config() -> Option<PathBuf> {
        let folder = std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
        folder.map(|folder| folder.join("config.json"))
    }

    /// A pull secret of Kubernetes: the bytes of `.dockerconfigjson`, or of the older `.dockercfg`. Helpers named in it
    /// are ignored, as the kubelet does: a tenant's Secret starts no program here.
    ///
    /// # Errors
    /// It is not what Docker writes. The message has nothing of the content.
    pub fn pull_secret(bytes: &[u8]) -> Result<Self, Cause> {
        let shown = "a pull secret";
        if bytes.len() as u64 > MAX_DOCKER_CONFIG {
            let why = format!("it has more than {MAX_DOCKER_CONFIG} bytes");
            return Err(Cause::Credentials { source: shown.to_owned(), why });
        }
        let file = File::read(bytes, shown)?;
        Ok(Self::source(Source { entries: file.entries(shown)?, helpers: None }))
    }

    /// These credentials, then those of another keychain.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.sources.extend(other.sources);
        self
    }

    fn source(source: Source) -> Self {
        Self { sources: vec![Arc::new(source)] }
    }

    /// The credentials for a repository, best first in each source: the longest path, then exact hosts before patterns.
    /// The same one stands there once.
    pub(crate) async fn find(&self, registry: &str, name: &str, deadline: Instant) -> Result<Vec<Credential>, Cause> {
        let mut found: Vec<Credential> = Vec::new();
        for source in &self.sources {
            let mut fitting: Vec<&Entry> = source.entries.iter().filter(|entry| entry.fits(registry, name)).collect();
            fitting.sort_by_key(|entry| (std::cmp::Reverse(entry.path.len()), entry.host.matches('*').count()));
            let helped = match &source.helpers {
                Some(helpers) => helpers.ask(&server(registry), registry, deadline).await?,
                None => None,
            };
            for credential in helped.into_iter().chain(fitting.into_iter().map(|entry| entry.credential.clone())) {
                if !found.contains(&credential) && found.len() < MAX_CREDENTIALS {
                    found.push(credential);
                }
            }
        }
        Ok(found)
    }
}

/// What a helper is asked for.
fn server(registry: &str) -> String {
    if registry == DOCKER_HUB { DOCKER_HUB_KEY.to_owned() } else { registry.to_owned() }
}

impl Entry {
    fn fits(&self, registry: &str, name: &str) -> bool {
        let path = self.path.as_str();
        let below =
            path.is_empty() || name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && host_fits(&self.host, registry)
    }
}

/// Whether a registry fits a host with patterns, label by label, as the kubelet reads them: `*` stands for one whole
/// label here; patterns within a label are not supported, so that no credential goes further than its author can see.
fn host_fits(pattern: &str, registry: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == registry;
    }
    let (labels, hosts) = (pattern.split('.'), registry.split('.'));
    labels.clone().count() == hosts.clone().count()
        && labels.zip(hosts).all(|(label, host)| (label == "*" && !host.contains(':')) || label == host)
}

/// `config.json` as Docker writes it; fields that we do not need are Docker's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

impl File {
    fn read(bytes: &[u8], source: &str) -> Result<Self, Cause> {
        // The parser's words may quote the text; what is said is the place alone.
        let wrong = |error: serde_json::Error| Cause::Credentials {
            source: source.to_owned(),
            why: format!("line {}, column {} is not what Docker writes", error.line(), error.column()),
        };
        let value: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(bytes).map_err(wrong)?;
        let is_config =
            value.is_empty() || ["auths", "credHelpers", "credsStore"].iter().any(|key| value.contains_key(*key));
        let is_other = |key: &String| !key.contains('.') && !key.contains(':');
        if is_config || value.keys().all(is_other) {
            return serde_json::from_slice(bytes).map_err(wrong);
        }
        let auths = serde_json::from_slice(bytes).map_err(wrong)?;
        Ok(Self { auths, cred_helpers: BTreeMap::new(), creds_store: None })
    }

    fn entries(self, source: &str) -> Result<Vec<Entry>, Cause> {
        let mut entries = Vec::new();
        for (key, auth) in self.auths {
            // With a store, Docker leaves an empty entry for every registry that it keeps there.
            let credential = auth.credential().ok_or_else(|| Cause::Credentials {
                source: source.to_owned(),
                why: format!(
                    "the entry for `{}` has an `auth` that is not base64 of `user:password`",
                    crate::error::quoted(&key)
                ),
            })?;
            let Some(credential) = credential else { continue };
            let (host, path) = place(&key);
            entries.push(Entry { host, path, credential });
        }
        Ok(entries)
    }
}

/// The host and the path of a key: `https://index.docker.io/v1/`, `registry.example/team`, `*.example`.
fn place(key: &str) -> (String, String) {
    let key = key.trim();
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let host = match host.to_ascii_lowercase() {
        hub if matches!(hub.as_str(), "index.docker.io" | "registry-1.docker.io") => DOCKER_HUB.to_owned(),
        host => host,
    };
    // The path of an API is no path of a repository.
    let path = path.trim_matches('/');
    let path = path.strip_prefix("v2/").unwrap_or(path);
    let path = if matches!(path, "v1" | "v2") { "" } else { path };
    (host, path.to_owned())
}

impl Auth {
    /// The credential; `Some(None)` for an empty entry, nothing for one that cannot be read.
    fn credential(self) -> Option<Option<Credential>> {
        if !self.registrytoken.is_empty() {
            return Some(Some(Credential::Token { token: self.registrytoken }));
        }
        if !self.identitytoken.is_empty() {
            return Some(Some(Credential::Identity { token: self.identitytoken }));
        }
        if !self.auth.is_empty() {
            let text = String::from_utf8(BASE64.decode(self.auth.trim()).ok()?).ok()?;
            let (user, password) = text.split_once(':')?;
            // Docker once wrote passwords with NULs at their end.
            let password = password.trim_end_matches('\0');
            return Some(Some(Credential::Password { user: user.to_owned(), password: password.to_owned() }));
        }
        if self.username.is_empty() && self.password.is_empty() {
            return Some(None);
        }
        Some(Some(Credential::Password { user: self.username, password: self.password }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn users(keychain: &Keychain, registry: &str, name: &str) -> Vec<String> {
        let deadline = Instant::now() + std::time::Duration::from_secs(5);
        let found = keychain.find(registry, name, deadline).await.expect("credentials");
        let user = |credential| match credential {
            Credential::Password { user, password } => format!("{user}/{password}"),
            other => format!("{other:?}"),
        };
        found.into_iter().map(user).collect()
    }

    #[tokio::test]
    async fn finds_the_credentials_for_a_repository_best_first() {
        let secret = br#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "aHViOng="},
            "a.example": {"username": "a", "password": "x"},
            "https://a.example/team/": {"username": "team", "password": "x"},
            "a.example/team/app": {"auth": "YXBwOng"},
            "*.b.example": {"username": "b", "password": "x"},
            "c.example": {"identitytoken": "t"}, "d.example": {"registrytoken": "t"}, "e.example": {}}}"#;
        let keychain = Keychain::pull_secret(secret).expect("a secret");
        assert_eq!(users(&keychain, "docker.io", "library/a").await, ["hub/x"]);
        assert_eq!(users(&keychain, "a.example", "team/app").await, ["app/x", "team/x", "a/x"]);
        assert_eq!(users(&keychain, "a.example", "teams").await, ["a/x"]);
        assert_eq!(users(&keychain, "x.b.example", "a").await, ["b/x"]);
        assert_eq!(users(&keychain, "c.example", "a").await, ["Identity { .. }"]);
        assert_eq!(users(&keychain, "d.example", "a").await, ["Token { .. }"]);
        for none in [
            "a.example:5000",
            "x.a.example",
            "b.example",
            "y.x.b.example",
            "x.b.example:5000",
            "e.example",
            "evil.example",
        ] {
            assert_eq!(users(&keychain, none, "a").await, Vec::<String>::new(), "{none}");
        }
        let more = Keychain::of("A.example", Credential::Password { user: "z".to_owned(), password: String::new() });
        assert_eq!(users(&keychain.and(more), "a.example", "b").await, ["a/x", "z/"]);
    }

    #[tokio::test]
    async fn reads_the_older_form_of_a_pull_secret() {
        let keychain = Keychain::pull_secret(br#"{"a.example": {"auth": "YTp4"}}"#).expect("a secret");
        assert_eq!(users(&keychain, "a.example", "b").await, ["a/x"]);
    }

    #[test]
    fn says_nothing_of_a_secret_that_it_cannot_read() {
        for bad in [
            r#"{"auths": {"a.example": {"auth": "geheim"}}}"#,
            r#"{"auths": "geheim"}"#,
            "geheim",
            r#"{"auths": {"a": "geheim"}}"#,
            r#"{"a.example": "geheim"}"#,
            r#"["geheim"]"#,
        ] {
            let error = Keychain::pull_secret(bad.as_bytes()).expect_err(bad).to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_pull_secret_starts_no_program() {
        let secret = br#"{"auths": {}, "credHelpers": {"a.example": "../../evil"}, "credsStore": "evil"}"#;
        let keychain = Keychain::pull_secret(secret).expect("helpers are ignored");
        assert_eq!(users(&keychain, "a.example", "b").await, Vec::<String>::new());
    }
}
