//! Finds the containers of whatever runs them.

use portcullis_model::{
    Container, ContainerRole, CustomWorkload, Document, Image, ImageState, Kind, NodeId, Resources, Review, Workload,
};

use crate::error::Error;
use crate::{claims, image, quantity};

/// The group of the kinds that are Portcullis' own.
pub const GROUP: &str = "portcullis.dev";
/// The kind of an image that is judged by its name alone (`check --image`); `spec.image` has the name.
pub const IMAGE_KIND: &str = "Image";

/// Where a kind keeps its Pod, and how it says how many.
struct Shape {
    /// Keys down to what holds the Pod's `metadata` and `spec`.
    template: &'static [&'static str],
    replicas: Replicas,
}

enum Replicas {
    /// One Pod.
    One,
    /// A field of `spec`, one where it is absent.
    Field(&'static [&'static str]),
    /// The smaller of `parallelism` and `completions` of a Job's spec.
    Job(&'static [&'static str]),
    /// As many as the cluster decides.
    Unknown,
}

/// Builds the view of a review's object, the same whatever controller it is. Nothing of the old object is in it.
///
/// Malformed shapes hide nothing: an entry of `containers` that is no map is still a container (without amounts or image),
/// and `containers` that is a map instead of a list counts its values.
pub fn view(review: &Review, custom: &[CustomWorkload]) -> Workload {
    let Some(object) = &review.object else { return Workload::default() };
    let mut workload = Workload::default();
    // The request says what it is about; an item of a typed list says nothing itself.
    let kind = (review.request.kind.group.as_str(), review.request.kind.kind.as_str());
    if kind == ("autoscaling", "Scale") {
        let node = object.walk(NodeId::ROOT, &["spec", "replicas"]);
        (workload.replicas, workload.replicas_node) = (count(object, node, 0), node);
        return workload;
    }
    if kind == (GROUP, IMAGE_KIND) {
        let node = object.walk(NodeId::ROOT, &["spec", "image"]);
        workload.images.push(Image { node, container: None, state: image_state(object, node) });
        return workload;
    }
    if let Some(template) = custom.iter().find(|custom| (custom.group.as_str(), custom.kind.as_str()) == kind) {
        let (node, exists) = object.resolve(NodeId::ROOT, &template.template);
        fill(object, if exists { node } else { NodeId::NONE }, &mut workload);
        if let Some(pointer) = &template.replicas {
            let (node, exists) = object.resolve(NodeId::ROOT, pointer);
            workload.replicas_node = if exists { node } else { NodeId::NONE };
            workload.replicas = count(object, workload.replicas_node, 1);
        }
    } else if let Some(shape) = shape_of(kind.0, kind.1) {
        fill(object, object.walk(NodeId::ROOT, shape.template), &mut workload);
        (workload.replicas, workload.replicas_node) = replicas(object, &shape.replicas);
    }
    workload.claims = claims::of(object, kind.0, kind.1, workload.pod_spec);
    workload
}

/// What a person should know where a workload has no containers that could be judged: a template at another place than is
/// said, a misspelt key, a kind that nobody named.
pub fn notice(review: &Review, view: &Workload, custom: &[CustomWorkload]) -> Option<String> {
    // What an API server sends has been validated, and its Pods are judged when they are created; a file is all there is.
    let manifest = review.request.uid.is_empty() && review.request.subresource.is_empty();
    let object = review.object.as_ref().filter(|_| manifest && view.containers.is_empty())?;
    let (group, kind) = (review.request.kind.group.as_str(), review.request.kind.kind.as_str());
    if let Some(custom) = custom.iter().find(|custom| (custom.group.as_str(), custom.kind.as_str()) == (group, kind)) {
        return Some(format!(
            "no container was found at `{}`, where `workloads` of the policy set says that the Pod template is",
            custom.template.escape_debug()
        ));
    }
    if shape_of(group, kind).is_some() {
        return Some("no container was found in it, so none was judged; Kubernetes refuses such an object".to_owned());
    }
    let containers = object.walk(NodeId::ROOT, &["spec", "template", "spec", "containers"]);
    (group.contains('.') && object.kind(containers) == Kind::List).then(|| {
        format!(
            "its containers were not judged: name the kind `{}` of `{}` in `workloads` of the policy set",
            kind.escape_debug(),
            group.escape_debug()
        )
    })
}

