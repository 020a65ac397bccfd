//! Workloads: no container hides, whatever runs it and however its shape is broken.

use portcullis_model::AmountState;

use super::*;
use crate::testing::{review, yaml};

fn view_of(text: &str) -> Workload {
    view(&review(yaml(text)), &[])
}

#[test]
fn lists_init_sidecar_regular_and_ephemeral_containers_in_that_order() {
    // A01, A02, A03
    let view = view_of(
        "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], ephemeralContainers: [{name: e}], initContainers: [{name: i}, {name: s, restartPolicy: Always}]}}",
    );
    let seen: Vec<_> = view.containers.iter().map(|c| (c.name.as_str(), c.role)).collect();
    let expected = [
        ("i", ContainerRole::Init),
        ("s", ContainerRole::Sidecar),
        ("a", ContainerRole::Regular),
        ("e", ContainerRole::Ephemeral),
    ];
    assert_eq!(seen, expected);
    assert_eq!(view.replicas, 1);
}

#[test]
fn finds_the_pod_of_every_controller() {
    // A09
    let template = "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: nginx}]}}";
    for (head, expected) in [
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 3, TEMPLATE}", 3),
        ("apiVersion: apps/v1\nkind: ReplicaSet\nspec: {TEMPLATE}", 1),
        ("apiVersion: extensions/v1beta1\nkind: Deployment\nspec: {replicas: 0, TEMPLATE}", 0),
        ("apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: two, TEMPLATE}", -1),
        ("apiVersion: apps/v1\nkind: DaemonSet\nspec: {TEMPLATE}", -1),
        ("apiVersion: v1\nkind: ReplicationController\nspec: {TEMPLATE}", 1),
        ("apiVersion: v1\nkind: PodTemplate\nTEMPLATE", -1),
        ("apiVersion: batch/v1\nkind: Job\nspec: {parallelism: 5, completions: 2, TEMPLATE}", 2),
        ("apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {parallelism: 4, TEMPLATE}}}", 4),
    ] {
        let view = view_of(&head.replace("TEMPLATE", template));
        assert_eq!(view.containers.len(), 1, "{head}");
        assert!(!view.pod_metadata.is_none(), "{head}");
        assert_eq!(view.replicas, expected, "{head}");
    }
    let foreign = "apiVersion: example.com/v1\nkind: Deployment\nspec: {TEMPLATE}".replace("TEMPLATE", template);
    assert_eq!(view_of(&foreign), Workload::default(), "somebody else's Deployment");
}

#[test]
fn follows_a_pointer_into_custom_kinds() {
    // A08
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {replicas: 2, template: {spec: {containers: [{name: a}]}}}";
    let custom = CustomWorkload {
        group: "argoproj.io".into(),
        kind: "Rollout".into(),
        template: "/spec/template".into(),
        replicas: Some("/spec/replicas".into()),
    };
    let view = view(&review(yaml(rollout)), &[custom]);
    assert_eq!((view.containers.len(), view.replicas), (1, 2));
}

#[test]
fn reads_amounts_of_containers_and_of_the_pod() {
    // A05, A17
    let view = view_of(
        "{apiVersion: v1, kind: Pod, spec: {resources: {limits: {memory: 1Gi}}, containers: [{name: a, resources: {requests: {cpu: 99.5m, memory: null}, limits: {cpu: 1.5, memory: x}}}]}}",
    );
    let [cpu_request, cpu_limit, memory_request, memory_limit, ..] = view.containers[0].resources.amounts;
    assert_eq!((cpu_request.whole, cpu_request.nanos), (0, 100_000_000), "rounded up to a thousandth");
    assert_eq!((cpu_limit.whole, cpu_limit.nanos), (1, 500_000_000));
    assert_eq!(memory_request.state, AmountState::Absent);
    assert_eq!(memory_limit.state, AmountState::Unreadable);
    assert_eq!(view.pod_resources.amounts[3].whole, 1 << 30);
}

#[test]
fn hides_no_container_behind_a_malformed_shape() {
    let view = view_of(
        "{apiVersion: v1, kind: Pod, spec: {containers: [null, x, {image: 7}], initContainers: {a: {name: b}}}}",
    );
    let names: Vec<_> = view.containers.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["b", "containers[0]", "containers[1]", "containers[2]"]);
    assert!(matches!(view.images[3].state, ImageState::Unreadable(_)));
}

