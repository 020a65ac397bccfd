//! Builds one gate from the settings; both doors receive the same one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use portcullis_document::{ReadLimits, decode, read_json, read_yaml};
use portcullis_evidence::{Evidence, SAST, SBOM, Source, TrustStore};
use portcullis_gate::{Gate, InstallError, Installer, Sets};
use portcullis_model::{FactSource, Facts, PluginReference, PluginSource as _};
use portcullis_policies::{Baseline, LoadedSet, Waivers};
use portcullis_runner::{CompilerCommand, Plugin, Runner, RunnerConfig};
use tokio::runtime::Runtime;

use crate::args::{DocumentArguments, EvidenceArguments, SignerArguments};
use crate::document_set;
use crate::evidence;
use crate::output::{self, Complaints};
use crate::plugins::LocalPlugins;
use crate::sets;
use crate::signed_set;

/// The most threads that judge at once: a quarter of the runner's pool, so that even plugins of many modules, of which a few
/// fill the pool, never find it full. Raising it needs a larger [`portcullis_runner::Pool`].
pub const MAX_JOBS: usize = 32;

/// Threads that look facts up for `check`; they mostly wait.
const LOOKING: usize = 2;

/// What a gate is made of.
pub struct GateSettings<'a> {
    /// `--policies`
    pub policies: &'a [PathBuf],
    /// `--waivers`
    pub waivers: &'a [PathBuf],
    /// `--baseline`
    pub baseline: Option<Baseline>,
    /// `--facts`
    pub facts: Option<&'a Path>,
    /// `--cache-dir`
    pub cache_dir: Option<&'a Path>,
    /// `--offline` and its like
    pub evidence: &'a EvidenceArguments,
    /// `--key` and its like
    pub signer: &'a SignerArguments,
    /// `--sbom` and `--sarif`
    pub documents: &'a DocumentArguments,
}

/// A gate, and what must live as long as it judges.
pub struct Wired {
    /// The gate.
    pub gate: Gate,
    /// Who looks facts up, where nobody recorded them.
    pub evidence: Option<Arc<Source>>,
    /// Where facts are looked up; nothing where nobody will ask.
    _runtime: Option<Runtime>,
}

/// A gate with its policy sets in force.
pub fn gate(settings: &GateSettings<'_>) -> anyhow::Result<Wired> {
    let works = Works::start(settings.cache_dir)?;
    let (mut sets, waivers) = sets::load(settings.policies, settings.waivers)?;
    sets.extend(signed_set::of(settings.signer)?);
    sets.extend(document_set::of(settings.documents, &sets)?);
    let trusts = sets.iter().any(|set| !set.set.trust.is_empty());
    let asks = settings.facts.is_none() && (trusts || sets.iter().any(asks_for_documents));
    if !trusts && settings.facts.is_none() {
        anyhow::ensure!(
            settings.evidence.bundle.is_empty(),
            "nothing uses --bundle: no policy set has a `trust`; give --key, --certificate-identity, or such a set"
        );
    }
    // A slip in the file is told to its author even where nobody will ask.
    let read = (asks && trusts) || settings.evidence.registries.is_some();
    let asking = if read { evidence::asking(settings.evidence)? } else { None };
    let (facts, evidence, runtime): (Arc<dyn FactSource>, _, _) = match settings.facts {
        Some(path) => (Arc::new(recorded(path)?), None, None),
        None if asks => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(LOOKING).enable_all().build()?;
            let trusts = Arc::clone(&works.trusts);
            let given = evidence::given(&settings.evidence.bundle, settings.documents)?;
            let source = Source::new(trusts, Evidence { registry: asking, ..given }, runtime.handle().clone());
            let source = Arc::new(source);
            (Arc::clone(&source) as _, Some(source), Some(runtime))
        }
        None => (Arc::new(Facts::none()), None, None),
    };
    let sets = Sets { baseline: settings.baseline.clone(), ..works.install(sets, waivers)? };
    Ok(Wired { gate: Gate::new(sets, facts), evidence, _runtime: runtime })
}

/// Whether a policy of a set may ask for documents, which need no trust where the caller gives them.
fn asks_for_documents(set: &LoadedSet) -> bool {
    let grants = set.set.policies.iter().flat_map(|policy| &policy.grants);
    grants.into_iter().any(|grant| [SBOM, SAST].contains(&grant.as_str()))
}

