//! What twenty policies cost on one Pod, parse included, against the same through a JSON string.
//!
//! `PORTCULLIS_PLUGINS` names the folder of built components. "decide" reads a 10 KB Pod, builds its view once and has twenty
//! policies judge it, each in a fresh instance. "string ABI" hands the whole object as JSON text to a guest that parses it,
//! twenty times, and judges less.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_gate::{Installer, Progress, Sets, Step, decide};
use portcullis_model::{
    Document, Facts, PluginBytes, PluginReference, PluginSource, PluginSourceError, Review, Source,
};
use portcullis_policies::{Waivers, parse_set};
use portcullis_runner::{Runner, RunnerConfig};
use portcullis_subject::kinds::Kinds;
use portcullis_subject::{Context, from_object};

const POLICIES: usize = 20;
const BATCHES: u32 = 40;
const ROUNDS: u32 = 20;

fn main() {
    let Some(folder) = std::env::var_os("PORTCULLIS_PLUGINS").map(PathBuf::from) else {
        println!("SKIPPED: PORTCULLIS_PLUGINS names no folder with built components");
        return;
    };
    let pod = pod();
    let mut config = RunnerConfig::new(portcullis_subject::quantity::amount);
    config.compile_in_process = true;
    let runner = Runner::new(config).expect("a runner");
    let ours =
        install(&runner, &folder, "resource-limits", "{requireLimits: true, cpu: {max: 16}, memory: {max: 32Gi}}");
    let theirs = install(&runner, &folder, "guest-json", "{}");
    let parse = measure(|| drop(black_box(read(&pod))));
    let decided = measure(|| judge(&ours, &pod));
    let string = measure(|| judge(&theirs, &pod));
    println!("{} bytes of Pod with 10 containers; microseconds, the least of {BATCHES} batches", pod.len());
    println!("{:<44}{:>10} {:>8}", "", "us", "ratio");
    println!("{:<44}{parse:>10.1} {:>8.2}", "read the Pod", parse / decided);
    println!("{:<44}{decided:>10.1} {:>8.2}", format!("decide: {POLICIES} policies, parse included"), 1.0);
    println!("{:<44}{string:>10.1} {:>8.2}", format!("string ABI: {POLICIES} policies"), string / decided);
}

/// A Pod of about 10 KB with ten containers that the policies allow.
fn pod() -> String {
    let container = |n: usize| {
        let env: Vec<String> =
            (0..14).map(|e| format!(r#"{{"name":"VARIABLE_{e}","value":"value number {e} of {n}"}}"#)).collect();
        format!(
            r#"{{"name":"c{n}","image":"registry.example/team/app:{n}","env":[{}],"resources":{{"requests":{{"cpu":"200m","memory":"256Mi"}},"limits":{{"cpu":"1","memory":"1Gi"}}}}}}"#,
            env.join(",")
        )
    };
    let containers: Vec<String> = (0..10).map(container).collect();
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop"}},"spec":{{"containers":[{}]}}}}"#,
        containers.join(",")
    )
}

fn read(pod: &str) -> Document {
    read_json_text(pod, &ReadLimits::default()).expect("JSON")
}

/// One whole judgement; the review is made anew each time, as a door does.
fn judge(sets: &Sets, pod: &str) {
    let mut reviews = from_object(&read(pod), kinds(), &Context::default()).expect("a review");
    let review: Arc<Review> = Arc::new(reviews.remove(0));
    let mut progress = Progress::default();
    match decide(&review, &sets.sets[0], sets, &Facts::none(), &mut progress) {
        Step::Decided(decision) => {
            assert!(decision.findings.is_empty() && decision.failures.is_empty(), "{decision:?}")
        }
        Step::Needs(_) => unreachable!("neither plugin asks"),
    }
}

fn kinds() -> &'static Kinds {
    static KINDS: std::sync::OnceLock<Kinds> = std::sync::OnceLock::new();
    KINDS.get_or_init(Kinds::builtin)
}

struct Components(PathBuf);

impl PluginSource for Components {
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
        let PluginReference::Builtin { name, .. } = plugin else { unreachable!("the set names built-in plugins only") };
        let path = self.0.join(format!("{name}.wasm"));
        let wasm = std::fs::read(&path).expect("a built component");
        Ok(PluginBytes { wasm: wasm.into(), code: None })
    }
}

fn install(runner: &Runner, folder: &Path, plugin: &str, settings: &str) -> Sets {
    let policies: Vec<String> = (0..POLICIES)
        .map(|n| format!("  - {{name: p{n}, plugin: {{builtin: {plugin}}}, settings: {settings}}}\n"))
        .collect();
    let text = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: bench}}\nspec:\n  policies:\n{}",
        policies.concat()
    );
    let document = read_yaml(&Source::new("bench.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
    let set = parse_set(&document).expect("a policy set");
    let source = Components(folder.to_path_buf());
    Installer::new(runner, &source, Default::default())
        .install(vec![set], Waivers::default())
        .expect("a set that installs")
}

/// Microseconds of one call, the least of all batches.
fn measure(mut call: impl FnMut()) -> f64 {
    call();
    let batch = |_| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| call());
        start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
    };
    (0..BATCHES).map(batch).fold(f64::INFINITY, f64::min)
}