/// The group matters: a `Deployment` of somebody else's group is not Kubernetes' own. `extensions` held the workloads until
/// Kubernetes 1.16, and a manifest may still say so (A14).
fn shape_of(group: &str, kind: &str) -> Option<Shape> {
    const TEMPLATE: &[&str] = &["spec", "template"];
    const COUNT: Replicas = Replicas::Field(&["spec", "replicas"]);
    let (template, replicas): (&[&str], Replicas) = match (group, kind) {
        ("", "Pod") => (&[], Replicas::One),
        ("", "PodTemplate") => (&["template"], Replicas::Unknown),
        ("", "ReplicationController") => (TEMPLATE, COUNT),
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet") => (TEMPLATE, COUNT),
        ("apps" | "extensions", "DaemonSet") => (TEMPLATE, Replicas::Unknown),
        ("batch" | "extensions", "Job") => (TEMPLATE, Replicas::Job(&["spec"])),
        ("batch", "CronJob" | "ScheduledJob") => {
            (&["spec", "jobTemplate", "spec", "template"], Replicas::Job(&["spec", "jobTemplate", "spec"]))
        }
        _ => return None,
    };
    Some(Shape { template, replicas })
}

/// Refuses an object whose shape would hide its containers: the API server would refuse it too, and what cannot be read
/// must not look empty.
pub(crate) fn check_shape(object: &Document, group: &str, kind: &str) -> Result<(), Error> {
    let Some(shape) = shape_of(group, kind) else { return Ok(()) };
    let mut template = NodeId::ROOT;
    for key in shape.template {
        template = map(object, object.find(template, key))?;
    }
    check_template(object, template)
}

/// The same for a kind of `workloads`, whose Pod template stands where the policy set says.
pub fn check_custom(review: &Review, custom: &[CustomWorkload]) -> Result<(), Error> {
    let kind = (review.request.kind.group.as_str(), review.request.kind.kind.as_str());
    let found = custom.iter().find(|custom| (custom.group.as_str(), custom.kind.as_str()) == kind);
    let (Some(object), Some(custom)) = (&review.object, found) else { return Ok(()) };
    match object.resolve(NodeId::ROOT, &custom.template) {
        (template, true) => check_template(object, map(object, template)?),
        // What holds the place of the template without being a map hides it.
        (nearest, false) => map(object, nearest).map(drop),
    }
}

fn map(object: &Document, node: NodeId) -> Result<NodeId, Error> {
    match object.kind(node) {
        Kind::None | Kind::Null | Kind::Map => Ok(node),
        _ => Err(Error::wrong_type(object, node, "a map", None)),
    }
}

fn check_template(object: &Document, template: NodeId) -> Result<(), Error> {
    let spec = map(object, object.find(template, "spec"))?;
    let resources = |holder| {
        let resources = map(object, object.find(holder, "resources"))?;
        map(object, object.find(resources, "requests"))?;
        map(object, object.find(resources, "limits"))
    };
    resources(spec)?;
    for list in ["initContainers", "containers", "ephemeralContainers", "volumes"] {
        let list = object.find(spec, list);
        if !matches!(object.kind(list), Kind::None | Kind::Null | Kind::List) {
            return Err(Error::wrong_type(object, list, "a list", None));
        }
        for item in object.items(list) {
            if object.kind(item) != Kind::Map {
                return Err(Error::wrong_type(object, item, "a map", None));
            }
            resources(item)?;
        }
    }
    Ok(())
}

fn fill(object: &Document, template: NodeId, workload: &mut Workload) {
    workload.pod_spec = object.find(template, "spec");
    workload.pod_metadata = object.find(template, "metadata");
    let spec = workload.pod_spec;
    if spec.is_none() {
        return;
    }
    workload.pod_resources = resources(object, spec);
    for (list, plain) in [
        ("initContainers", ContainerRole::Init),
        ("containers", ContainerRole::Regular),
        ("ephemeralContainers", ContainerRole::Ephemeral),
    ] {
        for (position, node) in object.items(object.find(spec, list)).enumerate() {
            let container = container(object, node, list, position, plain);
            workload.images.push(Image {
                node: object.find(node, "image"),
                container: Some(workload.containers.len() as u32),
                state: image_state(object, object.find(node, "image")),
            });
            workload.containers.push(container);
        }
    }
    for volume in object.items(object.find(spec, "volumes")) {
        let source = object.find(volume, "image");
        if object.kind(source) == Kind::Map {
            let node = object.find(source, "reference");
            workload.images.push(Image { node, container: None, state: image_state(object, node) });
        }
    }
}

