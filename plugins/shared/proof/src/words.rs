//! How names that strangers chose, and lists of them, stand in a message: short, and in letters that cannot deceive.

/// The longest name in a message, in characters.
const MOST_CHARS: usize = 160;
/// The most items of a list in a message.
const MOST_ITEMS: usize = 4;

/// A name: what is no printable ASCII is shown as what it is, so that no name looks like another.
pub fn name(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(MOST_CHARS) {
        match c {
            ' '..='~' => shown.push(c),
            c => shown.extend(c.escape_unicode()),
        }
    }
    if text.chars().nth(MOST_CHARS).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// Some of a list, joined by a word, and how many more there are.
pub fn list(items: &[String], word: &str) -> String {
    let shown = &items[..items.len().min(MOST_ITEMS)];
    let more = items.len() - shown.len();
    let last = if more > 0 { Some(format!("{more} more")) } else { None };
    let mut all: Vec<&str> = shown.iter().map(String::as_str).chain(last.as_deref()).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last.to_owned(),
        Some(last) => format!("{} {word} {last}", all.join(", ")),
    }
}

/// The name among those that are there which somebody may have meant who wrote another one.
pub fn similar<'n>(asked: &str, there: &[&'n str]) -> Option<&'n str> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = plain(asked);
    let holds = |name: &&&str| {
        let name = plain(name);
        wanted.len() > 2 && name.len() > 2 && (name.contains(&wanted) || wanted.contains(&name))
    };
    there.iter().find(holds).copied().or_else(|| portcullis_sdk::nearest(asked, there))
}

/// As much of a reason as fits into a message beside everything else.
pub fn bounded(reason: &str) -> String {
    cut(reason, 1200)
}

/// No more of a text than this many characters.
pub fn cut(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{cut}...") } else { cut }
}

/// A span of time for a person: `3 days`, `5 hours`, `12 minutes`, `1 second`.
pub fn days(seconds: i64) -> String {
    let (count, unit) = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        .iter()
        .find(|(length, _)| seconds >= *length)
        .map_or((seconds, "second"), |(length, unit)| (seconds / length, *unit));
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_looks_like_something_else() {
        assert_eq!(name("org/\u{430}pp\n"), "`org/\\u{430}pp\\u{a}`");
        assert_eq!(name(&"a".repeat(200)), format!("`{}...`", "a".repeat(160)));
    }

    #[test]
    fn knows_names_that_are_alike() {
        let there = ["ESLint", "Semgrep OSS"];
        assert_eq!(similar("semgrep", &there), Some("Semgrep OSS"));
        assert_eq!(similar("eslnit", &there), Some("ESLint"));
        assert_eq!(similar("CodeQL", &there), None);
        assert_eq!(similar("C", &there), None);
    }

    #[test]
    fn counts_what_it_leaves_out() {
        let items: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).into();
        assert_eq!(list(&items[..0], "and"), "");
        assert_eq!(list(&items[..1], "and"), "a");
        assert_eq!(list(&items[..3], "or"), "a, b or c");
        assert_eq!(list(&items, "and"), "a, b, c, d and 2 more");
    }
}
