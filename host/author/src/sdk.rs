//! The guest kit, as the binary carries it: the SDK is not on crates.io, and an author has no clone of it.

/// The kit without what only its own tests need: names within a folder `sdk`, and what stands there.
pub const FILES: [(&str, &str); 19] = [
    ("Cargo.toml", MANIFEST),
    ("LICENSE", include_str!("../../../LICENSE")),
    ("README.md", include_str!("../../../plugins/sdk/rust/README.md")),
    ("src/allocator.rs", include_str!("../../../plugins/sdk/rust/src/allocator.rs")),
    ("src/amount.rs", include_str!("../../../plugins/sdk/rust/src/amount.rs")),
    ("src/contract.rs", include_str!("../../../plugins/sdk/rust/src/contract.rs")),
    ("src/description.rs", include_str!("../../../plugins/sdk/rust/src/description.rs")),
    ("src/export.rs", include_str!("../../../plugins/sdk/rust/src/export.rs")),
    ("src/finding.rs", include_str!("../../../plugins/sdk/rust/src/finding.rs")),
    ("src/host.rs", include_str!("../../../plugins/sdk/rust/src/host.rs")),
    ("src/last_words.rs", include_str!("../../../plugins/sdk/rust/src/last_words.rs")),
    ("src/lib.rs", include_str!("../../../plugins/sdk/rust/src/lib.rs")),
    ("src/node.rs", include_str!("../../../plugins/sdk/rust/src/node.rs")),
    ("src/packed.rs", include_str!("../../../plugins/sdk/rust/src/packed.rs")),
    ("src/review.rs", include_str!("../../../plugins/sdk/rust/src/review.rs")),
    ("src/settings.rs", include_str!("../../../plugins/sdk/rust/src/settings.rs")),
    ("src/workload.rs", include_str!("../../../plugins/sdk/rust/src/workload.rs")),
    ("wit/plugin.wit", portcullis_component::WIT[0].1),
    ("wit/types.wit", portcullis_component::WIT[1].1),
];

/// Its manifest outside of the workspace. Its native tests need crates of the host, so that feature is not there.
const MANIFEST: &str = r#"# The guest kit of Portcullis, as `portcullis plugin new` wrote it. A newer binary carries a newer one.
[package]
name = "portcullis-sdk"
description = "Write a Portcullis policy plugin in Rust."
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
license = "Apache-2.0"
publish = false

[dependencies]
serde_json = { version = "1.0.145", features = ["raw_value"] }
wit-bindgen = { version = "=0.60.0", default-features = false, features = ["macros", "realloc"] }

[lints.rust]
unsafe_code = "deny"
unexpected_cfgs = { level = "warn", check-cfg = ['cfg(feature, values("testing"))'] }
"#;

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    #[test]
    fn carries_every_file_of_the_kit_that_guests_are_made_of() {
        let sources = std::fs::read_dir(format!("{TREE}/plugins/sdk/rust/src")).expect("the sources of the SDK");
        let names = sources.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".rs") && name != "testing.rs").collect();
        names.sort();
        let carried: Vec<&str> = FILES.iter().filter_map(|(name, _)| name.strip_prefix("src/")).collect();
        assert_eq!(names, carried);
    }

    #[test]
    fn names_the_dependencies_of_the_workspace() {
        let workspace = std::fs::read_to_string(format!("{TREE}/Cargo.toml")).expect("the workspace");
        let lines = MANIFEST.lines().skip_while(|line| *line != "[dependencies]").skip(1);
        for line in lines.take_while(|line| !line.is_empty()) {
            assert!(workspace.lines().any(|other| other == line), "the workspace has no line `{line}`");
        }
        for line in ["version = ", "edition = ", "rust-version = "] {
            let of = |text: &str| text.lines().find(|other| other.starts_with(line)).map(str::to_owned);
            assert_eq!(of(MANIFEST), of(&workspace[workspace.find("[workspace.package]").expect("a table")..]));
        }
    }
}
