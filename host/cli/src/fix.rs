//! `check --fix`: what it refuses, how it writes, and where its patch goes.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use portcullis_check::CheckOptions;
use portcullis_check::bytes::{Origin, origin};
use portcullis_check::fix::{self, FixOptions};
use portcullis_gate::Gate;
use portcullis_report::Report;

use crate::args::{CheckArguments, ModeArgument};
use crate::{check, conflicts, output, write};

/// Refuses what cannot be fixed whatever is found in it.
pub fn refuse(arguments: &CheckArguments) -> anyhow::Result<()> {
    let fixing = &arguments.fixing;
    if fixing.fix.is_none() {
        return Ok(());
    }
    ensure!(
        !matches!(arguments.mode, Some(ModeArgument::Compliance)),
        "nothing is fixed in compliance: leave out --fix, or say `--mode sandbox` where this is meant for a sandbox; that judges by the \
         settings for sandbox, whose limits may be lower, and --fix=all would write those"
    );
    for path in &arguments.paths {
        let piped = matches!(origin(path), Ok(Origin::StandardInput | Origin::Pipe));
        ensure!(
            !piped,
            "--fix cannot write back to `{}`, which is no file; put it into a file, or leave out --fix",
            path.display()
        );
    }
    let Some(patch) = fixing.patch.as_ref().filter(|path| path.as_os_str() != "-") else { return Ok(()) };
    let target = conflicts::target_of(patch)?;
    let inputs = arguments.paths.iter().map(PathBuf::as_path).chain(conflicts::configuration(arguments));
    for input in inputs.chain(arguments.output.iter().map(PathBuf::as_path)) {
        let same = conflicts::target_of(input).is_ok_and(|other| other == target);
        ensure!(
            !same && !conflicts::would_overwrite(&target, input),
            "the patch `{}` would overwrite `{}`; choose another --patch",
            patch.display(),
            input.display()
        );
    }
    Ok(())
}

/// Judges, and fixes where that was asked for; the patch is empty where there is nothing to show.
pub fn run(
    gate: &Gate,
    options: &CheckOptions,
    arguments: &CheckArguments,
    advance: &(dyn Fn(usize) + Sync),
) -> (Report, String) {
    let Some(level) = arguments.fixing.fix else {
        return (portcullis_check::run(gate, options, advance), String::new());
    };
    let write = |path: &Path, text: &str| {
        let target = path.canonicalize().map_err(|error| error.to_string())?;
        write::to_file(path, &target, text).map_err(|error| format!("{error:#}"))
    };
    let here = here();
    let fixing = FixOptions { level: level.into(), root: check::root(&here), write: &write };
    let fixed = fix::run(gate, options, &fixing, advance);
    (fixed.report, fixed.patch)
}

/// The current directory, by its real path.
fn here() -> PathBuf {
    std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default()
}

/// From where a patch is applied, where that is not the current directory: in another folder of the repository `git apply`
/// takes only what lies in that folder.
fn note_where_to_apply() {
    let here = here();
    let levels = here.components().count() - check::root(&here).components().count();
    if levels > 0 {
        let way = vec![".."; levels].join("/");
        output::note(&format!(
            "the patch names files from the root of the repository: `git -C {way} apply` there takes it"
        ));
    }
}

/// Shows the patch where it was asked for: behind the report for people, or in a file. `human`: whether that report is what
/// the standard output has. Whoever wants quiet names a place for it, or sees none.
pub fn show_patch(arguments: &CheckArguments, patch: &str, human: bool) -> anyhow::Result<()> {
    let kept = arguments.fixing.patch.is_some() || (human && !arguments.everyday.quiet);
    if kept && !patch.is_empty() {
        note_where_to_apply();
    }
    match &arguments.fixing.patch {
        Some(path) if path.as_os_str() != "-" => write::to_file(path, &conflicts::target_of(path)?, patch),
        None if arguments.everyday.quiet => Ok(()),
        None if !human => {
            if !patch.is_empty() {
                output::note("some fixes change what an object means; --patch FILE keeps them as a patch");
            }
            Ok(())
        }
        _ if patch.is_empty() => Ok(()),
        _ => write::to_stdout(&format!("\n{patch}")),
    }
}
