//! What `--dev` makes: a certificate for one run, and the words to try it with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use portcullis_webhook::tls::Certificates;

use crate::write;

/// A review that the default set denies: a Pod without limits.
const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"shop","name":"web","userInfo":{"username":"ann"},"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"containers":[{"name":"web","image":"nginx:latest"}]}}}}"#;

/// One trial run. Its folder goes away with it.
pub struct Trial {
    folder: PathBuf,
}

impl Trial {
    /// A certificate for this address and the names of this machine itself. Only the authority is written down; its key is
    /// forgotten at once, that of the certificate stays in memory.
    pub fn begin(address: SocketAddr) -> anyhow::Result<(Certificates, Self)> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let own = address.ip().to_string();
        if !address.ip().is_unspecified() && !names.contains(&own) {
            names.push(own);
        }
        let (certificates, made) = Certificates::throw_away(&names).context("cannot make a certificate")?;
        let folder = folder()?;
        let trial = Self { folder };
        let ca = trial.ca();
        std::fs::write(&ca, &made.ca).with_context(|| format!("cannot write `{}`", ca.display()))?;
        Ok((certificates, trial))
    }

    fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// Says where everything is, with a line for the shell that works.
    pub fn explain(&self, address: SocketAddr, ops: SocketAddr) -> anyhow::Result<()> {
        let (ca, url) = (self.ca(), format!("https://{}/validate", reachable(address)));
        let ca = ca.display();
        let ops = reachable(ops);
        write::to_stdout(&format!(
            "reviews   {url}\nhealth    http://{ops}/readyz?verbose\nmetrics   http://{ops}/metrics\nauthority {ca}\n\n\
             Namespaces without labels are under compliance. Try it:\n\n\
             curl --cacert '{ca}' -H 'Content-Type: application/json' {url} -d '{REVIEW}'\n"
        ))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // Whoever cleans up the temporary folder finds it otherwise.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Everybody's address is reached at loopback from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// A new folder that only its owner may enter: who could change the authority could answer for us.
fn folder() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let below = std::env::temp_dir();
    let mut builder = std::fs::DirBuilder::new();
    builder.mode(0o700);
    for attempt in 0..100 {
        let folder = below.join(format!("portcullis-dev-{}-{attempt}", std::process::id()));
        match builder.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| cannot(&folder)),
        }
    }
    anyhow::bail!("{}", cannot(&below))
}

fn cannot(folder: &Path) -> String {
    format!("cannot make the folder `{}` for the authority; set TMPDIR", folder.display())
}
