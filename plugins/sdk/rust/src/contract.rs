//! The bindings of the contract: generated from `wit`, for this crate and its `export!` only.

wit_bindgen::generate!({
    path: "wit",
    world: "policy",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "::portcullis_sdk::contract",
});
