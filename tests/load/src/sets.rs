//! Policy sets that every made Pod passes: none, one, four and twenty policies.

/// How much is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicySet {
    /// A set without policies.
    None,
    /// Limits.
    One,
    /// Limits, storage, digests and tags, registries.
    Four,
    /// Those four, and four times more of each with other settings.
    Twenty,
}

/// The four, each with a place for a number that changes its settings and no verdict.
const POLICIES: [(&str, &str, &str); 4] = [
    ("limits", "resource-limits", r#"{requireLimits: true, cpu: {max: "1N"}, memory: {max: 1NGi}}"#),
    ("storage", "resource-limits", "{storage: {min: 10M, max: 10NG}}"),
    ("images", "image-reference", "{requireDigest: true, forbiddenTags: [latest, testN]}"),
    ("registries", "image-reference", r#"{allowed: ["registry.example/**", "registry-N.example/**"]}"#),
];

impl PolicySet {
    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One => "one",
            Self::Four => "four",
            Self::Twenty => "twenty",
        }
    }

    /// How many policies it has.
    pub fn policies(self) -> usize {
        match self {
            Self::None => 0,
            Self::One => 1,
            Self::Four => 4,
            Self::Twenty => 20,
        }
    }
}

/// The document of a set.
pub fn policy_set(set: PolicySet) -> String {
    let head = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: {}}}\nspec:\n  policies:",
        set.name()
    );
    if set == PolicySet::None {
        return format!("{head} []\n");
    }
    let policy = |n: usize| {
        let ((name, plugin, settings), round) = (POLICIES[n % POLICIES.len()], n / POLICIES.len());
        let settings = settings.replace('N', &round.to_string());
        format!("  - {{name: {name}-{round}, plugin: {{builtin: {plugin}}}, settings: {settings}}}\n")
    };
    format!("{head}\n{}", (0..set.policies()).map(policy).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_as_many_policies_as_it_says_each_with_a_name_of_its_own() {
        for set in [PolicySet::None, PolicySet::One, PolicySet::Four, PolicySet::Twenty] {
            let text = policy_set(set);
            let mut names: Vec<&str> =
                text.lines().filter_map(|line| line.split_once("- {name: ")?.1.split(',').next()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), set.policies(), "{text}");
        }
        assert!(policy_set(PolicySet::Four).contains(r#"cpu: {max: "10"}, memory: {max: 10Gi}"#));
    }
}
