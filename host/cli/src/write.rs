//! Results to the standard output or to a file, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Writes to the standard output. A reader that went away (`| head`) has seen enough; it does not change what was judged.
pub fn to_stdout(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write the result"),
        _ => Ok(()),
    }
}

/// Writes to a file, `target` being where `shown` really leads. Whoever reads it sees the old or the new whole: the text is
/// written beside it first, then takes its name.
pub fn to_file(shown: &Path, target: &Path, text: &str) -> anyhow::Result<()> {
    let written = match fs::metadata(target) {
        // A pipe or a device (`/dev/null`, `>(...)`) has no name to take.
        Ok(metadata) if !metadata.is_file() => fs::write(target, text),
        before => replace(target, text, before.ok().map(|metadata| metadata.permissions())),
    };
    written.with_context(|| format!("cannot write `{}`", shown.display()))
}

fn replace(target: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let (beside, mut file) = create_beside(target)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let written = written.and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)));
    drop(file);
    let done = written.and_then(|()| fs::rename(&beside, target));
    if done.is_err() {
        // What was begun is of no use to anybody; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    done
}

/// A new file in the same directory, so that it can be renamed; what another run left behind is not touched.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut attempt = 0_u32;
    loop {
        let beside = target.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match File::create_new(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 16 => attempt += 1,
            made => return made.map(|file| (beside, file)),
        }
    }
}
