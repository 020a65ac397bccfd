//! Every case of this plugin, judged natively.

use portcullis_sdk::testing;
use sast::Sast;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn judges_every_case_as_it_is_drawn() {
    testing::cases::<Sast>(format!("{FOLDER}/cases"));
}

#[test]
fn describes_itself_as_its_readme_does() {
    testing::description::<Sast>(FOLDER);
}
