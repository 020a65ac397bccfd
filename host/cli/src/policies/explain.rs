//! Of each subject which policies would judge it and why, for a person and as JSON.

use portcullis_check::listed::Listed;
use portcullis_gate::{InstalledSet, Sets};
use portcullis_model::{Policy, Review, SubjectKind, mode_with_source};
use portcullis_policies::{Explanation, Selection};
use portcullis_report::{InputError, input_error_text, plain, plain_json};
use portcullis_subject::workload::{notice, view};
use portcullis_webhook::registration::{Reach, reach};
use serde_json::{Value, json};

/// What is said of a policy that applies, but whose plugin looks at other kinds.
const FINDS_NOTHING: &str = "it finds nothing here, for its plugin looks at what runs containers or claims storage";
/// The kind of the subresource that says how many Pods there are.
const SCALE: &str = "Scale";

/// How many policies that find nothing in a subject are named; the others are counted.
const IDLE_SHOWN: usize = 8;
/// What a rule does not name, as most rules do not name most kinds, tells nobody anything.
const UNTELLING: [&str; 2] = ["resourceRules", "documents"];

/// A page for the person at the terminal: one line for each policy that may find something, or that nearly would; `all` of
/// them with all reasons where that is wanted.
pub fn page(sets: &Sets, listed: &Listed, config: Option<&str>, all: bool) -> String {
    let mut out = String::new();
    for error in &listed.errors {
        out.push_str(&input_error_text(error));
    }
    for review in &listed.reviews {
        out.push_str(&format!("{}\n", plain(&subject(review))));
        for set in &sets.sets {
            let (mode, source, _) = mode_with_source(&set.loaded.set.mode, review);
            let name = plain(&set.loaded.set.name);
            out.push_str(&format!("  {name}: {mode}, because {}\n", source.as_str()));
            let lines = set.loaded.set.policies.iter().enumerate().map(|(at, policy)| Line {
                name: plain(&policy.name).into_owned(),
                explanation: set.loaded.explain(at, review),
                effect: policy.effect.of(mode).as_str(),
                on_error: policy.on_error.of(mode).as_str(),
                reaches: reaches(set, policy, review),
            });
            match all {
                true => lines.for_each(|line| out.push_str(&line.whole())),
                false => out.push_str(&shortly(lines)),
            }
        }
        out.push('\n');
    }
    for skipped in &listed.skipped {
        out.push_str(&format!("skipped {}: {}\n", plain(&skipped.path), plain(&skipped.reason)));
    }
    if let Some(config) = config {
        out.push_str(&format!("settings from {}\n", plain(config)));
    }
    out
}

/// What is told of a policy and a subject.
struct Line {
    name: String,
    explanation: Explanation,
    effect: &'static str,
    on_error: &'static str,
    /// Whether its plugin has anything to say about such a subject.
    reaches: bool,
}

impl Line {
    fn head(&self) -> String {
        format!("    {:10} {}", word(&self.explanation.selection), self.name)
    }

    fn whole(&self) -> String {
        let effect = match self.explanation.selection {
            Selection::Skips => String::new(),
            Selection::Applies if !self.reaches => format!("; {FINDS_NOTHING}"),
            Selection::Applies => format!("; a finding is {}", effect_word(self.effect)),
            Selection::Unknown(_) => format!("; that it cannot be known is {}", effect_word(self.on_error)),
        };
        let reasons = self.explanation.reasons.iter().map(|reason| format!("               {}\n", plain(&reason.text)));
        format!("{}{effect}\n{}", self.head(), reasons.collect::<String>())
    }

    /// One line where it tells something.
    fn short(&self) -> Option<String> {
        let last = self.explanation.reasons.last();
        let why = last.map_or_else(String::new, |reason| plain(&reason.text).into_owned());
        let rest = match self.explanation.selection {
            Selection::Applies if !self.reaches => return None,
            Selection::Applies => format!("; a finding is {}", effect_word(self.effect)),
            Selection::Skips if last.is_none_or(|reason| UNTELLING.contains(&reason.part)) => return None,
            Selection::Skips => format!(": {why}"),
            Selection::Unknown(_) => format!(", which is {}: {why}", effect_word(self.on_error)),
        };
        Some(format!("{}{rest}\n", self.head()))
    }
}