fn container(object: &Document, node: NodeId, list: &str, position: usize, plain: ContainerRole) -> Container {
    let always = object.string(node, &["restartPolicy"]) == Some("Always");
    let role = if plain == ContainerRole::Init && always { ContainerRole::Sidecar } else { plain };
    let name = match object.string(node, &["name"]) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("{list}[{position}]"),
    };
    Container { node, name, role, resources: resources(object, node) }
}

/// The six amounts below `resources` of a container or a Pod, rounded up as the API server does when it stores them
/// (`SetDefaults_ResourceList`, pkg/apis/core/v1).
fn resources(object: &Document, holder: NodeId) -> Resources {
    let all = object.find(holder, "resources");
    let (requests, limits) = (object.find(all, "requests"), object.find(all, "limits"));
    let mut resources = Resources::default();
    for (pair, name) in ["cpu", "memory", "ephemeral-storage"].iter().enumerate() {
        for (side, list) in [requests, limits].into_iter().enumerate() {
            resources.amounts[pair * 2 + side] =
                quantity::round_up_milli(quantity::at(object, object.find(list, name)));
        }
    }
    resources
}

fn image_state(object: &Document, node: NodeId) -> ImageState {
    match object.kind(node) {
        Kind::None | Kind::Null => ImageState::Absent,
        Kind::String if object.text(node).is_empty() => ImageState::Absent,
        Kind::String => image::parse(object.text(node)),
        _ => ImageState::Unreadable("it is not a string; quote it".into()),
    }
}

fn replicas(object: &Document, rule: &Replicas) -> (i64, NodeId) {
    match rule {
        Replicas::One => (1, NodeId::NONE),
        Replicas::Unknown => (-1, NodeId::NONE),
        Replicas::Field(path) => {
            let node = object.walk(NodeId::ROOT, path);
            (count(object, node, 1), node)
        }
        Replicas::Job(path) => {
            let spec = object.walk(NodeId::ROOT, path);
            let (parallelism, completions) = (object.find(spec, "parallelism"), object.find(spec, "completions"));
            let (many, most) = (count(object, parallelism, 1), count(object, completions, i64::MAX));
            if many < 0 || most < 0 {
                (-1, parallelism)
            } else if most < many {
                (most, completions)
            } else {
                (many, parallelism)
            }
        }
    }
}

/// A whole number that is not negative; `absent` where there is none, `-1` for anything else.
fn count(object: &Document, node: NodeId, absent: i64) -> i64 {
    match object.kind(node) {
        Kind::None | Kind::Null => absent,
        Kind::Number => object.number_text(node).parse().ok().filter(|count| *count >= 0).unwrap_or(-1),
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
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
        let text = "{apiVersion: argoproj.io/v1, kind: Rollout, spec: {count: 3, template: {spec: {containers: [{name: a}]}}}}";
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
        for (spec, expected) in [
            ("parallelism: 2, completions: 5", 2),
            ("parallelism: 5, completions: 5", 5),
            ("completions: 5", 1),
            ("completions: 0", 0),
            ("parallelism: 0", 0),
            ("parallelism: -1, completions: 5", -1),
            ("parallelism: 5, completions: -1", -1),
            ("parallelism: 5, completions: '3'", -1),
            ("parallelism: 1.5", -1),
        ] {
            let view = view_of(&format!("{{apiVersion: batch/v1, kind: Job, spec: {{{spec}}}}}"));
            assert_eq!(view.replicas, expected, "{spec}");
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
        for good in ["null", "{}", "{containers: null}", "{containers: [{resources: {limits: {cpu: 1}}}], volumes: []}"]
        {
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
        let told =
            |review: &Review| notice(review, &view(review, &[rollout(None)]), &[rollout(None)]).unwrap_or_default();
        let of = |text: &str| told(&review(yaml(text)));
        let custom = "no container was found at `/spec/template`, where `workloads` of the policy set says that the Pod template is";
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
}
