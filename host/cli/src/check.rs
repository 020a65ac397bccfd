//! The `check` command.

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use portcullis_check::CheckOptions;
use portcullis_check::exit::Exit;
use portcullis_check::inputs::GatherOptions;
use portcullis_document::ReadLimits;
use portcullis_report::{Format, HumanOptions, InputError, Parts, Report, Tool};
use portcullis_subject::kinds::Kinds;

use crate::args::{CheckArguments, ColorArgument};
use crate::conflicts;
use crate::namespaces;
use crate::output::Complaints;
use crate::progress::ProgressBar;
use crate::sets;
use crate::wire::{self, GateSettings, Wired};
use crate::write;

/// Judges what the arguments name and shows the result. The exit status exists before any renderer runs.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let renderers = renderers(arguments)?;
    conflicts::refuse(arguments)?;
    let (options, wired) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(error) => {
            report_failure(&renderers, &error, arguments.color);
            return Err(error);
        }
    };
    let progress = ProgressBar::new();
    let report = portcullis_check::run(&wired.gate, &options, &|total| progress.advance(total));
    progress.clear();
    let exit = Exit::of(&report);
    let mut failed = None;
    for renderer in &renderers {
        // One renderer that fails does not silence another.
        if let Err(error) = renderer.render(&report, arguments.color) {
            failed = Some(error);
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(exit.into()),
    }
}

/// Everything that must stand before the first manifest is read.
fn prepare(arguments: &CheckArguments) -> anyhow::Result<(CheckOptions, Wired)> {
    let options = options(arguments)?;
    let wired = wire::gate(&GateSettings {
        policies: &arguments.policies,
        waivers: &arguments.waivers,
        facts: arguments.facts.as_deref(),
        cache_dir: arguments.cache_dir.as_deref(),
        evidence: &arguments.evidence,
        signer: &arguments.signer,
        documents: &arguments.documents,
    })?;
    Ok((CheckOptions { evidence: wired.evidence.clone(), ..options }, wired))
}

/// Writes reports that say why nothing was judged, lest a pipeline publish those of the last run. People read it on the
/// standard error.
fn report_failure(renderers: &[Renderer], error: &anyhow::Error, color: ColorArgument) {
    let errors = match error.downcast_ref::<Complaints>() {
        Some(complaints) => complaints.in_report().collect(),
        None => vec![InputError::new(format!("{error:#}"))],
    };
    let report = Report::new(tool(), Parts { errors, ..Parts::default() });
    for renderer in renderers.iter().filter(|renderer| renderer.format != Format::Human || renderer.output.is_some()) {
        if let Err(error) = renderer.render(&report, color) {
            crate::output::complain(&error);
        }
    }
}

fn tool() -> Tool {
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
        let text = self.format.render(report, &HumanOptions { color, ..HumanOptions::default() });
        match &self.output {
            Some((shown, target)) => write::to_file(shown, target, &text),
            None => write::to_stdout(&text),
        }
    }
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
    let mut kinds = Kinds::builtin();
    for path in &arguments.api_resources {
        let text = sets::text_of(path)?;
        kinds.extend_from_api_resources(&text).with_context(|| format!("cannot use `{}`", path.display()))?;
    }
    Ok(CheckOptions {
        paths: arguments.paths.clone(),
        images: arguments.image.clone(),
        artifacts: arguments.artifact.clone(),
        gather: GatherOptions { ignore: arguments.ignore.clone(), ..GatherOptions::default() },
        read: ReadLimits::file(),
        kinds,
        namespace_labels: namespaces::labels(&arguments.namespace_labels)?,
        default_namespace: namespace(arguments.namespace.as_deref())?,
        mode: arguments.mode.map(Into::into),
        time: time(arguments.time.as_deref())?,
        jobs: Some(jobs(arguments.jobs)),
        evidence: None,
        tool: tool(),
    })
}

/// As many threads as asked for, or one per core; never more than the runner lets evaluate at once.
fn jobs(asked: Option<NonZero<usize>>) -> usize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    asked.unwrap_or_else(cores).get().min(wire::MAX_JOBS)
}

/// The name of a namespace is a DNS label (RFC 1123).
fn namespace(given: Option<&str>) -> anyhow::Result<Option<String>> {
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

fn time(given: Option<&str>) -> anyhow::Result<i64> {
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
