//! What YAML makes of an expression that somebody forgot to quote.

use portcullis_model::Place;

/// The keys whose values are expressions.
const KEYS: [&str; 2] = ["expression:", "messageExpression:"];
/// Longest line that is looked at, in bytes: nobody writes an expression into a longer one by hand.
const LONGEST: usize = 4096;

const TAG: &str =
    "YAML takes a `!` in front for a tag: put the expression in quotes, or on lines of its own below `expression: |-`";
const LIST: &str = "YAML takes a `[` or `{` in front for a list or a map: put the expression in quotes";
const COMMA: &str = "between `{` and `}` a comma, a bracket or a brace ends the value: put the expression in quotes";
const QUOTE: &str = "YAML takes the text in quotes for the whole value: put the expression in quotes of the other kind, or on lines of its own below `expression: |-`";
const COLON: &str =
    "YAML takes `: ` for the end of a key: put the expression in quotes, or on lines of its own below `expression: |-`";

/// Why the expression on the line of a complaint is not the one that was meant, and what to do; nothing where YAML reads it as
/// it stands there. Only the line is looked at, so it explains a complaint and is none.
pub fn unquoted_expression(place: &Place) -> Option<&'static str> {
    let text = place.source.text();
    let at = text.floor_char_boundary(place.span.start as usize);
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let line = text[start..].lines().next().filter(|line| line.len() <= LONGEST)?;
    let (key, end) = KEYS.iter().find_map(|key| Some((line.find(key)?, line.find(key)? + key.len())))?;
    let before = &line[..key];
    let in_flow = before.matches('{').count() > before.matches('}').count();
    slip(line[end..].strip_prefix(' ')?.trim(), in_flow)
}

fn slip(value: &str, in_flow: bool) -> Option<&'static str> {
    let first = value.chars().next()?;
    match first {
        '|' | '>' => None,
        '!' => (!value.starts_with("!!")).then_some(TAG),
        '[' | '{' => Some(LIST),
        '\'' | '"' => {
            let closed = value[1..].find(first)? + 1;
            let rest = value[closed + 1..].trim_start();
            // `''` is one quote in a text between such.
            let ends = rest.is_empty() || rest.starts_with(['#', first]) || (in_flow && rest.starts_with([',', '}']));
            (!ends).then_some(QUOTE)
        }
        _ if in_flow => slip_in_flow(value),
        _ => value.contains(": ").then_some(COLON),
    }
}

/// A value between braces ends at the first comma, bracket or brace; a comma must be followed by a key, or the end.
fn slip_in_flow(value: &str) -> Option<&'static str> {
    let end = value.find([',', '[', ']', '{', '}'])?;
    let rest = &value[end + 1..];
    let is_key = |rest: &str| {
        let word = rest.trim_start().trim_start_matches(['"', '\'']);
        let length = word.chars().take_while(|c| c.is_ascii_alphanumeric()).count();
        length > 0 && word[length..].trim_start_matches(['"', '\'']).starts_with(':')
    };
    match value.as_bytes()[end] {
        b',' if rest.trim().is_empty() || is_key(rest) => None,
        b'}' => None,
        _ => Some(COMMA),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_model::{Source, Span};

    use super::*;

    fn of(line: &str) -> Option<&'static str> {
        let text = format!("validations:\n{line}\n");
        let place = Place { source: Source::new("set.yaml", text.as_str()), span: Span::new(13, text.len()) };
        unquoted_expression(&place)
    }

    #[test]
    fn says_what_yaml_made_of_an_expression() {
        for (line, told) in [
            ("- expression: !has(object.spec.x)", Some(TAG)),
            ("- expression: !has(object.x) || object.x", Some(TAG)),
            ("- expression: [1, 2].exists(i, i == 1)", Some(LIST)),
            ("- {expression: object.spec.containers.all(c, c.image != ''), message: m}", Some(COMMA)),
            ("- {message: m, expression: object.kind in ['A']}", Some(COMMA)),
            ("- {name: x, expression: !has(object.x)}", Some(TAG)),
            ("- expression: 'a' in object.metadata.labels", Some(QUOTE)),
            ("- expression: object.x == 'a: b'", Some(COLON)),
            ("  messageExpression: \"'a' + object.x\" + 'b'", Some(QUOTE)),
        ] {
            assert_eq!(of(line), told, "{line}");
        }
    }

    #[test]
    fn says_nothing_of_one_that_yaml_reads_as_it_stands() {
        for line in [
            "- expression: object.spec.replicas > 2",
            "- expression: '!has(object.spec.x)'",
            "- expression: 'object.x == ''a: b'''",
            "- expression: \"size([1, 2]) == 2\"  # why",
            "- expression: |-",
            "- expression: object.x.all(c, c.y)",
            "- {expression: object.x > 2, message: m}",
            "- {expression: object.x > 2}",
            "- {name: x, expression: 'object.kind ==', \"message\": m}",
            "- {expression: object.x,",
            "- message: !has(object.x)",
            "- expression:",
            "ä",
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
