//! What a policy author may set; an unknown key is an error.

use portcullis_sdk::{Setting, packed};

use crate::pattern;

/// The most patterns in one list, and the most tags.
pub const MOST_ENTRIES: usize = 200;

packed! {
    /// All settings.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Settings<'a> {
        /// Every image is pinned by digest.
        pub require_digest: bool,
        /// Tags that nobody may use.
        pub forbidden_tags: Vec<&'a str>,
        /// Patterns of repositories, whole: an image must match one of them. Empty: any repository.
        pub allowed: Vec<String>,
        /// Patterns of repositories, whole: an image must match none of them.
        pub denied: Vec<String>,
    }
}

impl<'a> Settings<'a> {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'a>) -> Self {
        let all = setting.object(&["requireDigest", "forbiddenTags", "allowed", "denied"]);
        let settings = Self {
            require_digest: all.get("requireDigest").boolean().unwrap_or(false),
            forbidden_tags: tags(&all.get("forbiddenTags")),
            allowed: patterns(&all.get("allowed")),
            denied: patterns(&all.get("denied")),
        };
        let allowed = all.get("allowed");
        if allowed.is_given() && allowed.is_list() && allowed.items().is_empty() {
            allowed.complain("an empty list would allow nothing; leave it out to allow every repository");
        }
        let idle = !settings.require_digest
            && settings.forbidden_tags.is_empty()
            && !allowed.is_given()
            && settings.denied.is_empty();
        if idle && setting.is_sound() {
            setting.complain(
                "nothing would be judged: set `requireDigest: true`, `forbiddenTags: [latest]`, `allowed` or `denied`",
            );
        }
        settings
    }
}

fn tags<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    refuse_too_many(setting);
    for item in setting.items() {
        let valid = |text: &str| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) && text.len() <= 128
        };
        if item.text().is_some_and(|text| !valid(text)) {
            item.complain("must be a tag: at most 128 letters, digits, `_`, `.` and `-`; there are no wildcards");
        }
    }
    setting.texts()
}

fn patterns(setting: &Setting<'_>) -> Vec<String> {
    refuse_too_many(setting);
    let mut patterns = Vec::new();
    for item in setting.items() {
        match item.text().map(pattern::whole) {
            Some(Ok(pattern)) if patterns.contains(&pattern) => item.complain(format!("`{pattern}` stands here twice")),
            Some(Ok(pattern)) => patterns.push(pattern),
            Some(Err(fault)) => item.complain(fault),
            None => {}
        }
    }
    patterns
}

fn refuse_too_many(setting: &Setting<'_>) {
    if setting.is_list() && setting.items().len() > MOST_ENTRIES {
        setting.complain(format!("more than {MOST_ENTRIES} entries"));
    }
}
