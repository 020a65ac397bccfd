//! The cases of a folder.

use std::io;
use std::path::{Path, PathBuf};

/// The cases of a folder, sorted, and a complaint about each of its other files: somebody may take one for a case. Hidden
/// files and copies that an editor keeps (`~`) are nobody's cases.
///
/// # Errors
/// A folder that cannot be listed.
pub fn files(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<String>)> {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if path.is_file() && path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
            continue;
        }
        let way = match path.file_stem().unwrap_or_default().to_string_lossy() {
            _ if path.is_dir() => "move its cases up".to_owned(),
            stem => format!("name it `{stem}.yaml` if it is a case, else move it out of the folder"),
        };
        unread.push(format!("{}: not read, only the files `*.yaml` of the folder are; {way}", path.display()));
    }
    files.sort();
    unread.sort();
    Ok((files, unread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_looks_like_a_case_and_is_not_read() {
        let folder = std::env::temp_dir().join(format!("portcullis-cases-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("more")).expect("a folder");
        for name in ["a.yaml", "q.yml", ".a.yaml.swp", "a.yaml~"] {
            std::fs::write(folder.join(name), "").expect("a file");
        }
        let (read, unread) = files(&folder).expect("a folder that can be listed");
        std::fs::remove_dir_all(&folder).expect("removed again");
        assert_eq!(read, [folder.join("a.yaml")]);
        let said = |name: &str, way: &str| {
            let path = folder.join(name);
            format!("{}: not read, only the files `*.yaml` of the folder are; {way}", path.display())
        };
        let renamed = said("q.yml", "name it `q.yaml` if it is a case, else move it out of the folder");
        assert_eq!(unread, [said("more", "move its cases up"), renamed]);
    }
}
