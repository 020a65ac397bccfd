//! Baselines from files, and the `baseline write` command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, ensure};
use portcullis_check::baseline::listed;
use portcullis_check::exit::Exit;
use portcullis_model::Effect;
use portcullis_policies::{Baseline, BaselineHead, MAX_BASELINE_FINDINGS, baseline_expiry, baseline_yaml};
use portcullis_report::{HumanOptions, human, plain};

use crate::args::{BaselineWriteArguments, CheckArguments};
use crate::output::Complaints;
use crate::{check, config, conflicts, output, sets, write};

/// Where a baseline goes if nobody says.
const DEFAULT_OUTPUT: &str = "baseline.yaml";
/// Its name.
const NAME: &str = "baseline";

/// The baseline of a file.
pub fn load(path: Option<&Path>, time: i64) -> anyhow::Result<Option<Baseline>> {
    let Some(path) = path else { return Ok(None) };
    let documents = sets::documents_below(&[path.to_owned()])?;
    Baseline::parse(&documents, time).map(Some).map_err(|found| Complaints::of(found).into())
}

/// Checks, and writes what was found as a baseline. A run in which something could not be judged writes none: nobody would see
/// what is missing in it.
pub fn write(arguments: BaselineWriteArguments) -> anyhow::Result<ExitCode> {
    let BaselineWriteArguments { owner, expires, reason, ticket, check: mut flags } = arguments;
    if flags.everyday.quiet {
        output::be_quiet();
    }
    let used = config::baseline(&mut flags)?;
    let (shown, target) = output(&mut flags)?;
    refuse(&flags)?;
    ensure!(!owner.trim().is_empty(), "--owner is empty; say who answers for the baseline");
    let (report, time) = check::judge(&flags, &used)?;
    let expires_at = baseline_expiry(&expires, time).map_err(|(wrong, hint)| anyhow!("--expires {wrong}; {hint}"))?;
    ensure!(expires_at > time, "--expires {} is over already; give a date to come", plain(&expires));
    if report.summary.errors > 0 {
        write::to_stdout(&human(&report, &HumanOptions::default()))?;
        return Err(anyhow!("no baseline was written: what could not be judged is in none; mend that first"));
    }
    let entries = listed(&report.decisions);
    ensure!(
        entries.len() <= MAX_BASELINE_FINDINGS,
        "{} findings are more than {MAX_BASELINE_FINDINGS}, which is the most that a baseline lists; write one for each folder",
        entries.len()
    );
    let head =
        BaselineHead { name: NAME.into(), owner: owner.trim().to_owned(), expires: expires.clone(), reason, ticket };
    let text = baseline_yaml(&head, &entries);
    if shown.as_os_str() == "-" {
        write::to_stdout(&text)?;
        return Ok(Exit::Allowed.into());
    }
    write::to_file(&shown, &target, &text)?;
    let count: u32 = entries.values().sum();
    let all = report.decisions.iter().flat_map(|decision| &decision.findings);
    let left = all.filter(|judged| judged.effect != Effect::Shadow && judged.effect != Effect::Waived).count();
    // Images and artifacts that flags name stand in no file.
    let left = left.saturating_sub(count as usize);
    let more = if left > 0 { format!("; {left} are not read from a file and stay out of it") } else { String::new() };
    write::to_stdout(&format!(
        "wrote {}: {count} findings, until {}, of {}{more}\n",
        plain(&shown.display().to_string()),
        plain(&expires),
        plain(&owner)
    ))?;
    Ok(Exit::Allowed.into())
}

/// Refuses what a baseline is not for.
fn refuse(flags: &CheckArguments) -> anyhow::Result<()> {
    let everyday = &flags.everyday;
    ensure!(flags.fixing.fix.is_none(), "`baseline write` changes no manifest; run `check --fix` first");
    ensure!(
        flags.baseline.baseline.is_none(),
        "a baseline is written from all findings, not from those that another one leaves; leave out --baseline"
    );
    ensure!(
        everyday.changed_since.is_none(),
        "a baseline is written from all findings, not from those of what changed; leave out --changed-since"
    );
    ensure!(everyday.explain.is_none(), "`baseline write` explains nothing; run `check --explain`");
    conflicts::refuse(flags)
}

/// Where it goes, as written and where that leads.
fn output(flags: &mut CheckArguments) -> anyhow::Result<(PathBuf, PathBuf)> {
    ensure!(flags.output.len() <= 1, "a baseline is one file; give one --output");
    if flags.output.is_empty() {
        flags.output.push(DEFAULT_OUTPUT.into());
    }
    let shown = flags.output[0].clone();
    let target = if shown.as_os_str() == "-" { shown.clone() } else { conflicts::target_of(&shown)? };
    // `portcullis.yaml` may come with the change that is judged.
    ensure!(
        flags.everyday.config.given.has("output") || !target.is_file() || conflicts::is_own_baseline(&target),
        "`{}` is no baseline of ours, and would be overwritten; say --output where that is meant",
        plain(&shown.display().to_string())
    );
    Ok((shown, target))
}
