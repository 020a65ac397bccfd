//! Functions on texts.

use crate::functions::Does;
use crate::machine::{ITEM, Machine};
use crate::regex::{MOST_STATES, Pattern};
use crate::value::Value;

/// A function on a text; nothing where it is another one.
pub(crate) fn call<'a>(machine: &mut Machine<'a>, does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    if does == Does::Join {
        return Some(join(machine, arguments));
    }
    let text = arguments.first()?.as_text()?;
    machine.look(text.len());
    let second = arguments.get(1).and_then(Value::as_text);
    Some(match (does, arguments, second) {
        (Does::Contains, _, Some(part)) => {
            // Two-way search is linear in both.
            machine.look(part.len());
            Value::Bool(text.contains(part))
        }
        (Does::StartsWith, _, Some(part)) => Value::Bool(text.starts_with(part)),
        (Does::EndsWith, _, Some(part)) => Value::Bool(text.ends_with(part)),
        (Does::LowerAscii, [_], _) => made(machine, text.to_ascii_lowercase()),
        (Does::UpperAscii, [_], _) => made(machine, text.to_ascii_uppercase()),
        (Does::Trim, [_], _) => made(machine, text.trim().to_owned()),
        (Does::Quote, [_], _) => made(machine, quoted(text)),
        (Does::CharAt, [_, Value::Int(at)], _) => char_at(text, *at),
        (Does::Substring, [_, Value::Int(from)], _) => part(machine, text, *from, None),
        (Does::Substring, [_, Value::Int(from), Value::Int(to)], _) => part(machine, text, *from, Some(*to)),
        (Does::IndexOf, [_, _], Some(wanted)) => index_of(text, wanted, 0),
        (Does::IndexOf, [_, _, Value::Int(from)], Some(wanted)) => index_of(text, wanted, *from),
        (Does::LastIndexOf, [_, _], Some(wanted)) => last_index_of(text, wanted, None),
        (Does::LastIndexOf, [_, _, Value::Int(from)], Some(wanted)) => last_index_of(text, wanted, Some(*from)),
        (Does::Split, [_, _], Some(by)) => split(machine, text, by, -1),
        (Does::Split, [_, _, Value::Int(most)], Some(by)) => split(machine, text, by, *most),
        (Does::Replace, [_, _, with], Some(old)) => replace(machine, text, old, with.as_text()?, -1),
        (Does::Replace, [_, _, with, Value::Int(most)], Some(old)) => {
            replace(machine, text, old, with.as_text()?, *most)
        }
        _ => return None,
    })
}

fn made<'a>(machine: &mut Machine<'a>, text: String) -> Value<'a> {
    machine.make(text.len() as u64);
    Value::text(text)
}

/// A text as CEL writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn out_of_range<'a>(at: i64) -> Value<'a> {
    Value::error(format!("index out of range: {at}"))
}

fn char_at<'a>(text: &str, at: i64) -> Value<'a> {
    let count = text.chars().count() as i64;
    match usize::try_from(at) {
        Ok(position) if at < count => Value::text(text.chars().nth(position).map(String::from).unwrap_or_default()),
        Ok(_) if at == count => Value::text(""),
        _ => out_of_range(at),
    }
}

/// The byte that a character begins at.
fn byte_of(text: &str, position: i64) -> usize {
    let position = usize::try_from(position).unwrap_or_default();
    text.char_indices().nth(position).map_or(text.len(), |(byte, _)| byte)
}

fn part<'a>(machine: &mut Machine<'a>, text: &str, from: i64, to: Option<i64>) -> Value<'a> {
    let count = text.chars().count() as i64;
    if let Some(to) = to
        && from > to
    {
        return Value::error(format!("invalid substring range. start: {from}, end: {to}"));
    }
    for end in [Some(from), to].into_iter().flatten() {
        if !(0..=count).contains(&end) {
            return out_of_range(end);
        }
    }
    let end = to.map_or(text.len(), |to| byte_of(text, to));
    made(machine, text[byte_of(text, from)..end].to_owned())
}

fn index_of<'a>(text: &str, wanted: &str, from: i64) -> Value<'a> {
    if wanted.is_empty() {
        return Value::Int(from);
    }
    if from < 0 {
        return out_of_range(from);
    }
    let begin = byte_of(text, from);
    let found = text[begin..].find(wanted);
    Value::Int(found.map_or(-1, |byte| from + text[begin..begin + byte].chars().count() as i64))
}

