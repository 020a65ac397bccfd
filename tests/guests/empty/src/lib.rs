//! A plugin that finds nothing: what the contract costs when nobody asks for anything.

// The generated bindings read and write the memory that they share with the host.
#![expect(unsafe_code, reason = "wit-bindgen generates the calls across the boundary")]

use bindings::{Guest, Outcome, SettingsError};

mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "policy", pub_export_macro: true });
}

struct Empty;

bindings::export!(Empty with_types_in bindings);

impl Guest for Empty {
    fn describe() -> String {
        r#"{"name":"guest-empty","version":"0.1.0","rules":[]}"#.to_owned()
    }

    fn prepare(settings: String) -> Result<Vec<u8>, Vec<SettingsError>> {
        Ok(settings.into_bytes())
    }

    fn evaluate(_prepared: Vec<u8>) -> Outcome {
        Outcome::Findings(Vec::new())
    }
}
