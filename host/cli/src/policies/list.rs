//! The policies of the sets in force as a table, and as JSON.

use portcullis_gate::{InstalledPolicy, InstalledSet, Sets};
use portcullis_model::{Effect, Mode, PerMode, Policy, PolicySet};
use portcullis_policies::match_line;
use portcullis_report::{plain, plain_json};
use serde_json::{Value, json};

/// Hex digits of a digest in the table; JSON has all of them.
const DIGITS: usize = 12;

/// One line for each policy, below the line of its set.
pub fn table(sets: &Sets, origin: &str) -> String {
    let mut out = format!("from {}\n", plain(origin));
    for set in &sets.sets {
        out.push_str(&format!(
            "\n{}  {}  {}\n",
            plain(&set.loaded.set.name),
            short(&set.loaded.set.digest),
            mode(&set.loaded.set)
        ));
        let rows: Vec<[String; 6]> = policies(set).map(|(policy, installed)| row(policy, installed)).collect();
        let head = ["policy", "plugin", "digest", "sandbox", "compliance", "judges"].map(str::to_owned);
        let widths: Vec<usize> = (0..head.len())
            .map(|at| rows.iter().chain([&head]).map(|row| row[at].chars().count()).max().unwrap_or_default())
            .collect();
        for row in [&head].into_iter().chain(&rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
            out.push_str(format!("  {}", cells.join("  ")).trim_end());
            out.push('\n');
        }
    }
    out
}

fn row(policy: &Policy, installed: &InstalledPolicy) -> [String; 6] {
    let plugin = format!("{} {}", installed.plugin.name(), installed.plugin.description().version);
    let effect = |mode: Mode| {
        let (finding, failure) = (policy.effect.of(mode), policy.on_error.of(mode));
        match finding == failure {
            true => finding.as_str().to_owned(),
            false => format!("{}, {} on error", finding.as_str(), failure.as_str()),
        }
    };
    let overridden = match policy.overrides.len() {
        0 => String::new(),
        1 => "; 1 rule with an effect or a severity of its own (`overrides`)".to_owned(),
        some => format!("; {some} rules with an effect or a severity of their own (`overrides`)"),
    };
    let judges = match_line(&policy.matches) + &overridden;
    let cells = [
        policy.name.as_str(),
        &plugin,
        &short(installed.plugin.digest()),
        &effect(Mode::Sandbox),
        &effect(Mode::Compliance),
        &judges,
    ];
    cells.map(|cell| plain(cell).into_owned())
}

fn policies(set: &InstalledSet) -> impl Iterator<Item = (&Policy, &InstalledPolicy)> {
    set.loaded.set.policies.iter().zip(&set.policies)
}

fn short(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').unwrap_or_default();
    format!("{algorithm}:{}", hex.get(..DIGITS).unwrap_or(hex))
}

/// How the mode of a place is known.
pub fn mode(set: &PolicySet) -> String {
    match &set.mode.namespace_label {
        Some(label) => format!("mode: the label `{}` of the namespace, else {}", plain(label), set.mode.default),
        None => format!("mode: {}", set.mode.default),
    }
}

/// The same as JSON.
pub fn json(sets: &Sets, config: Option<&str>) -> String {
    let per_mode = |effect: &PerMode<Effect>| json!({"sandbox": effect.sandbox.as_str(), "compliance": effect.compliance.as_str()});
    let policy = |(policy, installed): (&Policy, &InstalledPolicy)| {
        let overrides = policy.overrides.iter().map(|one| {
            json!({"rule": one.rule, "severity": one.severity.map(|severity| severity.as_str()),
                "effect": {"sandbox": one.effect.sandbox.map(Effect::as_str), "compliance": one.effect.compliance.map(Effect::as_str)}})
        });
        json!({
            "name": policy.name,
            "plugin": {"name": installed.plugin.name(), "version": installed.plugin.description().version,
                "digest": installed.plugin.digest(), "rules": installed.plugin.description().rules.len()},
            "match": match_line(&policy.matches),
            "effect": per_mode(&policy.effect),
            "onError": per_mode(&policy.on_error),
            "onExisting": per_mode(&policy.on_existing),
            "overrides": overrides.collect::<Vec<Value>>(),
            "grants": policy.grants,
            "source": policy.place.as_ref().map(ToString::to_string),
        })
    };
    let set = |set: &InstalledSet| {
        let known = &set.loaded.set;
        json!({"name": known.name, "digest": known.digest,
            "mode": {"namespaceLabel": known.mode.namespace_label, "default": known.mode.default.as_str()},
            "policies": policies(set).map(policy).collect::<Vec<Value>>()})
    };
    let whole = json!({"apiVersion": portcullis_report::API_VERSION, "kind": "PolicyList", "config": config,
        "policySets": sets.sets.iter().map(set).collect::<Vec<Value>>()});
    plain_json(&format!("{whole:#}")) + "\n"
}
