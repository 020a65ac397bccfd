//! All that is known of a plugin: what it imports, says, holds and costs.

use std::time::{Duration, Instant};

use portcullis_component::{CONTRACT, Shape, shape};
use portcullis_model::{PluginBytes, sha256_hex};
use portcullis_report::{plain, plain_json};
use portcullis_runner::{Counts, Description, Runner, RunnerConfig};
use serde_json::{Value, json};

use crate::Error;
use crate::cost::{Cost, MeasureWith, measure};
use crate::page::page;
use crate::schema::{MOST_SETTINGS, Part, Schema, Setting};
use crate::text::{count, shown, size, table};

/// Names that are shown of one list.
const MOST_NAMES: usize = 60;
/// Characters of one text.
const MOST_TEXT: usize = 200;
/// Characters of one cell of the table of settings.
const MOST_CELL: usize = 120;
/// The version of the JSON that is written.
const API_VERSION: &str = "portcullis.dev/v1alpha1";
/// What was measured, in one sentence.
const MEASURED: &str = "Measured here and now: a fresh instance and one call of `evaluate`, the fastest of 30 batches; the empty call is that of a component which answers at once, by turns in the same run. Compiled in a process of its own, without what is remembered.";

/// How to show what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectFormat {
    /// For a person.
    Human,
    /// Everything, whole.
    Json,
    /// A page of documentation: settings and rules, without what was measured.
    Markdown,
}

/// What is known of one plugin.
#[derive(Debug)]
pub struct Inspected {
    name: String,
    bytes: usize,
    digest: String,
    shape: Shape,
    counts: Counts,
    description: Description,
    compile: Duration,
    cost: Result<Cost, String>,
}

/// Looks at a plugin: its bytes are counted, compiled, asked who they are, and measured.
///
/// # Errors
/// What the runner has against it.
pub fn inspect(wasm: &[u8], name: &str, settings: &MeasureWith<'_>, config: RunnerConfig) -> Result<Inspected, Error> {
    let load = |cause| Error::Load { of: name.to_owned(), cause };
    // Nothing that was compiled before, so that compiling is what is measured.
    let runner = Runner::new(RunnerConfig { cache_dir: None, ..config }).map_err(Error::Start)?;
    let counts = runner.count(wasm).map_err(load)?;
    let shape = shape(wasm).map_err(|cause| Error::NotPlugin { path: name.into(), cause })?;
    let began = Instant::now();
    let plugin = runner.load(&PluginBytes { wasm: wasm.into(), code: None }, None).map_err(load)?;
    let compile = began.elapsed();
    let cost = measure(&runner, &plugin, settings);
    Ok(Inspected {
        name: name.to_owned(),
        bytes: wasm.len(),
        digest: sha256_hex(wasm),
        shape,
        counts,
        description: plugin.description().clone(),
        compile,
        cost,
    })
}

impl Inspected {
    /// All of it in one format.
    pub fn to_text(&self, format: InspectFormat) -> String {
        match format {
            InspectFormat::Human => self.human(),
            InspectFormat::Json => plain_json(&format!("{:#}\n", self.json())),
            InspectFormat::Markdown => page(&self.description),
        }
    }

    fn human(&self) -> String {
        let description = &self.description;
        let mut text = format!(
            "{}: {} {}\n  {}\n\n",
            plain(&self.name),
            description.name,
            description.version,
            shown(&description.title, MOST_TEXT)
        );
        let counts = &self.counts;
        let made_of = format!(
            "{}, {}, {} (at first {} KiB), {}, {} bytes of data",
            count(counts.modules as usize, "core module"),
            count(counts.functions as usize, "function"),
            if counts.memories == 1 { "1 memory".to_owned() } else { format!("{} memories", counts.memories) },
            counts.memory >> 10,
            count(counts.tables as usize, "table"),
            counts.data
        );
        let rows = [
            ("digest", self.digest.clone()),
            ("size", size(self.bytes)),
            ("holds", made_of),
            ("contract", shown(&description.contract, MOST_TEXT)),
            ("imports", names(self.shape.imports.iter().map(|name| name.strip_prefix(CONTRACT).unwrap_or(name)))),
            ("exports", names(self.shape.exports.iter().map(|(name, _)| name.as_str()))),
            ("kinds", names(description.kinds.iter().map(String::as_str))),
            ("keys", names(description.keys.iter().map(String::as_str))),
            ("paths", names(description.paths.iter().map(String::as_str))),
            ("facts", names(description.facts.iter().map(String::as_str))),
        ];
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        text.push_str(&table(&rows, "  "));
        self.rules(&mut text);
        text.push_str("\nSettings\n");
        let settings = Schema::read(&description.settings).unwrap_or_default().settings;
        match settings.iter().map(setting).collect::<Vec<_>>() {
            rows if rows.is_empty() => text.push_str("  none\n"),
            rows => text.push_str(&table(&rows, "  ")),
        }
        if settings.len() == MOST_SETTINGS {
            text.push_str(&format!("  ... (the first {MOST_SETTINGS})\n"));
        }
        self.costs(&mut text);
        text
    }

