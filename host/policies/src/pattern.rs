//! Glob patterns: anchored at both ends, matched in linear time.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use portcullis_model::NodeId;

use crate::error::quote;
use crate::fields::Fields;

/// Longest pattern in bytes.
pub const MAX_PATTERN: usize = 512;
/// Patterns in one list.
pub const MAX_PATTERNS: usize = 256;
/// Longest name, namespace or kind in bytes that any pattern but `*` and `**` is compared with. Kubernetes knows no longer one, and
/// whoever writes a manifest would choose how long the comparing takes.
pub const MAX_NAME: usize = 253;

/// Some patterns of which any may match the whole text.
///
/// `*` and `?` stop at `/`; `**` as a whole segment does not; `[a-z]` and `{a,b}` as in the shell; `\` escapes.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    set: GlobSet,
    /// Whether `*` is among them.
    any: bool,
    /// Whether `**` is among them.
    anything: bool,
}

impl Patterns {
    /// No pattern, which matches nothing.
    pub(crate) fn none() -> Self {
        Self { set: GlobSet::empty(), any: false, anything: false }
    }

    /// Compiles patterns, with a complaint for each that is none.
    pub(crate) fn read(fields: &Fields, patterns: &[(NodeId, &str)]) -> Self {
        let mut builder = GlobSetBuilder::new();
        if let Some((node, _)) = patterns.get(MAX_PATTERNS) {
            fields.wrong(*node, format!("more than {MAX_PATTERNS} patterns in one list"));
        }
        for &(node, pattern) in patterns.iter().take(MAX_PATTERNS) {
            match compile(pattern) {
                Ok(glob) => {
                    builder.add(glob);
                }
                Err(why) => fields.wrong(node, format!("{} is not a pattern: {why}", quote(pattern))),
            }
        }
        let set = builder.build().unwrap_or_else(|why| {
            let node = patterns.first().map_or(NodeId::ROOT, |&(node, _)| node);
            fields.wrong(node, format!("these patterns are too large together: {}", why.kind()));
            GlobSet::empty()
        });
        let has = |own: &str| patterns.iter().take(MAX_PATTERNS).any(|&(_, pattern)| pattern == own);
        Self { set, any: has("*"), anything: has("**") }
    }

    /// Whether any of them matches all of this text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// The same for a name that a stranger chose: of one that is longer than [`MAX_NAME`] only what says nothing of it holds.
    pub(crate) fn matches_name(&self, name: &str) -> bool {
        match name.len() <= MAX_NAME {
            true => self.matches(name),
            false => self.anything || (self.any && !name.contains('/')),
        }
    }
}

fn compile(pattern: &str) -> Result<globset::Glob, String> {
    if pattern.is_empty() {
        return Err("it is empty".to_owned());
    }
    if pattern.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|why| why.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json;

    fn patterns(all: &[&str]) -> Result<Patterns, String> {
        let document = json("{}");
        let fields = Fields::new(&document);
        let list: Vec<_> = all.iter().map(|&pattern| (NodeId::ROOT, pattern)).collect();
        let read = Patterns::read(&fields, &list);
        fields.finish().first().map_or(Ok(read), |complaint| Err(complaint.to_string()))
    }

    #[test]
    fn matches_whole_texts_only() {
        // A22: a pattern is anchored at both ends, and `*` does not cross a segment.
        let specs = patterns(&["specs/**/*.yaml"]).expect("a pattern");
        for path in ["specs/a.yaml", "specs/a/b/c.yaml"] {
            assert!(specs.matches(path), "{path}");
        }
        for path in ["my/specs/a.yaml", "specs/a.yaml.bak", "specs/a.yaml\n", "specsx/a.yaml", "/specs/a.yaml"] {
            assert!(!specs.matches(path), "{path}");
        }
        let name = patterns(&["web-*"]).expect("a pattern");
        assert!(name.matches("web-1") && !name.matches("my-web-1") && !name.matches("web") && !name.matches("web-1/x"));
        assert!(!patterns(&["web"]).expect("a pattern").matches("Web"), "case matters");
        assert!(!patterns(&[]).expect("no pattern").matches(""), "no pattern matches nothing");
    }

    #[test]
    fn stays_linear_on_a_pattern_made_to_be_slow() {
        // A22: what makes a backtracking matcher explode.
        let slow = patterns(&[&"*a".repeat(200)]).expect("a pattern");
        let start = std::time::Instant::now();
        assert!(!slow.matches(&("a".repeat(100_000) + "b")));
        assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
    }

    #[test]
    fn compares_no_pattern_with_a_name_that_kubernetes_would_not_take_a22() {
        let longest = "a".repeat(MAX_NAME);
        let longer = "a".repeat(MAX_NAME + 1);
        for (pattern, takes) in [("*", true), ("**", true), ("a*", false), ("*a", false), ("***", false), ("?*", false)]
        {
            let patterns = patterns(&["b", pattern]).expect("patterns");
            assert!(patterns.matches_name(&longest), "{pattern}");
            assert_eq!(patterns.matches_name(&longer), takes, "{pattern}");
        }
        let slashes = "a/".repeat(200);
        for (pattern, takes) in [("*", false), ("**", true)] {
            let patterns = patterns(&[pattern]).expect("a pattern");
            assert_eq!((patterns.matches(&slashes), patterns.matches_name(&slashes)), (takes, takes), "{pattern}");
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        assert_eq!(
            patterns(&["a["]).expect_err("unclosed"),
            "`a[` is not a pattern: unclosed character class; missing ']'"
        );
        assert_eq!(patterns(&[""]).expect_err("empty"), "`` is not a pattern: it is empty");
        assert!(patterns(&[&"x".repeat(513)]).expect_err("long").ends_with("it is longer than 512 bytes"));
        assert_eq!(patterns(&["a"; 257]).expect_err("many"), "more than 256 patterns in one list");
    }

    #[test]
    fn takes_as_much_as_the_bounds_say() {
        let longest = "x".repeat(MAX_PATTERN);
        assert!(patterns(&[&longest]).expect("a pattern").matches(&longest));
        assert!(patterns(&["a"; MAX_PATTERNS]).expect("patterns").matches("a"));
    }
}
