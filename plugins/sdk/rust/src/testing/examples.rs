//! Whether the examples of a settings schema are taken by the plugin, and its defaults are what leaving them out means.
//!
//! Both are words in a schema, which nobody reads but people and editors. `prepare` is the judge: it must take every example,
//! and settings with a default written out must become the same bytes as settings without it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::export::{Policy, glue};

/// The deepest map of a schema that is looked at: a schema may refer to itself.
const MOST_DEPTH: u32 = crate::settings::MOST_DEPTH;

/// One map of one of the examples: the number of the example, and the JSON Pointer of the map in it.
type Place = (usize, String);

/// Every fault, one sentence each. A schema without `examples` of whole settings is not looked at.
pub(super) fn faults<P: Policy>(schema: &Value) -> Vec<String> {
    let examples = schema["examples"].as_array().cloned().unwrap_or_default();
    let mut bases = Vec::new();
    let mut faults = Vec::new();
    for (position, example) in examples.iter().enumerate() {
        match prepared::<P>(example) {
            Ok(_) => bases.push(example.clone()),
            Err(complaint) => faults.push(format!("example {position} of the settings is refused: {complaint}")),
        }
    }
    if !faults.is_empty() || bases.is_empty() {
        return faults;
    }
    let places = (0..bases.len()).map(|at| (at, String::new())).collect();
    let mut walk = Walk { schema, bases, verdicts: BTreeMap::new(), prepare: prepared::<P> };
    walk.map(schema, "", places, MOST_DEPTH);
    let unheard = |(what, verdict): (String, Verdict)| match verdict {
        Verdict::Holds => None,
        Verdict::Fails(why) => Some(why),
        Verdict::NoPlace => {
            Some(format!("{what}: no example of whole settings has the map that it stands in; add one"))
        }
    };
    walk.verdicts.into_iter().filter_map(unheard).collect()
}

/// What `prepare` makes of settings, or its first complaint.
fn prepared<P: Policy>(settings: &Value) -> Result<Vec<u8>, String> {
    glue::prepare::<P>(&settings.to_string()).map_err(|errors| {
        errors.first().map_or_else(String::new, |first| format!("`{}` {}", first.pointer, first.message))
    })
}

/// What became of one default or example of one setting.
enum Verdict {
    /// It holds in one place at least, and is contradicted in none.
    Holds,
    /// It is refused everywhere, or means something else somewhere.
    Fails(String),
    /// No example has a place for it.
    NoPlace,
}

struct Walk<'a> {
    schema: &'a Value,
    /// Whole settings that are taken.
    bases: Vec<Value>,
    /// By the name of the default or example in the schema.
    verdicts: BTreeMap<String, Verdict>,
    prepare: fn(&Value) -> Result<Vec<u8>, String>,
}

impl<'a> Walk<'a> {
    /// Looks at the properties of a map that stands in these places; `name` says where it is described.
    fn map(&mut self, schema: &'a Value, name: &str, places: Vec<Place>, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let (resolved, name) = self.resolved(property, format!("{name}/properties/{key}"));
            for property in [property, resolved] {
                if let Some(default) = property.get("default") {
                    self.default(&name, key, default, &places);
                }
                for example in property["examples"].as_array().into_iter().flatten() {
                    self.example(&name, key, example, &places);
                }
                if std::ptr::eq(property, resolved) {
                    break;
                }
            }
            let below =
                |(at, pointer): &Place| (*at, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")));
            let inside: Vec<Place> = places.iter().map(below).filter(|place| self.at(place).is_some()).collect();
            self.below(resolved, &name, inside, depth);
        }
    }

    fn below(&mut self, schema: &'a Value, name: &str, places: Vec<Place>, depth: u32) {
        self.map(schema, name, places.clone(), depth);
        let items = &schema["items"];
        if items.is_null() || depth == 0 {
            return;
        }
        let mut inside = Vec::new();
        for (at, pointer) in &places {
            let count = self.at(&(*at, pointer.clone())).and_then(Value::as_array).map_or(0, Vec::len);
            inside.extend((0..count).map(|item| (*at, format!("{pointer}/{item}"))));
        }
        let (items, name) = self.resolved(items, format!("{name}/items"));
        self.below(items, &name, inside, depth - 1);
    }

