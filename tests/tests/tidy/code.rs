//! Tells Rust code from comments, texts and tests, without understanding more of it than that.

/// Whether a whole file is test code: integration tests, benchmarks, and `tests.rs` beside the code.
pub fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs")
}

/// The text without its `#[cfg(test)]` modules. Their lines are gone, so this is for counting.
pub fn without_test_modules(text: &str) -> String {
    kept_lines(text).map(|(line, _)| line).flat_map(|line| [line, "\n"]).collect()
}

/// The code alone: comments, texts and test modules are blanked out, every line stays where it is.
pub fn code_without_tests(text: &str) -> String {
    let code = code(text);
    let mut lines: Vec<&str> = vec![""; code.lines().count()];
    for (line, index) in kept_lines(&code) {
        lines[index] = line;
    }
    lines.join("\n")
}

/// The lines outside of `#[cfg(test)]` modules that rustfmt has laid out, each with its index.
fn kept_lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut in_tests = false;
    let mut lines = text.lines().zip(0_usize..).peekable();
    std::iter::from_fn(move || {
        loop {
            let (line, index) = lines.next()?;
            if in_tests {
                in_tests = line != "}";
            } else if line == "#[cfg(test)]" && lines.peek().is_some_and(|(next, _)| next.starts_with("mod ")) {
                // `mod tests;` ends where it begins.
                in_tests = lines.next_if(|(next, _)| next.ends_with(';')).is_none();
            } else {
                return Some((line, index));
            }
        }
    })
}

/// The text with every comment, string and character replaced by blanks; line breaks stay.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = length_of_prose(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (prose, after) = rest.split_at(skipped);
            code.extend(prose.chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    code
}

/// How many bytes of comment, string or character literal stand at the start of the text; `before` is the code's last character.
fn length_of_prose(text: &str, before: Option<char>) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if let Some(comment) = text.strip_prefix("/*") {
        // Nested comments are legal, and nobody here writes them.
        return comment.find("*/").map_or(text.len(), |end| end + 4);
    }
    let in_a_word = before.is_some_and(|before| before.is_alphanumeric() || before == '_');
    if let Some(raw) = text.strip_prefix('r').filter(|_| !in_a_word || before == Some('b')) {
        let fence = raw.len() - raw.trim_start_matches('#').len();
        if raw[fence..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(fence));
            let body = &raw[fence + 1..];
            return body.find(&end).map_or(text.len(), |at| 1 + fence + 1 + at + end.len());
        }
    }
    if let Some(string) = text.strip_prefix('"') {
        return escaped_end(string, '"').map_or(text.len(), |end| 1 + end);
    }
    match text.strip_prefix('\'') {
        // A lifetime has no closing quote right behind its first character.
        Some(character) if character.starts_with('\\') => {
            escaped_end(character, '\'').map_or(text.len(), |end| 1 + end)
        }
        Some(character) => {
            let length = character.chars().next().map_or(0, char::len_utf8);
            if character[length..].starts_with('\'') { 1 + length + 1 } else { 0 }
        }
        None => 0,
    }
}

/// Where a literal with backslash escapes ends, its closing quote included.
fn escaped_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, one) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if one == '\\' {
            escaped = true;
        } else if one == quote {
            return Some(at + one.len_utf8());
        }
    }
    None
}
