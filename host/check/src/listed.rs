//! What would be judged, without judging it.

use portcullis_gate::Gate;
use portcullis_model::Review;
use portcullis_report::{InputError, Skipped};

use crate::subjects::Surroundings;
use crate::{CheckOptions, inputs, parallel, read};

/// What the paths hold.
#[derive(Default)]
pub struct Listed {
    /// Every subject, as it would be judged.
    pub reviews: Vec<Review>,
    /// What could not be used.
    pub errors: Vec<InputError>,
    /// What is no subject.
    pub skipped: Vec<Skipped>,
}

/// Reads everything that the paths name, as a run of `check` would.
pub fn list(gate: &Gate, options: &CheckOptions) -> Listed {
    let gathered = inputs::gather(&options.paths, &options.gather);
    let contents = parallel::map(&gathered.files, options.jobs, |file| read::read(file, &options.read));
    let surroundings = Surroundings::collect(options, &contents);
    let mut listed = Listed {
        errors: gathered.errors.into_iter().map(InputError::from).chain(surroundings.errors.clone()).collect(),
        skipped: gathered.skipped,
        ..Listed::default()
    };
    for content in &contents {
        let found = surroundings.subjects(gate, options, content);
        listed.reviews.extend(found.reviews.into_iter().map(|(review, _)| review));
        listed.errors.extend(found.errors);
        listed.skipped.extend(found.skipped);
    }
    listed
}