/// What turns policy sets as written into sets that can judge: made once, used for every version of them.
pub struct Works {
    runner: Runner,
    /// Where those who look facts up find the trusts of the sets.
    pub trusts: Arc<TrustStore>,
}

impl Works {
    /// Starts the plugin runner.
    pub fn start(cache_dir: Option<&Path>) -> anyhow::Result<Self> {
        let runner = Runner::new(runner_config(cache_dir)).context("cannot start the plugin runner")?;
        runner.notices().iter().for_each(|notice| output::note(notice));
        Ok(Self { runner, trusts: Arc::default() })
    }

    /// A built-in plugin, whether or not a policy uses it.
    pub fn builtin(&self, name: &str) -> anyhow::Result<Arc<Plugin>> {
        let reference = PluginReference::Builtin { name: name.to_owned(), digest: None };
        let bytes = LocalPlugins.fetch(&reference).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(self.runner.load(&bytes, None)?)
    }

    /// Sets with their plugins loaded and their settings prepared.
    pub fn install(&self, sets: Vec<LoadedSet>, waivers: Waivers) -> anyhow::Result<Sets> {
        let installed = Installer::new(&self.runner, &LocalPlugins, Arc::clone(&self.trusts))
            .install(sets, waivers)
            .map_err(Complaints::of)?;
        Ok(installed)
    }

    /// The same for a version that is to serve: every plugin has also judged a trial object.
    pub fn install_tried(&self, sets: Vec<LoadedSet>, waivers: Waivers) -> anyhow::Result<Sets> {
        let installed = self.install(sets, waivers)?;
        let mut complaints = Complaints::default();
        for failure in installed.self_test() {
            complaints.add(failure, None, None);
        }
        if complaints.is_empty() { Ok(installed) } else { Err(complaints.into()) }
    }
}

/// Refuses plugins that are not there, before anything is started to compile them.
pub fn refuse_missing_plugins(sets: &[LoadedSet]) -> Result<(), Complaints> {
    let mut complaints = Complaints::default();
    for set in sets {
        for (at, policy) in set.set.policies.iter().enumerate() {
            if let Err(error) = LocalPlugins.fetch(&policy.plugin) {
                let about = format!("policy `{}/{}`", set.set.name, policy.name);
                let place = set.policy_place(at, "/plugin");
                complaints.extend([InstallError { about, message: error.to_string(), place }]);
            }
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// How plugins are run: compiled in a child of this binary, and remembered where the user keeps what can be made again.
pub fn runner_config(cache_dir: Option<&Path>) -> RunnerConfig {
    // Where /proc is not mounted, a plugin that must be compiled says that this file is missing; built-in ones need none.
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let compiler = CompilerCommand { program, args: vec!["compile-plugin".into()] };
    RunnerConfig {
        cache_dir: cache_dir.map(Path::to_path_buf).or_else(default_cache_dir),
        compiler: Some(compiler),
        ..RunnerConfig::new(portcullis_subject::quantity::amount)
    }
}

/// `$XDG_CACHE_HOME/portcullis/plugins`, or the same in `~/.cache` (XDG Base Directory Specification).
fn default_cache_dir() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    base.map(|base| base.join("portcullis/plugins"))
}

fn recorded(path: &Path) -> anyhow::Result<Facts> {
    let mut complaints = Complaints::default();
    let Some(bytes) = sets::bytes_of(path, &mut complaints) else { return Err(complaints.into()) };
    let limits = ReadLimits::default();
    let name = path.display().to_string();
    let source = decode(&name, bytes, &limits).map_err(Complaints::from)?;
    let document = if name.ends_with(".json") {
        read_json(&source, &limits).map_err(Complaints::from)?
    } else {
        let mut documents = read_yaml(&source, &limits).map_err(Complaints::from)?;
        anyhow::ensure!(documents.len() == 1, "`{name}` must hold exactly one document of kind RecordedFacts");
        documents.remove(0)
    };
    portcullis_subject::facts_from(&document).map_err(|error| anyhow::anyhow!("{name}: {error}"))
}
