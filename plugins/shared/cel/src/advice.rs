//! What to write where a field may be missing: the very part of the expression that failed, so that it cannot.

use crate::lexer::{Lexer, Token};
use crate::reads::Lack;

/// The loops, which have nothing to do where there is nothing.
const LOOPS: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];

/// The longest chain of fields that is written anew, in bytes.
const MOST_CHAIN: usize = 200;
/// The most places that are looked at: an expression may read one key everywhere.
const MOST_READINGS: usize = 16;

/// The key that was missing, of an error that says so.
pub fn missing_key(error: &str) -> Option<&str> {
    error.strip_prefix("no such key: ").filter(|key| !key.contains(": there is "))
}

/// What is known of what lacks a key.
#[derive(Clone, Debug, Default)]
pub struct Lacking<'a> {
    /// What it stands under; nothing where it is no part of a document.
    pub holder: Option<&'a str>,
    /// A key beside it that is nearly the same.
    pub near: Option<String>,
    /// The data of the policy.
    pub params: &'a [u8],
}

/// What to write instead of reading `key`, which is missing, to end a sentence with.
pub fn advise(expression: &str, key: &str, lacking: &Lacking<'_>) -> String {
    let holder = lacking.holder;
    let found = readings_of(expression, key, holder);
    let advice = match found.first() {
        Some(first) if found.iter().all(|other| other.advice == first.advice) => first.advice.clone(),
        _ => format!("where it may be missing, read it as `.?{key}.orValue(..)`, or ask `has(..)` first"),
    };
    if let Some(near) = &lacking.near {
        let rest = advice.strip_prefix('w').unwrap_or(&advice);
        return format!("did you mean `{}`? W{rest}", near.escape_debug());
    }
    if holder.is_some() {
        return advice;
    }
    let lacks = |reading: &Reading| {
        let lack = Lack::of(lacking.params, reading.of_params()?, key)?;
        Some((lack, reading.advice.clone()))
    };
    let lack = match found.is_empty() {
        // A variable may have read it.
        true => Lack::of(lacking.params, "", key).filter(|lack| lack.near.is_some()).map(|lack| (lack, advice.clone())),
        false => found.iter().find_map(lacks),
    };
    match lack {
        Some((lack, _)) if lack.near.is_some() => lack.shown(),
        Some((lack, advice)) => format!("{}; {advice}", lack.shown()),
        None => advice,
    }
}

/// The places of an expression that read a key, of this holder where there are such.
fn readings_of<'a>(expression: &'a str, key: &str, holder: Option<&str>) -> Vec<Reading<'a>> {
    let mut found: Vec<Reading<'a>> = Vec::new();
    let mut lexer = Lexer::new(expression);
    let (mut before, mut earlier) = (Token::End, Token::End);
    loop {
        let start = lexer.position();
        match lexer.next() {
            Ok(Token::End) | Err(_) => break,
            _ if found.len() >= MOST_READINGS => break,
            Ok(token) => {
                if matches!(token, Token::Name(_)) && before != Token::Sign(".") && before != Token::Sign("?") {
                    let asked = before == Token::Sign("(") && earlier == Token::Name("has");
                    readings(expression, start, lexer, asked, key, &mut found);
                }
                earlier = std::mem::replace(&mut before, token);
            }
        }
    }
    if found.iter().any(|reading| holder.is_some_and(|holder| reading.holder == holder)) {
        found.retain(|reading| holder.is_some_and(|holder| reading.holder == holder));
    }
    found
}

/// One place of an expression that reads a key.
struct Reading<'a> {
    /// The name or key before it.
    holder: &'a str,
    /// All that stands before it.
    head: &'a str,
    advice: String,
}

impl<'a> Reading<'a> {
    /// `a.b` where it is read of `params.a.b`.
    fn of_params(&self) -> Option<&'a str> {
        match self.head.strip_prefix("params")? {
            "" => Some(""),
            rest => rest.strip_prefix('.'),
        }
    }
}

/// A key that is read, and where it stands.
struct Step<'a> {
    holder: &'a str,
    from: usize,
    to: usize,
    /// In brackets and quotes.
    quoted: bool,
}

/// Follows a chain of fields from its first name, behind which the lexer stands.
fn readings<'a>(
    text: &'a str,
    start: usize,
    mut lexer: Lexer<'a>,
    asked: bool,
    key: &str,
    found: &mut Vec<Reading<'a>>,
) {
    let mut holder = &text[start..lexer.consumed()];
    let mut steps = Vec::new();
    let mut default = "..";
    loop {
        let mut ahead = lexer;
        let from = ahead.position();
        let step = match ahead.next() {
            Ok(Token::Sign(".")) => match ahead.next() {
                Ok(Token::Name(name)) if is_call(ahead) => {
                    if LOOPS.contains(&name) {
                        default = "[]";
                    }
                    break;
                }
                Ok(Token::Name(name)) => Some((name, name == key, false)),
                // What is optional cannot fail.
                Ok(Token::Sign("?")) => ahead.next().is_ok().then_some(("", false, false)),
                _ => None,
            },
            Ok(Token::Sign("[")) => bracket(&mut ahead, key).map(|is_key| ("", is_key, true)),
            _ => None,
        };
        let Some((name, is_key, quoted)) = step else { break };
        if is_key {
            steps.push(Step { holder, from, to: ahead.consumed(), quoted });
        }
        holder = name;
        lexer = ahead;
        if lexer.consumed() - start > MOST_CHAIN {
            return;
        }
    }
    let end = lexer.consumed();
    for Step { holder, from, to, quoted } in steps {
        let (head, rest) = (&text[start..from], &text[to..end]);
        let inside = text[from..to].trim_start_matches(['.', '[']).trim_end_matches(']').trim();
        let (optional, test) = match quoted {
            true => (format!("{head}[?{inside}]{rest}"), format!("{inside} in {head}")),
            false => (format!("{head}.?{inside}{rest}"), format!("has({head}.{inside})")),
        };
        let advice = match asked {
            // Of the last field itself `has` asks; what comes before it must be there.
            true if rest.is_empty() => continue,
            true => format!("where it may be missing, write `has({optional})`"),
            false => {
                format!("where it may be missing, write `{optional}.orValue({default})`, or ask `{test}` first")
            }
        };
        found.push(Reading { holder, head, advice });
    }
}

