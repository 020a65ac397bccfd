//! A certificate for loopback and its key, in files, that its owner alone believes.

use std::path::{Path, PathBuf};

/// Files that a server is started with.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The certificate, which is its own authority (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
}

impl Authority {
    /// Writes both into a folder.
    ///
    /// # Panics
    /// The folder cannot be written.
    pub fn write(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        std::fs::write(&certificate, made.cert.pem()).expect("the certificate's file");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("the key's file");
        Self { certificate, key }
    }

    /// What `serve` is told.
    pub fn arguments(&self) -> [String; 4] {
        let text = |path: &Path| path.display().to_string();
        ["--tls-cert".into(), text(&self.certificate), "--tls-key".into(), text(&self.key)]
    }
}
