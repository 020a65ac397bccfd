//! The way to the API server: who we are, whom we trust, and how long we wait.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PartialObjectMeta};
use kube::client::ClientBuilder;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tower::limit::RateLimitLayer;

use crate::error::{Error, chain};

/// How long a connection to the API server may take, name lookup and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the API server may take nothing from us.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the connection of a watch may be silent. A watch is ended by the API server before that (`WATCH_SECONDS`), so
/// silence for longer means that nobody is there any more.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

/// How long one watch lasts before it is renewed, in seconds. Short, because a connection that died without a word is
/// noticed no earlier.
pub(crate) const WATCH_SECONDS: u32 = 60;

/// How many requests the watch may send within a second: an API server that ends every watch at once is not asked again
/// without end.
const WATCH_REQUESTS: u64 = 10;

/// A namespace without its spec and status: the API server sends no more than that.
pub(crate) type NamespaceMetadata = PartialObjectMeta<Namespace>;

/// A way to the API server. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    /// For reads on the path of a review.
    reads: kube::Client,
    /// For the watch, with connections of its own.
    watches: kube::Client,
    server: String,
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Connection {
    /// Finds the cluster as `kubectl` and Pods do: the files in `KUBECONFIG`, else the service account of the Pod that we
    /// are in, else `~/.kube/config`. What is found first must work: nothing else is tried when it is broken. Proxies are
    /// taken from the kubeconfig and not from the environment.
    ///
    /// Nothing is sent yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Nothing was found, or what was found cannot be used.
    pub async fn infer() -> Result<Self, Error> {
        if let Some(paths) = std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()) {
            let shown = paths.to_string_lossy().into_owned();
            let failed = |cause| Error::Kubeconfig { path: shown.clone(), cause };
            let kubeconfig = Kubeconfig::from_env().map_err(|error| failed(chain(&error)))?;
            let kubeconfig = kubeconfig.ok_or_else(|| failed("it names no file".to_owned()))?;
            return Self::of_kubeconfig(kubeconfig, &shown).await;
        }
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            let config = Config::incluster().map_err(|error| Error::ServiceAccount { cause: chain(&error) })?;
            return Self::of_config(config);
        }
        match std::env::home_dir().map(|home| home.join(".kube").join("config")) {
            Some(path) if path.is_file() => Self::from_kubeconfig(&path).await,
            path => {
                let path = path.unwrap_or_else(|| PathBuf::from("~/.kube/config"));
                Err(Error::NoCluster { looked: format!("`{}`", path.display()) })
            }
        }
    }

    /// Takes the current context of one kubeconfig file. Nothing is sent yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The file cannot be read, or what it says cannot be used.
    pub async fn from_kubeconfig(path: impl AsRef<Path>) -> Result<Self, Error> {
        let shown = path.as_ref().display().to_string();
        let kubeconfig = Kubeconfig::read_from(path)
            .map_err(|error| Error::Kubeconfig { path: shown.clone(), cause: chain(&error) })?;
        Self::of_kubeconfig(kubeconfig, &shown).await
    }

    /// The address of the API server, for logs.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    async fn of_kubeconfig(kubeconfig: Kubeconfig, shown: &str) -> Result<Self, Error> {
        let names_proxy = kubeconfig.clusters.iter().any(|named| {
            named.cluster.as_ref().and_then(|cluster| cluster.proxy_url.as_ref()).is_some_and(|url| !url.is_empty())
        });
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|error| Error::Kubeconfig { path: shown.to_owned(), cause: chain(&error) })?;
        if !names_proxy {
            // `https_proxy` of a laptop is meant for the world, and we are built without proxies.
            config.proxy_url = None;
        }
        Self::of_config(config)
    }

    fn of_config(mut config: Config) -> Result<Self, Error> {
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.write_timeout = Some(WRITE_TIMEOUT);
        config.read_timeout = Some(SILENCE_TIMEOUT);
        // Otherwise the time that a connection was idle counts.
        config.reset_reader_on_write = true;
        // Reads are repeated where their deadline is known, the watch by its own backoff.
        config.default_retry = false;
        let build = |config: Config| {
            ClientBuilder::try_from(config)
                .map_err(|error| Error::Client { server: server.clone(), cause: chain(&error) })
        };
        let reads = build(config.clone())?.build();
        let pace = RateLimitLayer::new(WATCH_REQUESTS, Duration::from_secs(1));
        let watches = build(config)?.with_layer(&pace).build();
        Ok(Self { reads, watches, server })
    }

    pub(crate) fn reads(&self) -> Api<NamespaceMetadata> {
        Api::all(self.reads.clone())
    }

    pub(crate) fn watches(&self) -> Api<NamespaceMetadata> {
        Api::all(self.watches.clone())
    }
}
