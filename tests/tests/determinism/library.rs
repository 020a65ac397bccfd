//! `check` in the process of the test: the same crates in another build than the binary's, with the plugins compiled here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_check::CheckOptions;
use portcullis_check::inputs::GatherOptions;
use portcullis_document::{ReadLimits, read_yaml};
use portcullis_gate::{Gate, Installer};
use portcullis_model::{
    Facts, Mode, PluginBytes, PluginReference, PluginSource, PluginSourceError, Source, parse_time,
};
use portcullis_policies::{Waivers, parse_set};
use portcullis_report::Tool;
use portcullis_runner::{Runner, RunnerConfig};
use portcullis_subject::kinds::Kinds;
use portcullis_tests::components;
use serde_json::Value;

/// The built components, by name.
struct Components;

impl PluginSource for Components {
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
        let PluginReference::Builtin { name, .. } = plugin else { unreachable!("only built-in plugins judge here") };
        let wasm = std::fs::read(components().join(format!("{name}.wasm"))).expect("a component");
        Ok(PluginBytes { wasm: wasm.into(), code: None })
    }
}

/// A gate of this process with one policy set.
pub fn gate(set: &Path) -> Gate {
    let mut config = RunnerConfig::new(portcullis_subject::quantity::amount);
    config.compile_in_process = true;
    let runner = Runner::new(config).expect("a runner");
    let text = std::fs::read_to_string(set).expect("a policy set");
    let documents = read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML");
    let loaded = parse_set(&documents[0]).unwrap_or_else(|complaints| panic!("{}", complaints[0]));
    let mut installer = Installer::new(&runner, &Components, Arc::default());
    let sets = installer.install(vec![loaded], Waivers::default()).unwrap_or_else(|errors| panic!("{}", errors[0]));
    Gate::new(sets, Arc::new(Facts::none()))
}

/// What `check --format json` prints of these folders.
pub fn check(gate: &Gate, base: &Path, paths: &[String], mode: Mode, jobs: usize) -> Value {
    let options = CheckOptions {
        paths: paths.iter().map(PathBuf::from).collect(),
        images: Vec::new(),
        artifacts: Vec::new(),
        gather: GatherOptions { base: base.to_path_buf(), ..GatherOptions::default() },
        read: ReadLimits::default(),
        kinds: Kinds::builtin(),
        namespace_labels: Default::default(),
        default_namespace: None,
        mode: Some(mode),
        time: parse_time("2026-11-21T10:00:00Z").expect("a time"),
        jobs: Some(jobs),
        evidence: None,
        baseline_folder: PathBuf::new(),
        partial: false,
        since: None,
        tool: Tool { version: String::new(), commit: String::new() },
    };
    let report = portcullis_check::run(gate, &options, &|_| {});
    serde_json::from_str(&portcullis_report::json(&report)).expect("JSON")
}