/// The lines that tell something, and the names of the other policies.
fn shortly(lines: impl Iterator<Item = Line>) -> String {
    let (mut out, mut idle) = (String::new(), Vec::new());
    for line in lines {
        match line.short() {
            Some(line) => out.push_str(&line),
            None => idle.push(line.name),
        }
    }
    let shown: Vec<&str> = idle.iter().take(IDLE_SHOWN).map(String::as_str).collect();
    if let Some(more) = idle.len().checked_sub(shown.len()).filter(|_| !idle.is_empty()) {
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        out.push_str(&format!("    nothing to find: {}{more} (--all says why)\n", shown.join(", ")));
    }
    out
}

/// Whether the plugin of a policy could find anything in a subject: most of those in the binary look only at what runs
/// containers or claims storage. Of another nobody knows.
fn reaches(set: &InstalledSet, policy: &Policy, review: &Review) -> bool {
    if review.subject.kind_of != SubjectKind::Object || reach(policy) == Reach::Everything {
        return true;
    }
    let view = view(review, &set.loaded.set.workloads);
    let counts = reach(policy) == Reach::Workloads { scale: true } && review.request.kind.kind == SCALE;
    let is_untold = notice(review, &view, &set.loaded.set.workloads).is_some();
    counts || is_untold || !(view.containers.is_empty() && view.images.is_empty() && view.claims.is_empty())
}

fn effect_word(effect: &str) -> &'static str {
    match effect {
        "deny" => "denied",
        "warn" => "a warning",
        "audit" => "recorded only",
        _ => "tried only",
    }
}

fn word(selection: &Selection) -> &'static str {
    match selection {
        Selection::Applies => "judges",
        Selection::Skips => "skips",
        Selection::Unknown(_) => "not known",
    }
}

/// `deploy/web.yaml:1: Deployment shop/web, as a CREATE`
fn subject(review: &Review) -> String {
    let subject = &review.subject;
    let place =
        subject.place.as_ref().map_or_else(String::new, |place| format!("{}:{}: ", place.file(), place.start().0));
    let kind = if subject.kind.is_empty() { subject.kind_of.as_str() } else { &subject.kind };
    let name = match (subject.namespace.as_str(), subject.name.as_str()) {
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    let operation = match review.request.operation.as_str() {
        "" => String::new(),
        operation => format!(", as a {operation}"),
    };
    format!("{place}{kind} {name}{operation}")
}

/// The same as JSON.
pub fn json(sets: &Sets, listed: &Listed, config: Option<&str>) -> String {
    let policies = |set: &InstalledSet, review: &Review| -> Vec<Value> {
        let policy = |(at, policy): (usize, &portcullis_model::Policy)| {
            let Explanation { selection, reasons } = set.loaded.explain(at, review);
            let reasons = reasons.into_iter().map(|reason| {
                json!({"part": reason.part, "selection": selection_word(&reason.selection), "text": reason.text})
            });
            json!({"name": policy.name, "selection": selection_word(&selection), "reasons": reasons.collect::<Vec<_>>()})
        };
        set.loaded.set.policies.iter().enumerate().map(policy).collect()
    };
    let of_set = |set: &InstalledSet, review: &Review| {
        let (mode, source, _) = mode_with_source(&set.loaded.set.mode, review);
        json!({"policySet": set.loaded.set.name, "mode": mode.as_str(), "modeBecause": source.as_str(),
            "policies": policies(set, review)})
    };
    let subject = |review: &Review| {
        let subject = &review.subject;
        let source = subject.place.as_ref().map(|place| json!({"file": place.file(), "line": place.start().0}));
        json!({"subject": {"type": subject.kind_of.as_str(), "apiVersion": subject.api_version, "kind": subject.kind,
                "namespace": subject.namespace, "name": subject.name, "source": source},
            "operation": review.request.operation,
            "policySets": sets.sets.iter().map(|set| of_set(set, review)).collect::<Vec<_>>()})
    };
    let error = |error: &InputError| json!({"message": error.message, "source": place(error), "hint": error.hint});
    let whole = json!({"apiVersion": portcullis_report::API_VERSION, "kind": "PolicyExplanation", "config": config,
        "subjects": listed.reviews.iter().map(subject).collect::<Vec<_>>(),
        "errors": listed.errors.iter().map(error).collect::<Vec<_>>(),
        "skipped": listed.skipped.iter().map(|one| json!({"path": one.path, "reason": one.reason})).collect::<Vec<_>>()});
    plain_json(&format!("{whole:#}")) + "\n"
}

fn place(error: &InputError) -> Option<String> {
    error.place.as_ref().map(ToString::to_string).or_else(|| error.file.clone())
}

fn selection_word(selection: &Selection) -> &'static str {
    match selection {
        Selection::Applies => "applies",
        Selection::Skips => "skips",
        Selection::Unknown(_) => "unknown",
    }
}
