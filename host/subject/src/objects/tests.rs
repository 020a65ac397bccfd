//! Objects: which subjects a document holds, and what is refused rather than skipped.

use super::*;
use crate::testing::yaml;

fn reviews(text: &str, context: &Context) -> Result<Vec<Review>, Error> {
    from_object(&yaml(text), &Kinds::builtin(), context)
}

fn one(text: &str) -> Review {
    reviews(text, &Context::default()).expect("reviews").remove(0)
}

#[test]
fn judges_a_manifest_as_a_create_by_nobody() {
    let review = one("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}");
    assert_eq!(review.request.operation, "CREATE");
    assert_eq!(review.request.resource.map(|r| r.resource), Some("deployments".into()));
    assert_eq!(review.request.user.name, "");
    assert!(matches!(review.namespace, NamespaceLabels::Unknown(_)));
}

#[test]
fn flattens_lists_in_the_order_of_the_text() {
    // A09b
    let pods = "{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}, {apiVersion: v1, kind: Service, metadata: {name: b}}]}";
    let text = format!(
        "{{apiVersion: v1, kind: List, items: [{pods}, {{apiVersion: v1, kind: Pod, metadata: {{name: c}}}}]}}"
    );
    let reviews = reviews(&text, &Context::default()).expect("reviews");
    let seen: Vec<_> = reviews.iter().map(|r| (r.request.kind.kind.as_str(), r.request.name.as_str())).collect();
    assert_eq!(seen, [("Pod", "a"), ("Service", "b"), ("Pod", "c")]);
    let item = reviews[2].object.as_ref().expect("an object");
    assert_eq!(item.pointer(item.find(NodeId::ROOT, "metadata")), "/metadata", "pointers start at the item");
}

#[test]
fn judges_items_of_typed_lists_and_refuses_items_of_anything_else() {
    // kubectl applies the items of whatever has `items`, and nothing else of it; other clients do not.
    let pod = "{metadata: {name: a}, spec: {containers: [{name: c}]}}";
    let typed =
        reviews(&format!("{{apiVersion: v1, kind: PodList, items: [{pod}]}}"), &Context::default()).expect("reviews");
    assert_eq!((typed[0].subject.kind.as_str(), typed[0].subject.api_version.as_str()), ("Pod", "v1"));
    assert_eq!(workload::view(&typed[0], &[]).containers.len(), 1);
    for (version, kind) in [
        ("v1", "ConfigMap"),
        ("v1", "Pod"),
        ("portcullis.dev/v1alpha1", "PolicySet"),
        ("admission.k8s.io/v1", "AdmissionReview"),
    ] {
        for items in ["[]", "null", "[{apiVersion: v1, kind: Pod}]"] {
            let text = format!("{{apiVersion: {version}, kind: {kind}, items: {items}}}");
            assert!(matches!(classify(&yaml(&text)), Shape::Malformed(_)), "{text}");
        }
    }
}

#[test]
fn refuses_lists_that_hold_no_objects_and_reviews_inside_lists() {
    let message = |text: &str| reviews(text, &Context::default()).expect_err(text).to_string();
    assert_eq!(
        message("{apiVersion: v1, kind: List}"),
        "`/items` is missing: a list without items holds nothing to judge"
    );
    assert_eq!(message("{apiVersion: v1, kind: List, items: {a: {}}}"), "`/items` must be a list of objects");
    assert_eq!(
        message("{apiVersion: v1, kind: List, items: [{apiVersion: admission.k8s.io/v1, kind: AdmissionReview}]}"),
        "`AdmissionReview` is not supported here; it must be a document of its own, not an item of a list"
    );
    assert!(
        message("{apiVersion: admission.k8s.io/v1, kind: AdmissionReviewList, items: [{request: {}}]}")
            .contains("not an item")
    );
}

#[test]
fn tells_of_kinds_that_kubernetes_does_not_have() {
    for (version, kind, advice) in [
        ("v1", "pod", "did you mean `Pod`?"),
        ("apps/v1", "Deploymnt", "did you mean `Deployment`?"),
        ("v1", "Deployment", "check its spelling"),
    ] {
        let told = format!("Kubernetes has no kind `{kind}` in `{version}`; {advice}");
        assert_eq!(one(&format!("{{apiVersion: {version}, kind: {kind}}}")).notices, [told]);
    }
    assert!(one("{apiVersion: e.x/v1, kind: Thing}").notices.is_empty());
}

