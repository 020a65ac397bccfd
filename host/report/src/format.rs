//! The names of the voices, those still to come included.

use std::str::FromStr;

use crate::error::FormatError;
use crate::human::HumanOptions;
use crate::report::Report;

/// The voices that are promised and not built yet.
const NOT_YET: [&str; 5] = ["junit", "github", "gitlab", "markdown", "html"];

/// A voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For the person at the terminal.
    Human,
    /// Our own stable schema.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

impl Format {
    /// All that can be had today.
    pub const ALL: [Format; 3] = [Self::Human, Self::Json, Self::Sarif];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
        }
    }

    /// The report in this voice; the options concern [`Format::Human`] alone.
    pub fn render(self, report: &Report, options: &HumanOptions) -> String {
        match self {
            Self::Human => crate::human(report, options),
            Self::Json => crate::json(report),
            Self::Sarif => crate::sarif(report),
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        if let Some(format) = Self::ALL.into_iter().find(|format| format.as_str() == name) {
            return Ok(format);
        }
        match NOT_YET.into_iter().find(|&known| known == name) {
            Some(name) => Err(FormatError::NotYet { name }),
            None => Err(FormatError::Unknown { name: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_promised_format_with_not_yet_and_any_other_as_unknown() {
        assert_eq!("sarif".parse(), Ok(Format::Sarif));
        for name in NOT_YET {
            let refused = name.parse::<Format>().expect_err("not built yet");
            let sentence = format!("the format `{name}` is not there yet; today there are `human`, `json`, `sarif`");
            assert_eq!((&refused, refused.to_string()), (&FormatError::NotYet { name }, sentence));
        }
        let refused = "x\u{1b}ml".parse::<Format>().expect_err("unknown");
        assert_eq!(refused.to_string(), "there is no format `x\\u{1b}ml`; there are `human`, `json`, `sarif`");
    }
}
