//! Whether what a command printed is what a page shows, where `...` stands for what it leaves out.

/// Whether `line` is what `pattern` shows: every `...` in it stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether these lines are what is shown: a line `...` stands for any lines.
pub fn shows(shown: &[String], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, _) => lines.is_empty(),
        (Some((first, rest)), _) if first == "..." => (0..=lines.len()).any(|skipped| shows(rest, &lines[skipped..])),
        (Some((first, rest)), Some((line, others))) => fits(first, line) && shows(rest, others),
        (Some(_), None) => false,
    }
}

#[test]
fn knows_what_is_left_out() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(shows(&shown("...\nb `...` c\n..."), &["a", "b `x` c"]));
    for (pattern, line) in [("a", "b"), ("a...", "b"), ("a...c", "ab"), ("a...b...c", "a c"), ("a", "ab"), ("", "a")] {
        assert!(!fits(pattern, line), "{pattern}, {line}");
    }
    assert!(!shows(&shown("a"), &["a", "b"]) && !shows(&shown("a\nb"), &["a"]) && !shows(&shown("...\nb"), &["a"]));
}
