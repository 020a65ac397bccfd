//! For the test tabs of CI systems.
//!
//! What the schemas of Jenkins' xUnit plugin (`junit-10.xsd`) and of Maven Surefire (`surefire-test-report.xsd`) both allow. A
//! file is a suite, and what one policy says of one subject is a case: denied is a failure, not judged an error, and
//! whatever somebody answers for is skipped, so that it never looks like a pass.

use std::collections::HashMap;
use std::fmt::Write;

use portcullis_model::{Decision, Effect, Failure, Judged, PolicyState};

use crate::human;
use crate::markup::{markup, text};
use crate::report::{InputError, Report};
use crate::tally::{by_file, is_not_judged};
use crate::words::{several_sets, subject_name, worst_first};

/// The suite of what belongs to no file.
const RUN: &str = "portcullis";
/// Jenkins and GitLab attach the file that a text names so.
const ATTACHMENT: &str = "[[ATTACHMENT|";

/// The report as JUnit XML, with a line break at its end.
pub fn junit(report: &Report) -> String {
    let mut suites = Suites { several_sets: several_sets(report), ..Suites::default() };
    for error in &report.errors {
        suites.add_input_error(error);
    }
    for (file, groups) in by_file(&report.decisions) {
        for decision in groups.into_iter().flatten() {
            suites.add_decision(report, file.unwrap_or(RUN), decision);
        }
    }
    let all = suites.list.iter().flat_map(|suite| &suite.cases);
    let totals = Totals::of(all);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let Totals { tests, failures, errors, .. } = totals;
    let _ = writeln!(
        out,
        "<testsuites name=\"{RUN}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">"
    );
    for (at, suite) in suites.list.iter().enumerate() {
        suite.write(&mut out, (at == 0).then_some(report));
    }
    out.push_str("</testsuites>\n");
    out
}

/// The suites in the order in which their files first appear.
#[derive(Default)]
struct Suites {
    list: Vec<Suite>,
    index: HashMap<String, usize>,
    several_sets: bool,
}

struct Suite {
    name: String,
    class: String,
    cases: Vec<Case>,
    /// GitLab takes cases of one class and one name for the same, so that one would hide the other.
    names: HashMap<String, u32>,
}

struct Case {
    name: String,
    outcome: Outcome,
    /// What does not decide the outcome: warnings, and what only the record says.
    out: String,
}

enum Outcome {
    Passed,
    Failure { kind: &'static str, message: String, body: String },
    Error { kind: &'static str, message: String, body: String },
    Skipped { message: String, body: String },
}

#[derive(Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of<'a>(cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut totals = Self::default();
        for case in cases {
            totals.tests += 1;
            match case.outcome {
                Outcome::Passed => {}
                Outcome::Failure { .. } => totals.failures += 1,
                Outcome::Error { .. } => totals.errors += 1,
                Outcome::Skipped { .. } => totals.skipped += 1,
            }
        }
        totals
    }
}

impl Suites {
    fn add_input_error(&mut self, error: &InputError) {
        let outcome =
            Outcome::Error { kind: "input", message: error.message.clone(), body: human::input_error_text(error) };
        self.suite(error.file_name().unwrap_or(RUN)).add("input".into(), outcome, String::new());
    }

    fn add_decision(&mut self, report: &Report, file: &str, decision: &Decision) {
        let set = self.several_sets.then_some(decision.policy_set.as_str());
        let of_set = set.map_or_else(String::new, |set| format!(" of {set}"));
        let named = subject_name(&decision.subject);
        let mut notes: String = decision.failures.iter().filter(|failure| !is_not_judged(failure)).map(note).collect();
        let suite = self.suite(file);
        let whole: Vec<&Failure> =
            decision.failures.iter().filter(|one| one.policy.is_none() && is_not_judged(one)).collect();
        if !whole.is_empty() {
            suite.add(format!("{named}: the whole set{of_set}"), not_judged(&whole, ""), std::mem::take(&mut notes));
        }
        let policies = policies_of(decision);
        if policies.is_empty() && whole.is_empty() {
            let message = format!("no policy of `{}` matches", decision.policy_set);
            let outcome = Outcome::Skipped { message, body: String::new() };
            suite.add(format!("{named}{of_set}"), outcome, std::mem::take(&mut notes));
        }
        for (policy, state) in policies {
            let (outcome, out) = Said::of(decision, policy).judge(report, state, set);
            suite.add(format!("{named}: {policy}{of_set}"), outcome, std::mem::take(&mut notes) + &out);
        }
    }

