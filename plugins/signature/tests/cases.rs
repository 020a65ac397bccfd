//! Every case of this plugin, judged natively.

use portcullis_sdk::testing;
use signature::Signature;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn judges_every_case_as_it_is_drawn() {
    testing::cases::<Signature>(format!("{FOLDER}/cases"));
}

#[test]
fn describes_itself_as_its_readme_does() {
    testing::description::<Signature>(FOLDER);
}
