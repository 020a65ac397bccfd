//! What a plugin asks about a SARIF report: scopes, and how suppressions, kinds and a baseline count.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{MAX_PATTERN, MAX_SCOPE_PATTERNS, MAX_SCOPES};

/// What a plugin asks. The default is what it means to ask for nothing: everything counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ask {
    /// Parts of the code and of the rules that are counted apart; none: one that holds everything.
    pub scopes: Vec<Scope>,
    /// How results count that their author declared to be suppressed.
    pub suppressions: Suppressions,
    /// What is known already.
    pub baseline: Option<Baseline>,
    /// Whether results count that are no failures yet.
    pub kinds: Kinds,
    /// Rules that must have run, by the name of their tool.
    pub rules: BTreeMap<String, Vec<String>>,
    /// Further predicate types that hold SARIF; they matter to who gathers documents, not to who reads them.
    pub predicate_types: Vec<String>,
}

/// A part of the code and of the rules. A list that is empty narrows nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scope {
    /// Patterns of paths, such as `src/**`; one place of a result is enough, and so is one that nobody can tell.
    pub paths: Vec<String>,
    /// Patterns of paths that do not count although `paths` holds them: where every place of a result is known and is of one.
    pub exclude: Vec<String>,
    /// Tags of rules or results; one of them is enough.
    pub tags: Vec<String>,
    /// Weaknesses by their number; one of them is enough.
    pub cwe: Vec<u32>,
    /// Patterns of rule ids, such as `py/*`.
    pub rules: Vec<String>,
    /// Names of tools, whatever their case.
    pub tools: Vec<String>,
}

/// How suppressions of each kind count.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Suppressions {
    /// In the source, beside the code.
    pub in_source: Suppress,
    /// Elsewhere, such as in a database.
    pub external: Suppress,
}

impl Default for Suppressions {
    fn default() -> Self {
        Self { in_source: Suppress::Refuse, external: Suppress::Justified }
    }
}

/// Whether a suppression hides a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suppress {
    /// Never.
    Refuse,
    /// Where somebody wrote why.
    Justified,
    /// Always.
    Accept,
}

/// What was known before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Baseline {
    /// The run that results may say to be compared with.
    pub guid: Option<String>,
    /// The digest of the document below; who hands it over has checked it.
    pub digest: Option<String>,
    /// An earlier report: what stands in it already is old.
    #[serde(skip)]
    pub document: Option<Vec<u8>>,
}

/// Whether results of these kinds count as if they were failures.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Kinds {
    /// Undecided by the tool.
    pub open: bool,
    /// For a person to decide.
    pub review: bool,
}

impl Ask {
    /// Reads the member `ask` of a query's arguments.
    ///
    /// # Errors
    /// What is unknown, of the wrong type, or more than the bounds of this crate allow.
    pub fn read(value: &serde_json::Value) -> Result<Self, String> {
        let ask = Self::deserialize(value).map_err(|error| error.to_string())?;
        ask.check()?;
        Ok(ask)
    }

    /// Bounds what each result will be compared with.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.scopes.len() > MAX_SCOPES {
            return Err(format!("more than {MAX_SCOPES} scopes"));
        }
        for scope in &self.scopes {
            let patterns = [&scope.paths, &scope.exclude, &scope.tags, &scope.rules, &scope.tools];
            if patterns.iter().map(|list| list.len()).sum::<usize>() + scope.cwe.len() > MAX_SCOPE_PATTERNS {
                return Err(format!("more than {MAX_SCOPE_PATTERNS} patterns in one scope"));
            }
            if patterns.into_iter().flatten().any(|pattern| pattern.len() > MAX_PATTERN) {
                return Err(format!("a pattern of more than {MAX_PATTERN} bytes"));
            }
        }
        if self.rules.values().map(Vec::len).sum::<usize>() > MAX_SCOPE_PATTERNS {
            return Err(format!("more than {MAX_SCOPE_PATTERNS} required rules"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_a_plugin_asks() {
        let ask = Ask::read(&json!({
            "scopes": [{"paths": ["src/**"], "cwe": [79]}], "suppressions": {"inSource": "justified"},
            "baseline": {"guid": "0a"}, "kinds": {"review": true}, "rules": {"CodeQL": ["py/x"]},
        }))
        .expect("an ask");
        assert_eq!(ask.suppressions.in_source, Suppress::Justified);
        assert_eq!(ask.suppressions.external, Suppress::Justified);
        assert!(ask.kinds.review && !ask.kinds.open);
    }

    #[test]
    fn refuses_what_it_does_not_know_and_what_has_no_bound() {
        for (value, word) in [
            (json!({"scope": []}), "unknown field `scope`"),
            (json!({"suppressions": {"external": "always"}}), "unknown variant `always`"),
            (json!({"scopes": [{"paths": "src"}]}), "expected a sequence"),
            (json!({"scopes": vec![json!({}); MAX_SCOPES + 1]}), "scopes"),
            (json!({"scopes": [{"paths": vec!["a"; MAX_SCOPE_PATTERNS + 1]}]}), "patterns in one scope"),
            (json!({"scopes": [{"rules": ["a".repeat(MAX_PATTERN + 1)]}]}), "a pattern of more than"),
            (json!({"rules": {"x": vec!["a"; MAX_SCOPE_PATTERNS + 1]}}), "required rules"),
        ] {
            let error = Ask::read(&value).expect_err("refused");
            assert!(error.contains(word), "{error}");
        }
    }
}
