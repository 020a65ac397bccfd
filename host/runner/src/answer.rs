//! A plugin's answer checked and put into our words: findings with places, or queries.

use portcullis_document::{ErrorKind, ReadLimits, read_json_text};
use portcullis_model::{self as model, FixOperation, NodeId, Place};

use crate::bindings::{self, Outcome as Guest};
use crate::budget::Budget;
use crate::describe::Description;
use crate::error::Reason;
use crate::state::{OBJECT, OLD_OBJECT, State};

/// Bytes of the part of a pointer that a plugin writes itself.
const MISSING: usize = 4 << 10;

/// What stands in place of a fix's value that nobody may read.
const HIDDEN: &str = "\"[secret]\"";

/// What a plugin answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has judged; an empty list means that nothing is wrong.
    Findings(Vec<model::Finding>),
    /// It cannot judge before it knows this; at least one of the queries is new.
    Needs(Vec<model::Query>),
}

/// Checks an answer. Whatever breaks the contract makes all of it void.
pub(crate) fn outcome(
    guest: Guest,
    state: &State,
    description: &Description,
    budget: &Budget,
) -> Result<Outcome, Reason> {
    match guest {
        Guest::Findings(findings) => {
            let found = findings.len();
            if found > budget.findings {
                return Err(Reason::Contract(format!("{found} findings, at most {} are admitted", budget.findings)));
            }
            // Where they stand is what the manifest says: below one long key, each has a pointer of its length.
            let mut pointers = 0;
            let mut bounded = |finding: model::Finding| {
                pointers += finding.pointer.len();
                match pointers <= budget.answer {
                    true => Ok(finding),
                    false => Err(Reason::Contract(format!(
                        "the pointers of its {found} findings have more than {} bytes in all: the object has a very long key",
                        budget.answer
                    ))),
                }
            };
            let findings = findings.into_iter().map(|finding| self::finding(finding, state, description, budget));
            findings.map(|finding| finding.and_then(&mut bounded)).collect::<Result<_, _>>().map(Outcome::Findings)
        }
        Guest::Needs(queries) => needs(&queries, state, description, budget).map(Outcome::Needs),
    }
}

fn needs(
    asked: &[bindings::Query],
    state: &State,
    description: &Description,
    budget: &Budget,
) -> Result<Vec<model::Query>, Reason> {
    let most = budget.queries.min(crate::state::FACTS);
    if asked.len() > most {
        return Err(Reason::Query(format!("{} queries, at most {most} are admitted", asked.len())));
    }
    let mut queries: Vec<model::Query> = Vec::new();
    for query in asked {
        let kind = state.input.shown(&query.kind);
        let query = crate::query::query(&kind, &query.arguments, &description.facts, budget.arguments)?;
        if !queries.contains(&query) {
            queries.push(query);
        }
    }
    let new = queries.iter().filter(|query| !state.known(query)).count();
    if new == 0 {
        return Err(Reason::Query("it asks nothing new".into()));
    }
    if state.input.facts.len() + new > most {
        return Err(Reason::Query(format!("more than {most} queries about one review")));
    }
    Ok(queries)
}

fn finding(
    guest: bindings::Finding,
    state: &State,
    description: &Description,
    budget: &Budget,
) -> Result<model::Finding, Reason> {
    let rule = description.rules.get(guest.rule as usize).ok_or_else(|| {
        Reason::Contract(format!("a finding for rule number {}, it has {}", guest.rule, description.rules.len()))
    })?;
    let (pointer, place) = whereabouts(guest.node, &guest.missing, state)?;
    let fix = guest.fix.map(|fix| self::fix(fix, state, budget.message)).transpose()?;
    let message = match guest.message.trim().is_empty() {
        true => rule.title.clone(),
        false => sentence(&state.input.shown(&guest.message), budget.message),
    };
    Ok(model::Finding { rule: rule.id.clone(), severity: rule.severity, message, pointer, place, fix })
}

/// Pointer and place of a finding.
///
/// A node of the object gives both. A node of the old object gives its pointer; where there is a new object, the place is
/// the nearest ancestor that still exists there. A node of another document (a fact, the options) is not a part of the
/// subject, so such a finding concerns the whole of it, like one without a node; where what the fact tells of was read from a
/// file of the caller's, that is the place.
fn whereabouts(handle: u32, missing: &str, state: &State) -> Result<(String, Option<Place>), Reason> {
    relative(missing, |text| state.input.shown(text).into_owned())?;
    let review = &state.input.review;
    let whole = || {
        let document = review.object.as_ref().or(review.old_object.as_ref());
        review.subject.place.clone().or_else(|| document.and_then(|document| document.place(NodeId::ROOT)))
    };
    let at = state.input.at(handle).map_err(Reason::Breach)?;
    let Some((number, document, node)) = at else { return Ok((String::new(), whole())) };
    if !matches!(number, OBJECT | OLD_OBJECT) {
        return Ok((String::new(), document.place(node).or_else(whole)));
    }
    let mut pointer = document.pointer(node);
    pointer.push_str(missing);
    let document = review.object.as_ref().unwrap_or(document);
    let nearest =
        if number == OBJECT { document.resolve(node, missing) } else { document.resolve(NodeId::ROOT, &pointer) };
    // An element of a list of scalars has a place of its own; the root of a document without text has none.
    let place = document.place(nearest.0).or_else(whole);
    // The other part is made of the names of members, which are not secret.
    pointer.truncate(pointer.len() - missing.len());
    let shown = state.input.shown(missing);
    if !shown.is_empty() && !shown.starts_with('/') {
        pointer.push('/');
    }
    pointer.push_str(&shown);
    Ok((pointer, place))
}

