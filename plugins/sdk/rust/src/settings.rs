//! What a policy author wrote, read strictly: every complaint has its place and says what would be right.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::Value;

use crate::amount::{Amount, Quantity};
use crate::packed::{Packed, Reader};

/// The deepest that settings may be nested. A plugin has 16 KiB of stack, and nobody writes deeper than this.
pub const MOST_DEPTH: u32 = 16;

/// One complaint about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// JSON Pointer (RFC 6901) into the settings; empty for the settings as a whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A bound that a person wrote: its value, and the text to show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The value, exactly.
    pub quantity: Quantity,
    /// As written in the settings.
    pub written: Cow<'a, str>,
}

impl<'a> Packed<'a> for Bound<'a> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.quantity.write(bytes);
        self.written.as_ref().write(bytes);
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        Self { quantity: Quantity::read(bytes), written: Cow::Borrowed(Packed::read(bytes)) }
    }
}

/// Parses settings, lets `read` take them, and hands out either what it made of them or all complaints.
pub(crate) fn read<T>(text: &str, read: impl FnOnce(Setting<'_>) -> T) -> Result<T, Vec<SettingsError>> {
    let whole = |message: String| vec![SettingsError { pointer: String::new(), message }];
    if depth(text) > MOST_DEPTH {
        return Err(whole(format!("the settings are nested more than {MOST_DEPTH} deep")));
    }
    let value = match text.trim() {
        "" | "null" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).map_err(|error| whole(format!("the settings are not JSON: {error}")))?,
    };
    let complaints = RefCell::default();
    let answer = read(Setting { value: Some(&value), pointer: String::new(), complaints: &complaints });
    let complaints = complaints.into_inner();
    if complaints.is_empty() { Ok(answer) } else { Err(complaints) }
}

