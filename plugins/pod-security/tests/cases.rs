//! Every case of this plugin, judged natively.

use pod_security::PodSecurity;
use portcullis_sdk::testing;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn judges_every_case_as_it_is_drawn() {
    testing::cases::<PodSecurity>(format!("{FOLDER}/cases"));
}

#[test]
fn describes_itself_as_its_readme_does() {
    testing::description::<PodSecurity>(FOLDER);
}
