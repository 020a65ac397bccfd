//! The programs of a control plane, or why there are none.

use std::path::{Path, PathBuf};

/// Names the folder that holds them: the convention of envtest.
pub const VARIABLE: &str = "KUBEBUILDER_ASSETS";

/// The programs, all in one folder.
#[derive(Clone, Debug)]
pub struct Assets(PathBuf);

impl Assets {
    /// Those in the folder that [`VARIABLE`] names.
    ///
    /// # Errors
    /// Why there is no control plane, as one sentence. A folder that is named and lacks a program is a mistake, not a reason
    /// to skip, and panics.
    pub fn find() -> Result<Self, String> {
        let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
            return Err(format!(
                "{VARIABLE} names no folder with kube-apiserver, etcd, kubectl and kube-controller-manager: `cargo xtask e2e` sets it"
            ));
        };
        let assets = Self(PathBuf::from(folder));
        for program in ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] {
            let path = assets.program(program);
            assert!(path.is_file(), "{VARIABLE} is set, but there is no {}", path.display());
        }
        Ok(assets)
    }

    /// The path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// The product: `PORTCULLIS_BIN`, which `cargo xtask e2e` sets, or the last release build.
pub fn portcullis() -> PathBuf {
    let path = std::env::var_os("PORTCULLIS_BIN").map_or_else(|| target().join("release/portcullis"), PathBuf::from);
    assert!(path.is_file(), "there is no {}: run the tests with `cargo xtask e2e`", path.display());
    path
}

/// The folder that cargo builds in.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