    fn suite(&mut self, name: &str) -> &mut Suite {
        let list = &mut self.list;
        let at = *self.index.entry(name.to_owned()).or_insert_with(|| {
            let (cases, names) = (Vec::new(), HashMap::new());
            list.push(Suite { name: name.to_owned(), class: class_of(name), cases, names });
            list.len() - 1
        });
        &mut self.list[at]
    }
}

/// The policies that had to judge, and for completeness any that spoke without being listed.
fn policies_of(decision: &Decision) -> Vec<(&str, Option<&PolicyState>)> {
    let listed = decision.policies.iter().filter(|(_, state)| *state != PolicyState::Skipped);
    let mut policies: Vec<(&str, Option<&PolicyState>)> =
        listed.map(|(name, state)| (name.as_str(), Some(state))).collect();
    let spoke = decision.findings.iter().map(|judged| judged.policy.as_str());
    for name in spoke.chain(decision.failures.iter().filter_map(|failure| failure.policy.as_deref())) {
        if !policies.iter().any(|(known, _)| *known == name) {
            policies.push((name, None));
        }
    }
    policies
}

/// What one policy said of one subject.
struct Said<'a> {
    denied: Vec<&'a Judged>,
    /// Waived, or known from a baseline.
    answered: Vec<&'a Judged>,
    others: Vec<&'a Judged>,
    failures: Vec<&'a Failure>,
}

impl<'a> Said<'a> {
    fn of(decision: &'a Decision, policy: &str) -> Self {
        let findings = |wanted: fn(Effect) -> bool| {
            let of_policy = decision.findings.iter().filter(|judged| judged.policy == policy);
            worst_first(of_policy.filter(|judged| wanted(judged.effect)))
        };
        Self {
            denied: findings(|effect| effect == Effect::Deny),
            answered: findings(|effect| matches!(effect, Effect::Waived | Effect::Known)),
            others: findings(|effect| !matches!(effect, Effect::Deny | Effect::Waived | Effect::Known)),
            failures: decision.failures.iter().filter(|one| one.policy.as_deref() == Some(policy)).collect(),
        }
    }

    /// The one outcome that a case may have, worst first, and what is said besides.
    fn judge(&self, report: &Report, state: Option<&PolicyState>, set: Option<&str>) -> (Outcome, String) {
        let texts = |findings: &[&Judged]| -> String {
            findings.iter().map(|judged| human::finding_text(report, judged, set)).collect()
        };
        let (answered, others) = (texts(&self.answered), texts(&self.others));
        let fails = self.failures.iter().any(|failure| failure.effect == Effect::Deny);
        if fails {
            return (not_judged(&self.failures, &texts(&self.denied)), answered + &others);
        }
        let warned: String = self.failures.iter().map(|failure| failure_text(failure)).collect();
        if let Some(first) = self.denied.first() {
            let message = first_of(&first.finding.message, self.denied.len());
            return (
                Outcome::Failure { kind: "denied", message, body: texts(&self.denied) },
                warned + &answered + &others,
            );
        }
        if let Some(first) = self.failures.first() {
            let message = format!("not judged: {}", first_of(&first.message, self.failures.len()));
            return (Outcome::Skipped { message, body: warned }, answered + &others);
        }
        if let Some(first) = self.answered.first() {
            let message =
                format!("{}: {}", first.effect.as_str(), first_of(&first.finding.message, self.answered.len()));
            return (Outcome::Skipped { message, body: answered }, others);
        }
        if state == Some(&PolicyState::NotEvaluated) {
            let message = "not evaluated: an earlier policy denied (failFast)".to_owned();
            return (Outcome::Skipped { message, body: String::new() }, others);
        }
        (Outcome::Passed, others)
    }
}

