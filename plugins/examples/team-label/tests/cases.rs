//! Every case of this plugin, judged natively.

use portcullis_sdk::testing;
use team_label::TeamLabel;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn judges_every_case_as_it_is_drawn() {
    testing::cases::<TeamLabel>(format!("{FOLDER}/cases"));
}

#[test]
fn describes_itself_as_its_readme_does() {
    testing::description::<TeamLabel>(FOLDER);
}

#[test]
fn takes_the_settings_of_its_policies() {
    testing::policies::<TeamLabel>(format!("{FOLDER}/policies.yaml"));
}

#[test]
fn refuses_settings_with_a_place_and_a_way_out() {
    let complaints = testing::complaints::<TeamLabel>(r#"{"team": ["a"]}"#);
    assert_eq!(complaints[0].pointer, "/team");
    assert_eq!(complaints[0].message, "unknown setting `team`: did you mean `teams`?");
}
