//! What an evaluation costs, as a ratio to an empty call of an empty plugin in the same run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_cases::{Case, files, object_review};
use portcullis_model::{PluginBytes, Review};
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
    /// The plugin on the manifest of the case whose settings it had, where it had those of one.
    pub case: Option<Duration>,
    /// Whose settings the plugin had, in words.
    pub settings: String,
}

/// Settings to try, whose they are, and the case.
struct Candidate {
    settings: String,
    whose: String,
    case: Option<Case>,
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
    fn candidates(&self, schema: &str) -> Vec<Candidate> {
        let candidate = |settings, whose: &str| Candidate { settings, whose: whose.to_owned(), case: None };
        if let Self::Given(settings) = self {
            return vec![candidate(settings.clone(), "the settings that are given")];
        }
        let mut all = match self {
            Self::CaseBeside(plugin) => of_cases(&plugin.with_file_name("cases")),
            _ => Vec::new(),
        };
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        let examples = schema["examples"].as_array().into_iter().flatten();
        let example = |example: &Value| candidate(example.to_string(), "the settings of an example in its schema");
        all.extend(examples.take(MOST_CANDIDATES).map(example));
        all.push(candidate("{}".to_owned(), "no settings"));
        all
    }
}

/// The settings of cases, as far as they have some; a folder that is not there has none.
fn of_cases(folder: &Path) -> Vec<Candidate> {
    let (files, _) = files(folder).unwrap_or_default();
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let case = Case::parse(&name, &std::fs::read_to_string(&path).ok()?).ok()?;
        let (settings, whose) = (case.settings.clone(), format!("the settings of `{name}`"));
        (settings != "{}").then_some(Candidate { settings, whose, case: Some(case) })
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
    for candidate in settings.candidates(&plugin.description().settings) {
        tried = plugin.prepare(&candidate.settings).map(|made| (made, candidate)).map_err(|error| error.to_string());
        if tried.is_ok() {
            break;
        }
    }
    let (prepared, Candidate { whose, case, .. }) = tried?;
    let wasm = portcullis_component::empty().map_err(|error| error.to_string())?;
    let empty = runner.load(&PluginBytes { wasm: wasm.into(), code: None }, None).map_err(|error| error.to_string())?;
    let nothing = empty.prepare("{}").map_err(|error| error.to_string())?;
    let (small, large) = (pod(0)?, pod(CONTAINERS)?);
    let own = case.map(|case| case.review().map_err(|error| error.to_string())).transpose()?.map(input);
    let mut runs = vec![(&*empty, &nothing, &small), (plugin, &prepared, &small), (plugin, &prepared, &large)];
    runs.extend(own.as_ref().map(|own| (plugin, &prepared, own)));
    let mut calls = vec![1; runs.len()];
    for (calls, run) in calls.iter_mut().zip(&runs) {
        // Twice, so that what is done only once is done.
        batch(*run, 1)?;
        let once = batch(*run, 1)?.max(Duration::from_nanos(1));
        let fitting = u32::try_from(BATCH.as_nanos() / once.as_nanos()).unwrap_or(MOST_CALLS);
        *calls = fitting.clamp(1, MOST_CALLS);
    }
    let mut fastest = vec![Duration::MAX; runs.len()];
    for _ in 0..BATCHES {
        // By turns, so that all of them meet the same other work.
        for ((fastest, run), calls) in fastest.iter_mut().zip(&runs).zip(&calls) {
            *fastest = (*fastest).min(batch(*run, *calls)? / *calls);
        }
    }
    Ok(Cost { empty: fastest[0], small: fastest[1], large: fastest[2], case: fastest.get(3).copied(), settings: whose })
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
    object_review("inspected.yaml", &text).map(input).map_err(|error| error.to_string())
}

fn input(review: Review) -> Input {
    let workload = Arc::new(portcullis_subject::workload::view(&review, &[]));
    Input { review: Arc::new(review), workload, facts: Arc::default(), hidden_label: None, deadline: None, hide: None }
}