#[test]
fn refuses_workloads_whose_shape_hides_their_containers() {
    let message = |text: &str| reviews(text, &Context::default()).expect_err(text).to_string();
    assert_eq!(message("{apiVersion: v1, kind: Pod, spec: {containers: evil}}"), "`/spec/containers` must be a list");
    assert_eq!(
        message("{apiVersion: v1, kind: Pod, spec: {containers: [evil]}}"),
        "`/spec/containers/0` must be a map"
    );
    assert_eq!(
        message("{apiVersion: apps/v1, kind: Deployment, spec: {template: [{spec: {}}]}}"),
        "`/spec/template` must be a map"
    );
    assert_eq!(
        message("{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, resources: {limits: [1]}}]}}"),
        "`/spec/containers/0/resources/limits` must be a map"
    );
}

#[test]
fn refuses_lists_inside_lists_without_end() {
    let mut text = "{apiVersion: v1, kind: Pod}".to_owned();
    for _ in 0..MAX_NESTED_LISTS + 1 {
        text = format!("{{apiVersion: v1, kind: List, items: [{text}]}}");
    }
    let error = reviews(&text, &Context::default()).expect_err("too deep");
    assert_eq!(error.to_string(), "more than 8 lists inside each other");
}

#[test]
fn refuses_half_an_object_and_names_that_are_no_texts() {
    let message = |text: &str| reviews(text, &Context::default()).expect_err(text).to_string();
    assert_eq!(message("{kind: Pod}"), "this has `kind` but no `apiVersion`, so it cannot be known what it is");
    assert_eq!(message("{apiVersion: v1}"), "this has `apiVersion` but no `kind`, so it cannot be known what it is");
    let error =
        reviews("{apiVersion: v1, kind: Pod, metadata: {name: n}}", &Context::default()).expect_err("a boolean");
    assert_eq!(error.to_string(), "`/metadata/name` must be a string, but YAML reads this word as a boolean");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("quote it")));
    assert_eq!(message("{apiVersion: v1, kind: Pod, metadata: []}"), "`/metadata` must be a map");
    assert_eq!(
        message("{apiVersion: '', kind: Pod}"),
        "`/apiVersion` is missing: it says which API the object belongs to"
    );
}

#[test]
fn knows_labels_only_where_somebody_gave_them() {
    // A18, A18b
    let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let context =
        Context { namespace_labels: BTreeMap::from([("shop".to_owned(), labels.clone())]), ..Context::default() };
    let of = |text: &str| reviews(text, &context).expect("reviews").remove(0).namespace;
    assert_eq!(of("{apiVersion: v1, kind: Pod, metadata: {namespace: shop}}"), NamespaceLabels::Known(labels));
    assert!(matches!(of("{apiVersion: v1, kind: Pod, metadata: {namespace: other}}"), NamespaceLabels::Unknown(_)));
    assert!(matches!(of("{apiVersion: v1, kind: Pod}"), NamespaceLabels::Unknown(_)));
    assert_eq!(of("{apiVersion: v1, kind: Node, metadata: {name: n1}}"), NamespaceLabels::None);
    assert!(matches!(of("{apiVersion: e.x/v1, kind: Thing}"), NamespaceLabels::Unknown(_)));
    let own = of("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {x: z}}}");
    let own_labels = [("x", "z"), (NAMESPACE_NAME_LABEL, "shop")].map(|(key, value)| (key.into(), value.into()));
    assert_eq!(own, NamespaceLabels::Known(BTreeMap::from(own_labels)), "its own labels");
}

