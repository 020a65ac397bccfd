//! Where evidence comes from: registries and bundles, as the flags and the file of registries say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, bail, ensure};
use portcullis_check::bytes;
use portcullis_check::error::Error;
use portcullis_document::{ReadLimits, decode};
use portcullis_evidence::{Evidence, MAX_BUNDLE_BYTES, MAX_DOCUMENT_BYTES, Source, TrustStore, is_bundle};
use portcullis_model::{Answers, FactSource, Query, Resolved};
use portcullis_registry::limits::MAX_DOCKER_CONFIG;
use portcullis_registry::{Client, Config, Host, Keychain, Proxy, check_authorities};
use tokio::runtime::Handle;

use crate::args::{DocumentArguments, EvidenceArguments};
use crate::output::Complaints;
use crate::registries::{HostRule, MAX_CREDENTIAL_FILES, ProxyRule, Registries};

/// Bytes of one file of certificate authorities.
const MAX_CA_BYTES: u64 = 4 << 20;
/// What the kubelet calls the file of a pull secret, and of its older form.
const PULL_SECRETS: [&str; 2] = [".dockerconfigjson", ".dockercfg"];

/// Who asks registries, and with which credentials; nothing where none may be asked.
pub type Asking = Option<(Client, Keychain)>;

/// A source that answers questions about evidence; it works on this runtime.
pub fn source(asking: Asking, bundles: &[PathBuf], trusts: Arc<TrustStore>, runtime: Handle) -> anyhow::Result<Source> {
    let given = given(bundles, &DocumentArguments::default())?;
    Ok(Source::new(trusts, Evidence { registry: asking, ..given }, runtime))
}

/// What the caller gives, so that no registry need be asked for it.
pub fn given(bundles: &[PathBuf], documents: &DocumentArguments) -> anyhow::Result<Evidence> {
    let bundles = read_bundles(bundles)?.into_iter().map(|(path, bytes)| (path, bytes.into())).collect();
    let (sboms, reports) = (texts("--sbom", &documents.sbom)?, texts("--sarif", &documents.sarif)?);
    Ok(Evidence { bundles, sboms, reports, ..Evidence::default() })
}

/// SBOMs or reports; that they are such is for whoever judges them to say.
fn texts(flag: &str, paths: &[PathBuf]) -> anyhow::Result<Vec<Arc<portcullis_model::Source>>> {
    let limits = ReadLimits { bytes: MAX_DOCUMENT_BYTES, ..ReadLimits::default() };
    let one = |path: &PathBuf| {
        let bytes = bytes::read(path, MAX_DOCUMENT_BYTES as u64).map_err(|error| unread(flag, &error))?;
        Ok(decode(&path.display().to_string(), bytes, &limits).map_err(Complaints::from)?)
    };
    paths.iter().map(one).collect()
}

/// That a file of a flag cannot be read, and what to do.
fn unread(flag: &str, error: &Error) -> Complaints {
    // What is said about manifests that cannot be read does not hold here.
    let hint = Some(error.hint()).filter(|_| !matches!(error, Error::Unreadable { .. } | Error::TooLarge { .. }));
    Complaints::one(format!("{flag}: {error}"), None, hint)
}

/// The bundles that the caller names, with their bytes.
pub fn read_bundles(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let one = |path: &PathBuf| {
        let bytes = bytes::read(path, MAX_BUNDLE_BYTES as u64).map_err(|error| unread("--bundle", &error))?;
        ensure!(
            is_bundle(&bytes),
            "`{}` is no sigstore bundle; give what `cosign sign --bundle` or `cosign sign-blob --bundle` wrote",
            path.display()
        );
        Ok((path.clone(), bytes))
    };
    paths.iter().map(one).collect()
}

/// What the flags and the file say together.
///
/// # Errors
/// A file that cannot be used, and a flag that contradicts the file.
pub fn asking(arguments: &EvidenceArguments) -> anyhow::Result<Asking> {
    if arguments.offline {
        return Ok(None);
    }
    let file = match &arguments.registries {
        Some(path) => Registries::read(path)?,
        None => Registries::default(),
    };
    let keychain = keychain(arguments, &file)?;
    let client = Client::new(config(arguments, file)?).context("registries cannot be asked")?;
    Ok(Some((client, keychain)))
}

/// Every file that [`asking`] depends on: when one of them changes, what it made is old. Of a file of registries that cannot
/// be read, nothing but itself is known.
pub fn files(arguments: &EvidenceArguments) -> Vec<PathBuf> {
    if arguments.offline {
        return arguments.bundle.clone();
    }
    let read = arguments.registries.as_deref().and_then(|path| Registries::read(path).ok()).unwrap_or_default();
    let usual = || (arguments.registry_config.is_empty() && read.credentials.is_none()).then(Keychain::default_config);
    let named = arguments.bundle.iter().chain(&arguments.registries).chain(&arguments.registry_ca);
    let named = named.chain(&arguments.registry_config);
    named.chain(read.files()).cloned().chain(usual().flatten()).collect()
}

