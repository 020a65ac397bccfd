//! What an evaluation costs, as a ratio to an empty call of an empty plugin in the same run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_cases::{Case, files, object_review};
use portcullis_model::PluginBytes;
use portcullis_runner::{Input, Plugin, Prepared, Runner};
use serde_json::Value;

/// Batches of each; the fastest counts, because other work on the machine only ever adds.
const BATCHES: u32 = 30;
/// Wall time of one batch, about.
const BATCH: Duration = Duration::from_millis(4);
/// The most calls of one batch.
const MOST_CALLS: u32 = 500;
/// Cases, and examples, whose settings are tried.
const MOST_CANDIDATES: usize = 20;
/// Containers of the larger Pod.
const CONTAINERS: usize = 10;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Cost {
    /// An empty call of the empty plugin.
    pub empty: Duration,
    /// The plugin on a Pod without containers.
    pub small: Duration,
    /// The plugin on a Pod with ten containers.
    pub large: Duration,
    /// Whose settings the plugin had, in words.
    pub settings: String,
}

/// Which settings to measure a plugin with: with none, many a plugin does nothing, or refuses to.
#[derive(Clone, Debug)]
pub enum MeasureWith<'a> {
    /// These (JSON), and no others.
    Given(String),
    /// The first example of the plugin's schema that it takes, or none.
    Example,
    /// Those of the first case in `cases` beside this file that has some, or else as for [`MeasureWith::Example`].
    CaseBeside(&'a Path),
}

impl MeasureWith<'_> {
    /// What is tried, one after the other: settings, and whose they are.
    fn candidates(&self, schema: &str) -> Vec<(String, String)> {
        if let Self::Given(settings) = self {
            return vec![(settings.clone(), "the settings that are given".to_owned())];
        }
        let mut all = match self {
            Self::CaseBeside(plugin) => of_cases(&plugin.with_file_name("cases")),
            _ => Vec::new(),
        };
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        let examples = schema["examples"].as_array().into_iter().flatten();
        let example = |example: &Value| (example.to_string(), "the settings of an example in its schema".to_owned());
        all.extend(examples.take(MOST_CANDIDATES).map(example));
        all.push(("{}".to_owned(), "no settings".to_owned()));
        all
    }
}

/// The settings of cases, as far as they have some; a folder that is not there has none.
fn of_cases(folder: &Path) -> Vec<(String, String)> {
    let (files, _) = files(folder).unwrap_or_default();
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let case = Case::parse(&name, &std::fs::read_to_string(&path).ok()?).ok()?;
        (case.settings != "{}").then(|| (case.settings, format!("the settings of `{name}`")))
    };
    files.into_iter().take(MOST_CANDIDATES).filter_map(read).collect()
}

impl Cost {
    /// How many times the empty call.
    pub fn ratio(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.empty.as_secs_f64().max(1e-9)
    }
}

/// Measures a plugin with the first of these settings that it takes.
///
/// # Errors
/// Why nothing was measured, for a person.
pub fn measure(runner: &Runner, plugin: &Plugin, settings: &MeasureWith<'_>) -> Result<Cost, String> {
    let mut tried = Err("it has no settings".to_owned());
    for (settings, whose) in settings.candidates(&plugin.description().settings) {
        tried = plugin.prepare(&settings).map(|prepared| (prepared, whose)).map_err(|error| error.to_string());
        if tried.is_ok() {
            break;
        }
    }
    let (prepared, whose) = tried?;
    let wasm = portcullis_component::empty().map_err(|error| error.to_string())?;
    let empty = runner.load(&PluginBytes { wasm: wasm.into(), code: None }, None).map_err(|error| error.to_string())?;
    let nothing = empty.prepare("{}").map_err(|error| error.to_string())?;
    let (small, large) = (pod(0)?, pod(CONTAINERS)?);
    let runs = [(&*empty, &nothing, &small), (plugin, &prepared, &small), (plugin, &prepared, &large)];
    let mut calls = [1; 3];
    for (calls, run) in calls.iter_mut().zip(runs) {
        // Twice, so that what is done only once is done.
        batch(run, 1)?;
        let once = batch(run, 1)?.max(Duration::from_nanos(1));
        let fitting = u32::try_from(BATCH.as_nanos() / once.as_nanos()).unwrap_or(MOST_CALLS);
        *calls = fitting.clamp(1, MOST_CALLS);
    }
    let mut fastest = [Duration::MAX; 3];
    for _ in 0..BATCHES {
        // By turns, so that all of them meet the same other work.
        for ((fastest, run), calls) in fastest.iter_mut().zip(runs).zip(calls) {
            *fastest = (*fastest).min(batch(run, calls)? / calls);
        }
    }
    let [empty, small, large] = fastest;
    Ok(Cost { empty, small, large, settings: whose })
}

fn batch((plugin, prepared, input): (&Plugin, &Prepared, &Input), calls: u32) -> Result<Duration, String> {
    let began = Instant::now();
    for _ in 0..calls {
        // Questions are an answer as well.
        std::hint::black_box(plugin.evaluate(prepared, input)).map_err(|error| error.to_string())?;
    }
    Ok(began.elapsed())
}

/// A Pod with so many containers, each of them clean by most rules.
fn pod(containers: usize) -> Result<Input, String> {
    let mut text =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: inspected, namespace: default, labels: {app: inspected}}\nspec:\n"
            .to_owned();
    text.push_str(if containers == 0 { "  containers: []\n" } else { "  containers:\n" });
    for number in 0..containers {
        text.push_str(&format!(
            "  - name: c{number}\n    image: registry.example/app@sha256:{}\n    resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{cpu: 200m, memory: 256Mi}}}}\n",
            "0".repeat(64)
        ));
    }
    let review = object_review("inspected.yaml", &text).map_err(|error| error.to_string())?;
    let workload = Arc::new(portcullis_subject::workload::view(&review, &[]));
    Ok(Input {
        review: Arc::new(review),
        workload,
        facts: Arc::default(),
        hidden_label: None,
        deadline: None,
        hide: None,
    })
}
