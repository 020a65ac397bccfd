//! Whether a plugin takes the settings that a policy set gives it.

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Document, NodeId, Source};
use serde_json::Value;

use crate::export::{Policy, glue};

/// The modes that may have settings of their own.
const MODES: [&str; 2] = ["sandbox", "compliance"];

/// Every complaint of the plugin about the policies of a text that use it, with their places; the error is that of a text
/// that says nothing about it.
pub(super) fn complaints<P: Policy>(name: &str, text: &str) -> Result<Vec<String>, String> {
    let documents = read_yaml(&Source::new(name, text), &ReadLimits::default());
    let documents = documents.map_err(|error| match error.place() {
        Some(place) => format!("{name}:{}: {error}", place.start().0),
        None => format!("{name}: {error}"),
    })?;
    let plugin = P::DESCRIPTION.name;
    let (mut used, mut complaints) = (false, Vec::new());
    for document in &documents {
        let policies = document.find(document.find(NodeId::ROOT, "spec"), "policies");
        for policy in document.items(policies).filter(|&policy| uses(document, policy, plugin)) {
            used = true;
            for mode in MODES {
                complaints.extend(in_mode::<P>(name, document, policy, mode));
            }
        }
    }
    // What stands in `settings` is wrong in both modes.
    complaints.sort();
    complaints.dedup();
    if used {
        Ok(complaints)
    } else {
        Err(format!("{name}: no policy uses `{plugin}.wasm`; name it in a policy's `plugin`"))
    }
}

/// Whether a policy names the plugin: built in, or as a file that is called like it.
fn uses(document: &Document, policy: NodeId, plugin: &str) -> bool {
    let file = document.string(policy, &["plugin", "file"]).unwrap_or_default();
    let file = file.rsplit('/').next().and_then(|file| file.strip_suffix(".wasm"));
    file == Some(plugin) || document.string(policy, &["plugin", "builtin"]) == Some(plugin)
}

/// The complaints about the settings of one mode: those of `settings`, with the keys of `settingsByMode` in their place.
fn in_mode<P: Policy>(name: &str, document: &Document, policy: NodeId, mode: &str) -> Vec<String> {
    let all = document.find(policy, "settings");
    let own = document.find(document.find(policy, "settingsByMode"), mode);
    let read = |node: NodeId| serde_json::from_str::<Value>(&document.to_json(node)).unwrap_or_default();
    let settings = match (read(all), read(own)) {
        (Value::Object(mut all), Value::Object(own)) => {
            all.extend(own);
            Value::Object(all)
        }
        (all, Value::Null) => all,
        (_, own) => own,
    };
    let errors = glue::prepare::<P>(&settings.to_string()).err().unwrap_or_default();
    let said = errors.into_iter().map(|error| {
        let key = error.pointer.split('/').nth(1).unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let holder = if document.find(own, &key).is_none() { all } else { own };
        let (nearest, _) = document.resolve(if holder.is_none() { policy } else { holder }, &error.pointer);
        let line = document.place(nearest).map_or(1, |place| place.start().0);
        format!("{name}:{line}: settings{}: {}", error.pointer, error.message)
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Description, Outcome, Review, Setting, packed};

    packed! {
        /// What is kept.
        pub struct Kept {
            /// A number.
            pub number: Option<i64>,
        }
    }

    struct Demo;

    impl Policy for Demo {
        const DESCRIPTION: Description = Description { name: "demo", ..Description::EMPTY };
        type Settings<'a> = Kept;

        fn prepare(settings: Setting<'_>) -> Kept {
            Kept { number: settings.object(&["number"]).get("number").integer(0, 9) }
        }

        fn evaluate(_: &Kept, _: Review) -> Outcome {
            Vec::new().into()
        }
    }

    fn set(plugin: &str, settings: &str) -> Result<Vec<String>, String> {
        complaints::<Demo>("p.yaml", &format!("spec:\n  policies:\n  - name: a\n    plugin: {plugin}\n{settings}"))
    }

    #[test]
    fn judges_the_settings_of_every_mode() {
        assert_eq!(set("{file: demo.wasm}", "    settings: {number: 1}\n"), Ok(Vec::new()));
        assert_eq!(set("{builtin: demo}", ""), Ok(Vec::new()));
        let unknown = "p.yaml:5: settings/numbr: unknown setting `numbr`: did you mean `number`?";
        assert_eq!(set("{file: ./demo.wasm}", "    settings: {numbr: 1}\n"), Ok(vec![unknown.to_owned()]));
        let by_mode = "    settings: {number: 1}\n    settingsByMode:\n      sandbox: {number: 10}\n";
        let outside = "p.yaml:7: settings/number: must be a whole number from 0 to 9, not `10`";
        assert_eq!(set("{file: demo.wasm}", by_mode), Ok(vec![outside.to_owned()]));
    }

    #[test]
    fn refuses_policies_that_do_not_use_the_plugin() {
        let said = "p.yaml: no policy uses `demo.wasm`; name it in a policy's `plugin`";
        assert_eq!(set("{file: other.wasm}", ""), Err(said.to_owned()));
        assert_eq!(complaints::<Demo>("p.yaml", ""), Err(said.to_owned()));
    }
}
