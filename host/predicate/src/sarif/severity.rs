//! How bad a result is: its level by the standard, and its severity in GitHub's bands.

use serde_json::Value;

/// The level of a result (SARIF 3.27.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not a problem.
    None,
    /// Something minor.
    Note,
    /// A problem.
    Warning,
    /// A serious problem.
    Error,
}

impl Level {
    /// Nothing for a word that the standard does not know.
    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "note" => Self::Note,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => return None,
        })
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            Self::None => Severity::None,
            Self::Note => Severity::Low,
            Self::Warning => Severity::Medium,
            Self::Error => Severity::High,
        }
    }
}

/// How bad, in the words of GitHub's code scanning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not a problem.
    None,
    /// From 0.1.
    Low,
    /// From 4.0.
    Medium,
    /// From 7.0.
    High,
    /// From 9.0.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a `security-severity` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Score {
    /// It is not there, or says in so many words that there is none (`0.0`, as GitHub reads it).
    #[default]
    Absent,
    /// A number or a word that has a band.
    Known(Severity),
    /// Something else: nobody can tell how bad it is.
    Unreadable,
}

impl Score {
    /// Tools write numbers as strings (CodeQL), numbers, and words (semgrep).
    pub(super) fn read(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Absent,
            Some(Value::Number(number)) => number.as_f64().map_or(Self::Unreadable, Self::band),
            Some(Value::String(text)) => {
                let text = text.trim().to_ascii_lowercase();
                match text.as_str() {
                    "critical" => Self::Known(Severity::Critical),
                    "high" | "error" => Self::Known(Severity::High),
                    "medium" | "moderate" | "warning" => Self::Known(Severity::Medium),
                    "low" | "note" | "minor" | "negligible" | "info" | "informational" => Self::Known(Severity::Low),
                    "none" => Self::Absent,
                    _ => text.parse().map_or(Self::Unreadable, Self::band),
                }
            }
            Some(_) => Self::Unreadable,
        }
    }

    /// Numbers between 8.9 and 9.0 (and so on) belong to the lower band; what is no number between 0 and 10 belongs to none.
    fn band(number: f64) -> Self {
        match number {
            0.0 => Self::Absent,
            9.0..=10.0 => Self::Known(Severity::Critical),
            7.0..9.0 => Self::Known(Severity::High),
            4.0..7.0 => Self::Known(Severity::Medium),
            0.0..4.0 => Self::Known(Severity::Low),
            _ => Self::Unreadable,
        }
    }

    /// The severity that follows where the level alone would say `level`.
    pub(super) fn or_level(self, level: Level) -> Severity {
        match self {
            Self::Known(severity) => severity,
            Self::Absent => level.severity(),
            Self::Unreadable => level.severity().max(Severity::High),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_scores_in_the_bands_of_github_a46b() {
        for (value, score) in [
            (json!("9.8"), Score::Known(Severity::Critical)),
            (json!(9.0), Score::Known(Severity::Critical)),
            (json!(10), Score::Known(Severity::Critical)),
            (json!("8.95"), Score::Known(Severity::High)),
            (json!("7.0"), Score::Known(Severity::High)),
            (json!("6.9"), Score::Known(Severity::Medium)),
            (json!(" 4.0 "), Score::Known(Severity::Medium)),
            (json!("3.99"), Score::Known(Severity::Low)),
            (json!("0.01"), Score::Known(Severity::Low)),
            (json!("0.0"), Score::Absent),
            (json!("-0"), Score::Absent),
            (json!(null), Score::Absent),
            (json!("none"), Score::Absent),
            (json!("HIGH"), Score::Known(Severity::High)),
            (json!("Moderate"), Score::Known(Severity::Medium)),
            (json!("critical"), Score::Known(Severity::Critical)),
            (json!("INFO"), Score::Known(Severity::Low)),
        ] {
            assert_eq!(Score::read(Some(&value)), score, "{value}");
        }
        assert_eq!(Score::read(None), Score::Absent);
    }

    #[test]
    fn takes_a_score_that_nobody_can_read_for_high_at_least_a46b() {
        for value in [
            json!("1e999"),
            json!("NaN"),
            json!("inf"),
            json!("10.1"),
            json!(-1),
            json!("9,8"),
            json!(""),
            json!("unknown"),
            json!("9.8 (critical)"),
            json!(true),
            json!(["9.8"]),
            json!({}),
        ] {
            let score = Score::read(Some(&value));
            assert_eq!(score, Score::Unreadable, "{value}");
            assert_eq!(score.or_level(Level::None), Severity::High, "{value}");
        }
    }

    #[test]
    fn takes_the_level_where_there_is_no_score_a46() {
        for (word, severity) in [
            ("none", Severity::None),
            ("note", Severity::Low),
            ("warning", Severity::Medium),
            ("error", Severity::High),
        ] {
            let level = Level::read(word).expect("a level");
            assert_eq!(Score::Absent.or_level(level), severity);
            assert_eq!(Score::Known(Severity::Low).or_level(level), Severity::Low);
        }
        assert_eq!(Level::read("Error"), None);
    }
}