/// Maps and lists inside each other.
fn depth(text: &str) -> u32 {
    let (mut deepest, mut depth, mut quoted, mut escaped) = (0u32, 0u32, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// One value of the settings, or the place where one could be.
///
/// Each reader answers nothing where the setting is absent, and complains where it is something else than it must be:
/// what `prepare` returns is thrown away as soon as there is a complaint.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    value: Option<&'a Value>,
    pointer: String,
    complaints: &'a RefCell<Vec<SettingsError>>,
}

impl<'a> Setting<'a> {
    /// Whether somebody wrote it.
    pub fn is_given(&self) -> bool {
        self.value.is_some()
    }

    /// Whether it is a list, for settings that may be a list or something else.
    pub fn is_list(&self) -> bool {
        self.value.is_some_and(Value::is_array)
    }

    /// Whether it is `true` or `false`, for settings that may be that or something else.
    pub fn is_boolean(&self) -> bool {
        self.value.is_some_and(Value::is_boolean)
    }

    /// Whether it is this text, for settings that may be that or something else.
    pub fn is_text(&self, text: &str) -> bool {
        self.value.and_then(Value::as_str) == Some(text)
    }

    /// A number as it was read, for settings that must be a text: YAML takes `2.0` without quotes for a number.
    pub fn as_number(&self) -> Option<String> {
        self.value.filter(|value| value.is_number()).map(Value::to_string)
    }

    /// A text, without a complaint where it is none: for what people write instead of something else.
    pub fn as_text(&self) -> Option<&'a str> {
        self.value?.as_str()
    }

    /// All of it as JSON text, without a complaint: for settings that may be anything.
    pub fn to_json(&self) -> Option<String> {
        self.value.map(Value::to_string)
    }

    /// Whether nobody complained so far, about any setting: for what only makes sense of settings without fault.
    pub fn is_sound(&self) -> bool {
        self.complaints.borrow().is_empty()
    }

    /// Refuses the settings because of this one.
    pub fn complain(&self, message: impl Into<String>) {
        let complaint = SettingsError { pointer: self.pointer.clone(), message: message.into() };
        let mut complaints = self.complaints.borrow_mut();
        // Whoever reads a setting twice has one thing to say of it.
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }

    /// A map with these keys and no others; an absent one has none of them.
    pub fn object<'k>(&self, known: &'k [&'k str]) -> Object<'a, 'k> {
        #[cfg(feature = "testing")]
        asked::note(&self.pointer, known);
        let map = match self.value {
            Some(Value::Object(map)) => Some(map),
            None => None,
            Some(_) => {
                self.expected(&format!("a map with the keys {}", listed(known)));
                None
            }
        };
        for key in map.into_iter().flat_map(|map| map.keys()).filter(|key| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", listed(known)),
            };
            self.child(key, None).complain(format!("unknown setting `{}`: {hint}", key.escape_debug()));
        }
        Object { setting: self.clone(), known, map }
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        let found = self.value?.as_bool();
        if found.is_none() {
            self.expected("`true` or `false`");
        }
        found
    }

    /// A text that is not empty.
    pub fn text(&self) -> Option<&'a str> {
        let found = self.value?.as_str().filter(|text| !text.is_empty());
        match self.value? {
            Value::Number(_) | Value::Bool(_) => self.refuse("a text that is not empty", "; put it in quotes"),
            _ if found.is_none() => self.expected("a text that is not empty"),
            _ => {}
        }
        found
    }

    /// One of a few words.
    pub fn word(&self, words: &[&'static str]) -> Option<&'static str> {
        let text = self.value?.as_str().unwrap_or_default();
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            self.expected(&format!("one of {}", listed(words)));
        }
        found
    }

    /// A whole number from `least` to `most`.
    pub fn integer(&self, least: i64, most: i64) -> Option<i64> {
        let found = self.value?.as_i64().filter(|number| (least..=most).contains(number));
        if found.is_none() {
            let quoted = self.as_text().is_some_and(|text| text.parse::<i64>().is_ok());
            self.refuse(
                &format!("a whole number from {least} to {most}"),
                if quoted { "; take its quotes off" } else { "" },
            );
        }
        found
    }

    /// A Kubernetes quantity, as a text (`"128Mi"`) or a number (`16`).
    pub fn quantity(&self) -> Option<Bound<'a>> {
        let written = match self.value? {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            _ => {
                self.expected("a quantity such as `500m`, `2` or `128Mi`");
                return None;
            }
        };
        match Amount::parse(&written) {
            Amount::Exact(quantity) => Some(Bound { quantity, written }),
            _ => {
                self.complain(format!("`{}` is not a quantity: {}", written.escape_debug(), unit_hint(&written)));
                None
            }
        }
    }

    /// The items of a list; an absent one has none.
    pub fn items(&self) -> Vec<Setting<'a>> {
        match self.value {
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(position, item)| self.child(&position.to_string(), Some(item))).collect()
            }
            None => Vec::new(),
            Some(value) => {
                let hint = match value {
                    Value::String(_) => "; write `[` and `]` round it",
                    Value::Object(_) => "; write `- ` in front of its first key",
                    _ => "",
                };
                self.refuse("a list", hint);
                Vec::new()
            }
        }
    }

    /// A list of texts that are not empty, none of them twice.
    pub fn texts(&self) -> Vec<&'a str> {
        let mut texts = Vec::new();
        for item in self.items() {
            match item.text() {
                Some(text) if texts.contains(&text) => {
                    item.complain(format!("`{}` stands here twice", text.escape_debug()));
                }
                text => texts.extend(text),
            }
        }
        texts
    }

    fn child(&self, key: &str, value: Option<&'a Value>) -> Setting<'a> {
        let pointer = format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"));
        Setting { value, pointer, complaints: self.complaints }
    }

    /// Refuses the settings because this one is not what it must be: `must be WHAT, not FOUND`, with what was written.
    pub fn expected(&self, what: &str) {
        self.refuse(what, "");
    }

    fn refuse(&self, what: &str, hint: &str) {
        let found = match self.value {
            None | Some(Value::Null) => "nothing".to_owned(),
            Some(Value::Object(_)) => "a map".to_owned(),
            Some(Value::Array(_)) => "a list".to_owned(),
            Some(Value::String(text)) => format!("the text `{}`", text.escape_debug()),
            Some(scalar) => format!("`{scalar}`"),
        };
        self.complain(format!("must be {what}, not {found}{hint}"));
    }
}