#[test]
fn says_what_a_document_is_by_what_it_says_itself() {
    let shape = |text: &str| classify(&yaml(text));
    for (text, expected) in [
        ("{a: 1}", Shape::Other),
        ("{apiVersion: v1, kind: Pod}", Shape::Object),
        ("{apiVersion: v1, kind: List}", Shape::List),
        ("{apiVersion: v1, kind: PodList, items: []}", Shape::List),
        ("{apiVersion: v1, kind: PodList}", Shape::Object),
        ("{apiVersion: v1, kind: PodList, items: null}", Shape::Object),
        ("{apiVersion: example.com/v1, kind: List}", Shape::Object),
        ("{apiVersion: admission.k8s.io/v1, kind: AdmissionReview}", Shape::AdmissionReview),
        ("{apiVersion: example.com/v1, kind: AdmissionReview}", Shape::Object),
        ("{apiVersion: portcullis.dev/v1alpha1, kind: RecordedReview}", Shape::RecordedReview),
        ("{apiVersion: portcullis.dev/v1alpha1, kind: Waiver}", Shape::Portcullis("Waiver".into())),
        ("{apiVersion: portcullis.dev/v1alpha1, kind: Image}", Shape::Object),
        ("{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization}", Shape::Kustomization),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn judges_lists_as_deep_as_the_bound_says() {
    let mut text = "{apiVersion: v1, kind: Pod, metadata: {name: a}}".to_owned();
    for _ in 0..MAX_NESTED_LISTS {
        text = format!("{{apiVersion: v1, kind: List, items: [{text}]}}");
    }
    assert_eq!(one(&text).request.name, "a");
}

#[test]
fn gives_the_labels_of_a_namespace_of_the_core_group_and_of_nothing_else() {
    let labels = |text: &str| namespace_labels_of(&flatten(&yaml(text)).expect("objects").remove(0));
    let metadata = "metadata: {name: shop, labels: {a: b, c: 1}}";
    let known = [("a", "b"), ("c", "1"), (NAMESPACE_NAME_LABEL, "shop")];
    let known = known.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let own = labels(&format!("{{apiVersion: v1, kind: Namespace, {metadata}}}"));
    assert_eq!(own, Some(("shop".to_owned(), BTreeMap::from(known))));
    assert_eq!(labels(&format!("{{apiVersion: example.com/v1, kind: Namespace, {metadata}}}")), None);
    assert_eq!(labels(&format!("{{apiVersion: v1, kind: Pod, {metadata}}}")), None);
    assert_eq!(labels("{apiVersion: v1, kind: Namespace}"), None, "it has no name");
}

#[test]
fn puts_a_manifest_into_the_namespace_that_it_names_or_that_was_given_and_no_cluster_scoped_one() {
    let context = Context { default_namespace: Some("given".into()), ..Context::default() };
    let place = |text: &str| {
        let review = reviews(text, &context).expect("reviews").remove(0);
        (review.request.namespaced, review.request.namespace, review.subject.namespace)
    };
    let placed = |namespaced, request: &str, subject: &str| (namespaced, request.to_owned(), subject.to_owned());
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a";
    assert_eq!(place(&format!("{pod}, namespace: shop}}}}")), placed(Some(true), "shop", "shop"));
    assert_eq!(place(&format!("{pod}}}}}")), placed(Some(true), "given", "given"));
    let node = "{apiVersion: v1, kind: Node, metadata: {name: a, namespace: shop}}";
    assert_eq!(place(node), placed(Some(false), "", ""), "it is in none, whatever it says");
    // As the API server sends it.
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
    assert_eq!(place(namespace), placed(Some(false), "a", ""));
    let other = "{apiVersion: example.com/v1, kind: Namespace, metadata: {name: a, namespace: shop}}";
    assert_eq!(place(other), placed(None, "shop", "shop"), "nobody knows that kind");
    let mut kinds = Kinds::builtin();
    let crd = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: fleets.example.com}, \
        spec: {group: example.com, scope: Cluster, names: {plural: fleets, kind: Fleet}, versions: [{name: v1}]}}";
    kinds.extend_from_crd(&yaml(crd)).expect("a definition");
    let of_crd = |metadata: &str| {
        let fleet = yaml(&format!("{{apiVersion: example.com/v1, kind: Fleet, metadata: {{{metadata}}}}}"));
        let review = from_object(&fleet, &kinds, &context).expect("reviews").remove(0);
        (review.request.namespaced, review.request.namespace, review.subject.namespace)
    };
    assert_eq!(of_crd("name: a"), placed(Some(false), "", ""));
    assert_eq!(
        of_crd("name: a, namespace: shop"),
        placed(None, "shop", "shop"),
        "definition and object contradict each other"
    );
}

#[test]
fn names_a_manifest_by_its_name_or_by_what_its_name_is_made_of() {
    let name = |metadata: &str| {
        let review = one(&format!("{{apiVersion: v1, kind: Pod, metadata: {{{metadata}}}}}"));
        (review.subject.name, review.request.name)
    };
    let named = |subject: &str, request: &str| (subject.to_owned(), request.to_owned());
    assert_eq!(name("name: a"), named("a", "a"));
    assert_eq!(name("generateName: a-"), named("a-*", ""));
    assert_eq!(name("name: a, generateName: b-"), named("a", "a"));
    assert_eq!(name(""), named("", ""));
}

#[test]
fn tells_of_a_group_that_no_custom_kind_can_have() {
    let told = |version: &str| one(&format!("{{apiVersion: {version}, kind: Rollout}}")).notices;
    assert_eq!(
        told("argoproj/v1"),
        ["Kubernetes has no API group `argoproj`, and the group of a custom kind has a dot; check its spelling"]
    );
    assert_eq!(told("argoproj.io/v1"), [""; 0]);
}
