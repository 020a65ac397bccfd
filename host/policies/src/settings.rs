//! Settings of each mode as JSON text, and one spelling for everything that is hashed.

use std::fmt::Write;

use portcullis_model::{Document, Kind, Mode, NodeId, PerMode, json_string};

use crate::fields::Fields;

/// Largest settings of one mode, in bytes of JSON: what `prepare` takes (`wit/plugin.wit`).
pub const MAX_SETTINGS: usize = 1024 * 1024;

/// The settings of each mode: those of `settings`, with the top-level keys of `settingsByMode.<mode>` in their place.
pub(crate) fn read_settings(fields: &Fields, policy: NodeId) -> PerMode<String> {
    let all = fields.get(policy, "settings").filter(|&node| fields.expect(node, Kind::Map, "a map"));
    let own = fields.per_mode(policy, "settingsByMode", |node| fields.expect(node, Kind::Map, "a map").then_some(node));
    let of = |own: Option<NodeId>| {
        let merged = merge(fields.document, all, own);
        if merged.len() > MAX_SETTINGS {
            fields.wrong(own.or(all).unwrap_or(policy), format!("settings of more than {MAX_SETTINGS} bytes"));
        }
        merged
    };
    PerMode { sandbox: of(own.sandbox), compliance: of(own.compliance) }
}

fn merge(document: &Document, all: Option<NodeId>, own: Option<NodeId>) -> String {
    let entries = |node: Option<NodeId>| document.entries(node.unwrap_or(NodeId::NONE));
    let mut members: Vec<(&str, NodeId)> = entries(own).collect();
    members.extend(entries(all).filter(|&(key, _)| own.is_none_or(|own| document.find(own, key).is_none())));
    let mut out = String::new();
    write_members(document, members, &mut out);
    out
}

/// The node in `settings` or `settingsByMode` that a JSON pointer into the merged settings speaks of, or the nearest above it.
pub(crate) fn setting_node(document: &Document, policy: NodeId, mode: Mode, pointer: &str) -> NodeId {
    let own = document.walk(policy, &["settingsByMode", mode.as_str()]);
    let all = document.find(policy, "settings");
    let first = pointer.split('/').nth(1).map(|segment| segment.replace("~1", "/").replace("~0", "~"));
    let first = first.unwrap_or_default();
    let root = [own, all].into_iter().find(|&root| !document.find(root, &first).is_none());
    match root {
        Some(root) => document.resolve(root, pointer).0,
        None => [own, all, policy].into_iter().find(|root| !root.is_none()).unwrap_or(policy),
    }
}

/// Appends a subtree as JSON with the keys of every map sorted and no white space: two spellings, one text.
///
/// Recursion is bounded by the depth that the document was read with (`Limits::depth`).
pub(crate) fn write_canonical(document: &Document, node: NodeId, out: &mut String) {
    match document.kind(node) {
        Kind::Map => write_members(document, document.entries(node).collect(), out),
        Kind::List => {
            out.push('[');
            for (position, item) in document.items(node).enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_canonical(document, item, out);
            }
            out.push(']');
        }
        _ => document.write_json(node, out),
    }
}

fn write_members(document: &Document, mut members: Vec<(&str, NodeId)>, out: &mut String) {
    members.sort_unstable_by_key(|&(key, _)| key);
    out.push('{');
    for (position, (key, value)) in members.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        json_string(key, out);
        out.push(':');
        write_canonical(document, value, out);
    }
    out.push('}');
}

/// The SHA-256 of a set's name and spec in their one spelling.
pub(crate) fn digest_of(document: &Document, name: &str) -> String {
    let mut text = String::from("{\"name\":");
    json_string(name, &mut text);
    text.push_str(",\"spec\":");
    write_canonical(document, document.find(NodeId::ROOT, "spec"), &mut text);
    // Writing to a String cannot fail.
    let _ = text.write_char('}');
    portcullis_model::sha256_hex(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json;

    const POLICY: &str =
        r#"{"settings":{"b":{"x":1},"a":true},"settingsByMode":{"compliance":{"b":{"y":[1.50,"t"]}}}}"#;

    #[test]
    fn replaces_top_level_keys_whole() {
        let document = json(POLICY);
        let fields = Fields::new(&document);
        let settings = read_settings(&fields, NodeId::ROOT);
        assert_eq!(settings.sandbox, r#"{"a":true,"b":{"x":1}}"#);
        assert_eq!(settings.compliance, r#"{"a":true,"b":{"y":[1.50,"t"]}}"#);
        assert!(fields.finish().is_empty());
    }

    #[test]
    fn finds_the_place_that_a_setting_came_from() {
        let document = json(POLICY);
        let pointer = |mode, pointer: &str| document.pointer(setting_node(&document, NodeId::ROOT, mode, pointer));
        assert_eq!(pointer(Mode::Compliance, "/b/y/1"), "/settingsByMode/compliance/b/y/1");
        assert_eq!(pointer(Mode::Sandbox, "/b/x"), "/settings/b/x");
        assert_eq!(pointer(Mode::Compliance, "/a"), "/settings/a");
        assert_eq!(pointer(Mode::Compliance, "/b/zzz"), "/settingsByMode/compliance/b", "the nearest that exists");
        assert_eq!(pointer(Mode::Compliance, ""), "/settingsByMode/compliance");
        assert_eq!(pointer(Mode::Sandbox, "/zzz"), "/settings");
    }

    #[test]
    fn takes_settings_of_as_many_bytes_as_a_plugin_does_and_not_one_more() {
        let complaints = |length: usize| {
            let document = json(&format!(r#"{{"settings":{{"a":"{}"}}}}"#, "x".repeat(length - r#"{"a":""}"#.len())));
            let fields = Fields::new(&document);
            assert_eq!(read_settings(&fields, NodeId::ROOT).sandbox.len(), length);
            fields.finish().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(complaints(MAX_SETTINGS), [] as [&str; 0]);
        let one_more = complaints(MAX_SETTINGS + 1);
        assert!(one_more[0].starts_with("settings of more than 1048576 bytes"), "{one_more:?}");
    }

    #[test]
    fn complains_about_settings_that_are_no_map() {
        let document = json(r#"{"settings":[],"settingsByMode":{"sandbox":1,"complience":{}}}"#);
        let fields = Fields::new(&document);
        let settings = read_settings(&fields, NodeId::ROOT);
        assert_eq!((settings.sandbox.as_str(), settings.compliance.as_str()), ("{}", "{}"));
        let complaints: Vec<String> = fields.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            complaints,
            [
                "`settings` must be a map, found a list",
                "unknown field `complience` in `settingsByMode`; did you mean `compliance`?",
                "`sandbox` must be a map, found a number",
            ]
        );
    }
}
