//! What the text of a case says, and a complaint about whatever in it nobody would read.
//!
//! A line that is written and not read would be a test that tests nothing, so that each of them is an error with its place.

use portcullis_document::{Error, ReadLimits, read_yaml};
use portcullis_model::{Document, Kind, NodeId, Source, nearest};

use crate::case::Expected;

/// The keys that the head of a case may have.
const HEAD: [&str; 6] = ["settings", "mode", "document", "request", "time", "facts"];
/// The keys that a request in the head may have.
pub(crate) const REQUEST: [&str; 3] = ["operation", "resource", "subresource"];
/// All of these, and who asks.
const REQUEST_AND_USER: [&str; 4] = ["operation", "resource", "subresource", "user"];

/// The text of one case.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// The file, for messages.
    pub(crate) name: &'a str,
    /// All of it.
    pub(crate) text: &'a str,
}

impl<'a> Reading<'a> {
    fn fault<T>(self, line: u32, what: impl std::fmt::Display) -> Result<T, String> {
        Err(format!("{}:{line}: {what}", self.name))
    }

    fn unreadable<T>(self, error: &Error) -> Result<T, String> {
        let line = error.place().map_or(1, |place| place.start().0);
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.fault(line, format!("{error}{hint}"))
    }

    /// The opening comment, line by line without its `# `.
    fn comment(self) -> Vec<&'a str> {
        let comment = self.text.lines().take_while(|line| line.starts_with('#'));
        comment.map(|line| line.strip_prefix("# ").unwrap_or(&line[1..])).collect()
    }

    /// Refuses more than one manifest, and none.
    pub(crate) fn manifest(self) -> Result<(), String> {
        let documents = match read_yaml(&Source::new(self.name, self.text), &ReadLimits::default()) {
            Ok(documents) => documents,
            Err(error) => return self.unreadable(&error),
        };
        match documents.as_slice() {
            [_] => Ok(()),
            [] => self.fault(1, "the case has no manifest; write one below the comment"),
            [_, second, ..] => {
                let line = second.place(NodeId::ROOT).map_or(1, |place| place.start().0);
                self.fault(line, "a second YAML document, which is not judged; move it to a case of its own")
            }
        }
    }

    /// The head: the part of the opening comment from the first known key on, as YAML.
    pub(crate) fn head(self) -> Result<Option<Document>, String> {
        let lines = self.comment();
        let first = lines.iter().position(|line| opens_head(line)).unwrap_or(lines.len());
        if lines[..first].iter().all(|line| line.trim().is_empty()) {
            return self.fault(1, "a case opens with a comment; write `# ` and a sentence that says what is judged");
        }
        for (number, line) in (1..).zip(&lines[..first]) {
            if let Some(key) = looks_like_key(line) {
                return self.fault(number, not_a_key(key));
            }
        }
        let below = (1..).zip(self.text.lines()).skip(lines.len());
        for (number, line) in below {
            if line.strip_prefix('#').is_some_and(|rest| opens_head(rest.trim_start())) {
                let what = "a key of the head below the opening comment, where it is not read; move it up";
                return self.fault(number, what);
            }
        }
        if first == lines.len() {
            return Ok(None);
        }
        // Empty lines in place of the sentence, so that places are those of the file.
        let yaml = format!("{}{}", "\n".repeat(first), lines[first..].join("\n"));
        match read_yaml(&Source::new(self.name, yaml), &ReadLimits::default()) {
            Ok(mut documents) if documents.len() == 1 => self.known(documents.remove(0)).map(Some),
            Ok(_) => self.fault(number_of(first) + 1, "the head of a case is one YAML document; remove the `---`"),
            Err(error) => self.unreadable(&error),
        }
    }

    /// Refuses a head with keys or values that mean nothing.
    fn known(self, head: Document) -> Result<Document, String> {
        let request = head.find(NodeId::ROOT, "request");
        for (node, known) in [(NodeId::ROOT, &HEAD[..]), (request, &REQUEST_AND_USER[..])] {
            if node.is_none() {
                continue;
            }
            let line = |node| head.place(node).map_or(1, |place| place.start().0);
            if head.kind(node) != Kind::Map {
                let what = format!("expected a map with the keys {}, each with `: ` behind it", listed(known));
                return self.fault(line(node), what);
            }
            for (key, value) in head.entries(node) {
                if !known.contains(&key) {
                    return self.fault(line(value), unknown(key, known));
                }
                if !["settings", "request", "facts"].contains(&key) && head.kind(value) != Kind::String {
                    return self.fault(line(value), format!("`{key}` must be a text"));
                }
            }
        }
        Ok(head)
    }

    /// The findings drawn in comments, each under its line.
    pub(crate) fn drawn(self) -> Result<Vec<Expected>, String> {
        const FORM: &str = "expected `#`, spaces, carets and `plugin/rule: message`";
        let mut findings = Vec::new();
        let (opening, mut guilty) = (number_of(self.comment().len()), 0);
        for (number, line) in (1u32..).zip(self.text.lines()) {
            let Some((column, said)) = caret(line) else {
                if holds_carets(line) {
                    let what = "carets that are not read; put their `#` into column 1, and only spaces between";
                    return self.fault(number, what);
                }
                guilty = number;
                continue;
            };
            if guilty <= opening {
                return self.fault(number, "carets under no line of the manifest; draw them below the guilty line");
            }
            match said.split_once(": ") {
                Some((code, message)) if code.contains('/') => {
                    let (code, message) = (code.to_owned(), message.to_owned());
                    findings.push(Expected { line: guilty, column, code, message });
                }
                _ => return self.fault(number, FORM),
            }
        }
        findings.sort();
        Ok(findings)
    }
}

