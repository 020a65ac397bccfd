//! Files as a Secret or ConfigMap volume shows them: all change at once, when one link is renamed.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A folder with links `x -> ..data/x`, and `..data -> ..v1`, as the kubelet's AtomicWriter makes them.
#[derive(Debug)]
pub struct Volume {
    folder: PathBuf,
    version: u32,
}

impl Volume {
    /// A new volume with these files.
    pub fn new(folder: &Path, files: &[(&str, &str)]) -> Self {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).expect("a folder");
        let mut volume = Self { folder: folder.to_owned(), version: 0 };
        volume.swap(files);
        for (name, _) in files {
            symlink(Path::new("..data").join(name), folder.join(name)).expect("a link");
        }
        volume
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Replaces what all of its files say, in one step.
    pub fn swap(&mut self, files: &[(&str, &str)]) {
        let old = self.folder.join(format!("..v{}", self.version));
        self.version += 1;
        let new = format!("..v{}", self.version);
        std::fs::create_dir(self.folder.join(&new)).expect("a folder");
        for (name, content) in files {
            std::fs::write(self.folder.join(&new).join(name), content).expect("a file");
        }
        let link = self.folder.join("..data_tmp");
        symlink(&new, &link).expect("a link");
        std::fs::rename(&link, self.folder.join("..data")).expect("a rename");
        let _ = std::fs::remove_dir_all(old);
    }
}
