//! The `check` command.

use std::io::IsTerminal;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, ensure};
use portcullis_check::CheckOptions;
use portcullis_check::exit::{Exit, FailOn};
use portcullis_check::inputs::GatherOptions;
use portcullis_document::ReadLimits;
use portcullis_report::{Folder, Format, HumanOptions, InputError, Parts, RenderOptions, Report, Tool, quiet};
use portcullis_subject::kinds::Kinds;

use crate::args::{CheckArguments, ColorArgument};
use crate::baseline;
use crate::changed;
use crate::config::{self, Used};
use crate::conflicts;
use crate::explain;
use crate::fix;
use crate::namespaces;
use crate::output::{self, Complaints};
use crate::progress::ProgressBar;
use crate::sets;
use crate::wire::{self, GateSettings, Wired};
use crate::write;

/// Judges what the arguments name and shows the result. The exit status exists before any renderer runs.
pub fn run(arguments: CheckArguments) -> anyhow::Result<ExitCode> {
    let mut arguments = arguments;
    if arguments.everyday.quiet {
        output::be_quiet();
    }
    let said = renderers(&arguments);
    let used = match config::check(&mut arguments) {
        Ok(used) => used,
        Err(error) => {
            report_failure(&said?, &error, arguments.color);
            return Err(error);
        }
    };
    if let Some(rule) = &arguments.everyday.explain {
        return explain::run(rule, &arguments);
    }
    let renderers = renderers(&arguments)?;
    conflicts::refuse(&arguments)?;
    fix::refuse(&arguments)?;
    let (options, wired) = match prepare(&arguments, &used) {
        Ok(prepared) => prepared,
        Err(error) => {
            report_failure(&renderers, &error, arguments.color);
            return Err(error);
        }
    };
    let progress = ProgressBar::new(arguments.everyday.quiet);
    let (mut report, patch) = fix::run(&wired.gate, &options, &arguments, &|total| progress.advance(total));
    progress.clear();
    let fail_on = arguments.everyday.fail_on;
    report.config = used.file;
    report.notices.extend(used.notices);
    report.notices.extend(fail_on.notice(&report));
    let exit = Exit::of(&report, fail_on);
    let quiet = arguments.everyday.quiet.then_some(fail_on);
    // Whoever asked for a report that is not there must not take the run for done.
    let mut all = render_all(&renderers, &report, arguments.color, quiet);
    let human = renderers.iter().any(|renderer| renderer.format == Format::Human && renderer.output.is_none());
    if let Err(error) = fix::show_patch(&arguments, &patch, human) {
        output::complain(&error);
        all = false;
    }
    Ok(if all { exit } else { Exit::NotJudged }.into())
}

/// Judges what the arguments name, for who does something else with the result than to show it; and the time of that.
pub fn judge(arguments: &CheckArguments, used: &Used) -> anyhow::Result<(Report, i64)> {
    let (options, wired) = prepare(arguments, used)?;
    let progress = ProgressBar::new(arguments.everyday.quiet);
    let report = portcullis_check::run(&wired.gate, &options, &|total| progress.advance(total));
    progress.clear();
    Ok((report, options.time))
}

/// Writes every report; one that cannot be written is told, and silences no other. Whether all of them stand.
fn render_all<'a>(
    renderers: impl IntoIterator<Item = &'a Renderer>,
    report: &Report,
    color: ColorArgument,
    quiet: Option<FailOn>,
) -> bool {
    let mut all = true;
    for renderer in renderers {
        let shown = match quiet {
            Some(fail_on) => renderer.render_quietly(report, color, fail_on),
            None => renderer.render(report, color),
        };
        if let Err(error) = shown {
            output::complain(&error);
            all = false;
        }
    }
    all
}

