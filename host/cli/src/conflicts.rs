//! Arguments that contradict each other or the disk, refused before anything is judged.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use portcullis_check::bytes::{Origin, origin};
use portcullis_check::inputs::MAX_FILE_BYTES;

use crate::args::CheckArguments;

/// How a report of ours begins, so that the one of the last run may be replaced where it stands among manifests.
const OWN_REPORTS: [&str; 2] =
    ["\"kind\": \"CheckReport\"", "\"$schema\": \"https://docs.oasis-open.org/sarif/sarif/v2.1.0/"];
/// The same for a list, which is what GitLab wants; an empty one holds nothing that could be lost.
const OWN_LISTS: [&str; 2] = ["[\n  {\n    \"check_name\": ", "[]\n"];
/// How a baseline of ours begins, for the same.
const OWN_BASELINE: &str = "\napiVersion: portcullis.dev/v1alpha1\nkind: Baseline\n";
/// How much of a file is looked at for that, in bytes.
const OWN_REPORT_BYTES: usize = 512;

/// Refuses a run that names nothing to judge, a standard input that is wanted twice, and outputs that would overwrite an input or each other.
pub fn refuse(arguments: &CheckArguments) -> anyhow::Result<()> {
    ensure!(
        !(arguments.paths.is_empty() && arguments.image.is_empty() && arguments.artifact.is_empty()),
        "nothing to judge is named\n  help: give a <PATH> (or --image <REF>, or --artifact <FILE>), or `paths` in \
         `portcullis.yaml`, which `portcullis init` writes; --sbom <FILE> and --sarif <FILE> tell of one of these, and are \
         shown alone by `evidence show`"
    );
    let configuration = configuration(arguments);
    let piped = |path: &&Path| matches!(origin(path), Ok(Origin::StandardInput));
    let wanted = configuration.iter().copied().filter(piped).count();
    let judged = arguments.paths.iter().any(|path| piped(&path.as_path()));
    ensure!(
        wanted + usize::from(judged) <= 1,
        "the standard input is named more than once, but can be read only once; put one of them into a file"
    );
    ensure!(
        arguments.facts.is_none() || arguments.documents.files().next().is_none(),
        "--facts holds every answer, so nobody would read what --sbom and --sarif give; leave out one of them"
    );
    let mut targets: Vec<PathBuf> = Vec::new();
    for output in arguments.output.iter().filter(|path| path.as_os_str() != "-") {
        let target = target_of(output)?;
        ensure!(
            !targets.contains(&target),
            "two formats would be written to `{}`; give each --format an --output of its own",
            output.display()
        );
        for input in configuration.iter().copied().chain(arguments.paths.iter().map(PathBuf::as_path)) {
            ensure!(
                !would_overwrite(&target, input),
                "the output `{}` would overwrite the input `{}`; choose another --output",
                output.display(),
                input.display()
            );
        }
        targets.push(target);
    }
    Ok(())
}

/// Every file that a run uses besides what it judges.
pub fn configuration(arguments: &CheckArguments) -> Vec<&Path> {
    [&arguments.policies, &arguments.waivers, &arguments.namespace_labels]
        .into_iter()
        .chain([&arguments.api_resources])
        .flatten()
        .chain(&arguments.facts)
        .chain(&arguments.baseline.baseline)
        .chain(arguments.evidence.files().map(|(_, path)| path))
        .chain(arguments.documents.files())
        .chain(&arguments.everyday.config.config)
        .map(PathBuf::as_path)
        .collect()
}

/// The file that writing to an output would change, links followed.
///
/// # Errors
/// A directory, a path whose directory is not there, and a link to nothing.
pub fn target_of(output: &Path) -> anyhow::Result<PathBuf> {
    ensure!(!output.as_os_str().is_empty(), "an --output is empty; give a file, or `-` for the standard output");
    if let Ok(metadata) = fs::metadata(output) {
        ensure!(!metadata.is_dir(), "cannot write `{}`: it is a directory; name a file in it", output.display());
        // The pipe of `>(...)` has no path of its own.
        return Ok(output.canonicalize().unwrap_or_else(|_| output.to_owned()));
    }
    let shown = output.display();
    ensure!(fs::symlink_metadata(output).is_err(), "cannot write `{shown}`: it is a link to nothing; remove it");
    let folder = output.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let Some(name) = output.file_name() else { bail!("cannot write `{shown}`: it names no file") };
    let real = folder.canonicalize().with_context(|| {
        format!("cannot write `{shown}`: its directory `{}` is not there; make it first", folder.display())
    })?;
    ensure!(real.is_dir(), "cannot write `{shown}`: `{}` is no directory", folder.display());
    Ok(real.join(name))
}

/// Whether a file is an input, or lies in a directory that is one and would be read there.
pub fn would_overwrite(target: &Path, input: &Path) -> bool {
    let Ok(real) = input.canonicalize() else { return false };
    if real.is_file() {
        return same_file(&real, target);
    }
    let manifest = |ending: &OsStr| ["yaml", "yml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    let read_there = target.starts_with(&real) && target.is_file() && target.extension().is_some_and(manifest);
    read_there && !is_own_report(target)
}

fn same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    one == other
}

/// Whether a file is a baseline that we wrote.
pub fn is_own_baseline(path: &Path) -> bool {
    start_of(path).is_some_and(|start| start.contains(OWN_BASELINE))
}

fn start_of(path: &Path) -> Option<String> {
    let bytes = portcullis_check::bytes::read(path, MAX_FILE_BYTES).ok()?;
    Some(String::from_utf8_lossy(&bytes[..bytes.len().min(OWN_REPORT_BYTES)]).into_owned())
}

fn is_own_report(path: &Path) -> bool {
    let Some(start) = start_of(path) else { return false };
    let object = start.starts_with('{') && OWN_REPORTS.iter().any(|mark| start.contains(mark));
    object || OWN_LISTS.iter().any(|mark| start.starts_with(mark)) || start.contains(OWN_BASELINE)
}
