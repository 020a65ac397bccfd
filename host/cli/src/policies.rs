//! The `policies` commands.

mod explain;
mod list;

use std::path::PathBuf;
use std::process::ExitCode;

use portcullis_check::CheckOptions;
use portcullis_check::exit::Exit;
use portcullis_check::inputs::GatherOptions;
use portcullis_document::ReadLimits;
use portcullis_gate::{Gate, Sets};
use portcullis_model::Facts;
use portcullis_policies::Waivers;

use crate::args::{
    PoliciesCommand, PoliciesCommands, PolicyArguments, PolicyExplainArguments, PolicyListArguments, TableFormat,
};
use crate::config::{self, PolicyFlags, Used};
use crate::wire::Works;
use crate::{check, namespaces, output, sets, write};

/// Lists, or explains.
pub fn run(commands: PoliciesCommands) -> anyhow::Result<ExitCode> {
    match commands.command {
        PoliciesCommand::List(arguments) => list(*arguments),
        PoliciesCommand::Explain(arguments) => explain(*arguments),
    }
}

fn list(arguments: PolicyListArguments) -> anyhow::Result<ExitCode> {
    let mut flags = arguments.flags;
    let (mut mode, mut labels, mut namespace, mut resources) = (None, Vec::new(), None, Vec::new());
    let used = config::policies(
        &flags.config,
        PolicyFlags {
            policies: &mut flags.policies,
            mode: &mut mode,
            namespace_labels: &mut labels,
            namespace: &mut namespace,
            api_resources: &mut resources,
        },
    )?;
    let sets = installed(&flags)?;
    let text = match flags.format {
        TableFormat::Human => list::table(&sets, &origin(&flags, &used)),
        TableFormat::Json => list::json(&sets, used.file.as_deref()),
    };
    write::to_stdout(&text)?;
    Ok(Exit::Allowed.into())
}

fn explain(arguments: PolicyExplainArguments) -> anyhow::Result<ExitCode> {
    let mut arguments = arguments;
    let used = config::policies(
        &arguments.flags.config,
        PolicyFlags {
            policies: &mut arguments.flags.policies,
            mode: &mut arguments.mode,
            namespace_labels: &mut arguments.namespace_labels,
            namespace: &mut arguments.namespace,
            api_resources: &mut arguments.api_resources,
        },
    )?;
    used.notices.iter().for_each(|notice| output::note(notice));
    let gate = Gate::new(installed(&arguments.flags)?, std::sync::Arc::new(Facts::none()));
    let options = CheckOptions {
        paths: arguments.paths,
        images: Vec::new(),
        artifacts: Vec::new(),
        gather: GatherOptions::default(),
        read: ReadLimits::file(),
        kinds: check::kinds(&arguments.api_resources)?,
        namespace_labels: namespaces::labels(&arguments.namespace_labels)?,
        default_namespace: check::namespace(arguments.namespace.as_deref())?,
        mode: arguments.mode.map(Into::into),
        time: check::time(None)?,
        jobs: Some(1),
        evidence: None,
        baseline_folder: PathBuf::new(),
        partial: false,
        since: None,
        tool: check::tool(),
    };
    let listed = portcullis_check::listed::list(&gate, &options);
    let text = match arguments.flags.format {
        TableFormat::Human => explain::page(&gate.sets(), &listed, used.file.as_deref(), arguments.all),
        TableFormat::Json => explain::json(&gate.sets(), &listed, used.file.as_deref()),
    };
    write::to_stdout(&text)?;
    let nothing = listed.reviews.is_empty() || !listed.errors.is_empty();
    Ok(if nothing { Exit::NotJudged.into() } else { Exit::Allowed.into() })
}

fn installed(flags: &PolicyArguments) -> anyhow::Result<Sets> {
    let works = Works::start(flags.cache_dir.as_deref())?;
    let (loaded, _) = sets::load(&flags.policies, &[])?;
    works.install(loaded, Waivers::default())
}

/// Where the sets come from, in words.
fn origin(flags: &PolicyArguments, used: &Used) -> String {
    let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    match (flags.policies.as_slice(), &used.file) {
        ([], _) => "the built-in set, for nobody names another".to_owned(),
        (paths, _) if flags.config.given.has("policies") => format!("{} (--policies)", names(paths)),
        (paths, Some(file)) => format!("{} ({file})", names(paths)),
        (paths, None) => names(paths),
    }
}
