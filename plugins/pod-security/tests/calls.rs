//! What it costs to find nothing: some calls of the host for each container, and none for a level at which nothing is judged.

use pod_security::PodSecurity;
use portcullis_sdk::testing::Scene;

fn calls(settings: &str, containers: u32) -> u32 {
    let container = |n| format!("  - {{name: c{n}, image: a, resources: {{limits: {{cpu: 1}}}}}}\n");
    let containers: String = (0..containers).map(container).collect();
    let pod = Scene::object("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"));
    assert_eq!(pod.judge::<PodSecurity>(settings), []);
    pod.host_calls::<PodSecurity>(settings)
}

#[test]
fn asks_little_about_a_clean_container() {
    let baseline = r#"{"level": "baseline"}"#;
    assert_eq!(calls(r#"{"level": "privileged"}"#, 10), 0);
    let (one, eleven) = (calls(baseline, 1), calls(baseline, 11));
    assert!(one <= 25 && eleven - one <= 80, "{one} for one, {eleven} for eleven");
}