#[test]
fn lists_image_volumes_behind_the_containers_images() {
    // A07
    let view = view_of(
        "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], volumes: [{name: v, image: {reference: quay.io/a/b:1}}, {name: w, emptyDir: {}}]}}",
    );
    assert_eq!(view.images.len(), 2);
    assert_eq!((view.images[0].container, &view.images[0].state), (Some(0), &ImageState::Absent));
    assert!(matches!(&view.images[1].state, ImageState::Exact { registry, .. } if registry == "quay.io"));
}

#[test]
fn sees_only_the_replicas_of_a_scale() {
    // A06
    let view = view_of("{apiVersion: autoscaling/v1, kind: Scale, spec: {replicas: 7}}");
    assert_eq!((view.replicas, view.containers.len()), (7, 0));
    assert!(!view.replicas_node.is_none());
}

fn rollout(replicas: Option<&str>) -> CustomWorkload {
    CustomWorkload {
        group: "argoproj.io".into(),
        kind: "Rollout".into(),
        template: "/spec/template".into(),
        replicas: replicas.map(str::to_owned),
    }
}

#[test]
fn finds_nothing_where_a_custom_kind_keeps_nothing_and_nothing_of_another_kind() {
    let text =
        "{apiVersion: argoproj.io/v1, kind: Rollout, spec: {count: 3, template: {spec: {containers: [{name: a}]}}}}";
    let seen = |text: &str, custom: CustomWorkload| {
        let view = view(&review(yaml(text)), &[custom]);
        (view.containers.len(), view.replicas, view.replicas_node.is_none())
    };
    assert_eq!(seen(text, rollout(Some("/spec/count"))), (1, 3, false));
    assert_eq!(seen(text, rollout(Some("/spec/absent"))), (1, 1, true), "one is the default");
    assert_eq!(seen(text, rollout(None)), (1, -1, true), "nobody says how many");
    let elsewhere = CustomWorkload { template: "/spec/pod".into(), ..rollout(None) };
    assert_eq!(seen(text, elsewhere).0, 0, "not the nearest that is there");
    assert_eq!(seen(text, CustomWorkload { kind: "Other".into(), ..rollout(None) }).0, 0);
    assert_eq!(seen(text, CustomWorkload { group: "example.com".into(), ..rollout(None) }).0, 0);
}

#[test]
fn only_an_init_container_becomes_a_sidecar() {
    let pod = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, restartPolicy: Always}], initContainers: [{name: i, restartPolicy: Never}, {name: '', restartPolicy: Always}]}}";
    let roles: Vec<_> = view_of(pod).containers.into_iter().map(|c| (c.name, c.role)).collect();
    let own = |name: &str, role| (name.to_owned(), role);
    assert_eq!(
        roles,
        [
            own("i", ContainerRole::Init),
            own("initContainers[1]", ContainerRole::Sidecar),
            own("a", ContainerRole::Regular)
        ]
    );
}

#[test]
fn counts_the_pods_of_a_job_by_the_smaller_of_both_numbers_or_says_that_it_cannot() {
    for (spec, expected, read_from) in [
        ("parallelism: 2, completions: 5", 2, "parallelism"),
        ("parallelism: 5, completions: 5", 5, "parallelism"),
        ("parallelism: 5, completions: 2", 2, "completions"),
        ("completions: 5", 1, "parallelism"),
        ("completions: 0", 0, "completions"),
        ("parallelism: 0", 0, "parallelism"),
        ("parallelism: -1, completions: 5", -1, "parallelism"),
        ("parallelism: 5, completions: -1", -1, "completions"),
        ("parallelism: 5, completions: '3'", -1, "completions"),
        ("parallelism: x, completions: x", -1, "parallelism"),
        ("parallelism: 1.5", -1, "parallelism"),
    ] {
        let job = yaml(&format!("{{apiVersion: batch/v1, kind: Job, spec: {{{spec}}}}}"));
        let node = job.walk(NodeId::ROOT, &["spec", read_from]);
        let view = view(&review(job), &[]);
        assert_eq!((view.replicas, view.replicas_node), (expected, node), "{spec}");
    }
}

#[test]
fn judges_an_image_by_its_name_alone_and_takes_an_empty_one_for_none() {
    let images = |text: &str| view_of(text).images.into_iter().map(|image| image.state).collect::<Vec<_>>();
    let alone = images("{apiVersion: portcullis.dev/v1alpha1, kind: Image, spec: {image: quay.io/a/b:1}}");
    assert!(matches!(&alone[..], [ImageState::Exact { registry, .. }] if registry == "quay.io"));
    let none = images("{apiVersion: v1, kind: Pod, spec: {containers: [{image: ''}, {image: null}]}}");
    assert_eq!(none, [ImageState::Absent, ImageState::Absent]);
}

