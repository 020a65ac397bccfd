//! Patterns of paths and names: `**` is any number of segments, `*` any text within one, `?` one character.

/// Whether a path is of a pattern as `CODEOWNERS` has it: one whose last segment has no `*` (`src`, `src/app`, `src/`) means that
/// path and everything below it.
pub(super) fn holds(pattern: &str, path: &str) -> bool {
    if let Some(folder) = pattern.strip_suffix('/') {
        return matches(&format!("{folder}/**"), path);
    }
    let is_whole = pattern.rsplit('/').next().is_some_and(|last| !last.contains('*'));
    matches(pattern, path) || (is_whole && matches(&format!("{pattern}/**"), path))
}

/// Whether a path, segments divided by `/`, is of a pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    // reached[n]: what was read of the pattern so far fits the first n segments. Its length bounds the work, whatever the
    // pattern.
    let mut reached = vec![false; segments.len() + 1];
    reached[0] = true;
    for part in pattern.split('/') {
        if part == "**" {
            let first = reached.iter().position(|is| *is).unwrap_or(reached.len());
            reached.iter_mut().skip(first).for_each(|is| *is = true);
            continue;
        }
        let mut next = vec![false; reached.len()];
        for (index, segment) in segments.iter().enumerate() {
            next[index + 1] = reached[index] && segment_matches(part, segment);
        }
        reached = next;
    }
    reached[segments.len()]
}

/// Greedy, and back to the last `*` where that fails: at most the product of both lengths.
fn segment_matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(one) if *one == '?' || *one == text[at] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((from, taken)) => {
                    star = Some((from, taken + 1));
                    of = from + 1;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_paths_by_segments() {
        for (pattern, path) in [
            ("src/**", "src/app.py"),
            ("src/**", "src/a/b/c.py"),
            ("**/test/**", "test/a.py"),
            ("**/test/**", "a/b/test/c/d.py"),
            ("**", "anything/at/all"),
            ("*.py", "app.py"),
            ("src/*/main.?s", "src/x/main.rs"),
            ("a/**/b/**/c", "a/b/c"),
            ("py/*", "py/sql-injection"),
            ("CA*", "CA1000"),
            ("**/*a*b*.c", "x/aabb.c"),
            ("src/**", "src"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("src/**", "lib/src/app.py"),
            ("src/**", "srcs/app.py"),
            ("*.py", "src/app.py"),
            ("py/*", "py/a/b"),
            ("**/test/**", "testing/a.py"),
            ("src", "src/app.py"),
            ("", "a"),
            ("SRC/**", "src/app.py"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn takes_a_folder_for_everything_below_it() {
        for (pattern, path) in [
            ("src", "src/app.py"),
            ("src", "src/a/b/c.py"),
            ("src/", "src/app.py"),
            ("src/app", "src/app/main.py"),
            ("src/app.py", "src/app.py"),
            ("**/test", "a/test/b.py"),
            ("**/test/", "test/b.py"),
            ("src/*", "src/app.py"),
            ("src/*/", "src/app/main.py"),
            ("src/v?", "src/v1/main.py"),
        ] {
            assert!(holds(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("src", "srcs/app.py"),
            ("src", "lib/src/app.py"),
            ("src/*", "src/app/main.py"),
            ("src/*.py", "src/app.py/more"),
            ("src/app.py", "src/app.pyc"),
        ] {
            assert!(!holds(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn ends_soon_whatever_the_pattern() {
        let path = "a/".repeat(2_000);
        assert!(!matches(&"**/a*a*".repeat(50), &path));
        assert!(!matches(&format!("{}c", "a*".repeat(100)), &"a".repeat(2_000)));
    }
}
