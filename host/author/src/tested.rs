//! What came of the cases, as a table with differences drawn, as JSON, as JUnit's XML.

use portcullis_report::{plain, plain_json};
use serde_json::{Value, json};

use crate::judge::Verdict;
use crate::junit::junit;
use crate::test::{TestFormat, Tested};
use crate::text::{count, table};

/// Cases that are named where several fail in the same way; the table names all of them.
const MOST_NAMES: usize = 3;
/// The version of the JSON that is written.
const API_VERSION: &str = "portcullis.dev/v1alpha1";

impl Tested {
    /// The result in one format.
    pub fn to_text(&self, format: TestFormat, strict: bool) -> String {
        match format {
            TestFormat::Human => self.human(strict),
            TestFormat::Json => plain_json(&format!("{:#}\n", self.json(strict))),
            TestFormat::Junit => junit(self, strict),
        }
    }

    fn human(&self, strict: bool) -> String {
        let header = ["case", "expected", "found", "result"].map(str::to_owned).to_vec();
        let row = |verdict: &Verdict| {
            let expected = verdict.case.findings.len().to_string();
            let (found, result) = match (&verdict.failure, verdict.difference.is_empty()) {
                (Some(_), _) => ("-".to_owned(), "FAILED"),
                (None, true) if verdict.found.len() != verdict.case.findings.len() => {
                    (verdict.found.len().to_string(), "drawn anew")
                }
                (None, true) => (verdict.found.len().to_string(), "ok"),
                (None, false) => (verdict.found.len().to_string(), "DIFFERS"),
            };
            vec![plain(&verdict.file).into_owned(), expected, found, result.to_owned()]
        };
        let rows: Vec<_> = std::iter::once(header).chain(self.verdicts.iter().map(row)).collect();
        let mut text = table(&rows, "");
        self.failures(&mut text);
        for verdict in self.verdicts.iter().filter(|verdict| !verdict.difference.is_empty()) {
            text.push_str(&format!("\n{}:\n", plain(&verdict.case.name)));
            for line in verdict.difference.lines() {
                text.push_str(&format!("{}\n", plain(line)));
            }
        }
        if self.verdicts.iter().any(|verdict| !verdict.difference.is_empty()) {
            text.push_str(
                "\n+ was found and is not drawn: draw it if it is right (--update does), else mend the rule\n- is drawn and was not found exactly so: place, code and the whole message count\n",
            );
        }
        self.notes(strict, &mut text);
        self.undescribed(&mut text);
        for doubt in &self.doubts {
            let word = if doubt.fails(strict) { "error" } else { "warning" };
            text.push_str(&format!("\n{word}: {}\n", plain(&doubt.said)));
        }
        let right = self.verdicts.iter().filter(|verdict| verdict.is_right()).count();
        let wrong = self.verdicts.len() - right;
        text.push_str(&format!("\n{}: {right} ok, {wrong} not\n", count(self.verdicts.len(), "case")));
        text
    }

    /// Why cases could not be judged: each reason once, since one mistake often stands in the way of all of them.
    fn failures(&self, text: &mut String) {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for verdict in &self.verdicts {
            let (Some(failure), name) = (verdict.failure.as_deref(), plain(&verdict.case.name).into_owned()) else {
                continue;
            };
            match reasons.iter_mut().find(|(known, _)| *known == failure) {
                Some((_, names)) => names.push(name),
                None => reasons.push((failure, vec![name])),
            }
        }
        for (failure, names) in reasons {
            let more = match names.len().saturating_sub(MOST_NAMES) {
                0 => String::new(),
                more => format!(" and {}", count(more, "other case")),
            };
            let names = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
            text.push_str(&format!("\n{names}{more}:\n  {}\n", plain(failure)));
        }
    }

    fn notes(&self, strict: bool, text: &mut String) {
        for path in &self.updated {
            text.push_str(&format!("\ndrawn anew: {}\n", plain(&path.display().to_string())));
        }
        for why in &self.not_updated {
            text.push_str(&format!("\n{}\n", plain(why)));
        }
        let word = if strict { "error" } else { "warning" };
        match self.unfired.as_deref().unwrap_or_default() {
            [] => {}
            [rule] => {
                text.push_str(&format!("\n{word}: no case fires the rule `{rule}`: whether it works is not known\n"));
            }
            rules => text.push_str(&format!(
                "\n{word}: no case fires {} rules, so that whether they work is not known: {}\n",
                rules.len(),
                rules.join(", ")
            )),
        }
    }

    fn undescribed(&self, text: &mut String) {
        if !self.undescribed.is_empty() {
            let names: Vec<String> = self.undescribed.iter().map(|name| format!("`{}`", plain(name))).collect();
            text.push_str(&format!(
                "\nwarning: the plugin takes {}, which the schema of its settings does not know, so that editors refuse it and no page tells of it; describe it there\n",
                names.join(", ")
            ));
        }
    }

    fn json(&self, strict: bool) -> Value {
        let findings = |all: &[portcullis_cases::Expected]| -> Vec<Value> {
            let one = |one: &portcullis_cases::Expected| json!({"line": one.line, "column": one.column, "code": one.code, "message": one.message});
            all.iter().map(one).collect()
        };
        let case = |verdict: &Verdict| {
            json!({
                "file": verdict.case.name,
                "right": verdict.is_right(),
                "failure": verdict.failure,
                "expected": findings(&verdict.case.findings),
                "found": findings(&verdict.found),
                "difference": verdict.difference,
            })
        };
        json!({
            "apiVersion": API_VERSION,
            "kind": "PluginTest",
            "plugin": {"name": self.description.name, "version": self.description.version, "digest": self.digest},
            "right": self.is_right(strict),
            "cases": self.verdicts.iter().map(case).collect::<Vec<_>>(),
            "unfired": self.unfired,
            "undescribedSettings": self.undescribed,
            "contradictions": self.doubts.iter().map(|doubt| &doubt.said).collect::<Vec<_>>(),
            "updated": self.updated.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
            "notUpdated": self.not_updated,
        })
    }
}
