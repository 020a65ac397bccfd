//! How long it takes to know whether a policy faces a review, with and without a condition.

use std::time::Instant;

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_model::{
    GroupVersionKind, GroupVersionResource, NamespaceLabels, Request, Review, Source, Subject, SubjectKind,
};
use portcullis_policies::{LoadedSet, Selection, parse_set};

/// Rounds of each line.
const ROUNDS: u32 = 10_000;

fn main() {
    let review = review();
    for matches in [
        "{}",
        "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: [pods]}]}",
        "{namespaceSelector: {matchLabels: {team: red}}, objectSelector: {matchLabels: {app: web}}}",
        "{matchConditions: [{name: c, expression: \"object.metadata.name == 'web'\"}]}",
        "{matchConditions: [{name: c, expression: \"!('system:masters' in request.userInfo.groups)\"}]}",
        "{matchConditions: [{name: c, expression: \"object.spec.containers.all(c, c.image.startsWith('registry.example/'))\"}]}",
        "{matchConditions: [{name: c, expression: \"object.spec.containers.all(c, c.image.matches('^registry[.]example/'))\"}]}",
        "{matchConditions: [{name: c, expression: \"quantity('1Gi').isGreaterThan(quantity('500Mi'))\"}]}",
    ] {
        let start = Instant::now();
        let set = set(matches);
        let loaded = start.elapsed();
        let start = Instant::now();
        for _ in 0..ROUNDS {
            assert_eq!(set.select(0, &review), Selection::Applies, "{matches}");
        }
        println!("{:>9.3?} a review, {loaded:>9.3?} to load: {matches}", start.elapsed() / ROUNDS);
    }
}

fn set(matches: &str) -> LoadedSet {
    let text = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n  policies:\n  - name: p\n    plugin: {{builtin: b}}\n    match: {matches}\n"
    );
    let documents = read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("a document");
    parse_set(&documents[0]).expect("a set")
}

fn review() -> Review {
    let container =
        |n| format!(r#"{{"name":"c{n}","image":"registry.example/app:{n}","env":[{{"name":"A","value":"b"}}]}}"#);
    let containers: Vec<String> = (0..10).map(container).collect();
    let object = format!(
        r#"{{"metadata":{{"name":"web","labels":{{"app":"web"}}}},"spec":{{"containers":[{}]}}}}"#,
        containers.join(",")
    );
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: "shop".into(),
            name: "web".into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: "CREATE".into(),
            kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() },
            resource: Some(GroupVersionResource {
                group: String::new(),
                version: "v1".into(),
                resource: "pods".into(),
            }),
            namespaced: Some(true),
            name: "web".into(),
            namespace: "shop".into(),
            ..Request::default()
        },
        object: Some(read_json_text(&object, &ReadLimits::default()).expect("an object")),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::Known([("team".to_owned(), "red".to_owned())].into()),
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}
