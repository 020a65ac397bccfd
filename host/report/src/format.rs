//! The names of the voices.

use std::str::FromStr;

use crate::error::FormatError;
use crate::human::HumanOptions;
use crate::paths::Folder;
use crate::report::Report;

/// A voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For the person at the terminal.
    Human,
    /// Our own stable schema.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    /// GitHub flavoured Markdown.
    Markdown,
    /// One HTML page.
    Html,
}

/// What a voice is told besides the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// How to talk to a person; concerns [`Format::Human`] alone.
    pub human: HumanOptions,
    /// Where file names stand in the repository; concerns [`Format::Github`] and [`Format::Gitlab`].
    pub folder: Folder,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 8] =
        [Self::Human, Self::Json, Self::Sarif, Self::Junit, Self::Github, Self::Gitlab, Self::Markdown, Self::Html];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The report in this voice.
    pub fn render(self, report: &Report, options: &RenderOptions) -> String {
        match self {
            Self::Human => crate::human(report, &options.human),
            Self::Json => crate::json(report),
            Self::Sarif => crate::sarif(report),
            Self::Junit => crate::junit(report),
            Self::Github => crate::github(report, &options.folder),
            Self::Gitlab => crate::gitlab(report, &options.folder),
            Self::Markdown => crate::markdown(report),
            Self::Html => crate::html(report),
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        let known = Self::ALL.into_iter().find(|format| format.as_str() == name);
        known.ok_or_else(|| FormatError { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_format_by_its_name_and_refuses_any_other() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        let refused = "x\u{1b}ml".parse::<Format>().expect_err("unknown");
        let sentence = "there is no format `x\\u{1b}ml`; there are `human`, `json`, `sarif`, `junit`, `github`, `gitlab`, `markdown`, `html`";
        assert_eq!(refused.to_string(), sentence);
    }
}
