//! Where evidence comes from: registries and bundles, as the flags say.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use portcullis_evidence::{DEFAULT_LOOK_UP_TIME, Evidence, MAX_BUNDLE_BYTES, Source, TrustStore};
use portcullis_registry::{Client, Config, Host, Keychain, Proxy};
use tokio::runtime::Handle;

use crate::args::EvidenceArguments;

/// A source that answers questions about evidence; it works on this runtime.
pub fn source(arguments: &EvidenceArguments, trusts: Arc<TrustStore>, runtime: Handle) -> anyhow::Result<Source> {
    let registry = if arguments.offline { None } else { Some(registry(arguments)?) };
    let bundles =
        arguments.bundle.iter().map(|path| Ok((path.clone(), read(path)?.into()))).collect::<anyhow::Result<_>>()?;
    Ok(Source::new(trusts, Evidence { registry, bundles, time: DEFAULT_LOOK_UP_TIME }, runtime))
}

fn registry(arguments: &EvidenceArguments) -> anyhow::Result<(Client, Keychain)> {
    let private = arguments.private_registry.iter().map(|host| (host, false));
    let insecure = arguments.insecure_registry.iter().map(|host| (host, true));
    let host = |(name, plain_http): (&String, bool)| {
        (name.clone(), Host { plain_http, private_addresses: true, ..Host::default() })
    };
    let extra_ca = arguments.registry_ca.as_deref().map(read).transpose()?.unwrap_or_default();
    let proxy = Proxy::from_env().context("the proxy cannot be used")?;
    let config = Config { hosts: private.chain(insecure).map(host).collect(), extra_ca, proxy, ..Config::default() };
    let client = Client::new(config).context("registries cannot be asked")?;
    let keychain = match &arguments.registry_config {
        Some(path) => Keychain::docker_config(path),
        None => Keychain::from_env(),
    };
    Ok((client, keychain.context("the credentials for registries cannot be used")?))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    portcullis_check::bytes::read(path, MAX_BUNDLE_BYTES as u64).with_context(|| format!("`{}`", path.display()))
}
