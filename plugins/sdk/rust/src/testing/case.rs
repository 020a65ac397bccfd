//! A case: a manifest with the expected findings drawn under the guilty lines.
//!
//! The format is described in `plugins/README.md`.

use std::fmt::Write;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Document, Mode, NodeId, Source};

use crate::export::Policy;
use crate::testing::scene::Scene;

/// The keys that the head of a case may have.
const HEAD: [&str; 4] = ["settings", "mode", "document", "request"];

/// A finding as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// Line of what is wrong, from 1.
    pub line: u32,
    /// Column of what is wrong, from 1.
    pub column: u32,
    /// `plugin/rule`.
    pub code: String,
    /// The whole message.
    pub message: String,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file, for messages.
    pub name: String,
    /// All of it: comments change no line.
    pub text: String,
    /// The settings as JSON text; `{}` where none are given.
    pub settings: String,
    /// The mode whose decision is expected where it goes through a door; compliance where none is given.
    pub mode: Mode,
    /// The path of the document, where it is judged as one; nothing for an object.
    pub document: Option<String>,
    /// `operation`, `resource` and `subresource` of the request; empty where they are not given.
    pub request: [String; 3],
    /// The findings, in the order of their places.
    pub findings: Vec<Expected>,
}

impl Case {
    /// Reads a case; the error is for the person who wrote it.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let head = head(text)?;
        let word = |keys: &[&str]| head.as_ref().and_then(|head| head.string(NodeId::ROOT, keys)).map(str::to_owned);
        let mode = match word(&["mode"]) {
            Some(mode) => Mode::parse(&mode).ok_or_else(|| format!("`{mode}` is not a mode"))?,
            None => Mode::Compliance,
        };
        let settings = head.as_ref().map(|head| head.to_json(head.find(NodeId::ROOT, "settings"))).unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            settings: if settings.is_empty() { "{}".to_owned() } else { settings },
            mode,
            document: word(&["document"]),
            request: ["operation", "resource", "subresource"].map(|key| word(&["request", key]).unwrap_or_default()),
            findings: drawn(text)?,
        })
    }

    /// The review that the case is about.
    pub fn scene(&self) -> Scene {
        if let Some(path) = &self.document {
            return Scene::document(path, &self.text);
        }
        let [operation, resource, subresource] = &self.request;
        let scene = Scene::object(&self.name, &self.text).resource(resource, subresource);
        if operation.is_empty() { scene } else { scene.operation(operation) }
    }

    /// Compares what a plugin finds with what is drawn; the error shows the difference.
    pub fn judge<P: Policy>(&self) -> Result<(), String> {
        let found = self.scene().judge::<P>(&self.settings).into_iter().map(|finding| Expected {
            line: finding.place.0,
            column: finding.place.1,
            code: format!("{}/{}", P::DESCRIPTION.name, finding.rule),
            message: finding.message,
        });
        let mut found: Vec<Expected> = found.collect();
        found.sort();
        let mut difference = String::new();
        let mut show = |sign: char, findings: &[Expected], others: &[Expected]| {
            for finding in findings.iter().filter(|finding| !others.contains(finding)) {
                let Expected { line, column, code, message } = finding;
                // Writing to a String cannot fail.
                let _ = writeln!(difference, "{sign} {line}:{column} {code}: {message}");
            }
        };
        show('+', &found, &self.findings);
        show('-', &self.findings, &found);
        if difference.is_empty() && found.len() != self.findings.len() {
            difference.push_str("the same finding stands here twice");
        }
        if difference.is_empty() { Ok(()) } else { Err(difference) }
    }
}

/// The head: the part of the leading comment from the first known key on, as YAML.
fn head(text: &str) -> Result<Option<Document>, String> {
    let comment = text.lines().take_while(|line| line.starts_with('#')).filter(|line| !line.contains("#^"));
    let lines: Vec<&str> = comment.map(|line| line.strip_prefix("# ").unwrap_or(&line[1..])).collect();
    let opens = |line: &&str| HEAD.iter().any(|key| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let Some(first) = lines.iter().position(opens) else { return Ok(None) };
    let yaml = lines[first..].join("\n");
    let documents = read_yaml(&Source::new("head", yaml), &ReadLimits::default());
    let head = documents.map_err(|error| format!("the head of the case: {error}"))?.into_iter().next();
    let unknown = head.iter().flat_map(|head| head.entries(NodeId::ROOT)).find(|(key, _)| !HEAD.contains(key));
    match unknown {
        Some((key, _)) => Err(format!("the head of the case has the unknown key `{key}`")),
        None => Ok(head),
    }
}

/// The findings drawn in comments, each under its line.
fn drawn(text: &str) -> Result<Vec<Expected>, String> {
    let mut findings = Vec::new();
    let mut guilty = 0;
    for (position, line) in (1u32..).zip(text.lines()) {
        let Some((column, said)) = caret(line) else {
            guilty = position;
            continue;
        };
        let fault = || format!("line {position}: expected `^^^ plugin/rule: message`");
        let (code, message) = said.split_once(": ").ok_or_else(fault)?;
        if !code.contains('/') {
            return Err(fault());
        }
        let (code, message) = (code.to_owned(), message.to_owned());
        findings.push(Expected { line: guilty, column, code, message });
    }
    findings.sort();
    Ok(findings)
}

/// The column of the first caret and what stands behind the carets. The `#` itself stands for a caret in column 1.
fn caret(line: &str) -> Option<(u32, &str)> {
    let rest = line.strip_prefix('#')?;
    let carets = rest.trim_start_matches(' ');
    if !carets.starts_with('^') {
        return None;
    }
    let spaces = (rest.len() - carets.len()) as u32;
    let column = if spaces == 0 { 1 } else { spaces + 2 };
    Some((column, carets.trim_start_matches('^').trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_head_and_the_drawing() {
        let text = "# A sentence: with a colon.\n# settings:\n#   a: {b: 1}\n# mode: sandbox\nkind: Pod\n#^^^ p/r: root\n#     ^^ p/s: a: b\nx: 1\n";
        let case = Case::parse("a.yaml", text).expect("a case");
        assert_eq!((case.settings.as_str(), case.mode), (r#"{"a":{"b":1}}"#, Mode::Sandbox));
        let expected = |column, code: &str, message: &str| Expected {
            line: 5,
            column,
            code: code.into(),
            message: message.into(),
        };
        assert_eq!(case.findings, [expected(1, "p/r", "root"), expected(7, "p/s", "a: b")]);
    }

    #[test]
    fn refuses_a_head_that_nobody_would_read() {
        let refused = Case::parse("a.yaml", "# settings: {}\n# setings: {}\nkind: Pod\n").expect_err("an unknown key");
        assert_eq!(refused, "the head of the case has the unknown key `setings`");
    }
}
