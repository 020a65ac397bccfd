//! What the plugin says about settings that it refuses, and what it makes of those that it takes.

use pod_security::PodSecurity;
use portcullis_sdk::testing;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<PodSecurity>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

#[test]
fn refuses_settings_with_a_place_and_a_way_out() {
    refuses(r#"{"levle": "baseline"}"#, "/levle", "unknown setting `levle`: did you mean `level`?");
    refuses(
        r#"{"level": "Restricted"}"#,
        "/level",
        "must be one of `privileged`, `baseline`, `restricted`, not the text `Restricted`",
    );
    refuses(r#"{"version": 1.36}"#, "/version", "must be a text, not the number `1.36`; write `v1.36`");
    let known = "are not known here, the newest are those of v1.37; write `latest`, or a version up to v1.37";
    refuses(r#"{"version": "v1.38"}"#, "/version", &format!("the standards of `v1.38` {known}"));
    for wrong in ["1.36", "v1.036", "v1.", "v2.0", "v1.36.1", "V1.36", "newest", ""] {
        let settings = format!(r#"{{"version": "{wrong}"}}"#);
        let message = format!("must be `latest` or a version such as `v1.36`, not the text `{wrong}`");
        refuses(&settings, "/version", &message);
    }
    refuses(r#"{"version": true}"#, "/version", "must be `latest` or a version such as `v1.36`, not `true`");
    let huge = r#"{"version": "v1.99999999999"}"#;
    refuses(huge, "/version", "must be `latest` or a version such as `v1.36`, not the text `v1.99999999999`");
}

#[test]
fn takes_every_level_and_version() {
    for settings in [
        "{}",
        r#"{"level": "privileged"}"#,
        r#"{"level": "restricted", "version": "latest"}"#,
        r#"{"version": "v1.0"}"#,
        r#"{"version": "v1.37"}"#,
    ] {
        assert!(testing::complaints::<PodSecurity>(settings).is_empty(), "{settings}");
    }
}

#[test]
fn judges_by_baseline_as_of_today_where_nothing_is_said() {
    let pod = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, livenessProbe: {httpGet: {host: b}}}]}}";
    let rules = |settings: &str| -> Vec<String> {
        testing::judge::<PodSecurity>(settings, pod).into_iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules("{}"), ["host-probes-and-host-lifecycle"]);
    assert_eq!(rules(r#"{"version": "v1.33"}"#), [""; 0]);
    assert_eq!(rules(r#"{"level": "restricted"}"#).len(), 5);
}
