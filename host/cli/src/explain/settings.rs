//! The settings of a policy as the YAML that a person would write.

use portcullis_model::{Mode, Policy};
use portcullis_report::plain;
use serde_json::Value;

/// Words that YAML 1.1 reads as something else than a text.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
/// What stands behind the digits of a quantity, which is no number then.
const UNITS: [&str; 13] = ["m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Columns that a list of words may take on one line.
const LINE: usize = 80;

/// The settings of a policy, one line each: once where they are the same in both modes. Nothing where there are none.
pub fn of(policy: &Policy) -> String {
    let (sandbox, compliance) = (policy.settings.of(Mode::Sandbox), policy.settings.of(Mode::Compliance));
    match sandbox == compliance {
        true => yaml(sandbox),
        false => format!("# in sandbox\n{}# in compliance\n{}", yaml(sandbox), yaml(compliance)),
    }
}

/// Canonical JSON as YAML in blocks; nothing for an empty map.
fn yaml(json: &str) -> String {
    let mut out = String::new();
    match serde_json::from_str(json) {
        Ok(Value::Object(map)) if map.is_empty() => {}
        Ok(value) => write(&value, 0, &mut out),
        // What the host made is JSON; should it not be, it is shown as it is.
        Err(_) => out.push_str(&format!("{}\n", plain(json))),
    }
    out
}

/// A value on lines of its own.
fn write(value: &Value, indent: usize, out: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("{margin}{}:", scalar(key)));
                below(value, indent, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for item in list {
                let mut own = String::new();
                write(item, indent + 2, &mut own);
                // The dash takes the place of the first two blanks.
                let first = own.get(indent + 2..).unwrap_or_default();
                out.push_str(&format!("{margin}- {first}"));
            }
        }
        other => out.push_str(&format!("{margin}{}\n", inline(other))),
    }
}

/// A value behind its key.
fn below(value: &Value, indent: usize, out: &mut String) {
    if let Value::String(text) = value
        && let Some(mark) = block(text)
    {
        out.push_str(&format!(" {mark}\n"));
        for line in text.lines() {
            let line = format!("{:1$}{2}", "", indent + 2, plain(line));
            out.push_str(&format!("{}\n", line.trim_end()));
        }
        return;
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            write(value, indent + 2, out);
        }
        Value::Array(list) if !list.is_empty() => {
            let flow = inline(value);
            match list.iter().any(|item| item.is_object() || item.is_array()) || flow.len() > LINE {
                true => {
                    out.push('\n');
                    write(value, indent, out);
                }
                false => out.push_str(&format!(" {flow}\n")),
            }
        }
        other => out.push_str(&format!(" {}\n", inline(other))),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(list) => format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{}: {}", scalar(key), inline(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// How a text of several lines is introduced, where it can stand below its key as it is.
fn block(text: &str) -> Option<&'static str> {
    let own = text.strip_suffix('\n').unwrap_or(text);
    let odd = own.contains(|c: char| c.is_control() && c != '\n') || own.lines().any(|line| line.ends_with(' '));
    let begins = own.starts_with(|c: char| c.is_whitespace());
    if !own.contains('\n') || own.ends_with('\n') || odd || begins {
        return None;
    }
    Some(if own.len() == text.len() { "|-" } else { "|" })
}

/// A text on one line, in quotes where YAML would read it as something else.
fn scalar(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || " ._/-".contains(c);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_quantity = unit.len() < text.len() && UNITS.contains(&unit);
    let is_word = text.chars().all(safe)
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_quantity || is_word { text.to_owned() } else { plain(&Value::from(text).to_string()).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_settings_as_a_person_would() {
        let json = r#"{"cpu":{"max":"16","min":"100m"},"forbiddenTags":["latest"],"level":"baseline","requireLimits":true,"validations":[{"expression":"has(object.x) &&\n  object.x > 1","message":"no: 'x'"},{"expression":"a  b"}]}"#;
        assert_eq!(
            yaml(json),
            "cpu:\n  max: \"16\"\n  min: 100m\nforbiddenTags: [latest]\nlevel: baseline\nrequireLimits: true\nvalidations:\n- expression: |-\n    has(object.x) &&\n      object.x > 1\n  message: \"no: 'x'\"\n- expression: a  b\n"
        );
        assert_eq!(yaml("{}"), "");
        assert_eq!(yaml(r#"{"a":[[1,2],{}],"b":"","c":"yes"}"#), "a:\n- - 1\n  - 2\n- {}\nb: \"\"\nc: \"yes\"\n");
    }
}
