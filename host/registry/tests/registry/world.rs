//! A client in front of a fake registry, with bounds short enough for a test.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use portcullis_registry::{Access, Answer, Client, Config, Digest, Error, Host, Keychain, Limits, Repository};
use portcullis_support::FakeRegistry;

/// The repository of every test.
pub const NAME: &str = "team/app";

/// Bounds for tests: small, and no long pauses.
pub fn limits() -> Limits {
    Limits { backoff: Duration::from_millis(4), answer: Duration::from_secs(5), ..Limits::default() }
}

/// A host of tests: plain HTTP on loopback.
pub fn plain() -> Host {
    Host { plain_http: true, private_addresses: true, ..Host::default() }
}

/// Settings for some plain hosts.
pub fn config(hosts: &[&FakeRegistry]) -> Config {
    let hosts: BTreeMap<String, Host> = hosts.iter().map(|one| (one.host(), plain())).collect();
    Config { hosts, limits: limits(), only_extra_ca: true, ..Config::default() }
}

/// Someone who asks.
pub struct Asker {
    pub client: Client,
    pub repository: Repository,
    pub keychain: Keychain,
    pub patience: Duration,
}

impl Asker {
    /// Nobody in particular, at this registry.
    pub fn at(fake: &FakeRegistry) -> Self {
        Self::with(fake, config(&[fake]))
    }

    /// The same with other settings.
    pub fn with(fake: &FakeRegistry, config: Config) -> Self {
        Self::of(&fake.host(), config)
    }

    /// At any registry.
    pub fn of(registry: &str, config: Config) -> Self {
        Self {
            client: Client::new(config).expect("settings"),
            repository: Repository::new(registry, NAME).expect("a name"),
            keychain: Keychain::anonymous(),
            patience: Duration::from_secs(20),
        }
    }

    pub fn access(&self) -> Access<'_> {
        Access { keychain: &self.keychain, deadline: Instant::now() + self.patience }
    }

    /// The digest that a tag means.
    pub async fn resolve(&self, tag: &str) -> Result<Option<String>, Error> {
        let answer = self.client.resolve(&self.repository, tag, self.access()).await?;
        Ok(answer.value.map(|manifest| manifest.digest.to_string()))
    }

    /// The length of a manifest.
    pub async fn manifest(&self, digest: &str) -> Result<Option<usize>, Error> {
        let answer = self.client.manifest(&self.repository, &self::digest(digest), self.access()).await?;
        Ok(answer.value.map(|manifest| manifest.bytes.len()))
    }

    /// The digests of all referrers.
    pub async fn referrers(&self, subject: &str) -> Result<Vec<String>, Error> {
        let answer = self.client.referrers(&self.repository, &self::digest(subject), self.access()).await?;
        Ok(answer.value.descriptors.iter().map(|one| one.digest.to_string()).collect())
    }
}

/// A digest of a test.
pub fn digest(text: &str) -> Digest {
    text.parse().expect("a digest")
}

/// What was sent, one line each, without the host.
pub fn sent<T>(answer: &Answer<T>) -> Vec<String> {
    answer
        .attempts
        .iter()
        .map(|one| one.to_string().split_once("/v2/").map_or_else(|| one.to_string(), |(_, rest)| rest.to_owned()))
        .collect()
}
