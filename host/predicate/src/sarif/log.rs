//! The members of SARIF 2.1.0 that matter here, as they stand in a text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;
use serde_json::Value;

use crate::Piece;

/// A string, borrowed where nothing in it is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ComponentText<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) full_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) semantic_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) guid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) organization: Option<Text<'a>>,
}

/// A rule, or a notification that a tool may raise.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Descriptor<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) guid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) default_configuration: Option<Configuration<'a>>,
    #[serde(borrow)]
    pub(super) relationships: Option<Vec<Relationship<'a>>>,
    pub(super) properties: Option<Bag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Configuration<'a> {
    pub(super) enabled: Option<bool>,
    #[serde(borrow)]
    pub(super) level: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) target: Reference<'a>,
}

/// Names a descriptor by its id, its index, its guid, or several of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    pub(super) index: Option<i64>,
    #[serde(borrow)]
    pub(super) guid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tool_component: Option<ComponentReference<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ComponentReference<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    pub(super) index: Option<i64>,
    #[serde(borrow)]
    pub(super) guid: Option<Text<'a>>,
}

/// Of a property bag, what tools agree on by custom.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bag {
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Option<Value>,
    pub(super) tags: Option<Value>,
    pub(super) cwe: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) rule_id: Option<Text<'a>>,
    pub(super) rule_index: Option<i64>,
    #[serde(borrow)]
    pub(super) rule: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) level: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow)]
    pub(super) locations: Option<Vec<Location<'a>>>,
    #[serde(borrow)]
    pub(super) suppressions: Option<Vec<Suppression<'a>>>,
    #[serde(borrow)]
    pub(super) baseline_state: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) fingerprints: Option<BTreeMap<Text<'a>, Text<'a>>>,
    #[serde(borrow)]
    pub(super) partial_fingerprints: Option<BTreeMap<Text<'a>, Text<'a>>>,
    pub(super) provenance: Option<Provenance>,
    #[serde(borrow)]
    pub(super) taxa: Option<Vec<Reference<'a>>>,
    pub(super) properties: Option<Bag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Provenance {
    pub(super) invocation_index: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) markdown: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Vec<Text<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) physical_location: Option<PhysicalLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow)]
    pub(super) artifact_location: Option<ArtifactLocation<'a>>,
    #[serde(borrow)]
    pub(super) region: Option<Region<'a>>,
    #[serde(borrow)]
    pub(super) context_region: Option<Region<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Region<'a> {
    pub(super) start_line: Option<u64>,
    pub(super) start_column: Option<u64>,
    #[serde(borrow)]
    pub(super) snippet: Option<Message<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ArtifactLocation<'a> {
    #[serde(borrow)]
    pub(super) uri: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) uri_base_id: Option<Text<'a>>,
    pub(super) index: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Artifact<'a> {
    /// In a box: many artifacts have none.
    #[serde(borrow)]
    pub(super) location: Option<Box<ArtifactLocation<'a>>>,
    pub(super) parent_index: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Suppression<'a> {
    #[serde(borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) justification: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Invocation<'a> {
    pub(super) execution_successful: Option<bool>,
    pub(super) exit_code: Option<Value>,
    #[serde(borrow)]
    pub(super) exit_signal_name: Option<Text<'a>>,
    pub(super) exit_signal_number: Option<Value>,
    #[serde(borrow)]
    pub(super) process_start_failure_message: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) end_time_utc: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) rule_configuration_overrides: Option<Vec<Override<'a>>>,
    #[serde(borrow)]
    pub(super) notification_configuration_overrides: Option<Vec<Override<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Override<'a> {
    #[serde(borrow)]
    pub(super) descriptor: Reference<'a>,
    #[serde(borrow)]
    pub(super) configuration: Configuration<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Notification<'a> {
    #[serde(borrow)]
    pub(super) level: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) descriptor: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Automation<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) guid: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Revision<'a> {
    #[serde(borrow)]
    pub(super) repository_uri: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) revision_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) branch: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) mapped_to: Option<ArtifactLocation<'a>>,
}

/// A value as one of the types above; nothing where it is of another type, which a valid document has nowhere.
pub(super) fn json<'a, T: Deserialize<'a>>(piece: Piece<'a>) -> Option<T> {
    serde_json::from_str(piece.raw()).ok()
}

/// A value that may be missing.
pub(super) fn json_or_default<'a, T: Deserialize<'a> + Default>(piece: Option<Piece<'a>>) -> T {
    piece.and_then(json).unwrap_or_default()
}