/// RFC 6901, relative to a node: empty, or segments that each begin with a slash.
fn relative(pointer: &str, show: impl FnOnce(&str) -> String) -> Result<(), Reason> {
    let shape = pointer.is_empty() || pointer.starts_with('/');
    let escapes = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if shape && escapes && pointer.len() <= MISSING {
        return Ok(());
    }
    let shown: String = show(pointer).chars().take(80).collect();
    Err(Reason::Contract(format!("`missing` is not a JSON Pointer: `{}`", shown.escape_debug())))
}

fn fix(guest: bindings::Fix, state: &State, most: usize) -> Result<model::Fix, Reason> {
    let all = [FixOperation::Replace, FixOperation::Add, FixOperation::Remove];
    let operation = all.into_iter().find(|operation| operation.as_str() == guest.operation).ok_or_else(|| {
        let shown: String = state.input.shown(&guest.operation).chars().take(80).collect();
        Reason::Contract(format!("a fix with the operation `{}`", shown.escape_debug()))
    })?;
    let good = match operation {
        FixOperation::Remove if guest.value.is_empty() => Ok(()),
        FixOperation::Remove => Err("a removal has none".to_owned()),
        FixOperation::Replace | FixOperation::Add => readable(&guest.value),
    };
    good.map_err(|why| {
        Reason::Contract(format!("the value of a fix that would {} cannot be used: {why}", operation.as_str()))
    })?;
    let description = sentence(&state.input.shown(&guest.description), most);
    let hidden = state.input.shown(&guest.value) != guest.value;
    // A value with a hole in it need not be JSON any more, and must never be written into a file.
    let value = if hidden { HIDDEN.to_owned() } else { guest.value };
    Ok(model::Fix { description, operation, value, safe: guest.safe && !hidden })
}

/// Whether a JSON text goes into reports and files as it stands: it must be one that every reader takes for the same value. The
/// reason names no key, for a plugin may have made one of a Secret.
fn readable(value: &str) -> Result<(), String> {
    match read_json_text(value, &ReadLimits::default()) {
        Ok(_) => Ok(()),
        Err(error) if matches!(*error.kind(), ErrorKind::DuplicateKey { .. }) => {
            Err("a key stands twice in one map".into())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// A text for a person: whatever a terminal or a reader could take for something else is shown escaped, and what is too
/// long is cut, with a mark.
pub(crate) fn sentence(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    let mut out = String::with_capacity(text.len().min(most));
    // Where the mark still fits.
    let mut room = 0;
    for c in text.chars() {
        let before = out.len();
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if must_escape(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        if before + MARK.len() <= most {
            room = before;
        }
        if out.len() > most {
            out.truncate(room);
            out.push_str(MARK);
            break;
        }
    }
    out
}

/// Control characters, what turns the direction of text, what is invisible, and what breaks a line.
pub(crate) fn must_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_hostile_characters_escaped_p74() {
        assert_eq!(sentence("a\u{1b}[31m\nb\u{202e}c%\u{9b}<b>", 100), r"a\u{1b}[31m\nb\u{202e}c%\u{9b}<b>");
    }

    #[test]
    fn cuts_long_messages_between_characters_with_a_mark_p75() {
        for most in 3..40 {
            let cut = sentence(&"ä\u{7}x".repeat(1 << 20), most);
            assert!(cut.len() <= most && cut.ends_with('…'), "{most}: {cut}");
        }
        assert_eq!(sentence("abcdef", 6), "abcdef");
        assert_eq!(sentence("abcdefg", 6), "abc…");
        assert_eq!(sentence("", 6), "");
    }

    #[test]
    fn takes_only_values_of_fixes_that_every_reader_reads_alike_p74() {
        for good in ["1", "\"x\"", r#"{"a":[{"b":null}],"c":"\ud83d\udc4d"}"#] {
            assert_eq!(readable(good), Ok(()), "{good}");
        }
        let deep = "[".repeat(400_000);
        for (bad, why) in [
            (deep.as_str(), "more than 100 maps and lists inside each other"),
            (r#""\ud800""#, "half of a surrogate pair in a string"),
            (r#"{"\udc00":1}"#, "half of a surrogate pair in a string"),
            (r#"{"hunter2":1,"hunter2":2}"#, "a key stands twice in one map"),
            (r#"{"a":1,"\u0061":2}"#, "a key stands twice in one map"),
            ("1 2", "more text after the end of the JSON value"),
            ("", "the text ends inside a value"),
        ] {
            assert_eq!(readable(bad), Err(why.to_owned()));
        }
    }

    #[test]
    fn refuses_what_is_no_relative_pointer_p73() {
        for good in ["", "/a", "/a~0~1/0", "/"] {
            assert!(relative(good, str::to_owned).is_ok(), "{good}");
        }
        for bad in ["a", "../x", "/~", "/~2", &"/a".repeat(3000)] {
            assert!(relative(bad, str::to_owned).is_err(), "{bad}");
        }
    }
}
