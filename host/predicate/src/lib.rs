//! What attested documents say: SBOMs, SARIF reports, provenance. Pure; the only crate that knows JSON Schema.
