//! Which conditions the API server can ask before it calls us, and what it must ask so that nothing is lost.
//!
//! Where a condition fails, the API server refuses the request, while we judge by the policy's `onError`. So only those
//! expressions are handed on that can fail in no other way than by a field that is absent, and they are handed on so that
//! they hold there: true where the condition is true or fails, false only where it is false.

use portcullis_cel::{Given, Part, Value, outline};
use portcullis_model::json_string;

use super::Condition;

impl Condition {
    /// The expression for the API server; nothing where the condition could fail on some request otherwise than by an absent
    /// field, or where it uses more of CEL than is compared here.
    pub(crate) fn forwarded(&self, text: &str) -> Option<String> {
        let mut walk = Walk { missing: Vec::new() };
        walk.boolean(&outline(&self.code)?, &[])?;
        let absent = walk.missing.iter().map(|guard| guard.negated());
        // The last line of an expression may be a comment.
        let end = if text.contains("//") { "\n" } else { "" };
        let text = text.trim();
        match walk.missing.is_empty() {
            true => Some(format!("{text}{end}")),
            false => Some(format!("{} || ({text}{end})", absent.collect::<Vec<_>>().join(" || "))),
        }
    }
}

/// Something that must hold before a value can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Guard {
    /// `object` or `oldObject` is not null.
    Given(String),
    /// A field is there: `has(path)`.
    Has(String),
    /// A key of a map is there: `"key" in path`.
    Key(String, String),
}

impl Guard {
    fn negated(&self) -> String {
        match self {
            Self::Given(name) => format!("{name} == null"),
            Self::Has(path) => format!("!has({path})"),
            Self::Key(key, map) => format!("!({} in {map})", quoted(key)),
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    json_string(text, &mut out);
    out
}

/// What a path of fields holds in every request of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Bool,
    Text,
    Texts,
    /// Labels or annotations.
    TextMap,
    Map,
}

/// A path, what it holds, and what must hold before it can be read; the last guard is that of its own field.
struct Path {
    text: String,
    holds: Type,
    guards: Vec<Guard>,
}

struct Walk {
    /// What must hold and is not asked by the expression itself, in the order in which it is needed.
    missing: Vec<Guard>,
}

impl Walk {
    /// Walks an expression that gives a boolean. Recursion is bounded by the depth of an outline.
    fn boolean(&mut self, part: &Part, known: &[Guard]) -> Option<()> {
        match part {
            Part::Literal(Value::Bool(_)) => Some(()),
            Part::Has(..) | Part::HasGiven(_) => {
                let path = tested(part)?;
                self.require(&path.guards[..path.guards.len() - 1], known);
                Some(())
            }
            Part::Given(_) | Part::Field(..) => self.read(part, Type::Bool, known),
            Part::Call(name, arguments) => self.call(name, arguments, known),
            _ => None,
        }
    }

    fn call(&mut self, name: &str, arguments: &[Part], known: &[Guard]) -> Option<()> {
        match (name, arguments) {
            ("!_", [one]) => self.boolean(one, known),
            ("_&&_", [left, right]) => {
                self.boolean(left, known)?;
                self.boolean(right, &and(known, facts(left, true)))
            }
            ("_||_", [left, right]) => {
                self.boolean(left, known)?;
                self.boolean(right, &and(known, facts(left, false)))
            }
            ("_?_:_", [when, then, other]) => {
                self.boolean(when, known)?;
                self.boolean(then, &and(known, facts(when, true)))?;
                self.boolean(other, &and(known, facts(when, false)))
            }
            ("_==_" | "_!=_", [left, right]) => {
                if compared_to_null(left, right).is_some() {
                    return Some(());
                }
                let texts = |walk: &mut Self| walk.text(left, known).and_then(|()| walk.text(right, known));
                let before = self.missing.len();
                texts(self).or_else(|| {
                    self.missing.truncate(before);
                    self.boolean(left, known)?;
                    self.boolean(right, known)
                })
            }
            ("_in_", [item, list]) => {
                self.text(item, known)?;
                match list {
                    Part::List(items) => items.iter().try_for_each(|item| self.text(item, known)),
                    _ => {
                        let path = path(list).filter(|path| [Type::Texts, Type::TextMap].contains(&path.holds))?;
                        self.require(&path.guards, known);
                        Some(())
                    }
                }
            }
            ("startsWith" | "endsWith" | "contains", [text, part]) => {
                self.text(text, known)?;
                self.text(part, known)
            }
            _ => None,
        }
    }

    fn text(&mut self, part: &Part, known: &[Guard]) -> Option<()> {
        match part {
            Part::Literal(Value::Text(_)) => Some(()),
            _ => self.read(part, Type::Text, known),
        }
    }

    fn read(&mut self, part: &Part, wanted: Type, known: &[Guard]) -> Option<()> {
        let path = path(part).filter(|path| path.holds == wanted)?;
        self.require(&path.guards, known);
        Some(())
    }

