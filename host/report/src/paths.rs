//! File names as the repository knows them, which is how a forge finds the lines that a report speaks of.

use std::path::Path;

/// Where a run stands in its repository. Nothing is looked up: a name is joined and cut as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// The repository's own path; empty where it is not known.
    root: Vec<String>,
    /// The folder that names are relative to, as parts below the root.
    below: Vec<String>,
}

impl Folder {
    /// The run stands in `current`, in the repository whose work tree begins at `root`.
    pub fn new(root: &Path, current: &Path) -> Self {
        let parts =
            |path: &Path| path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let below = current.strip_prefix(root).map(parts).unwrap_or_default();
        Self { root: parts(root), below }
    }

    /// The path from the repository's root, with `/` between its parts; nothing for the standard input and for what lies
    /// outside of the repository.
    pub(crate) fn path_of(&self, file: &str) -> Option<String> {
        let file = if cfg!(windows) { file.replace('\\', "/") } else { file.to_owned() };
        if file == "-" {
            return None;
        }
        let absolute = Path::new(&file).is_absolute();
        let mut parts: Vec<String> = if absolute { Vec::new() } else { self.below.clone() };
        let named: Vec<String> = if absolute {
            let all = Path::new(&file).components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            let all: Vec<String> = all.collect();
            all.strip_prefix(self.root.as_slice()).filter(|_| !self.root.is_empty())?.to_vec()
        } else {
            file.split('/').map(str::to_owned).collect()
        };
        for part in named {
            match part.as_str() {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                _ => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_file_from_the_root_of_the_repository() {
        let folder = Folder::new(Path::new("/srv/app"), Path::new("/srv/app/deploy/prod"));
        let path = |file: &str| folder.path_of(file);
        assert_eq!(path("./a b.yaml").as_deref(), Some("deploy/prod/a b.yaml"));
        assert_eq!(path("../x//y.yaml").as_deref(), Some("deploy/x/y.yaml"));
        assert_eq!(path("/srv/app/web.yaml").as_deref(), Some("web.yaml"));
        assert_eq!(path("/srv/application/web.yaml"), None, "another folder whose name begins the same");
        assert_eq!(path("../../../x.yaml"), None, "outside");
        assert_eq!((path("-"), path("../..")), (None, None));
        let unknown = Folder::default();
        assert_eq!(unknown.path_of("./deploy/web.yaml").as_deref(), Some("deploy/web.yaml"));
        assert_eq!(unknown.path_of("/etc/passwd"), None);
    }
}
