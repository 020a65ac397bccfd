//! The schema of SARIF 2.1.0 as errata 01 left it, made of the one that was published with a package.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::{Faults, MAX_FAULTS_SHOWN, Piece, Schema, Unreadable};

const PUBLISHED: &str = include_str!("../../schemas/sarif/sarif-schema-2.1.0.json");

static SCHEMA: LazyLock<Result<Schema, String>> = LazyLock::new(|| Schema::compile(&with_errata()?.to_string(), &[]));

/// What is wrong with a report by the schema.
pub(super) fn check(log: Piece<'_>) -> Result<Faults, Unreadable> {
    let schema = SCHEMA.as_ref().map_err(|error| Unreadable::new(format!("our schema of SARIF is broken: {error}")))?;
    Ok(schema.check(log, MAX_FAULTS_SHOWN))
}

/// The schema that documents are judged by, as text.
///
/// # Errors
/// When the published schema is not the one that the errata were written for.
pub fn with_errata() -> Result<Value, String> {
    let mut schema: Value = serde_json::from_str(PUBLISHED).map_err(|error| error.to_string())?;
    let language = || json!("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let starts = json!([{"required": ["startLine"]}, {"required": ["charOffset"]}, {"required": ["byteOffset"]}]);
    for (pointer, name, value) in [
        // The standard is of draft 4: `uri-reference` is no format there, and tools write paths with blanks.
        ("", "$schema", json!("http://json-schema.org/draft-04/schema#")),
        // A tool that could not even find out what to do has no runs to tell of (3.13.4).
        ("/properties/runs", "type", json!(["array", "null"])),
        // A region says where it starts (3.30.1).
        ("/definitions/region", "anyOf", starts),
        ("/definitions/run/properties/language", "pattern", language()),
        ("/definitions/toolComponent/properties/language", "pattern", language()),
    ] {
        let place = schema.pointer_mut(pointer).and_then(Value::as_object_mut);
        place.ok_or_else(|| format!("nothing at `{pointer}`"))?.insert(name.to_owned(), value);
    }
    Ok(schema)
}
