//! Fills in what neither a flag nor a variable says, and nothing that would weaken what they do say.

use std::io::ErrorKind;
use std::path::PathBuf;

use portcullis_check::inputs::Elsewhere;

use super::{Config, Used, load};
use crate::args::{CheckArguments, ConfigArguments, Given, ModeArgument};
use crate::output::Complaints;

/// Flags that say what is judged: then what the file says of that, and its `ignore`, does not hold.
const SUBJECTS: [&str; 3] = ["paths", "image", "artifact"];
/// Flags that say by what is judged: then nothing of the file excuses anything from it.
const POLICIES: [&str; 1] = ["policies"];
/// The same of labels: a mode or a namespace of the file would take their place.
const LABELS: [&str; 2] = ["policies", "namespace_labels"];
/// A format and its output belong together.
const FORMATS: [&str; 2] = ["format", "output"];

/// The flags that `check` and the commands about policies share.
pub struct PolicyFlags<'a> {
    /// `--policies`
    pub policies: &'a mut Vec<PathBuf>,
    /// `--mode`
    pub mode: &'a mut Option<ModeArgument>,
    /// `--namespace-labels`
    pub namespace_labels: &'a mut Vec<PathBuf>,
    /// `--namespace`
    pub namespace: &'a mut Option<String>,
    /// `--api-resources`
    pub api_resources: &'a mut Vec<PathBuf>,
}

/// What is filled in, and what is not.
struct Filling<'g> {
    given: &'g Given,
    /// Keys that do not hold, with the flag that is the reason.
    left_out: Vec<(&'static str, &'static str)>,
}

impl Filling<'_> {
    /// Takes the value of a key where its flag was not given, nor any that it would weaken.
    fn fill<T: Default + PartialEq>(
        &mut self,
        key: &'static str,
        flag: &str,
        weakens: &[&'static str],
        from: T,
        to: &mut T,
    ) {
        if from == T::default() || self.given.has(flag) {
            return;
        }
        match weakens.iter().find(|other| self.given.has(other)) {
            Some(other) => self.left_out.push((key, other)),
            None => *to = from,
        }
    }

    /// What of the file does not hold: one line for each flag that is the reason.
    fn notices(self, shown: &str) -> Vec<String> {
        let mut notices = Vec::new();
        for flag in LABELS {
            let keys: Vec<String> =
                self.left_out.iter().filter(|(_, reason)| *reason == flag).map(|(key, _)| format!("`{key}`")).collect();
            let does = if keys.len() == 1 { "does" } else { "do" };
            if !keys.is_empty() {
                notices.push(format!(
                    "{} of `{shown}` {does} not hold, because --{} is given: a file must not weaken what the command line asks for",
                    keys.join(", "),
                    flag.replace('_', "-")
                ));
            }
        }
        notices
    }
}

/// Fills in the flags of `check`.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn check(arguments: &mut CheckArguments) -> anyhow::Result<Used> {
    fill(arguments, |filling, config, arguments| {
        let baseline = config.baseline.take();
        filling.fill("baseline", "baseline", &POLICIES, baseline, &mut arguments.baseline.baseline);
        show(filling.given, config, arguments);
    })
}

/// Fills in the flags of `baseline write`, which shows nothing: where the file says that its baseline lies, there it is
/// written.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn baseline(arguments: &mut CheckArguments) -> anyhow::Result<Used> {
    fill(arguments, |filling, config, arguments| {
        if !filling.given.has("output") {
            arguments.output.extend(config.baseline.take());
        }
    })
}