/// A map of settings whose keys are known.
#[derive(Clone, Debug)]
pub struct Object<'a, 'k> {
    setting: Setting<'a>,
    known: &'k [&'k str],
    map: Option<&'a serde_json::Map<String, Value>>,
}

impl<'a> Object<'a, '_> {
    /// The setting under one of the known keys.
    ///
    /// # Panics
    /// Where the key is not one of those that [`Setting::object`] was given: a bug of the plugin.
    pub fn get(&self, key: &str) -> Setting<'a> {
        assert!(self.known.contains(&key), "`{key}` is read but not among the known keys");
        self.setting.child(key, self.map.and_then(|map| map.get(key)))
    }

    /// The setting under a key that must be there.
    pub fn require(&self, key: &str) -> Setting<'a> {
        let found = self.get(key);
        if !found.is_given() && self.map.is_some() {
            self.setting.complain(format!("`{key}` is missing"));
        }
        found
    }

    /// Refuses the settings because of this map.
    pub fn complain(&self, message: impl Into<String>) {
        self.setting.complain(message);
    }
}

pub(crate) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What people most often mean by a text that is no quantity.
fn unit_hint(written: &str) -> &'static str {
    let lower = written.trim().to_ascii_lowercase();
    if written.trim() != written {
        "remove the white space around it"
    } else if lower.ends_with("ib") {
        "write `Mi` or `Gi` instead of `MiB` or `GiB`"
    } else if lower.ends_with('b') {
        "write `M` or `G` for powers of 1000, `Mi` or `Gi` for powers of 1024"
    } else {
        "write a number with an optional suffix n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi or Ei"
    }
}

/// The longest word that is compared, in bytes.
const MOST_WORD: usize = 64;

/// The known word that somebody most likely meant: at most a third of its letters away.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|known| (distance(word, known), *known)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1)).map(|(_, known)| known)
}

/// Letters to insert, remove, change, or swap with the next one, without regard to case. In place: a guest frees no memory.
fn distance(one: &str, other: &str) -> usize {
    let [one, other] = [one, other].map(|text| &text.as_bytes()[..text.len().min(MOST_WORD)]);
    let (mut before, mut row) = ([0u16; MOST_WORD + 1], [0u16; MOST_WORD + 1]);
    for (at, cost) in (0..).zip(row.iter_mut()) {
        *cost = at;
    }
    let same = |a: &u8, b: &u8| a.eq_ignore_ascii_case(b);
    for (i, a) in one.iter().enumerate() {
        let mut next = [0u16; MOST_WORD + 1];
        next[0] = row[0] + 1;
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + u16::from(!same(a, b))).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && same(a, &other[j - 1]) && same(&one[i - 1], b) {
                least = least.min(before[j - 1] + 1);
            }
            next[j + 1] = least;
        }
        (before, row) = (row, next);
    }
    usize::from(row[other.len()])
}

/// For which maps a plugin asked, in tests: they compare it with the plugin's schema.
#[cfg(feature = "testing")]
pub(crate) mod asked {
    use std::cell::RefCell;

    thread_local! {
        static ASKED: RefCell<Vec<(String, Vec<String>)>> = const { RefCell::new(Vec::new()) };
    }

    /// Forgets what was asked for until now.
    pub(crate) fn clear() {
        ASKED.take();
    }

