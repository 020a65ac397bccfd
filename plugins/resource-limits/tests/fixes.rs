//! What the plugin tells people to do about a finding.

use portcullis_sdk::testing;
use resource_limits::ResourceLimits;

/// The fixes of a Pod's one container, by rule.
fn fixes(settings: &str, resources: &str) -> Vec<(String, String)> {
    let pod =
        format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {{name: web, resources: {{{resources}}}}}\n");
    let findings = testing::judge::<ResourceLimits>(settings, &pod);
    findings.into_iter().map(|finding| (finding.rule, finding.fix)).collect()
}

fn offers(settings: &str, resources: &str, rule: &str, fix: &str) {
    assert_eq!(fixes(settings, resources), [(rule.to_owned(), fix.to_owned())], "{settings} {resources}");
}

#[test]
fn offers_the_whole_range_for_what_is_missing() {
    let limit = "memory-limit-missing";
    let both = r#"{"requireLimits": ["memory"], "memory": {"min": "128Mi", "max": "32Gi"}}"#;
    offers(both, "", limit, "set one between 128Mi and 32Gi");
    let least = r#"{"requireLimits": ["memory"], "memory": {"min": "128Mi"}}"#;
    offers(least, "", limit, "set one of at least 128Mi");
    let most = r#"{"requireLimits": ["memory"], "memory": {"max": "32Gi"}}"#;
    offers(most, "", limit, "set one of at most 32Gi");
    let request = r#"{"requireRequests": ["memory"], "memory": {"min": "128Mi", "max": "32Gi"}}"#;
    offers(request, "", "memory-request-missing", "set one between 128Mi and 32Gi");
}

#[test]
fn offers_no_limit_below_the_request_that_stands_there() {
    let both = r#"{"requireLimits": ["memory"], "memory": {"min": "128Mi", "max": "32Gi"}}"#;
    offers(both, "requests: {memory: 1Gi}", "memory-limit-missing", "set one between 1Gi and 32Gi");
    let most = r#"{"requireLimits": ["memory"], "memory": {"max": "32Gi"}}"#;
    offers(most, "requests: {memory: 1Gi}", "memory-limit-missing", "set one between 1Gi and 32Gi");
}

#[test]
fn offers_the_nearest_end_of_the_range_for_what_lies_outside() {
    let settings = r#"{"memory": {"min": "128Mi", "max": "32Gi"}}"#;
    let with_request = |limit| format!("requests: {{memory: 1Gi}}, limits: {{memory: {limit}}}");
    offers(settings, &with_request("1Mi"), "memory-limit-min", "set the memory limit to 128Mi");
    offers(settings, &with_request("1Ti"), "memory-limit-max", "set the memory limit to 32Gi");
    let fields = r#"{"fields": [{"pointer": "/spec/priority", "max": 20}]}"#;
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  priority: 40\n  containers: []\n";
    assert_eq!(testing::judge::<ResourceLimits>(fields, pod)[0].fix, "set it to 20");
}

#[test]
fn offers_nothing_for_a_request_that_nobody_wrote() {
    let settings = r#"{"memory": {"max": "32Gi"}}"#;
    let copied = ("memory-request-max".to_owned(), String::new());
    let limit = ("memory-limit-max".to_owned(), "set the memory limit to 32Gi".to_owned());
    assert_eq!(fixes(settings, "limits: {memory: 1Ti}"), [copied, limit], "the limit is to be mended, once");
}