fn is_call(mut ahead: Lexer<'_>) -> bool {
    ahead.next() == Ok(Token::Sign("("))
}

/// Goes behind the bracket that closes; whether nothing but this key stands in it.
fn bracket(ahead: &mut Lexer<'_>, key: &str) -> Option<bool> {
    let mut open = 1;
    let mut tokens = 0;
    let mut is_key = false;
    loop {
        match ahead.next().ok()? {
            Token::Sign("[" | "(" | "{") => open += 1,
            Token::Sign("]" | ")" | "}") => open -= 1,
            Token::End => return None,
            Token::Text(text) => is_key = text == key,
            _ => {}
        }
        if open == 0 {
            return Some(is_key && tokens == 1);
        }
        tokens += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Lacking, advise};
    use crate::data::Tree;

    fn of(holder: Option<&str>) -> Lacking<'_> {
        Lacking { holder, ..Lacking::default() }
    }

    #[test]
    fn rewrites_the_part_that_reads_what_is_missing() {
        for (expression, key, holder, advice) in [
            (
                "object.spec.replicas <= 5",
                "replicas",
                "spec",
                "write `object.spec.?replicas.orValue(..)`, or ask `has(object.spec.replicas)` first",
            ),
            (
                "1 > object.spec.template.spec.x",
                "template",
                "spec",
                "write `object.spec.?template.spec.x.orValue(..)`, or ask `has(object.spec.template)` first",
            ),
            (
                "object.metadata.labels['a/b'] == 'x'",
                "a/b",
                "labels",
                "write `object.metadata.labels[?'a/b'].orValue(..)`, or ask `'a/b' in object.metadata.labels` first",
            ),
            (
                "object.metadata.labels['a'] == 'x'",
                "labels",
                "metadata",
                "write `object.metadata.?labels['a'].orValue(..)`, or ask `has(object.metadata.labels)` first",
            ),
            (
                "object.spec.initContainers.all(c, c.image != '')",
                "initContainers",
                "spec",
                "write `object.spec.?initContainers.orValue([])`, or ask `has(object.spec.initContainers)` first",
            ),
            (
                "object.spec.containers.all(c, c.resources.limits.cpu != '')",
                "resources",
                "0",
                "write `c.?resources.limits.cpu.orValue(..)`, or ask `has(c.resources)` first",
            ),
            ("has(object.metadata.labels.team)", "labels", "metadata", "write `has(object.metadata.?labels.team)`"),
            (
                "object.spec.replicas > 1 && object.status.replicas > 1",
                "replicas",
                "status",
                "write `object.status.?replicas.orValue(..)`, or ask `has(object.status.replicas)` first",
            ),
            (
                "request.namespace == 'a' || request.namespace == 'b'",
                "namespace",
                "",
                "write `request.?namespace.orValue(..)`, or ask `has(request.namespace)` first",
            ),
        ] {
            let expected = format!("where it may be missing, {advice}");
            assert_eq!(advise(expression, key, &of(Some(holder))), expected, "{expression}");
        }
        for expression in ["variables.a > 1", "a.x > 1 && b.x > 1", "'open", "has(object.x)", "object.?x", "x.f(["] {
            let generic = "where it may be missing, read it as `.?x.orValue(..)`, or ask `has(..)` first";
            assert_eq!(advise(expression, "x", &of(None)), generic, "{expression}");
        }
    }

    #[test]
    fn asks_for_the_key_that_stands_beside_it_first() {
        let lacking = Lacking { near: Some("schedule".into()), ..of(Some("spec")) };
        assert_eq!(
            advise("object.spec.schedul != ''", "schedul", &lacking),
            "did you mean `schedule`? Where it may be missing, write `object.spec.?schedul.orValue(..)`, or ask `has(object.spec.schedul)` first"
        );
    }

    #[test]
    fn says_what_the_params_have() {
        let inner = Tree::Map(vec![("cpu".into(), Tree::Null)]);
        let params = Tree::Map(vec![("teams".into(), Tree::List(Vec::new())), ("limits".into(), inner)]).to_bytes();
        let lacking = Lacking { params: &params, ..of(None) };
        for (expression, key, told) in [
            ("object.x in params.team", "team", "`params` has no `team`; did you mean `teams`?"),
            ("oldObject.x.team in params.team", "team", "`params` has no `team`; did you mean `teams`?"),
            ("variables.x", "team", "`params` has no `team`; did you mean `teams`?"),
            ("params.limits.cpus > 1", "cpus", "`params.limits` has no `cpus`; did you mean `cpu`?"),
            (
                "params.max > 1",
                "max",
                "`params` has no `max`, but `limits`, `teams`; where it may be missing, write `params.?max.orValue(..)`, or ask `has(params.max)` first",
            ),
            (
                "request.team == 'a'",
                "team",
                "where it may be missing, write `request.?team.orValue(..)`, or ask `has(request.team)` first",
            ),
        ] {
            assert_eq!(advise(expression, key, &lacking), told, "{expression}");
        }
    }
}
