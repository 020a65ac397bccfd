//! What the plugin tells people to do about a finding.

use pod_security::PodSecurity;
use portcullis_sdk::testing;

/// Rule, pointer and fix of everything that is found in a Pod with this `spec` at the level restricted.
fn found(spec: &str) -> Vec<(String, String, String)> {
    let pod = format!("{{apiVersion: v1, kind: Pod, spec: {spec}}}");
    let findings = testing::judge::<PodSecurity>(r#"{"level": "restricted"}"#, &pod);
    findings.into_iter().map(|finding| (finding.rule, finding.pointer, finding.fix)).collect()
}

fn finds(spec: &str, expected: &[(&str, &str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(a, b, c)| (a.to_string(), b.to_string(), c.to_string())).collect();
    assert_eq!(found(spec), expected, "{spec}");
}

#[test]
fn names_the_place_of_what_is_missing_and_what_to_add() {
    finds(
        "{containers: [{name: a}]}",
        &[
            (
                "capabilities-restricted",
                "/spec/containers/0/securityContext/capabilities/drop",
                "drop all capabilities",
            ),
            (
                "seccomp-profile-restricted",
                "/spec/securityContext/seccompProfile/type",
                "set the profile to RuntimeDefault",
            ),
            (
                "allow-privilege-escalation",
                "/spec/containers/0/securityContext/allowPrivilegeEscalation",
                "add `allowPrivilegeEscalation: false`",
            ),
            ("run-as-non-root", "/spec/securityContext/runAsNonRoot", "add `runAsNonRoot: true`"),
        ],
    );
    finds("{containers: []}", &[]);
}

#[test]
fn offers_what_was_meant_for_a_misspelt_capability() {
    let pod = |name: &str| {
        format!(
            "{{securityContext: {{runAsNonRoot: true, seccompProfile: {{type: Localhost}}}}, containers: [{{name: a, securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL], add: [{name}]}}}}}}]}}"
        )
    };
    let (rule, place) = ("capabilities-restricted", "/spec/containers/0/securityContext/capabilities/add/0");
    finds(&pod("cap_net_bind_service"), &[(rule, place, "write `NET_BIND_SERVICE`")]);
    finds(&pod("SYS_ADMIN"), &[(rule, place, "do not add `SYS_ADMIN`")]);
    finds(&pod("NET_BIND_SERVICE"), &[]);
    let dropped = pod("NET_BIND_SERVICE").replace("[ALL]", "[KILL, cap_all]");
    finds(&dropped, &[(rule, "/spec/containers/0/securityContext/capabilities/drop/1", "write `ALL`")]);
}
