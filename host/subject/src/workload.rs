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
            // What cannot be read is -1, and so the smaller one.
            if most < many { (most, completions) } else { (many, parallelism) }
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
mod tests;
