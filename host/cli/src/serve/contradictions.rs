//! Flags of `serve` that contradict each other, and files that cannot be read twice, refused before anything starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::args::ServeArguments;

const REVIEWS: u16 = 8443;
const OPS: u16 = 8081;

impl ServeArguments {
    /// Where reviews are taken.
    pub fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| self.default_address(REVIEWS))
    }

    /// Where health and metrics are.
    pub fn ops_listen(&self) -> SocketAddr {
        self.ops_listen.unwrap_or_else(|| self.default_address(OPS))
    }

    fn default_address(&self, port: u16) -> SocketAddr {
        let ip = if self.dev { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        SocketAddr::new(IpAddr::V4(ip), port)
    }
}

/// Refuses them.
pub fn refuse(arguments: &ServeArguments) -> anyhow::Result<()> {
    let (cert, key) = (arguments.tls_cert.is_some(), arguments.tls_key.is_some());
    if arguments.dev {
        ensure!(
            !cert && !key,
            "--dev makes a certificate of its own; leave out either --dev, or --tls-cert and --tls-key"
        );
        ensure!(
            arguments.client_ca.is_none() && arguments.client_name.is_empty(),
            "--dev asks nobody for a certificate; with --client-ca give --tls-cert and --tls-key, and --namespace-labels where there is no cluster"
        );
        ensure!(arguments.tls_min.is_none(), "--dev speaks TLS 1.3 alone; leave out --tls-min");
        ensure!(arguments.kubeconfig.is_none(), "--dev asks no cluster; leave out either --dev or --kubeconfig");
    } else {
        ensure!(cert || key, "a certificate is needed: give --tls-cert and --tls-key, or --dev for a throw-away one");
        ensure!(key, "--tls-cert needs its --tls-key");
        ensure!(cert, "--tls-key needs its --tls-cert");
    }
    ensure!(
        arguments.kubeconfig.is_none() || arguments.namespace_labels.is_empty(),
        "--kubeconfig and --namespace-labels both say where labels come from; give one of them"
    );
    ensure!(
        arguments.client_ca.is_some() || arguments.client_name.is_empty(),
        "--client-name names whom --client-ca vouches for; give that as well"
    );
    let (reviews, ops) = (arguments.listen(), arguments.ops_listen());
    ensure!(reviews != ops || reviews.port() == 0, "--listen and --ops-listen are both {reviews}; choose two ports");
    ensure!(
        arguments.max_held >= arguments.max_body,
        "--max-held is less than --max-body, so the largest review could never be read"
    );
    for (flag, paths) in [
        ("--policies", &arguments.policies),
        ("--waivers", &arguments.waivers),
        ("--namespace-labels", &arguments.namespace_labels),
    ] {
        paths.iter().try_for_each(|path| readable_again(flag, path))?;
    }
    arguments.rate_limits.iter().try_for_each(|path| readable_again("--rate-limits", path))?;
    arguments.evidence.files().try_for_each(|(flag, path)| readable_again(flag, path))?;
    Ok(())
}

/// What is watched must be there to be looked at again: no standard input, no pipe.
fn readable_again(flag: &str, path: &PathBuf) -> anyhow::Result<()> {
    let piped = path == Path::new("-")
        || std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    ensure!(!piped, "{flag} `{}` can be read only once, and `serve` watches it; put it into a file", path.display());
    Ok(())
}
