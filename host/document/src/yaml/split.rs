//! A stream to its parts, at the lines kubectl splits it at.

/// The parts of a text from an offset on, each as a range of bytes.
///
/// A line that begins with `---` and holds nothing else but a comment ends a part (`NewYAMLReader` of
/// k8s.io/apimachinery). A part of directives only goes on after it, and a line with more after the `---` begins the next part
/// with itself: the parser knows both.
pub(crate) fn parts(text: &str, from: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = from;
    let (mut at, mut looked_at) = (from, from);
    while let Some(marker) = next_marker(text, at) {
        let line_end = text[marker..].find('\n').map_or(text.len(), |length| marker + length + 1);
        at = line_end;
        let rest = text[marker + 3..line_end].trim();
        let directives = directives_only(&text[looked_at..marker]);
        looked_at = line_end;
        if directives {
            continue;
        }
        // kubectl keeps the line where nothing stands before it; a byte-order mark after it is text then.
        let keeps = start == marker || !(rest.is_empty() || rest.starts_with('#'));
        if start < marker {
            parts.push((start, marker));
        }
        start = if keeps { marker } else { line_end };
    }
    parts.push((start, text.len()));
    parts
}

/// The next line that begins with `---` and a blank, a comment or its end.
fn next_marker(text: &str, from: usize) -> Option<usize> {
    let is_marker = |at: usize| {
        let rest = text[at..].strip_prefix("---")?;
        let line = rest.split('\n').next().unwrap_or_default();
        // kubectl trims white space of any kind, and knows a comment without a blank before it.
        let alone = line.trim_start().is_empty() || line.trim_start().starts_with('#');
        (alone || line.starts_with(|next: char| next.is_ascii_whitespace())).then_some(at)
    };
    let begins_line = from == 0 || text.as_bytes()[from - 1] == b'\n' || text[..from].ends_with('\u{feff}');
    if let Some(at) = begins_line.then(|| is_marker(from)).flatten() {
        return Some(at);
    }
    let mut search = from;
    // A single byte is searched for many at a time.
    while let Some(found) = text[search..].find('\n') {
        search += found + 1;
        if let Some(at) = is_marker(search) {
            return Some(at);
        }
    }
    None
}

/// Whether there is a `%` directive, and nothing else but comments, since the beginning or since a `...`.
fn directives_only(text: &str) -> bool {
    if !text.contains('%') {
        return false;
    }
    let (mut found, mut only) = (false, true);
    for line in text.trim_start_matches('\u{feff}').lines() {
        match line.trim_start().as_bytes().first() {
            _ if line.trim_end() == "..." => (found, only) = (false, true),
            Some(b'%') if line.starts_with('%') => found = true,
            None | Some(b'#') => {}
            Some(_) => only = false,
        }
    }
    found && only
}

#[cfg(test)]
mod tests {
    use super::parts;

    fn split(text: &str) -> Vec<&str> {
        parts(text, 0).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn splits_at_lines_of_three_dashes() {
        assert_eq!(split("a: 1\n--- # two\nb: 2\r\n---\r\nc: 3\n---"), ["a: 1\n", "b: 2\r\n", "c: 3\n", ""]);
        assert_eq!(split("---\na: 1\n"), ["---\na: 1\n"]);
        assert_eq!(split("a: |\n  ---\n  x\nb: ---\n---c: 1\n"), ["a: |\n  ---\n  x\nb: ---\n---c: 1\n"]);
    }

    #[test]
    fn splits_where_kubectl_sees_nothing_but_white_space_or_a_comment_a09b() {
        assert_eq!(split("a: 1\n---\u{3000}\t\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(split("a: 1\n---#c\nb: 2\n---\u{a0}# c\nc: 3\n"), ["a: 1\n", "b: 2\n", "c: 3\n"]);
        assert_eq!(split("a: 1\n---\u{a0}b\n"), ["a: 1\n---\u{a0}b\n"]);
    }

    #[test]
    fn keeps_directives_and_what_stands_beside_the_dashes() {
        assert_eq!(split("# x\n%YAML 1.1\n---\na: 1\n"), ["# x\n%YAML 1.1\n---\na: 1\n"]);
        assert_eq!(split("a: 1\n--- {b: 2}\n"), ["a: 1\n", "--- {b: 2}\n"]);
    }
}
