//! What the plugin says about settings that it refuses.

use portcullis_sdk::testing;
use resource_limits::ResourceLimits;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<ResourceLimits>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

#[test]
fn refuses_settings_with_a_place_and_a_way_out() {
    refuses(
        r#"{"requireLimit": true}"#,
        "/requireLimit",
        "unknown setting `requireLimit`: did you mean `requireLimits`?",
    );
    refuses(
        r#"{"memory": {"max": "512MB"}}"#,
        "/memory/max",
        "`512MB` is not a quantity: write `M` or `G` for powers of 1000, `Mi` or `Gi` for powers of 1024",
    );
    refuses(
        r#"{"memory": {"max": "512MiB"}}"#,
        "/memory/max",
        "`512MiB` is not a quantity: write `Mi` or `Gi` instead of `MiB` or `GiB`",
    );
    refuses(r#"{"cpu": {"min": 2, "max": "500m"}}"#, "/cpu", "`min` (2) is more than `max` (500m)");
    refuses(r#"{"cpu": {"min": -1}}"#, "/cpu/min", "must be at least 0");
    refuses(r#"{"cpu": {}}"#, "/cpu", "the range needs `min`, `max` or both");
    refuses(
        r#"{"requireLimits": ["gpu"]}"#,
        "/requireLimits/0",
        "must be one of `cpu`, `memory`, `ephemeral-storage`, not the text `gpu`",
    );
    refuses(
        r#"{"requireLimits": "memory"}"#,
        "/requireLimits",
        "must be `true`, `false` or a list such as `[memory]`, not the text `memory`",
    );
    refuses(r#"{"totals": {}}"#, "/totals", "the totals need `cpu`, `memory` or `replicas`");
    refuses(r#"{"maxLimitRequestRatio": {"cpu": 0.5}}"#, "/maxLimitRequestRatio/cpu", "must be at least 1");
    refuses(r#"{"fields": [{"min": 1}]}"#, "/fields/0", "`pointer` is missing");
    refuses(
        r#"{"fields": [{"pointer": "spec/replicas", "min": 1}]}"#,
        "/fields/0/pointer",
        "`spec/replicas` is not a pointer: it must start with `/`, such as `/spec/replicas`",
    );
    refuses(
        r#"{"fields": [{"pointer": "/a~3", "min": 1}]}"#,
        "/fields/0/pointer",
        "`/a~3` is not a pointer: after `~` only `0` (for `~`), `1` (for `/`) or `2` (for `*`) may stand",
    );
    refuses(
        r#"{"fields": [{"pointer": "/a"}]}"#,
        "/fields/0",
        "the field needs `min`, `max`, `integer: true` or `required: true`",
    );
}

#[test]
fn refuses_settings_that_ask_for_nothing() {
    let message =
        "nothing would be judged: set `requireLimits: true`, or a range such as `memory: {max: 512Mi}`, or `fields`";
    refuses("{}", "", message);
    refuses(r#"{"requireLimits": false}"#, "", message);
}

#[test]
fn takes_quantities_as_texts_and_as_numbers() {
    for settings in [r#"{"cpu": {"min": "100m", "max": 16}}"#, r#"{"cpu": {"min": 0.1, "max": "16"}}"#] {
        assert_eq!(testing::complaints::<ResourceLimits>(settings), []);
    }
}