fn number_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn opens_head(line: &str) -> bool {
    HEAD.iter().any(|key| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
}

/// The one word before a colon that a line begins with, as the lines of a head do.
fn looks_like_key(line: &str) -> Option<&str> {
    let (word, value) = line.split_once(':')?;
    let word = word.trim();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '"' | '\''));
    (plain && (value.is_empty() || value.starts_with([' ', '{', '[']))).then_some(word)
}

fn not_a_key(word: &str) -> String {
    if HEAD.contains(&word) {
        return format!("`{word}:` is not read here; it must stand directly behind `# `");
    }
    format!("{}; if it begins a sentence, write that without the `:`", unknown(word, &HEAD))
}

fn unknown(key: &str, known: &[&str]) -> String {
    let near = nearest(key, known).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    format!("the head of the case has the unknown key `{key}`: {near}known are {}", listed(known))
}

/// The column of the first caret and what stands behind the carets. The `#` itself stands for a caret in column 1.
pub(crate) fn caret(line: &str) -> Option<(u32, &str)> {
    let rest = line.strip_prefix('#')?;
    let carets = rest.trim_start_matches(' ');
    if !carets.starts_with('^') {
        return None;
    }
    let spaces = number_of(rest.len() - carets.len());
    let column = if spaces == 0 { 1 } else { spaces + 2 };
    Some((column, carets.trim_start_matches('^').trim_start()))
}

/// Whether a comment with carets stands anywhere in a line.
fn holds_carets(line: &str) -> bool {
    line.match_indices('#').any(|(at, _)| {
        let begins = line[..at].chars().next_back().is_none_or(char::is_whitespace);
        begins && line[at + 1..].trim_start().starts_with('^')
    })
}

#[cfg(test)]
mod tests {
    use crate::Case;

    const POD: &str = "kind: Pod\nspec: {}\n";

    fn refused(text: &str) -> String {
        Case::parse("a.yaml", text).expect_err(text)
    }

    #[test]
    fn refuses_a_second_document() {
        let said = refused(&format!("# A Pod.\n{POD}---\n{POD}"));
        assert_eq!(said, "a.yaml:5: a second YAML document, which is not judged; move it to a case of its own");
        let said = refused("# A Pod.\n");
        assert_eq!(said, "a.yaml:1: the case has no manifest; write one below the comment");
    }

    #[test]
    fn refuses_a_case_without_an_opening_comment() {
        for text in
            [POD.to_owned(), format!("\n# A Pod.\n{POD}"), format!("# settings: {{}}\n{POD}"), format!("#\n{POD}")]
        {
            let said = refused(&text);
            assert_eq!(
                said,
                "a.yaml:1: a case opens with a comment; write `# ` and a sentence that says what is judged"
            );
        }
    }

    #[test]
    fn refuses_a_head_that_nobody_would_read() {
        const KNOWN: &str = "known are `settings`, `mode`, `document`, `request`, `time`, `facts`";
        const SENTENCE: &str = "if it begins a sentence, write that without the `:`";
        let unknown =
            |key: &str, near: &str| format!("the head of the case has the unknown key `{key}`: {near}{KNOWN}");
        let map = "expected a map with the keys `settings`, `mode`, `document`, `request`, `time`, `facts`, each with `: ` behind it";
        let request = "known are `operation`, `resource`, `subresource`, `user`";
        for (head, said) in [
            ("# setings: {a: 1}", format!("2: {}; {SENTENCE}", unknown("setings", "did you mean `settings`? "))),
            ("# Settings: {a: 1}", format!("2: {}; {SENTENCE}", unknown("Settings", "did you mean `settings`? "))),
            ("# color: red", format!("2: {}; {SENTENCE}", unknown("color", ""))),
            ("# settings: {}\n# mod: sandbox", format!("3: {}", unknown("mod", "did you mean `mode`? "))),
            ("#  settings: {}", "2: `settings:` is not read here; it must stand directly behind `# `".to_owned()),
            ("# settings:{}", format!("2: {map}")),
            (
                "# settings: {}\n# ---\n# mode: sandbox",
                "2: the head of a case is one YAML document; remove the `---`".into(),
            ),
            ("# settings: {}\n# mode: [sandbox]", "3: `mode` must be a text".to_owned()),
            ("# mode: sandbocks", "2: `sandbocks` is not a mode; write `sandbox` or `compliance`".to_owned()),
            (
                "# request: {resorce: pods}",
                format!("2: the head of the case has the unknown key `resorce`: did you mean `resource`? {request}"),
            ),
            (
                "x: 1\n# settings: {}",
                "3: a key of the head below the opening comment, where it is not read; move it up".to_owned(),
            ),
        ] {
            assert_eq!(refused(&format!("# A Pod.\n{head}\n{POD}")), format!("a.yaml:{said}"), "{head}");
        }
    }

    #[test]
    fn refuses_a_drawing_that_nobody_would_read() {
        let unread = "carets that are not read; put their `#` into column 1, and only spaces between";
        let form = "expected `#`, spaces, carets and `plugin/rule: message`";
        for (line, said) in [
            ("  # ^^^ p/r: never found", unread),
            ("x: 1 # ^^^ p/r: never found", unread),
            ("#\t^^^ p/r: never found", unread),
            ("# ^^^ p/r never found", form),
            ("# ^^^ never: found", form),
        ] {
            assert_eq!(refused(&format!("# A Pod.\nkind: Pod\n{line}\n")), format!("a.yaml:3: {said}"), "{line}");
        }
        let said = refused(&format!("# A Pod.\n# ^^^ p/r: never found\n{POD}"));
        assert_eq!(said, "a.yaml:2: carets under no line of the manifest; draw them below the guilty line");
    }
}