fn last_index_of<'a>(text: &str, wanted: &str, from: Option<i64>) -> Value<'a> {
    let count = text.chars().count() as i64;
    if wanted.is_empty() {
        return Value::Int(from.unwrap_or(count));
    }
    // Without a place to begin at, cel-go looks at the lengths first.
    if from.is_none() && text.len() < wanted.len() {
        return Value::Int(-1);
    }
    let from = from.unwrap_or(count - 1);
    if from < 0 {
        return out_of_range(from);
    }
    if from >= count {
        return Value::Int(-1);
    }
    // What begins at `from` at the latest ends so many bytes behind.
    let end = (byte_of(text, from) + wanted.len()).min(text.len());
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    let found = text[..end].rfind(wanted);
    Value::Int(found.map_or(-1, |byte| text[..byte].chars().count() as i64))
}

/// The most parts: all of them where Go is given a negative number.
fn most(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn split<'a>(machine: &mut Machine<'a>, text: &str, by: &str, limit: i64) -> Value<'a> {
    let most = most(limit);
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = text;
    if most == 0 {
        return Value::list(Vec::new());
    }
    loop {
        let next = if by.is_empty() {
            rest.chars().next().map(|c| (c.len_utf8(), c.len_utf8()))
        } else {
            rest.find(by).map(|at| (at, at + by.len()))
        };
        let last = parts.len() + 1 >= most;
        let Some((end, begin)) = next.filter(|_| !last) else {
            if !(by.is_empty() && rest.is_empty()) {
                parts.push(rest);
            }
            break;
        };
        parts.push(&rest[..end]);
        rest = &rest[begin..];
    }
    if !machine.make(parts.len() as u64 * ITEM + text.len() as u64) {
        return Value::list(Vec::new());
    }
    Value::list(parts.into_iter().map(Value::text).collect())
}

fn replace<'a>(machine: &mut Machine<'a>, text: &str, old: &str, new: &str, limit: i64) -> Value<'a> {
    let most = most(limit);
    let count = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    let count = count.min(most);
    if !machine.make((text.len() + count * new.len()) as u64) {
        return Value::text("");
    }
    Value::text(text.replacen(old, new, count))
}

fn join<'a>(machine: &mut Machine<'a>, arguments: &[Value<'a>]) -> Value<'a> {
    let (list, by) = match arguments {
        [list] => (list, Some("")),
        [list, by] => (list, by.as_text()),
        _ => return Value::no_overload(),
    };
    let Some(by) = by else { return Value::no_overload() };
    let Some(items) = machine.items(list) else { return Value::no_overload() };
    let mut out = String::new();
    for (position, item) in items.iter().enumerate() {
        let Some(text) = item.as_text() else {
            return Value::error(format!("join: invalid input: {}", item.type_name()));
        };
        if !machine.make((text.len() + by.len()) as u64) {
            break;
        }
        if position > 0 {
            out.push_str(by);
        }
        out.push_str(text);
    }
    Value::text(out)
}

/// States of a pattern that is compiled while it is evaluated which cost a step.
const STATES_OF_A_STEP: u64 = 8;

/// Functions with a pattern.
pub(crate) fn patterns<'a>(
    machine: &mut Machine<'a>,
    does: Does,
    arguments: &[Value<'a>],
    prepared: Option<&'a [u8]>,
) -> Option<Value<'a>> {
    let most = match (does, arguments) {
        (Does::Matches | Does::Find, [_, _]) => 1,
        (Does::FindAll, [_, _]) => usize::MAX,
        (Does::FindAll, [_, _, Value::Int(limit)]) => most(*limit),
        _ => return None,
    };
    let (text, written) = (arguments[0].as_text()?, arguments[1].as_text()?);
    let pattern = match prepared {
        Some(bytes) => Pattern::from_bytes(bytes),
        None => {
            machine.work(written.len() as u64);
            match Pattern::compile(written) {
                Ok(pattern) => {
                    machine.work(pattern.size() as u64 / STATES_OF_A_STEP);
                    pattern
                }
                Err(what) => {
                    // How far it came is not known: `{100}` makes much of little.
                    machine.work(MOST_STATES as u64 / STATES_OF_A_STEP);
                    return Some(Value::error(what));
                }
            }
        }
    };
    if does == Does::Matches {
        let (found, steps) = pattern.find(text, 0, false);
        machine.work(steps / 8);
        return Some(Value::Bool(found.is_some()));
    }
    let mut found = Vec::new();
    let mut from = 0;
    let mut last = None;
    while found.len() < most && from <= text.len() {
        let (range, steps) = pattern.find(text, from, true);
        machine.work(1 + steps / 8);
        let Some((begin, end)) = range else { break };
        // Nothing is found twice at one place: an empty match behind another one does not count.
        if begin < end || last != Some(begin) {
            if !machine.make((end - begin) as u64 + ITEM) {
                break;
            }
            found.push(Value::text(&text[begin..end]));
        }
        last = Some(end);
        from = if end > begin { end } else { end + text[end..].chars().next().map_or(1, char::len_utf8) };
    }
    if does == Does::Find {
        return Some(found.into_iter().next().unwrap_or(Value::Text("")));
    }
    Some(Value::list(found))
}
