//! Files that nobody wants judged, by pattern.

use std::cell::Cell;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::Error;

/// Longest pattern in bytes.
pub(crate) const MAX_PATTERN: usize = 512;
/// Patterns in one list.
pub(crate) const MAX_PATTERNS: usize = 256;

/// Patterns with the meaning that they have in a `.gitignore`: one without `/` fits a name anywhere, any other counts from
/// the base; a `/` or `/**` at the end means directories with all that lies in them; what lies under an ignored directory is
/// ignored. `./` in front is the base, as for a shell. `!` is refused.
#[derive(Debug, Default)]
pub(crate) struct Ignore {
    anything: GlobSet,
    directories: GlobSet,
    /// The patterns as written, and whether each has left something out.
    patterns: Vec<(String, Cell<bool>)>,
    /// Which pattern each glob of the two sets is from.
    anything_from: Vec<usize>,
    directories_from: Vec<usize>,
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
                Ok(Globs { any, directory }) => {
                    let at = ignore.patterns.len();
                    ignore.patterns.push((pattern.clone(), Cell::new(false)));
                    if let Some(glob) = any {
                        anything.add(glob);
                        ignore.anything_from.push(at);
                    }
                    if let Some(glob) = directory {
                        directories.add(glob);
                        ignore.directories_from.push(at);
                    }
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

    /// Whether there is no pattern at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The first pattern that fits a path, which is given from each base that counts.
    pub(crate) fn fits(&self, paths: &[&str], directory: bool) -> Option<&str> {
        let any = paths.iter().flat_map(|path| self.anything.matches(path)).filter_map(|at| self.anything_from.get(at));
        let only = paths.iter().filter(|_| directory).flat_map(|path| self.directories.matches(path));
        let fitting = any.chain(only.filter_map(|at| self.directories_from.get(at)));
        let first = fitting.inspect(|&&at| self.patterns.iter().skip(at).take(1).for_each(|(_, used)| used.set(true)));
        first.min().and_then(|&at| self.patterns.get(at)).map(|(pattern, _)| pattern.as_str())
    }

    /// The patterns that have left nothing out so far.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().filter(|(_, used)| !used.get()).map(|(pattern, _)| pattern.as_str())
    }
}

/// What a pattern is compared with: anything, directories, or both.
struct Globs {
    any: Option<Glob>,
    directory: Option<Glob>,
}

fn compile(pattern: &str) -> Result<Globs, String> {
    let mut body = pattern.trim_end_matches('/');
    let mut anchored = body.contains('/') || body == ".";
    while let Some(rest) = body.strip_prefix("./") {
        body = rest.trim_start_matches('/');
    }
    body = body.trim_start_matches('/');
    if body.is_empty() || body == "." {
        return Err("it names no file; leave the whole directory out by not naming it".into());
    }
    if body.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    if body.starts_with('!') {
        return Err("a pattern cannot take back another; name the file on the command line instead".into());
    }
    if body.split('/').any(|part| part == "..") {
        return Err("a pattern cannot lead out with `..`".into());
    }
    anchored &= !body.starts_with("**/");
    let glob = |body: &str| {
        let body = if anchored { body.to_owned() } else { format!("**/{}", body.trim_start_matches("**/")) };
        let glob = GlobBuilder::new(&body).literal_separator(true).backslash_escape(true).build();
        glob.map_err(|why| why.kind().to_string())
    };
    if pattern.ends_with('/') && body != "**" {
        return Ok(Globs { any: None, directory: Some(glob(body.trim_end_matches("/**"))?) });
    }
    // All that lies in a directory: then nothing of it has to be looked at.
    let directory = body.strip_suffix("/**").filter(|outer| !outer.is_empty()).map(&glob).transpose()?;
    Ok(Globs { any: Some(glob(body)?), directory })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_names_anywhere_and_paths_from_the_base() {
        let patterns = ["node_modules/", "*.tmp.yaml", "/ci/*.yaml", "vendor/**"].map(str::to_owned);
        let (ignore, errors) = Ignore::new(&patterns);
        assert!(errors.is_empty());
        let fits = |path: &str, directory| ignore.fits(&[path], directory);
        assert_eq!(fits("a/node_modules", true), Some("node_modules/"));
        assert_eq!(fits("a/node_modules", false), None, "a file of that name");
        assert_eq!(fits("a/b.tmp.yaml", false), Some("*.tmp.yaml"));
        assert_eq!(fits("ci/a.yaml", false), Some("/ci/*.yaml"));
        assert_eq!(fits("x/ci/a.yaml", false), None);
        assert_eq!(fits("vendor/a/b.yaml", false), Some("vendor/**"));
        assert_eq!(fits("vendor", true), Some("vendor/**"), "nothing in it is wanted");
        assert_eq!(fits("vendor", false), None, "a file of that name");
        assert_eq!(fits("x/vendor/b.yaml", false), None);
        assert_eq!(ignore.fits(&["x/vendor", "vendor"], true), Some("vendor/**"), "from either base");
        assert_eq!(ignore.unused().count(), 0);
    }

    #[test]
    fn fits_what_a_user_of_gitignore_or_of_a_shell_expects() {
        let fits = |pattern: &str, path: &str, directory| {
            let (ignore, errors) = Ignore::new(&[pattern.to_owned()]);
            assert!(errors.is_empty(), "{errors:?}");
            ignore.fits(&[path], directory).is_some()
        };
        assert!(fits("./x", "x", false) && fits("./x", "x", true) && !fits("./x", "a/x", false));
        assert!(fits("././x/", "x", true) && !fits("./x/", "x", false));
        assert!(fits("x/", "a/x", true) && fits("x//", "x", true));
        assert!(fits("**/x/", "a/b/x", true) && fits("**/x/**", "a/x", true) && fits("**/x", "x", false));
        assert!(fits("a/**/b.yaml", "a/b.yaml", false) && fits("a/**/b.yaml", "a/x/y/b.yaml", false));
        assert!(fits("**", "a.yaml", false) && fits("x/**/", "x", true));
        assert!(fits("a/b/", "a/b", true) && !fits("a/b/", "x/a/b", true), "anchored, as git does");
        assert!(fits("/x", "x", true) && !fits("/x", "a/x", true));
    }

    #[test]
    fn refuses_what_is_no_pattern_and_keeps_the_others() {
        let (ignore, errors) = Ignore::new(&["a[".to_owned(), "!b".to_owned(), "/".to_owned(), "c".to_owned()]);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors[0], "`a[` is not an ignore pattern: unclosed character class; missing ']'");
        assert!(errors[1].contains("cannot take back another") && errors[2].contains("it names no file"));
        assert_eq!(ignore.fits(&["c"], false), Some("c"));
        for bad in ["./", ".", "", "../x", "a/../b"] {
            assert_eq!(Ignore::new(&[bad.to_owned()]).1.len(), 1, "{bad}");
        }
        let many = vec!["x".to_owned(); MAX_PATTERNS + 1];
        assert_eq!(Ignore::new(&many).1.len(), 1);
    }
}