    fn require(&mut self, guards: &[Guard], known: &[Guard]) {
        for guard in guards {
            if !known.contains(guard) && !self.missing.contains(guard) {
                self.missing.push(guard.clone());
            }
        }
    }
}

fn and(known: &[Guard], more: Vec<Guard>) -> Vec<Guard> {
    known.iter().cloned().chain(more).collect()
}

/// What certainly holds where an expression gives `outcome`.
fn facts(part: &Part, outcome: bool) -> Vec<Guard> {
    match part {
        Part::Has(..) | Part::HasGiven(_) if outcome => tested(part).map(|path| path.guards).unwrap_or_default(),
        Part::Call(name, arguments) => match (*name, &arguments[..]) {
            ("!_", [one]) => facts(one, !outcome),
            ("_&&_", [left, right]) if outcome => and(&facts(left, true), facts(right, true)),
            ("_||_", [left, right]) if !outcome => and(&facts(left, false), facts(right, false)),
            ("_==_", [left, right]) if !outcome => compared_to_null(left, right).into_iter().collect(),
            ("_!=_", [left, right]) if outcome => compared_to_null(left, right).into_iter().collect(),
            ("_in_", [item, map]) if outcome => match (item, path(map)) {
                (Part::Literal(Value::Text(key)), Some(path)) if path.holds == Type::TextMap => {
                    and(&path.guards, vec![Guard::Key((*key).to_owned(), path.text)])
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// `object == null` and the like.
fn compared_to_null(left: &Part, right: &Part) -> Option<Guard> {
    match (left, right) {
        (Part::Root(name), Part::Literal(Value::Null)) | (Part::Literal(Value::Null), Part::Root(name))
            if ["object", "oldObject"].contains(name) =>
        {
            Some(Guard::Given((*name).to_owned()))
        }
        _ => None,
    }
}

/// The path that `has(..)` asks for.
fn tested(part: &Part) -> Option<Path> {
    let path = match part {
        Part::HasGiven(given) => of_request(*given),
        Part::Has(holder, field) => {
            let mut segments = segments(holder)?;
            segments.push(field);
            known_path(&segments)
        }
        _ => None,
    };
    // What is always there has no guard, and nobody asks for it.
    path.filter(|path| !path.guards.is_empty())
}

fn path(part: &Part) -> Option<Path> {
    match part {
        Part::Given(given) => of_request(*given),
        Part::Call("_[_]", arguments) => {
            let [map, Part::Literal(Value::Text(key))] = &arguments[..] else { return None };
            let Path { text, mut guards, .. } = path(map).filter(|path| path.holds == Type::TextMap)?;
            guards.push(Guard::Key((*key).to_owned(), text.clone()));
            Some(Path { text: format!("{text}[{}]", quoted(key)), holds: Type::Text, guards })
        }
        _ => known_path(&segments(part)?),
    }
}

fn of_request(given: Given) -> Option<Path> {
    known_path(&given.path().split('.').collect::<Vec<_>>())
}

/// `a.b.c` as its segments.
fn segments<'p>(part: &'p Part) -> Option<Vec<&'p str>> {
    match part {
        Part::Root(name) => Some(vec![name]),
        Part::Field(holder, field) => {
            let mut segments = segments(holder)?;
            segments.push(field);
            Some(segments)
        }
        _ => None,
    }
}

/// The paths whose type every request of the API server keeps: the typed members of `request` (k8s.io/api
/// admission/v1, with what may be left out there) and `metadata` of the objects.
fn known_path(segments: &[&str]) -> Option<Path> {
    let has = |length: usize| Guard::Has(segments[..length].join("."));
    let made = |holds: Type, guards: Vec<Guard>| Some(Path { text: segments.join("."), holds, guards });
    match segments {
        ["request", "operation"]
        | ["request", "kind", "group" | "version" | "kind"]
        | ["request", "resource", "group" | "version" | "resource"] => made(Type::Text, vec![]),
        ["request", "name" | "namespace" | "subResource"] => made(Type::Text, vec![has(2)]),
        ["request", "userInfo", "username"] => made(Type::Text, vec![has(3)]),
        ["request", "userInfo", "groups"] => made(Type::Texts, vec![has(3)]),
        ["request", "dryRun"] => made(Type::Bool, vec![has(2)]),
        [object @ ("object" | "oldObject"), "metadata", rest @ ..] => {
            let mut guards = vec![Guard::Given((*object).to_owned()), has(2)];
            match rest {
                [] => made(Type::Map, guards),
                ["name" | "namespace" | "generateName"] => {
                    guards.push(has(3));
                    made(Type::Text, guards)
                }
                ["labels" | "annotations"] => {
                    guards.push(has(3));
                    made(Type::TextMap, guards)
                }
                ["labels" | "annotations", _] => {
                    guards.extend([has(3), has(4)]);
                    made(Type::Text, guards)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(text: &str) -> Option<String> {
        Condition::compile("c", text).expect("an expression").forwarded(text)
    }

    #[test]
    fn hands_on_as_it_is_what_cannot_fail() {
        for text in [
            "request.operation == 'CREATE'",
            "!(request.resource.resource in ['pods', 'jobs']) && request.kind.group != ''",
            "has(request.subResource)",
            "has(request.name) && request.name.startsWith('a')",
            "!has(request.name) || request.name == 'a'",
            "has(request.name) ? request.name == 'a' : false",
            "object == null || oldObject != null",
            "has(request.dryRun) && request.dryRun",
            "has(request.dryRun) && !request.dryRun && object != null && has(object.metadata) && has(object.metadata.name) && object.metadata.name == 'a'",
            "!has(request.name) || !(request.name != 'a')",
            "!has(request.name) || !has(request.namespace) || request.name == request.namespace",
            "!(object == null) && has(object.metadata) && has(object.metadata.labels) && 'a' in object.metadata.labels",
            "object != null && has(object.metadata) && has(object.metadata.labels) && has(object.metadata.labels.a) && object.metadata.labels.a == 'b'",
            "!(object != null && has(object.metadata) && has(object.metadata.labels) && 'a' in object.metadata.labels && object.metadata.labels['a'] == 'b')",
            "true",
        ] {
            assert_eq!(forwarded(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn sends_what_lacks_a_field_rather_than_let_the_api_server_fail() {
        assert_eq!(
            forwarded("request.userInfo.username != 'a'").as_deref(),
            Some("!has(request.userInfo.username) || (request.userInfo.username != 'a')")
        );
        assert_eq!(
            forwarded("'system:masters' in request.userInfo.groups").as_deref(),
            Some("!has(request.userInfo.groups) || ('system:masters' in request.userInfo.groups)")
        );
        assert_eq!(
            forwarded("object.metadata.labels['a/b'] == 'x' // why").as_deref(),
            Some(
                "object == null || !has(object.metadata) || !has(object.metadata.labels) || !(\"a/b\" in object.metadata.labels) || (object.metadata.labels['a/b'] == 'x' // why\n)"
            )
        );
        assert_eq!(
            forwarded("has(request.name) || request.name == 'a'").as_deref(),
            Some("!has(request.name) || (has(request.name) || request.name == 'a')"),
            "what holds where the left side does not is not known"
        );
    }

    #[test]
    fn takes_nothing_for_known_that_the_other_outcome_would_say() {
        let name = "!has(request.name)";
        for (text, missing) in [
            // Where this is false, one of both may be missing.
            ("!(has(request.name) && true) && request.name == 'a'", name),
            ("(has(request.name) && true) || request.name == 'a'", name),
            // Where this is true, either side may be what holds.
            ("(!has(request.name) || true) && request.name == 'a'", name),
            ("(has(request.name) || true) && request.name == 'a'", name),
            ("!has(request.name) && request.name == 'a'", name),
            ("!(object == null) || 'a' in object.metadata.labels", "object == null || "),
            ("object == null && 'a' in object.metadata.labels", "object == null || "),
            ("object != null || 'a' in object.metadata.labels", "object == null || "),
            ("!(object != null) && 'a' in object.metadata.labels", "object == null || "),
        ] {
            let sent = forwarded(text).unwrap_or_else(|| panic!("{text} is kept"));
            assert!(sent.starts_with(missing) && sent.ends_with(&format!("({text})")), "{text}: {sent}");
        }
        let list = "has(request.userInfo.groups) && 'a' in request.userInfo.groups && 'a' in object.metadata.labels && object.metadata.labels['b'] == 'c'";
        let sent = forwarded(list).expect("it is sent");
        assert!(sent.contains("!(\"b\" in object.metadata.labels) || ("), "another key: {sent}");
        let absent = "!('a' in object.metadata.labels) && object.metadata.labels['a'] == 'c'";
        let sent = forwarded(absent).expect("it is sent");
        assert!(sent.contains("!(\"a\" in object.metadata.labels) || ("), "it may lack the key: {sent}");
    }

    #[test]
    fn keeps_to_itself_what_may_fail_otherwise_or_mean_something_else_there() {
        for text in [
            "object.spec.hostNetwork == true",
            "has(object.spec.hostNetwork)",
            "object.metadata.name.matches('^a$')",
            "request.userInfo.groups.exists(g, g == 'a')",
            "object.metadata == null",
            "request == null",
            "request.requestKind.kind == 'Pod'",
            "object.?metadata.hasValue()",
            "size(request.name) > 3",
            "request.options.dryRun == 'All'",
            "has(request.operation)",
        ] {
            assert_eq!(forwarded(text), None, "{text}");
        }
    }
}