#[test]
fn refuses_an_object_whose_shape_would_hide_its_containers() {
    let refused = |spec: &str| {
        let object = yaml(&format!("{{apiVersion: v1, kind: Pod, spec: {spec}}}"));
        check_shape(&object, "", "Pod").err().map(|error| error.to_string()).unwrap_or_default()
    };
    for good in ["null", "{}", "{containers: null}", "{containers: [{resources: {limits: {cpu: 1}}}], volumes: []}"] {
        assert_eq!(refused(good), "", "{good}");
    }
    for (bad, told) in [
        ("x", "`/spec` must be a map"),
        ("{containers: {a: {}}}", "`/spec/containers` must be a list"),
        ("{initContainers: x}", "`/spec/initContainers` must be a list"),
        ("{volumes: {}}", "`/spec/volumes` must be a list"),
        ("{containers: [x]}", "`/spec/containers/0` must be a map"),
        ("{resources: x}", "`/spec/resources` must be a map"),
        ("{containers: [{resources: {limits: [x]}}]}", "`/spec/containers/0/resources/limits` must be a map"),
        ("{containers: [{resources: {requests: x}}]}", "`/spec/containers/0/resources/requests` must be a map"),
    ] {
        assert_eq!(refused(bad), told, "{bad}");
    }
    let template = yaml("{apiVersion: apps/v1, kind: Deployment, spec: {template: x}}");
    let hidden = check_shape(&template, "apps", "Deployment").expect_err("hidden").to_string();
    assert_eq!(hidden, "`/spec/template` must be a map");
    assert!(check_shape(&template, "example.com", "Deployment").is_ok(), "nothing is known of that");
}

#[test]
fn refuses_a_custom_kind_whose_template_is_hidden_by_something_else() {
    let checked = |spec: &str| {
        let object = yaml(&format!("{{apiVersion: argoproj.io/v1, kind: Rollout, spec: {spec}}}"));
        check_custom(&review(object), &[rollout(None)]).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for good in ["{}", "{template: null}", "{template: {spec: {containers: [{name: a}]}}}"] {
        assert_eq!(checked(good), "", "{good}");
    }
    assert_eq!(checked("x"), "`/spec` must be a map");
    assert_eq!(checked("{template: [x]}"), "`/spec/template` must be a map");
    assert_eq!(checked("{template: {spec: {containers: x}}}"), "`/spec/template/spec/containers` must be a list");
}

#[test]
fn tells_of_a_manifest_whose_containers_nobody_saw_and_of_no_other() {
    let told = |review: &Review| notice(review, &view(review, &[rollout(None)]), &[rollout(None)]).unwrap_or_default();
    let of = |text: &str| told(&review(yaml(text)));
    let custom =
        "no container was found at `/spec/template`, where `workloads` of the policy set says that the Pod template is";
    assert_eq!(of("{apiVersion: argoproj.io/v1, kind: Rollout, spec: {}}"), custom);
    let empty = "no container was found in it, so none was judged; Kubernetes refuses such an object";
    let pod = "{apiVersion: v1, kind: Pod, spec: {container: [{name: a}]}}";
    assert_eq!(of(pod), empty);
    assert_eq!(of("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}"), "");
    let unnamed = "its containers were not judged: name the kind `Service` of `serving.knative.dev` in `workloads` of the policy set";
    let knative = |containers: &str| {
        format!(
            "{{apiVersion: serving.knative.dev/v1, kind: Service, spec: {{template: {{spec: {{containers: {containers}}}}}}}}}"
        )
    };
    assert_eq!(of(&knative("[{name: a}]")), unnamed);
    assert_eq!(of(&knative("none")), "", "that is no list of containers");
    let own_group = knative("[{name: a}]").replace("serving.knative.dev", "core");
    assert_eq!(of(&own_group), "", "a custom kind's group has a dot");
    let mut sent = review(yaml(pod));
    sent.request.uid = "1".into();
    assert_eq!(told(&sent), "", "an API server has validated it");
    let mut part = review(yaml(pod));
    part.request.subresource = "status".into();
    assert_eq!(told(&part), "");
}