/// Fills in what is judged and by what; `rest` fills in the others.
fn fill(
    arguments: &mut CheckArguments,
    rest: impl FnOnce(&mut Filling, &mut Config, &mut CheckArguments),
) -> anyhow::Result<Used> {
    let Some(mut config) = load(&arguments.everyday.config)? else { return Ok(Used::default()) };
    let given = arguments.everyday.config.given.clone();
    let mut filling = Filling { given: &given, left_out: Vec::new() };
    let own_paths = !SUBJECTS.iter().any(|flag| given.has(flag));
    let ignore = if given.has("ignore") { Vec::new() } else { std::mem::take(&mut config.ignore) };
    let partial = !own_paths && names_more(&config, arguments);
    let mut elsewhere = None;
    if own_paths {
        if !given.has("ignore") {
            arguments.ignore = ignore;
        }
        arguments.paths = std::mem::take(&mut config.paths);
        arguments.image = std::mem::take(&mut config.images);
        arguments.artifact = std::mem::take(&mut config.artifacts);
    } else if !ignore.is_empty() {
        elsewhere = Some(Elsewhere { file: config.shown.clone(), base: config.folder.clone(), ignore });
    }
    let mut flags = PolicyFlags {
        policies: &mut arguments.policies,
        mode: &mut arguments.mode,
        namespace_labels: &mut arguments.namespace_labels,
        namespace: &mut arguments.namespace,
        api_resources: &mut arguments.api_resources,
    };
    policy_flags(&mut filling, &mut config, &mut flags);
    filling.fill("waivers", "waivers", &POLICIES, std::mem::take(&mut config.waivers), &mut arguments.waivers);
    let (sbom, sarif) = (&mut arguments.documents.sbom, &mut arguments.documents.sarif);
    filling.fill("sboms", "sbom", &POLICIES, std::mem::take(&mut config.sboms), sbom);
    filling.fill("sarif", "sarif", &POLICIES, std::mem::take(&mut config.sarif), sarif);
    let evidence = &mut arguments.evidence;
    filling.fill("bundles", "bundle", &POLICIES, std::mem::take(&mut config.bundles), &mut evidence.bundle);
    filling.fill("offline", "offline", &[], config.offline, &mut evidence.offline);
    filling.fill("jobs", "jobs", &[], config.jobs, &mut arguments.jobs);
    let used: [(&str, &[PathBuf]); 9] = [
        ("policies", &arguments.policies),
        ("paths", &arguments.paths),
        ("artifact", &arguments.artifact),
        ("waivers", &arguments.waivers),
        ("namespace_labels", &arguments.namespace_labels),
        ("api_resources", &arguments.api_resources),
        ("sbom", &arguments.documents.sbom),
        ("sarif", &arguments.documents.sarif),
        ("bundle", &arguments.evidence.bundle),
    ];
    // Who has a rule explained needs no more than the policies.
    let needed = if arguments.everyday.explain.is_some() { 1 } else { used.len() };
    refuse_missing(&config, &given, &used[..needed])?;
    rest(&mut filling, &mut config, arguments);
    let notices = filling.notices(&config.shown);
    let base = if own_paths { config.folder.clone() } else { PathBuf::new() };
    // So that no result is written over it.
    arguments.everyday.config.config = Some(PathBuf::from(&config.shown));
    Ok(Used { file: Some(config.shown), base, folder: config.folder, elsewhere, partial, notices })
}

/// Whether the file names something to judge that does not lie below what the flags name.
fn names_more(config: &Config, arguments: &CheckArguments) -> bool {
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let given: Vec<PathBuf> = arguments.paths.iter().map(whole).collect();
    let more = |own: &PathBuf| !given.iter().any(|given| whole(own).starts_with(given));
    config.paths.iter().any(more)
        || config.images.iter().any(|own| !arguments.image.contains(own))
        || config.artifacts.iter().any(|own| !arguments.artifact.contains(own))
}

/// Complains about what the file names and is not there, where the file names it.
fn refuse_missing(config: &Config, given: &Given, used: &[(&str, &[PathBuf])]) -> Result<(), Complaints> {
    let mut complaints = Complaints::default();
    for path in used.iter().filter(|(flag, _)| !given.has(flag)).flat_map(|(_, paths)| *paths) {
        let place = config.places.iter().find(|(named, _)| named == path).map(|(_, place)| place.clone());
        if place.is_some() && path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            let hint = format!("mend `{}`, in whose folder its paths start, or make what it names", config.shown);
            complaints.add(format!("there is no `{}`", path.display()), place, Some(hint));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// What concerns only the showing, and what may only be made stricter.
fn show(given: &Given, config: &mut Config, arguments: &mut CheckArguments) {
    if let Some(fail_on) = config.fail_on.filter(|_| !given.has("fail_on")) {
        arguments.everyday.fail_on = fail_on;
    }
    if let Some(color) = config.color.filter(|_| !given.has("color")) {
        arguments.color = color;
    }
    if !config.formats.is_empty() && !FORMATS.iter().any(|flag| given.has(flag)) {
        let stdout = || PathBuf::from("-");
        (arguments.format, arguments.output) =
            config.formats.drain(..).map(|(format, output)| (format, output.unwrap_or_else(stdout))).unzip();
    }
}

/// Fills in the flags of the commands about policies; `ignored` are keys that only `check` reads.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn policies(arguments: &ConfigArguments, mut flags: PolicyFlags<'_>) -> anyhow::Result<Used> {
    let Some(mut config) = load(arguments)? else { return Ok(Used::default()) };
    let mut filling = Filling { given: &arguments.given, left_out: Vec::new() };
    policy_flags(&mut filling, &mut config, &mut flags);
    let used: [(&str, &[PathBuf]); 3] = [
        ("policies", flags.policies),
        ("namespace_labels", flags.namespace_labels),
        ("api_resources", flags.api_resources),
    ];
    refuse_missing(&config, &arguments.given, &used)?;
    let notices = filling.notices(&config.shown);
    let (base, folder) = (config.folder.clone(), config.folder);
    Ok(Used { file: Some(config.shown), base, folder, notices, ..Used::default() })
}

fn policy_flags(filling: &mut Filling<'_>, config: &mut Config, flags: &mut PolicyFlags<'_>) {
    use std::mem::take;
    filling.fill("mode", "mode", &LABELS, config.mode.take(), flags.mode);
    let labels = take(&mut config.namespace_labels);
    filling.fill("namespaceLabels", "namespace_labels", &POLICIES, labels, flags.namespace_labels);
    filling.fill("namespace", "namespace", &LABELS, config.namespace.take(), flags.namespace);
    let resources = take(&mut config.api_resources);
    filling.fill("apiResources", "api_resources", &POLICIES, resources, flags.api_resources);
    filling.fill("policies", "policies", &[], take(&mut config.policies), flags.policies);
}
