//! Of each subject which policies would judge it and why, for a person and as JSON.

use portcullis_check::listed::Listed;
use portcullis_gate::{InstalledSet, Sets};
use portcullis_model::{Review, mode_with_source};
use portcullis_policies::{Explanation, Selection};
use portcullis_report::{InputError, plain, plain_json};
use serde_json::{Value, json};

/// A page for the person at the terminal.
pub fn page(sets: &Sets, listed: &Listed, config: Option<&str>) -> String {
    let mut out = String::new();
    for error in &listed.errors {
        let place = place(error).map_or_else(String::new, |place| format!("\n  --> {}", plain(&place)));
        let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!("\n  help: {}", plain(hint)));
        out.push_str(&format!("error: {}{place}{hint}\n\n", plain(&error.message)));
    }
    for review in &listed.reviews {
        out.push_str(&format!("{}\n", plain(&subject(review))));
        for set in &sets.sets {
            let (mode, source, _) = mode_with_source(&set.loaded.set.mode, review);
            let name = plain(&set.loaded.set.name);
            out.push_str(&format!("  {name}: {mode}, because {}\n", source.as_str()));
            for (at, policy) in set.loaded.set.policies.iter().enumerate() {
                let explanation = set.loaded.explain(at, review);
                let effect = match explanation.selection {
                    Selection::Skips => String::new(),
                    Selection::Applies => format!("; a finding is {}", effect_word(policy.effect.of(mode).as_str())),
                    Selection::Unknown(_) => {
                        format!("; that it cannot be known is {}", effect_word(policy.on_error.of(mode).as_str()))
                    }
                };
                out.push_str(&format!("    {:10} {}{effect}\n", word(&explanation.selection), plain(&policy.name)));
                for reason in &explanation.reasons {
                    out.push_str(&format!("               {}\n", plain(&reason.text)));
                }
            }
        }
        out.push('\n');
    }
    for skipped in &listed.skipped {
        out.push_str(&format!("skipped {}: {}\n", plain(&skipped.path), plain(&skipped.reason)));
    }
    if let Some(config) = config {
        out.push_str(&format!("settings of {}\n", plain(config)));
    }
    out
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
