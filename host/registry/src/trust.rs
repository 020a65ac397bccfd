//! Which certificate authorities speak for which host.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::config::Config;
use crate::error::{Cause, chain};

/// The TLS settings of every host, made once.
pub(crate) struct Trust {
    all: Arc<ClientConfig>,
    /// For hosts with an authority of their own.
    own: BTreeMap<String, Arc<ClientConfig>>,
    /// The same as `all` without HTTP/2, for proxies.
    proxy: Arc<ClientConfig>,
}

impl Trust {
    /// Reads the system's authorities and those of the settings.
    pub(crate) fn of(config: &Config) -> Result<Self, Cause> {
        let mut roots = RootCertStore::empty();
        if !config.only_extra_ca {
            // Files that cannot be read are left out: with none at all, every connection fails and says so.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        add(&mut roots, &config.extra_ca, "the extra certificate authorities")?;
        let mut own = BTreeMap::new();
        for (name, host) in &config.hosts {
            if !host.extra_ca.is_empty() {
                let mut roots = roots.clone();
                add(&mut roots, &host.extra_ca, &format!("the certificate authorities of `{name}`"))?;
                own.insert(name.clone(), settings(roots, true)?);
            }
        }
        Ok(Self { proxy: settings(roots.clone(), false)?, all: settings(roots, true)?, own })
    }

    /// The settings for a host.
    pub(crate) fn of_host(&self, host: &str) -> Arc<ClientConfig> {
        Arc::clone(self.own.get(host).unwrap_or(&self.all))
    }

    /// The settings for a proxy.
    pub(crate) fn of_proxy(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.proxy)
    }
}

/// Whether a text holds certificate authorities that can be used.
///
/// # Errors
/// It holds none, or one that cannot be read.
pub fn check_authorities(pem: &[u8]) -> Result<(), Cause> {
    if pem.is_empty() {
        return Err(Cause::Config("there is no certificate in it".to_owned()));
    }
    add(&mut RootCertStore::empty(), pem, "the certificate authorities")
}

fn add(roots: &mut RootCertStore, pem: &[u8], what: &str) -> Result<(), Cause> {
    if pem.is_empty() {
        return Ok(());
    }
    let wrong = |why: String| Cause::Config(format!("{what} cannot be read: {why}"));
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| wrong(chain(&error)))?;
        roots.add(certificate).map_err(|error| wrong(chain(&error)))?;
        count += 1;
    }
    if count == 0 { Err(wrong("there is no certificate in them".to_owned())) } else { Ok(()) }
}

fn settings(roots: RootCertStore, http2: bool) -> Result<Arc<ClientConfig>, Cause> {
    // Named here: a process that has two providers has no default one.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Cause::Config(format!("no TLS: {error}")))?;
    let mut settings = builder.with_root_certificates(roots).with_no_client_auth();
    if http2 {
        settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(Arc::new(settings))
}