/// Everything that must stand before the first manifest is read.
fn prepare(arguments: &CheckArguments, used: &Used) -> anyhow::Result<(CheckOptions, Wired)> {
    let options = options(arguments)?;
    let wired = wire::gate(&GateSettings {
        policies: &arguments.policies,
        waivers: &arguments.waivers,
        baseline: baseline::load(arguments.baseline.baseline.as_deref(), options.time)?,
        facts: arguments.facts.as_deref(),
        cache_dir: arguments.cache_dir.as_deref(),
        evidence: &arguments.evidence,
        signer: &arguments.signer,
        documents: &arguments.documents,
    })?;
    let gather = GatherOptions { base: used.base.clone(), elsewhere: used.elsewhere.clone(), ..options.gather };
    let since = changed::since(arguments, used, &wired.gate)?;
    let (evidence, baseline_folder) = (wired.evidence.clone(), used.folder.clone());
    Ok((CheckOptions { evidence, gather, baseline_folder, partial: used.partial, since, ..options }, wired))
}

/// Writes reports that say why nothing was judged, lest a pipeline publish those of the last run. People read it on the
/// standard error.
fn report_failure(renderers: &[Renderer], error: &anyhow::Error, color: ColorArgument) {
    let errors = match error.downcast_ref::<Complaints>() {
        Some(complaints) => complaints.in_report().collect(),
        None => vec![InputError::new(format!("{error:#}"))],
    };
    let report = Report::new(tool(), Parts { errors, ..Parts::default() });
    let read = renderers.iter().filter(|renderer| renderer.format != Format::Human || renderer.output.is_some());
    render_all(read, &report, color, None);
}

/// Who reports.
pub fn tool() -> Tool {
    Tool { version: env!("CARGO_PKG_VERSION").into(), commit: env!("PORTCULLIS_COMMIT").into() }
}

/// One format and where it goes.
struct Renderer {
    format: Format,
    /// As written, and where it really leads; nothing for the standard output.
    output: Option<(PathBuf, PathBuf)>,
}