fn not_judged(failures: &[&Failure], besides: &str) -> Outcome {
    let first = failures.first();
    let message = first.map_or_else(String::new, |first| first_of(&first.message, failures.len()));
    let body: String = failures.iter().map(|failure| failure_text(failure)).collect();
    Outcome::Error { kind: first.map_or("input", |first| first.kind.as_str()), message, body: body + besides }
}

fn failure_text(failure: &Failure) -> String {
    format!("not judged[{}]: {}\n", failure.kind.as_str(), crate::plain(&failure.message))
}

fn note(failure: &Failure) -> String {
    format!("note: {}\n", crate::plain(&failure.message))
}

fn first_of(message: &str, all: usize) -> String {
    if all > 1 { format!("{message} (and {} more)", all - 1) } else { message.to_owned() }
}

impl Suite {
    fn add(&mut self, name: String, outcome: Outcome, out: String) {
        let seen = self.names.entry(name.clone()).or_default();
        *seen += 1;
        let name = if *seen > 1 { format!("{name} ({seen})") } else { name };
        self.cases.push(Case { name, outcome, out });
    }

    /// The first suite carries what is known of the whole run.
    fn write(&self, out: &mut String, run: Option<&Report>) {
        let Totals { tests, failures, errors, skipped } = Totals::of(self.cases.iter());
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">",
            shown(&self.name)
        );
        if let Some(report) = run {
            properties(out, report);
        }
        for case in &self.cases {
            let name = shown(&case.name);
            let _ = write!(out, "    <testcase name=\"{name}\" classname=\"{}\" time=\"0\">", shown(&self.class));
            let mut element = |name: &str, attributes: &str, body: &str| {
                let body = unattached(markup(body.trim_end()));
                let _ = write!(out, "\n      <{name}{attributes}>{body}</{name}>");
            };
            let typed = |kind: &str, message: &str| format!(" message=\"{}\" type=\"{kind}\"", shown(message));
            match &case.outcome {
                Outcome::Passed => {}
                Outcome::Failure { kind, message, body } => element("failure", &typed(kind, message), body),
                Outcome::Error { kind, message, body } => element("error", &typed(kind, message), body),
                Outcome::Skipped { message, body } => {
                    element("skipped", &format!(" message=\"{}\"", shown(message)), body);
                }
            }
            if !case.out.is_empty() {
                element("system-out", "", &case.out);
            }
            let empty = matches!(case.outcome, Outcome::Passed) && case.out.is_empty();
            out.push_str(if empty { "</testcase>\n" } else { "\n    </testcase>\n" });
        }
        out.push_str("  </testsuite>\n");
    }
}

fn properties(out: &mut String, report: &Report) {
    out.push_str("    <properties>\n");
    let mut property = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", shown(value));
    };
    property("verdict", report.verdict.as_str());
    property("tool", &format!("portcullis {} {}", report.tool.version, report.tool.commit));
    report.policy_sets.iter().for_each(|set| property("policySet", &format!("{} {}", set.name, set.digest)));
    for fix in report.fixes.iter().flatten() {
        property(fix.state.word(), &format!("{} {}", crate::plain(&fix.code), fix.words()));
    }
    report.notices.iter().for_each(|notice| property("note", notice));
    report.skipped.iter().for_each(|file| property("skipped", &format!("{}: {}", file.path, file.reason)));
    out.push_str("    </properties>\n");
}

/// The file as a class: Jenkins makes packages of what stands before the last full stop.
fn class_of(file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let stem = [".yaml", ".yml", ".json"].into_iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    stem.replace('.', "_")
}

/// A text for an attribute.
fn shown(stranger: &str) -> String {
    unattached(text(stranger))
}

fn unattached(text: String) -> String {
    if text.contains(ATTACHMENT) { text.replace(ATTACHMENT, "[\\u{5b}ATTACHMENT|") } else { text }
}