fn config(arguments: &EvidenceArguments, file: Registries) -> anyhow::Result<Config> {
    let own = file.ca_file.iter().chain(&arguments.registry_ca);
    let mut extra_ca = Vec::new();
    for path in own {
        extra_ca.extend(authorities(path)?);
        extra_ca.push(b'\n');
    }
    ensure!(
        !file.only_ca || !extra_ca.is_empty() || file.hosts.values().any(|host| host.ca_file.is_some()),
        "`onlyCA` leaves no certificate authority; give `caFile`, or --registry-ca"
    );
    let proxy = match file.proxy {
        ProxyRule::Environment => Proxy::from_env().context("the proxy cannot be used")?,
        ProxyRule::None => None,
        ProxyRule::Given(proxy) => Some(proxy),
    };
    let hosts = hosts(arguments, file.hosts)?;
    Ok(Config { allowed: file.allowed, hosts, proxy, extra_ca, only_extra_ca: file.only_ca, ..Config::default() })
}

/// The hosts of the file, and those of the flags.
fn hosts(arguments: &EvidenceArguments, rules: BTreeMap<String, HostRule>) -> anyhow::Result<BTreeMap<String, Host>> {
    let mut rules = rules;
    let private = arguments.private_registry.iter().map(|host| ("--private-registry", host, None));
    let insecure = arguments.insecure_registry.iter().map(|host| ("--insecure-registry", host, Some(true)));
    for (flag, name, plain_http) in private.chain(insecure) {
        let rule = rules.entry(name.to_ascii_lowercase()).or_default();
        for (key, says, wanted) in [
            ("privateAddresses", &mut rule.private_addresses, Some(true)),
            ("plainHTTP", &mut rule.plain_http, plain_http),
        ] {
            if let (Some(place), Some(false), Some(true)) = (&rule.place, *says, wanted) {
                bail!("{flag} {name} contradicts {place}, where `{key}` is false; leave out one of them");
            }
            *says = says.or(wanted);
        }
        if let (Some(place), Some(true), Some(_)) = (&rule.place, rule.plain_http, &rule.ca_file) {
            bail!(
                "{flag} {name} contradicts {place}: plain HTTP shows no certificate that its `caFile` could vouch for"
            );
        }
    }
    let host = |(name, rule): (String, HostRule)| {
        let host = Host {
            plain_http: rule.plain_http.unwrap_or(false),
            private_addresses: rule.private_addresses.unwrap_or(false),
            extra_ca: rule.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default(),
            token_hosts: rule.token_hosts,
            mirrors: rule.mirrors,
            only_mirrors: rule.only_mirrors,
        };
        Ok((name, host))
    };
    rules.into_iter().map(host).collect()
}

/// Those of the flags first, then those of the file; where neither names any, what Docker keeps for this user.
fn keychain(arguments: &EvidenceArguments, file: &Registries) -> anyhow::Result<Keychain> {
    let wrong = "the credentials for registries cannot be used";
    if arguments.registry_config.is_empty() && file.credentials.is_none() {
        return Keychain::from_env().context(wrong);
    }
    let paths: Vec<&PathBuf> = arguments.registry_config.iter().chain(file.credentials.iter().flatten()).collect();
    ensure!(paths.len() <= MAX_CREDENTIAL_FILES, "{wrong}: there are more than {MAX_CREDENTIAL_FILES} files");
    paths.into_iter().try_fold(Keychain::anonymous(), |all, path| Ok(all.and(credentials(path).context(wrong)?)))
}

/// A Docker config of the operator, or a pull secret as the kubelet mounts it: that one starts no helper.
fn credentials(path: &Path) -> anyhow::Result<Keychain> {
    let is_secret = path.file_name().is_some_and(|name| PULL_SECRETS.iter().any(|known| name == *known));
    if !is_secret {
        return Ok(Keychain::docker_config(path)?);
    }
    let bytes = read(path, MAX_DOCKER_CONFIG)?;
    Keychain::pull_secret(&bytes).with_context(|| format!("`{}`", path.display()))
}

/// The authorities of one file, so that a broken one is known by its name.
fn authorities(path: &Path) -> anyhow::Result<Vec<u8>> {
    let pem = read(path, MAX_CA_BYTES)?;
    check_authorities(&pem).with_context(|| format!("`{}` holds no certificate authorities", path.display()))?;
    Ok(pem)
}

fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    bytes::read(path, limit).with_context(|| format!("`{}`", path.display()))
}

/// The source of this moment: whoever begins to look something up looks with the newest one, and what is under way ends with
/// its own. Nothing that was remembered with other credentials or registries is remembered by the next (A34).
pub struct Current(RwLock<Arc<Source>>);

impl Current {
    /// Begins with a source.
    pub fn new(source: Source) -> Self {
        Self(RwLock::new(Arc::new(source)))
    }

    /// Puts another one in its place.
    pub fn replace(&self, source: Source) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(source);
    }
}

impl FactSource for Current {
    fn look_up<'a>(&'a self, queries: &'a [Query], review: &'a Resolved) -> Answers<'a> {
        let source = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        Box::pin(async move { source.look_up(queries, review).await })
    }
}
