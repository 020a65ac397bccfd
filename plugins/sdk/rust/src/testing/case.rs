//! Cases judged by the plugin's own code, natively.

use portcullis_cases::{Case, Expected, differences};
use portcullis_subject::Secrets;

use crate::export::{Policy, glue};
use crate::testing::scene::Scene;

/// Compares what a plugin finds with what is drawn; the error shows the difference.
pub(super) fn judge<P: Policy>(case: &Case) -> Result<(), String> {
    if let Err(complaints) = glue::prepare::<P>(&case.settings) {
        let said = complaints.iter().map(|complaint| format!("{}: {}", complaint.pointer, complaint.message));
        return Err(format!("the plugin refuses the settings in the head:\n{}", said.collect::<Vec<_>>().join("\n")));
    }
    let review = case.review().map_err(|error| error.to_string())?;
    let (secrets, asked) = (Secrets::default(), review.clone());
    let scene = Scene { review, facts: case.answers().iter().flatten().cloned().collect() };
    let found = scene.judge::<P>(&case.settings).into_iter().map(|finding| Expected {
        line: finding.place.0,
        column: finding.place.1,
        code: format!("{}/{}", P::DESCRIPTION.name, finding.rule),
        message: secrets.redact(&asked, &finding.message),
    });
    let difference = differences(case, &found.collect::<Vec<_>>());
    if difference.is_empty() { Ok(()) } else { Err(difference) }
}
