//! Keeps the values of Secrets out of whatever a plugin says.

use portcullis_model::{Finding, Review};

const MASK: &str = "[secret]";

/// The texts that no output about a review may contain.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of a Secret, in every form that a plugin can see; none for anything else.
    pub(crate) fn of(review: &Review) -> Self {
        let mut values = portcullis_subject::secret_values(review);
        // The longest first, so that a value inside another one cannot leave a tail behind.
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self(values)
    }

    pub(crate) fn redact(&self, mut finding: Finding) -> Finding {
        if self.0.is_empty() {
            return finding;
        }
        finding.message = self.redact_text(&finding.message);
        if let Some(fix) = &mut finding.fix {
            fix.description = self.redact_text(&fix.description);
            fix.value = self.redact_text(&fix.value);
        }
        finding
    }

    pub(crate) fn redact_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK))
    }
}
