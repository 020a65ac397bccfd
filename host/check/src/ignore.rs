//! Files that nobody wants judged, by pattern.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::Error;

/// Longest pattern in bytes.
pub(crate) const MAX_PATTERN: usize = 512;
/// Patterns in one list.
pub(crate) const MAX_PATTERNS: usize = 256;

/// Patterns with the meaning that they have in a `.gitignore`: one without `/` fits a name anywhere, any other counts from
/// the base; a `/` at the end means directories only; what lies under an ignored directory is ignored. `!` is refused.
#[derive(Debug, Default)]
pub(crate) struct Ignore {
    anything: GlobSet,
    directories: GlobSet,
    /// The patterns as written, in the order of each set.
    anything_words: Vec<String>,
    directory_words: Vec<String>,
}

impl Ignore {
    /// Compiles patterns; those that are none are errors, and the others hold.
    pub(crate) fn new(patterns: &[String]) -> (Self, Vec<Error>) {
        let mut ignore = Self::default();
        let mut errors = Vec::new();
        let (mut anything, mut directories) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let refuse = |pattern: &str, reason: String| Error::Pattern { pattern: pattern.to_owned(), reason };
        for pattern in patterns.iter().take(MAX_PATTERNS) {
            match compile(pattern) {
                Ok(glob) if pattern.ends_with('/') => {
                    directories.add(glob);
                    ignore.directory_words.push(pattern.clone());
                }
                Ok(glob) => {
                    anything.add(glob);
                    ignore.anything_words.push(pattern.clone());
                }
                Err(reason) => errors.push(refuse(pattern, reason)),
            }
        }
        if let Some(pattern) = patterns.get(MAX_PATTERNS) {
            errors.push(refuse(pattern, format!("there are more than {MAX_PATTERNS}")));
        }
        for (builder, set) in [(anything, &mut ignore.anything), (directories, &mut ignore.directories)] {
            match builder.build() {
                Ok(built) => *set = built,
                Err(why) => errors.push(refuse("ignore", format!("the patterns are too large: {}", why.kind()))),
            }
        }
        (ignore, errors)
    }

    /// The pattern that fits a path relative to the base.
    pub(crate) fn fits(&self, relative: &str, directory: bool) -> Option<&str> {
        let first = |set: &GlobSet| set.matches(relative).into_iter().next();
        let any = first(&self.anything).and_then(|at| self.anything_words.get(at));
        let only = || first(&self.directories).filter(|_| directory).and_then(|at| self.directory_words.get(at));
        any.or_else(only).map(String::as_str)
    }
}

fn compile(pattern: &str) -> Result<globset::Glob, String> {
    let body = pattern.trim_end_matches('/');
    if body.is_empty() {
        return Err("it is empty".into());
    }
    if body.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    if body.starts_with('!') {
        return Err("a pattern cannot take back another; name the file on the command line instead".into());
    }
    let anchored = match body.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if body.contains('/') => body.to_owned(),
        None => format!("**/{body}"),
    };
    let glob = GlobBuilder::new(&anchored).literal_separator(true).backslash_escape(true).build();
    glob.map_err(|why| why.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_names_anywhere_and_paths_from_the_base() {
        let patterns = ["node_modules/", "*.tmp.yaml", "/ci/*.yaml", "vendor/**"].map(str::to_owned);
        let (ignore, errors) = Ignore::new(&patterns);
        assert!(errors.is_empty());
        assert_eq!(ignore.fits("a/node_modules", true), Some("node_modules/"));
        assert_eq!(ignore.fits("a/node_modules", false), None, "a file of that name");
        assert_eq!(ignore.fits("a/b.tmp.yaml", false), Some("*.tmp.yaml"));
        assert_eq!(ignore.fits("ci/a.yaml", false), Some("/ci/*.yaml"));
        assert_eq!(ignore.fits("x/ci/a.yaml", false), None);
        assert_eq!(ignore.fits("vendor/a/b.yaml", false), Some("vendor/**"));
    }

    #[test]
    fn refuses_what_is_no_pattern_and_keeps_the_others() {
        let (ignore, errors) = Ignore::new(&["a[".to_owned(), "!b".to_owned(), "/".to_owned(), "c".to_owned()]);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors[0], "`a[` is not an ignore pattern: unclosed character class; missing ']'");
        assert!(errors[1].contains("cannot take back another") && errors[2].ends_with("it is empty"));
        assert_eq!(ignore.fits("c", false), Some("c"));
        let many = vec!["x".to_owned(); MAX_PATTERNS + 1];
        assert_eq!(Ignore::new(&many).1.len(), 1);
    }
}
