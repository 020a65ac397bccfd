//! Every case of this plugin, judged natively.

use portcullis_sdk::testing;
use sbom::Sbom;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn judges_every_case_as_it_is_drawn() {
    testing::cases::<Sbom>(format!("{FOLDER}/cases"));
}

#[test]
fn describes_itself_as_its_readme_does() {
    testing::description::<Sbom>(FOLDER);
}
