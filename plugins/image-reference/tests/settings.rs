//! What the plugin says about settings that it refuses.

use image_reference::ImageReference;
use portcullis_sdk::testing;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<ImageReference>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

#[test]
fn refuses_settings_with_a_place_and_a_way_out() {
    refuses(
        r#"{"requireDigests": true}"#,
        "/requireDigests",
        "unknown setting `requireDigests`: did you mean `requireDigest`?",
    );
    refuses(
        r#"{"allowed": []}"#,
        "/allowed",
        "an empty list would allow nothing; leave it out to allow every repository",
    );
    refuses(
        r#"{"allowed": ["ghcr.io"]}"#,
        "/allowed/0",
        "`ghcr.io` names no repository; `ghcr.io/**` means every one there",
    );
    refuses(
        r#"{"allowed": ["nginx:1.2"]}"#,
        "/allowed/0",
        "`nginx:1.2`: a pattern has neither tag nor digest; write `nginx`",
    );
    refuses(
        r#"{"denied": ["nginx", "docker.io/library/nginx"]}"#,
        "/denied/1",
        "`docker.io/library/nginx` stands here twice",
    );
    refuses(
        r#"{"forbiddenTags": ["late*"]}"#,
        "/forbiddenTags/0",
        "must be a tag: at most 128 letters, digits, `_`, `.` and `-`; there are no wildcards",
    );
}

#[test]
fn refuses_settings_that_ask_for_nothing() {
    let message =
        "nothing would be judged: set `requireDigest: true`, `forbiddenTags: [latest]`, `allowed` or `denied`";
    refuses("{}", "", message);
    refuses(r#"{"requireDigest": false}"#, "", message);
}
