//! What a policy author may set; an unknown key is an error.

use portcullis_sdk::{Setting, packed};

/// The newest minor version of Kubernetes whose standards are known here; `latest` means it.
pub const NEWEST: u32 = 37;

/// The levels, each with all that the one before forbids.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
/// What counts where nobody says otherwise.
const BASELINE: u8 = 1;
const RESTRICTED: u8 = 2;
/// The newest version, whichever that is.
const LATEST: &str = "latest";

packed! {
    /// All settings.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Settings {
        /// The position in the levels.
        pub level: u8,
        /// The minor version of Kubernetes whose standards count.
        pub minor: u32,
    }
}

impl Settings {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'_>) -> Self {
        let all = setting.object(&["level", "version"]);
        let level = all.get("level").word(&LEVELS);
        let level = level.and_then(|level| (0..).zip(LEVELS).find(|(_, known)| *known == level));
        Self { level: level.map_or(BASELINE, |(level, _)| level), minor: minor(&all.get("version")) }
    }

    /// Whether any check applies.
    pub fn judges_something(&self) -> bool {
        self.level >= BASELINE
    }

    /// Whether the checks of `restricted` apply.
    pub fn is_restricted(&self) -> bool {
        self.level >= RESTRICTED
    }
}

/// The minor version that a text such as `v1.36` means.
fn minor(setting: &Setting<'_>) -> u32 {
    if !setting.is_given() || setting.is_text(LATEST) {
        return NEWEST;
    }
    if let Some(number) = setting.as_number().filter(|number| number.starts_with("1.")) {
        setting.complain(format!("must be a text, not the number `{number}`; write `v{number}`"));
        return NEWEST;
    }
    let Some(text) = setting.as_text() else {
        setting.expected("`latest` or a version such as `v1.36`");
        return NEWEST;
    };
    let digits = text.strip_prefix("v1.").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let minor = digits.filter(|digits| *digits == "0" || !digits.starts_with('0')).and_then(|d| d.parse().ok());
    match minor {
        Some(minor) if minor <= NEWEST => return minor,
        // What a later version forbids is not known here, so the newest known one must not pass for it silently.
        Some(_) => setting.complain(format!(
            "the standards of `{text}` are not known here, the newest are those of v1.{NEWEST}; write `latest`, or a version up to v1.{NEWEST}"
        )),
        None => setting.expected("`latest` or a version such as `v1.36`"),
    }
    NEWEST
}
