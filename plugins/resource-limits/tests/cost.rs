//! What it costs to find nothing: a handful of host calls, however many containers there are.

use portcullis_sdk::testing::Scene;
use resource_limits::ResourceLimits;

fn pod(containers: usize) -> Scene {
    let container = |n| format!("  - {{name: c{n}, resources: {{limits: {{cpu: 500m, memory: 256Mi}}}}}}\n");
    let containers: String = (0..containers).map(container).collect();
    Scene::object("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"))
}

#[test]
fn asks_twice_about_a_clean_pod_of_any_size() {
    let settings = r#"{"requireLimits": true, "cpu": {"max": "16"}, "memory": {"min": "128Mi", "max": "32Gi"}}"#;
    for containers in [1, 10, 100] {
        assert_eq!(pod(containers).judge::<ResourceLimits>(settings), []);
        assert_eq!(pod(containers).host_calls::<ResourceLimits>(settings), 2);
    }
}