    /// What a schema refers to, and by what name that is described.
    fn resolved(&self, schema: &'a Value, name: String) -> (&'a Value, String) {
        let target = schema["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
        target.and_then(|target| Some((self.schema.pointer(target)?, target.to_owned()))).unwrap_or((schema, name))
    }

    fn at(&self, (at, pointer): &Place) -> Option<&Value> {
        self.bases[*at].pointer(pointer)
    }

    /// Written out, a default is the same as left out.
    fn default(&mut self, name: &str, key: &str, default: &Value, places: &[Place]) {
        let mut verdict = Verdict::NoPlace;
        for place in places {
            // Where the setting means nothing, as beside an exemption, nothing is said about its default.
            let (Ok(without), Ok(with)) = (self.with(place, key, None), self.with(place, key, Some(default))) else {
                continue;
            };
            if without != with {
                let why = format!("{name}: the default {default} is not what leaving `{key}` out means");
                verdict = Verdict::Fails(why);
                break;
            }
            verdict = Verdict::Holds;
        }
        let known = self.verdicts.entry(format!("{name}, its default")).or_insert(Verdict::NoPlace);
        // What several maps share is described once, and is contradicted by any of them.
        if !matches!((&known, &verdict), (Verdict::Fails(_), _) | (_, Verdict::NoPlace)) {
            *known = verdict;
        }
    }

    /// An example is taken in one place at least.
    fn example(&mut self, name: &str, key: &str, example: &Value, places: &[Place]) {
        let mut verdict = Verdict::NoPlace;
        for place in places {
            match self.with(place, key, Some(example)) {
                Ok(_) => {
                    verdict = Verdict::Holds;
                    break;
                }
                Err(complaint) => {
                    verdict = Verdict::Fails(format!("{name}: the example {example} is refused: {complaint}"));
                }
            }
        }
        let known = self.verdicts.entry(format!("{name}, its example {example}")).or_insert(Verdict::NoPlace);
        if !matches!((&known, &verdict), (Verdict::Holds, _) | (_, Verdict::NoPlace)) {
            *known = verdict;
        }
    }

    /// What becomes of an example in which this setting has that value, or is left out.
    fn with(&self, place: &Place, key: &str, value: Option<&Value>) -> Result<Vec<u8>, String> {
        let mut settings = self.bases[place.0].clone();
        if let Some(Value::Object(map)) = settings.pointer_mut(&place.1) {
            match value {
                Some(value) => map.insert(key.to_owned(), value.clone()),
                None => map.remove(key),
            };
        }
        (self.prepare)(&settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Description, Outcome, Review, Setting, packed};

    packed! {
        /// The least of each team.
        pub struct Least {
            /// In their order.
            pub least: Vec<i64>,
        }
    }

    struct Demo;

    impl Policy for Demo {
        const DESCRIPTION: Description = Description::EMPTY;
        type Settings<'a> = Least;

        fn prepare(settings: Setting<'_>) -> Least {
            let teams = settings.object(&["teams"]).get("teams").items();
            let least = teams.iter().map(|team| team.object(&["least"]).get("least").integer(0, 9).unwrap_or(3));
            Least { least: least.collect() }
        }

        fn evaluate(_: &Least, _: Review) -> Outcome {
            Vec::new().into()
        }
    }

    fn said(least: &str, examples: &str) -> Vec<String> {
        let text = format!(
            r##"{{"$defs": {{"team": {{"type": "object", "properties": {{"least": {{{least}}}}}}}}}, "type": "object",
                "properties": {{"teams": {{"type": "array", "items": {{"$ref": "#/$defs/team"}}}}}}, "examples": {examples}}}"##
        );
        faults::<Demo>(&serde_json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn takes_defaults_and_examples_that_are_true() {
        assert_eq!(
            said(r#""default": 3, "examples": [0, 9]"#, r#"[{"teams": [{}, {"least": 1}]}]"#),
            [] as [String; 0]
        );
    }

    #[test]
    fn finds_a_default_that_is_none_and_examples_that_are_refused() {
        let team = "/$defs/team/properties/least";
        assert_eq!(
            said(r#""default": 4, "examples": [10]"#, r#"[{"teams": [{}]}]"#),
            [
                format!("{team}: the default 4 is not what leaving `least` out means"),
                format!(
                    "{team}: the example 10 is refused: `/teams/0/least` must be a whole number from 0 to 9, not `10`"
                ),
            ]
        );
        assert_eq!(said("", r#"[{"x": 1}]"#).len(), 1, "an example with an unknown key");
    }

    #[test]
    fn asks_for_an_example_that_shows_every_map() {
        assert_eq!(
            said(r#""default": 3"#, r#"[{"teams": []}]"#),
            [
                "/$defs/team/properties/least, its default: no example of whole settings has the map that it stands in; add one"
            ]
        );
    }
}
