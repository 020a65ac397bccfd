//! Where a plugin, its cases, and what is written about it say different things.

mod project;
mod settings;

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_model::GroupVersionKind;
use portcullis_runner::{Description, Plugin};

use crate::judge::Verdict;

/// Any kind, in the description of a plugin.
const ANY: &str = "*";

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The test has failed.
    Error,
    /// The test has failed with `--strict`.
    Strict,
    /// Worth knowing.
    Warning,
}

/// One thing that is said twice, and differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, and what to do; words of the plugin and of files are among them.
    pub said: String,
}

impl Doubt {
    fn new(weight: Weight, said: String) -> Self {
        Self { weight, said }
    }

    /// Whether the test has failed because of it.
    pub fn fails(&self, strict: bool) -> bool {
        match self.weight {
            Weight::Error => true,
            Weight::Strict => strict,
            Weight::Warning => false,
        }
    }
}

/// All of them, in the project or beside the plugin.
pub fn doubts(plugin: &Plugin, verdicts: &[Verdict], folder: &Path) -> Vec<Doubt> {
    let taken = verdicts.iter().filter(|verdict| verdict.failure.is_none());
    let mut all = kinds(plugin.description(), verdicts);
    all.extend(settings::refused(plugin, taken.map(|verdict| verdict.case.settings.as_str())));
    all.extend(project::stale(plugin, folder));
    all
}

/// Kinds in which a case finds something although the description leaves them out, and kinds that there cannot be.
fn kinds(description: &Description, verdicts: &[Verdict]) -> Vec<Doubt> {
    let declared = &description.kinds;
    let misspelt = declared.iter().filter_map(|kind| Some((kind, respelt(kind)?)));
    let said = |(kind, right): (&String, String)| {
        format!("`kinds` of the plugin's description names `{kind}`, and a kind is written as in manifests: `{right}`")
    };
    let mut all: Vec<Doubt> = misspelt.map(said).map(|said| Doubt::new(Weight::Strict, said)).collect();
    let mut told = BTreeSet::new();
    for verdict in verdicts.iter().filter(|verdict| !verdict.found.is_empty() && verdict.case.document.is_none()) {
        let Ok(review) = verdict.case.review() else { continue };
        let found = &review.request.kind;
        // A plugin that names no kinds says nothing about them.
        if declared.is_empty() || declared.iter().any(|kind| means(kind, found)) || !told.insert(found.kind.clone()) {
            continue;
        }
        let named: Vec<String> = declared.iter().map(|kind| format!("`{kind}`")).collect();
        let said = format!(
            "`kinds` of the plugin's description is {}, and `{}` finds something in a {}: add it, or look at the kind before anything is found",
            named.join(", "),
            verdict.case.name,
            found.kind
        );
        all.push(Doubt::new(Weight::Error, said));
    }
    all
}

/// Whether a description means this kind: `Pod`, `apps/Deployment`, `*`.
fn means(declared: &str, found: &GroupVersionKind) -> bool {
    match declared.rsplit_once('/') {
        Some((group, kind)) => (kind == ANY || kind == found.kind) && group == found.group,
        None => declared == ANY || declared == found.kind,
    }
}

/// The spelling of a kind where this is none: `service`, `network-policy`.
fn respelt(declared: &str) -> Option<String> {
    let (group, kind) = declared.rsplit_once('/').map_or(("", declared), |(group, kind)| (group, kind));
    let good = kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
    if good || kind == ANY {
        return None;
    }
    let upper = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    let right: String = kind.split(|c: char| !c.is_ascii_alphanumeric()).map(upper).collect();
    Some(if group.is_empty() { right } else { format!("{group}/{right}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_a_description_means_by_a_kind() {
        let found =
            |group: &str, kind: &str| GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() };
        for (declared, group, kind, means_it) in [
            ("*", "apps", "Deployment", true),
            ("Deployment", "apps", "Deployment", true),
            ("apps/Deployment", "apps", "Deployment", true),
            ("apps/*", "apps", "Deployment", true),
            ("batch/*", "apps", "Deployment", false),
            ("Pod", "", "Service", false),
            ("pod", "", "Pod", false),
        ] {
            assert_eq!(means(declared, &found(group, kind)), means_it, "{declared}");
        }
    }

    #[test]
    fn spells_kinds_as_manifests_do() {
        for (written, right) in [
            ("service", "Service"),
            ("network-policy", "NetworkPolicy"),
            ("networking.k8s.io/ingress", "networking.k8s.io/Ingress"),
        ] {
            assert_eq!(respelt(written).as_deref(), Some(right));
        }
        assert_eq!(
            (respelt("Pod"), respelt("*"), respelt("apps/*"), respelt("apps/Deployment")),
            (None, None, None, None)
        );
    }
}
