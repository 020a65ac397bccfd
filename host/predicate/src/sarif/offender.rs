//! One result as it is shown: rule, message and place, cut and harmless.

use super::log::{Entry, Message, Text};
use super::path::Artifacts;
use super::rules::{Found, Tool};
use super::severity::Severity;
use crate::{Piece, shown};

/// A result that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// How bad it is.
    pub severity: Severity,
    /// Its rule, by its own word.
    pub rule: Option<String>,
    /// Who found it.
    pub tool: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Where it is, as written.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<u64>,
    /// The column there, from 1.
    pub column: Option<u64>,
    /// Its first fingerprint, with its name.
    pub fingerprint: Option<String>,
    /// JSON pointer of it.
    pub pointer: String,
}

impl Offender {
    pub(super) fn of<'a>(
        entry: &Entry<'a>,
        found: &Found<'_, 'a>,
        tool: &Tool<'a>,
        artifacts: &Artifacts<'a>,
        severity: Severity,
        pointer: String,
    ) -> Self {
        let named = entry.rule_id.as_deref().or_else(|| entry.rule.as_ref()?.id.as_deref());
        let rule = named.or_else(|| found.rules.first().map(|rule| &*rule.id));
        let place = entry.locations.iter().flatten().find_map(|one| one.physical_location.as_ref());
        let file = place.and_then(|place| place.artifact_location.as_ref()).and_then(|one| artifacts.written(one));
        let region = place.and_then(|place| place.region.as_ref());
        let prints = entry.fingerprints.iter().flatten().chain(entry.partial_fingerprints.iter().flatten());
        Self {
            severity,
            rule: rule.map(shown),
            tool: tool.driver().name.as_deref().map(shown),
            message: entry.message.as_ref().and_then(|message| said(message, found, tool)).map(|text| shown(&text)),
            file: file.map(shown),
            line: region.and_then(|region| region.start_line),
            column: region.and_then(|region| region.start_column),
            fingerprint: prints.map(|(name, value)| shown(&format!("{}:{}", &**name, &**value))).next(),
            pointer,
        }
    }
}

/// The text of a message, looked up where it is only named (3.11.7), with its arguments in their places (3.11.5).
fn said(message: &Message<'_>, found: &Found<'_, '_>, tool: &Tool<'_>) -> Option<String> {
    let own = message.text.as_ref().or(message.markdown.as_ref());
    let text = match own {
        Some(text) => text.to_string(),
        None => {
            let id = message.id.as_deref()?;
            let of_rules = found.rules.iter().filter_map(|rule| rule.strings);
            let strings = of_rules.chain(tool.components.iter().filter_map(|component| component.strings));
            let named = strings.filter_map(|strings| strings.get(id)).find_map(|one: Piece<'_>| one.get_str("text"));
            named.map_or_else(|| id.to_owned(), std::borrow::Cow::into_owned)
        }
    };
    Some(filled(&text, message.arguments.as_deref().unwrap_or_default()))
}

/// `{0}` is the first argument, and `{{` a brace. Never longer than what is shown of it needs.
fn filled(text: &str, arguments: &[Text<'_>]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if out.len() > 4 * crate::MOST_TEXT {
            break;
        }
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let index = rest.split_once('}').and_then(|(index, after)| Some((index.parse::<usize>().ok()?, after)));
        match index.filter(|_| brace == "{").and_then(|(index, after)| Some((arguments.get(index)?, after))) {
            Some((argument, after)) => {
                out.push_str(argument);
                rest = after;
            }
            None => out.push_str(brace),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_arguments_into_their_places() {
        let arguments = [Text("x".into()), Text("{0}".into())];
        for (text, expected) in [
            ("`{0}` was {1}", "`x` was {0}"),
            ("{{0}} {2} {", "{0} {2} {"),
            ("} {-1} {9999999999999999999999}", "} {-1} {9999999999999999999999}"),
            ("ä{0}ä", "äxä"),
        ] {
            assert_eq!(filled(text, &arguments), expected);
        }
    }
}
