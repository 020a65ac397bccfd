//! Which files may be written, and writing only what nobody else has changed since it was read.

use std::fs;

use portcullis_model::sha256_hex;

use crate::inputs::InputFile;
use crate::read::FileContent;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a file is left as it is, whatever would be fixed in it.
pub(crate) fn refusal(file: &InputFile) -> Option<String> {
    if let Some(chart) = &file.chart {
        return Some(format!(
            "it belongs to the Helm chart `{chart}`, whose templates are not the manifests they make"
        ));
    }
    let link = fs::symlink_metadata(file.path()).ok()?;
    if link.file_type().is_symlink() && file.within.is_none() {
        let target = fs::read_link(file.path()).map(|target| target.display().to_string()).unwrap_or_default();
        return Some(format!("it is a link; name the file that it leads to, `{target}`"));
    }
    // What was found in a directory lies inside it: the walk has looked where each link leads.
    let metadata = fs::metadata(file.path()).ok()?;
    if !metadata.is_file() {
        return Some("it is no file that could be written".into());
    }
    if metadata.permissions().readonly() {
        return Some("it may only be read; change its permissions first".into());
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
        return Some("it has a second name (a hard link), which would keep the old text".into());
    }
    None
}

/// Writes the new text of a file, its byte-order mark kept, if the file is still the one that was judged.
pub(crate) fn write(
    content: &FileContent,
    text: &str,
    write: &dyn Fn(&std::path::Path, &str) -> Result<(), String>,
) -> Result<(), String> {
    let bytes = content.file.read().map_err(|error| error.to_string())?;
    let judged = content.signed.as_ref().map(|signed| signed.digest.as_str());
    if judged != Some(sha256_hex(&bytes).as_str()) {
        return Err("the file was changed while it was judged".into());
    }
    if bytes.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        return write(content.file.path(), &format!("{BYTE_ORDER_MARK}{text}"));
    }
    write(content.file.path(), text)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use portcullis_document::ReadLimits;

    use super::*;
    use crate::inputs::{GatherOptions, gather};
    use crate::read::read;

    #[test]
    fn writes_nothing_over_what_somebody_else_wrote_meanwhile() {
        let path = std::env::temp_dir().join(format!("portcullis-target-{}.yaml", std::process::id()));
        let write_over = |_: &std::path::Path, text: &str| fs::write(&path, text).map_err(|error| error.to_string());
        fs::write(&path, "\u{feff}a: 1\n").expect("a file");
        let gathered = gather(&[PathBuf::from(&path)], &GatherOptions::default());
        let content = read(&gathered.files[0], &ReadLimits::default());
        assert_eq!(write(&content, "a: 2\n", &write_over), Ok(()));
        assert_eq!(fs::read_to_string(&path).expect("a file"), "\u{feff}a: 2\n", "the mark stays");
        let refused = write(&content, "a: 3\n", &write_over);
        assert_eq!(refused, Err("the file was changed while it was judged".into()));
        assert_eq!(fs::read_to_string(&path).expect("a file"), "\u{feff}a: 2\n");
        fs::remove_file(&path).expect("removed");
    }
}