    fn rules(&self, text: &mut String) {
        text.push_str("\nRules\n");
        let rule = |rule: &portcullis_runner::Rule| {
            vec![
                rule.id.clone(),
                rule.severity.as_str().to_owned(),
                shown(&rule.title, MOST_TEXT),
                shown(&rule.help, MOST_TEXT),
            ]
        };
        match self.description.rules.as_slice() {
            [] => text.push_str("  none\n"),
            rules => text.push_str(&table(&rules.iter().map(rule).collect::<Vec<_>>(), "  ")),
        }
    }

    fn costs(&self, text: &mut String) {
        text.push_str(&format!("\nCost\n  compiled in {:.0} ms\n", self.compile.as_secs_f64() * 1e3));
        match &self.cost {
            Err(why) => text.push_str(&format!(
                "  an evaluation was not measured: {}; settings that it takes can be given with --settings FILE\n",
                plain(why)
            )),
            Ok(cost) => {
                let row = |what: &str, time: Duration| {
                    vec![
                        what.to_owned(),
                        format!("{:.1} us", time.as_secs_f64() * 1e6),
                        format!("{:.1} times the empty call", cost.ratio(time)),
                    ]
                };
                let mut rows = vec![
                    vec![
                        "the empty call of an empty plugin".to_owned(),
                        format!("{:.1} us", cost.empty.as_secs_f64() * 1e6),
                    ],
                    row("a Pod without containers", cost.small),
                    row("a Pod with 10 containers", cost.large),
                ];
                rows.extend(cost.case.map(|time| row("the manifest of the case", time)));
                text.push_str(&table(&rows, "  "));
                text.push_str(&format!("  with {}\n", plain(&cost.settings)));
            }
        }
        text.push_str(&format!("  {MEASURED}\n"));
    }

    fn json(&self) -> Value {
        let description = &self.description;
        let rule = |rule: &portcullis_runner::Rule| json!({"id": rule.id, "severity": rule.severity.as_str(), "title": rule.title, "help": rule.help});
        let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
        let evaluation = match &self.cost {
            Ok(cost) => json!({
                "settings": cost.settings,
                "emptyMicroseconds": micros(cost.empty),
                "podWithoutContainers": {"microseconds": micros(cost.small), "ratio": cost.ratio(cost.small)},
                "podWithTenContainers": {"microseconds": micros(cost.large), "ratio": cost.ratio(cost.large)},
                "manifestOfTheCase": cost.case.map(|time| json!({"microseconds": micros(time), "ratio": cost.ratio(time)})),
            }),
            Err(why) => json!({"notMeasured": why}),
        };
        let exports = self.shape.exports.iter().map(|(name, kind)| json!({"name": name, "kind": kind}));
        json!({
            "apiVersion": API_VERSION,
            "kind": "PluginInspection",
            "plugin": self.name,
            "digest": self.digest,
            "bytes": self.bytes,
            "name": description.name,
            "version": description.version,
            "title": description.title,
            "contract": description.contract,
            "rules": description.rules.iter().map(rule).collect::<Vec<_>>(),
            "settings": serde_json::from_str::<Value>(&description.settings).unwrap_or_default(),
            "kinds": description.kinds,
            "keys": description.keys,
            "paths": description.paths,
            "facts": description.facts,
            "imports": self.shape.imports,
            "exports": exports.collect::<Vec<_>>(),
            "holds": {
                "coreModules": self.counts.modules,
                "functions": self.counts.functions,
                "memories": self.counts.memories,
                "memoryBytes": self.counts.memory,
                "tables": self.counts.tables,
                "dataBytes": self.counts.data,
            },
            "cost": {"compileMilliseconds": self.compile.as_secs_f64() * 1e3, "evaluation": evaluation, "measured": MEASURED},
        })
    }
}

/// A row about a setting: its name, what it may be, its default, and what it is for.
fn setting(setting: &Setting) -> Vec<String> {
    let kind = setting.kind.iter().map(|part| match part {
        Part::Ours(text) => (*text).to_owned(),
        Part::Word(word) => word.clone(),
        Part::Value(value) => format!("`{value}`"),
    });
    let default = match &setting.default {
        Some(value) => format!("default {value}"),
        None if setting.required => "required".to_owned(),
        None => String::new(),
    };
    let as_in = setting.as_in.iter().map(|earlier| format!(" As in `{earlier}`."));
    let what: String = std::iter::once(setting.description.clone()).chain(as_in).collect();
    let kind: String = kind.collect();
    [setting.name.as_str(), &kind, &default, what.trim_start()].map(|text| shown(text, MOST_CELL)).to_vec()
}

/// Names in one line, as many as a person reads.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    if all.is_empty() {
        return "none".to_owned();
    }
    let first: Vec<String> = all.iter().take(MOST_NAMES).map(|name| shown(name, MOST_TEXT)).collect();
    let more = all.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}