impl Renderer {
    fn render(&self, report: &Report, color: ColorArgument) -> anyhow::Result<()> {
        let terminal = self.output.is_none() && std::io::stdout().is_terminal();
        let color = match color {
            ColorArgument::Always => true,
            ColorArgument::Never => false,
            // https://no-color.org: any value that is not empty.
            ColorArgument::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let options = RenderOptions { human: HumanOptions { color, ..HumanOptions::default() }, folder: folder() };
        let text = caught(self.format, || self.format.render(report, &options))?;
        self.write(&text)
    }

    /// The same for whoever wants to see only what must be mended; other formats stay whole.
    fn render_quietly(&self, report: &Report, color: ColorArgument, fail_on: FailOn) -> anyhow::Result<()> {
        if self.format != Format::Human {
            return self.render(report, color);
        }
        match quiet(report, &|judged| fail_on.counts(judged)) {
            Some(mut quiet) => {
                quiet.notices.extend(fail_on.notice(report));
                self.render(&quiet, color)
            }
            None => self.write(""),
        }
    }

    fn write(&self, text: &str) -> anyhow::Result<()> {
        match &self.output {
            Some((shown, target)) => write::to_file(shown, target, text),
            None => write::to_stdout(text),
        }
    }
}

/// What a renderer makes; one with a bug is an error like any other, so that the next one still speaks.
fn caught(format: Format, render: impl FnOnce() -> String) -> anyhow::Result<String> {
    // Renderers only read the report, so nothing half done is left behind.
    catch_unwind(AssertUnwindSafe(render)).map_err(|_| {
        anyhow!("the format `{}` could not be made, by a bug of portcullis; please report it", format.as_str())
    })
}

/// Where this run stands in the repository whose work tree is around it; without one, at its root.
fn folder() -> Folder {
    let Ok(current) = std::env::current_dir() else { return Folder::default() };
    Folder::new(root(&current), &current)
}

/// The root of the repository whose work tree is around a folder; without one, the folder itself.
pub fn root(current: &Path) -> &Path {
    // A file in the work trees of `git worktree` and in submodules, a directory elsewhere.
    current.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(current)
}

fn renderers(arguments: &CheckArguments) -> anyhow::Result<Vec<Renderer>> {
    let (formats, outputs) = (&arguments.format, &arguments.output);
    ensure!(
        outputs.len() <= formats.len(),
        "there are {} --output for {} --format; give each format its own",
        outputs.len(),
        formats.len()
    );
    let renderer = |(at, name): (usize, &String)| {
        let output = match outputs.get(at).filter(|path| path.as_os_str() != "-") {
            Some(path) => Some((path.clone(), conflicts::target_of(path)?)),
            None => None,
        };
        Ok(Renderer { format: name.parse::<Format>()?, output })
    };
    let renderers: Vec<Renderer> = formats.iter().enumerate().map(renderer).collect::<anyhow::Result<_>>()?;
    let to_stdout = renderers.iter().filter(|renderer| renderer.output.is_none()).count();
    ensure!(to_stdout <= 1, "{to_stdout} formats would share the standard output; give all but one an --output");
    Ok(renderers)
}

fn options(arguments: &CheckArguments) -> anyhow::Result<CheckOptions> {
    Ok(CheckOptions {
        paths: arguments.paths.clone(),
        images: arguments.image.clone(),
        artifacts: arguments.artifact.clone(),
        gather: GatherOptions { ignore: arguments.ignore.clone(), ..GatherOptions::default() },
        read: ReadLimits::file(),
        kinds: kinds(&arguments.api_resources)?,
        namespace_labels: namespaces::labels(&arguments.namespace_labels)?,
        default_namespace: namespace(arguments.namespace.as_deref())?,
        mode: arguments.mode.map(Into::into),
        time: time(arguments.time.as_deref())?,
        jobs: Some(jobs(arguments.jobs)),
        evidence: None,
        baseline_folder: PathBuf::new(),
        partial: false,
        since: None,
        tool: tool(),
    })
}

/// The kinds of Kubernetes, and those of `--api-resources`.
pub fn kinds(api_resources: &[PathBuf]) -> anyhow::Result<Kinds> {
    let mut kinds = Kinds::builtin();
    for path in api_resources {
        let text = sets::text_of(path)?;
        kinds.extend_from_api_resources(&text).with_context(|| format!("cannot use `{}`", path.display()))?;
    }
    Ok(kinds)
}

/// As many threads as asked for, or one per core; never more than the runner lets evaluate at once.
fn jobs(asked: Option<NonZero<usize>>) -> usize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    asked.unwrap_or_else(cores).get().min(wire::MAX_JOBS)
}

/// The name of a namespace is a DNS label (RFC 1123).
pub fn namespace(given: Option<&str>) -> anyhow::Result<Option<String>> {
    let Some(name) = given else { return Ok(None) };
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = name.len() <= 63
        && name.bytes().all(|byte| inner(byte) || byte == b'-')
        && name.bytes().next().is_some_and(inner)
        && name.bytes().last().is_some_and(inner);
    ensure!(
        is_label,
        "`{}` cannot be a namespace: at most 63 lower-case letters, digits and `-`, first and last no `-`",
        name.escape_debug()
    );
    Ok(Some(name.to_owned()))
}

/// The time of the judgement.
pub fn time(given: Option<&str>) -> anyhow::Result<i64> {
    match given {
        Some(text) => portcullis_model::parse_time(text)
            .with_context(|| format!("`--time {text}` is no time; write it as 2026-11-21T10:00:00Z")),
        None => {
            let since =
                SystemTime::now().duration_since(UNIX_EPOCH).context("this machine's clock stands before 1970")?;
            Ok(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_an_error_of_a_renderer_with_a_bug() {
        assert_eq!(caught(Format::Markdown, || "page".into()).expect("a page"), "page");
        let nothing: Vec<String> = Vec::new();
        let failed = caught(Format::Markdown, || nothing[0].clone()).expect_err("a bug");
        assert!(failed.to_string().starts_with("the format `markdown` could not be made"), "{failed}");
    }
}
