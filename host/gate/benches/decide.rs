//! What 1, 4 and 20 policies cost on one Pod, parse included, against the same through a JSON text.
//!
//! `PORTCULLIS_PLUGINS` names the folder of built components. "ours" reads a Pod, builds its view once and has the policies judge
//! it, each in a fresh instance. "JSON text" hands the whole object as JSON text to a guest that parses it, once for each policy.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_gate::{Installer, Progress, Sets, Step, decide};
use portcullis_model::{
    Document, Facts, PluginBytes, PluginReference, PluginSource, PluginSourceError, Review, Source,
};
use portcullis_policies::{Waivers, parse_set};
use portcullis_runner::{Runner, RunnerConfig};
use portcullis_subject::kinds::Kinds;
use portcullis_subject::{Context, from_object};

const POLICIES: [usize; 3] = [1, 4, 20];
const BATCHES: usize = 20;
/// A batch takes about this long, however long one judgement takes.
const BATCH: Duration = Duration::from_millis(5);
/// About so many bytes of object, and so many containers in it.
const SIZES: [(usize, usize); 4] = [(2_000, 2), (10_000, 10), (100_000, 10), (1_000_000, 10)];

fn main() {
    let Some(folder) = std::env::var_os("PORTCULLIS_PLUGINS").map(PathBuf::from) else {
        println!("SKIPPED: PORTCULLIS_PLUGINS names no folder with built components");
        return;
    };
    let mut config = RunnerConfig::new(portcullis_subject::quantity::amount);
    config.compile_in_process = true;
    let runner = Runner::new(config).expect("a runner");
    let sets = |plugin: &str, settings: &str| POLICIES.map(|count| install(&runner, &folder, plugin, settings, count));
    let ours = sets("resource-limits", "{requireLimits: true, cpu: {max: 16}, memory: {max: 32Gi}}");
    let theirs = sets("guest-json", "{}");
    println!(
        "\nMicroseconds, the least of {BATCHES} batches: the text is read, its view built, and every policy judges in a fresh"
    );
    println!("instance. \"JSON text\" is a guest that gets the object as a text, and judges less.\n");
    println!(
        "| object | read alone | policies | ours | JSON text | times ours |\n| --- | --- | --- | --- | --- | --- |"
    );
    for (size, containers) in SIZES {
        let pod = pod(size, containers);
        let parse = least([&mut || drop(black_box(read(&pod)))])[0];
        for ((ours, theirs), count) in ours.iter().zip(&theirs).zip(POLICIES) {
            let [ours, theirs] = least([&mut || judge(ours, &pod), &mut || judge(theirs, &pod)]);
            println!(
                "| {:.1} KB | {parse:.1} | {count} | {ours:.1} | {theirs:.1} | {:.1} |",
                pod.len() as f64 / 1e3,
                theirs / ours
            );
        }
    }
}

/// A Pod of about `size` bytes with containers that the policies allow, filled up with annotations.
fn pod(size: usize, containers: usize) -> String {
    let container = |n: usize| {
        let env: Vec<String> =
            (0..14).map(|e| format!(r#"{{"name":"VARIABLE_{e}","value":"value number {e} of {n}"}}"#)).collect();
        format!(
            r#"{{"name":"c{n}","image":"registry.example/team/app:{n}","env":[{}],"resources":{{"requests":{{"cpu":"200m","memory":"256Mi"}},"limits":{{"cpu":"1","memory":"1Gi"}}}}}}"#,
            env.join(",")
        )
    };
    let containers: Vec<String> = (0..containers).map(container).collect();
    let containers = containers.join(",");
    let missing = size.saturating_sub(containers.len() + 200) / 100;
    let annotations: Vec<String> =
        (0..missing).map(|n| format!(r#""example.org/annotation-{n:06}":"{}""#, "x".repeat(64))).collect();
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop","annotations":{{{}}}}},"spec":{{"containers":[{containers}]}}}}"#,
        annotations.join(",")
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

fn install(runner: &Runner, folder: &Path, plugin: &str, settings: &str, count: usize) -> Sets {
    let policies: Vec<String> = (0..count)
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

/// Microseconds of one call of each, the least of all batches, by turns.
fn least<const N: usize>(mut calls: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    let mut counts = [1_u32; N];
    for turn in 0..=BATCHES {
        for ((call, least), count) in calls.iter_mut().zip(&mut least).zip(&mut counts) {
            let start = Instant::now();
            (0..*count).for_each(|_| call());
            let took = start.elapsed().as_secs_f64() / f64::from(*count);
            *least = least.min(took * 1e6);
            // The first turn says how many calls make a batch.
            if turn == 0 {
                *count = (BATCH.as_secs_f64() / took.max(1e-7)).ceil() as u32;
            }
        }
    }
    least
}
