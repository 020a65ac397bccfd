//! Certificates for tests: an authority, and what it signs.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate.
    pub cert: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for somebody who listens at loopback, or calls under this name.
    pub fn issue(&self, name: &str) -> Pair {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.0).expect("a certificate").pem();
        Pair { cert, key: key.serialize_pem() }
    }
}

/// A folder as the kubelet mounts a Secret or ConfigMap: every file is a link into `..data`, which is a link to a folder
/// with a new name at every change, renamed into place.
pub struct Volume {
    folder: PathBuf,
    version: u32,
}

impl Volume {
    /// An empty volume.
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        Self { folder: folder.to_path_buf(), version: 0 }
    }

    /// Its path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Puts other files into it, all at once.
    pub fn swap(&mut self, files: &[(&str, &str)]) {
        use std::os::unix::fs::symlink;
        self.version += 1;
        let old = std::fs::read_link(self.folder.join("..data")).ok();
        let name = format!("..2026_11_21_{}", self.version);
        let version = self.folder.join(&name);
        std::fs::create_dir(&version).expect("a folder");
        for (file, content) in files {
            std::fs::write(version.join(file), content).expect("a file");
        }
        symlink(&name, self.folder.join("..data_tmp")).expect("a link");
        std::fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data")).expect("renamed");
        for (file, _) in files {
            // There since the first version.
            let _ = symlink(Path::new("..data").join(file), self.folder.join(file));
        }
        if let Some(old) = old {
            std::fs::remove_dir_all(self.folder.join(old)).expect("the old version");
        }
    }
}