    /// The JSON Pointer and the known keys of every map that was asked for.
    pub(crate) fn take() -> Vec<(String, Vec<String>)> {
        ASKED.take()
    }

    pub(super) fn note(pointer: &str, known: &[&str]) {
        let known = known.iter().map(|&key| key.to_owned()).collect();
        ASKED.with_borrow_mut(|asked| asked.push((pointer.to_owned(), known)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<(String, String)> {
        let refused = read(text, |settings| {
            let object = settings.object(&["enabled", "names", "ranges/cpu"]);
            object.get("enabled").boolean();
            object.get("names").texts();
            object.get("ranges/cpu").object(&["min"]).require("min").integer(1, 3);
        });
        refused.err().unwrap_or_default().into_iter().map(|c| (c.pointer, c.message)).collect()
    }

    fn one(pointer: &str, message: &str) -> Vec<(String, String)> {
        vec![(pointer.to_owned(), message.to_owned())]
    }

    #[test]
    fn takes_settings_without_fault() {
        assert_eq!(complaints(r#"{"enabled": true, "names": ["a", "b"], "ranges/cpu": {"min": 3}}"#), []);
        for nothing in ["", "{}", "null", " "] {
            assert_eq!(complaints(nothing), []);
        }
    }

    #[test]
    fn refuses_with_a_place_and_a_way_out() {
        assert_eq!(
            complaints(r#"{"enabeld": 1}"#),
            one("/enabeld", "unknown setting `enabeld`: did you mean `enabled`?")
        );
        assert_eq!(
            complaints(r#"{"zzz": 1}"#),
            one("/zzz", "unknown setting `zzz`: known here: `enabled`, `names`, `ranges/cpu`")
        );
        assert_eq!(
            complaints(r#"{"enabled": "yes"}"#),
            one("/enabled", "must be `true` or `false`, not the text `yes`")
        );
        assert_eq!(
            complaints(r#"{"names": ["a", ""]}"#),
            one("/names/1", "must be a text that is not empty, not the text ``")
        );
        assert_eq!(complaints(r#"{"names": ["a", "a"]}"#), one("/names/1", "`a` stands here twice"));
        assert_eq!(complaints(r#"{"names": null}"#), one("/names", "must be a list, not nothing"));
        assert_eq!(
            complaints(r#"{"names": "a"}"#),
            one("/names", "must be a list, not the text `a`; write `[` and `]` round it")
        );
        assert_eq!(
            complaints(r#"{"names": [2.0]}"#),
            one("/names/0", "must be a text that is not empty, not `2.0`; put it in quotes")
        );
        assert_eq!(
            complaints(r#"{"ranges/cpu": {"min": "2"}}"#),
            one("/ranges~1cpu/min", "must be a whole number from 1 to 3, not the text `2`; take its quotes off")
        );
        assert_eq!(complaints(r#"{"ranges/cpu": {}}"#), one("/ranges~1cpu", "`min` is missing"));
        assert_eq!(
            complaints(r#"{"ranges/cpu": {"min": 4}}"#),
            one("/ranges~1cpu/min", "must be a whole number from 1 to 3, not `4`")
        );
        assert_eq!(
            complaints("[]"),
            one("", "must be a map with the keys `enabled`, `names`, `ranges/cpu`, not a list")
        );
    }

    #[test]
    fn knows_what_somebody_meant() {
        assert_eq!(nearest("nmp", &["rpm", "npm"]), Some("npm"), "two letters that changed places are one slip");
        assert_eq!(nearest("Licence", &["name", "license"]), Some("license"));
        assert_eq!(nearest("xyz", &["npm", "license"]), None);
    }

    #[test]
    fn refuses_what_is_too_deep_before_it_parses() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(complaints(&deep), one("", "the settings are nested more than 16 deep"));
        assert_eq!(complaints(r#"{"names": ["[[[[[[[[[[[[[[[[[[[[[[[[[\"[[["]}"#), []);
    }
}
