//! Policies and objects of many shapes, the same ones on every run.

use portcullis_support::Dice;
use serde_json::{Value, json};

use crate::documented::{custom, deployment};
use crate::expressions::{CHANGES, DEPLOYMENTS, MEMBERS, REFUSED, REQUESTS, TEXTS};
use crate::pair::{Asked, NAMESPACES, Pair, binding, merge, policy, rules};

/// What the texts of a ConfigMap may say.
const VALUES: [&str; 20] = [
    "1",
    "2",
    "10",
    "x",
    "",
    "0",
    "a,b,c",
    "2001:db8::1",
    "10.0.0.5",
    "127.0.0.1",
    "https://example.com:80/p?q=1",
    "100Mi",
    "1.2.3",
    "abc-def",
    "abc",
    "\u{dc}ni",
    "10.0.0.0/16",
    " 1 ",
    "true",
    "-7",
];
const IMAGES: [&str; 5] = [
    "nginx",
    "nginx:1.27",
    "busybox:latest",
    "registry.example/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "busybox",
];
const ANY: [fn() -> Value; 8] = [
    || json!(1),
    || json!(1.0),
    || json!("1"),
    || json!(true),
    || json!(null),
    || json!([1]),
    || json!({"a": 1}),
    || json!(2.5),
];
/// What a message may be made of: good, empty, of two lines, failing, and no text at all.
const MESSAGES: [&str; 6] = [
    "'no: ' + string(true)",
    "''",
    "'two' + '\\n' + 'lines'",
    "string(object.nothing.at.all)",
    "'  spaces around  '",
    "'a' + string(1 / 0)",
];

/// So many pairs.
pub fn pairs(count: usize) -> Vec<Pair> {
    (0..count).map(pair).collect()
}

/// The `number`-th pair. Every expression comes first in a policy that says little else, and then again among everything that a
/// policy may say.
fn pair(number: usize) -> Pair {
    let mut dice = Dice::new(number as u64 * 104_729 + 7);
    let name = format!("g{number:03}");
    let all = TEXTS.len() + DEPLOYMENTS.len() + MEMBERS.len() + REQUESTS.len() + CHANGES.len();
    let rich = number >= all + REFUSED.len();
    let at = if rich { dice.below(all) } else { number };
    let (expression, resources, object) = subject(at, &name, &mut dice);
    let asked = asked(at, object, &mut dice);
    let mut spec = json!({
        "matchConstraints": {"resourceRules": rules(resources.0, &[resources.1])},
        "validations": [{"expression": expression}]
    });
    let mut bound = json!({});
    let mut more = Vec::new();
    match dice.below(6) {
        0 | 1 => spec["failurePolicy"] = json!("Ignore"),
        2 => spec["failurePolicy"] = json!("Fail"),
        _ => {}
    }
    message(&mut spec["validations"][0], &mut dice);
    if rich && dice.once_in(40) {
        spec["validations"][0]["messageExpression"] = json!("object.nothing.at.all");
    }
    if rich {
        enrich(&mut spec, &mut bound, expression, &mut dice);
        select(&mut spec, &mut bound, resources.1, &name, &mut dice);
        if dice.once_in(3) {
            more = params(&mut spec, &mut bound, &name, &mut dice);
        }
    }
    let manifests = [policy(&name, spec), binding(&name, &name, bound)].into_iter().chain(more).collect();
    Pair::new(&name, manifests, asked)
}

/// An expression, the resources that it is about, and an object of them.
fn subject(at: usize, name: &str, dice: &mut Dice) -> (&'static str, (&'static str, &'static str), Value) {
    let mut at = at;
    for (which, list) in [&TEXTS[..], &DEPLOYMENTS, &MEMBERS, &REQUESTS, &CHANGES, &REFUSED].into_iter().enumerate() {
        if let Some(expression) = list.get(at) {
            let (resources, object) = match which {
                1 => (("apps", "deployments"), workload(dice)),
                2 => (("rules.example.com", "replicalimits"), members(dice)),
                _ => (("", "configmaps"), texts(dice)),
            };
            let mut object = object;
            object["metadata"]["name"] = json!(name);
            return (expression, resources, object);
        }
        at -= list.len();
    }
    unreachable!("every number below the sum is in one of the lists")
}

fn asked(at: usize, object: Value, dice: &mut Dice) -> Asked {
    let changes = at >= TEXTS.len() + DEPLOYMENTS.len() + MEMBERS.len() + REQUESTS.len();
    let change = |dice: &mut Dice, object: &Value| match object["kind"].as_str() {
        Some("ConfigMap") => json!({"data": data(dice), "metadata": {"labels": {"changed": "yes"}}}),
        Some("Deployment") => {
            let mut spec = object["spec"].clone();
            spec["replicas"] = json!(dice.below(9));
            json!({"spec": spec})
        }
        _ => json!({"n": dice.below(5), "list": [1, 2]}),
    };
    match dice.below(if changes { 4 } else { 9 }) {
        0 | 1 if object["kind"] != "Deployment" => {
            let change = change(dice, &object);
            Asked::Update(object, change)
        }
        2 => Asked::Delete(object),
        _ => Asked::Create(object),
    }
}

fn namespace(dice: &mut Dice) -> &'static str {
    if dice.once_in(4) { NAMESPACES[1].0 } else { NAMESPACES[0].0 }
}

fn data(dice: &mut Dice) -> Value {
    let mut data = json!({"a": dice.one(&VALUES)});
    if dice.once_in(2) {
        data["b"] = json!(dice.one(&VALUES));
    }
    data
}

fn texts(dice: &mut Dice) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace(dice), "labels": {}}, "data": data(dice)});
    if !dice.once_in(3) {
        object["metadata"]["labels"]["team"] = json!(dice.one(&["red", "green"]));
    }
    if dice.once_in(2) {
        object["metadata"]["labels"]["tier"] = json!(dice.one(&["web", "db"]));
    }
    if dice.once_in(3) {
        object["metadata"]["annotations"] = json!({"owner": "somebody"});
    }
    object
}

fn workload(dice: &mut Dice) -> Value {
    let mut object =
        deployment(namespace(dice), u32::try_from(dice.below(9)).unwrap_or_default(), dice.one::<&str>(&IMAGES));
    let pod = &mut object["spec"]["template"]["spec"];
    if dice.once_in(2) {
        pod["containers"][0]["resources"] = json!({"limits": {"memory": dice.one(&["512Mi", "2Gi"])}});
    }
    if dice.once_in(2) {
        pod["containers"][0]["ports"] = json!([{"containerPort": *dice.one(&[80, 8080])}]);
    }
    if dice.once_in(2) {
        let second = json!({"name": dice.one(&["a", "zz", "z9"]), "image": dice.one(&IMAGES)});
        pod["containers"].as_array_mut().expect("a list").push(second);
    }
    if dice.once_in(3) {
        pod["nodeSelector"] = json!({"zone": dice.one(&["a", "b"])});
    }
    object
}

fn members(dice: &mut Dice) -> Value {
    let mut object = json!({
        "n": dice.below(5), "d": *dice.one(&[0.5, 1.5, 2.0]), "list": [1, 2, 3], "map": {"k": dice.one(&["v", "w"])},
        "nil": null, "parts": [{"name": "x", "value": dice.below(4)}, {"name": dice.one(&["x", "y"])}],
        "at": dice.one(&["2026-01-01T12:00:00Z", "2026-02-03T04:05:06.789+02:00", "yesterday"]), "any": dice.one(&ANY)()
    });
    if dice.once_in(4) {
        object["list"] = json!([]);
    }
    if dice.once_in(6) {
        object.as_object_mut().expect("a map").remove(*dice.one(&["n", "list", "map", "nil", "any"]));
    }
    let mut object = custom(object);
    object["metadata"]["namespace"] = json!(namespace(dice));
    object
}

fn message(validation: &mut Value, dice: &mut Dice) {
    if dice.once_in(3) {
        validation["message"] = json!(dice.one(&["it must not", "  not like this  ", "x"]));
    }
    if dice.once_in(3) {
        validation["messageExpression"] = json!(dice.one(&MESSAGES));
    }
    if dice.once_in(6) {
        validation["reason"] = json!(dice.one(&["Forbidden", "Invalid", "RequestEntityTooLarge"]));
    }
}

/// Variables, conditions, more validations, other actions.
fn enrich(spec: &mut Value, bound: &mut Value, expression: &str, dice: &mut Dice) {
    match dice.below(4) {
        0 => {
            spec["variables"] = json!([{"name": "holds", "expression": expression}]);
            spec["validations"][0]["expression"] = json!("variables.holds");
        }
        1 => {
            let unused = json!({"name": "fails", "expression": "object.nothing.at.all"});
            spec["variables"] = json!([unused, {"name": "first", "expression": expression}, {"name": "second", "expression": "!variables.first"}]);
            spec["validations"][0]["expression"] = json!(*dice.one(&[
                "!variables.second",
                "variables.first || variables.fails == 1",
                "variables.second && variables.first"
            ]));
        }
        _ => {}
    }
    if dice.once_in(2) {
        let conditions = [
            "has(object.data)",
            "object == null || !has(object.metadata.labels.team) || object.metadata.labels.team == 'red'",
            "object.nothing.at.all == 1",
            "request.operation != 'DELETE'",
            "true",
            "oldObject == null",
        ];
        let mut written: Vec<Value> = Vec::new();
        for number in 0..=dice.below(2) {
            written.push(json!({"name": format!("c{number}"), "expression": dice.one(&conditions)}));
        }
        spec["matchConditions"] = json!(written);
    }
    if dice.once_in(4) {
        let mut second =
            json!({"expression": *dice.one(&["true", "false", "object.nothing.at.all == 1", "has(object.metadata)"])});
        message(&mut second, dice);
        spec["validations"].as_array_mut().expect("a list").push(second);
    }
    if dice.once_in(3) {
        bound["validationActions"] =
            dice.one(&[json!(["Warn"]), json!(["Audit"]), json!(["Warn", "Audit"]), json!(["Deny", "Audit"])]).clone();
    }
}

/// Selectors, exclude rules, names, scopes, operations: of the policy or of its binding.
fn select(spec: &mut Value, bound: &mut Value, resource: &str, name: &str, dice: &mut Dice) {
    for _ in 0..dice.below(3) {
        let mut part = match dice.below(9) {
            0 => json!({"namespaceSelector": {"matchLabels": {"environment": "test"}}}),
            1 => {
                json!({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["blue"]}]}})
            }
            2 => {
                json!({"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["blue"]}]}})
            }
            3 => json!({"objectSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}),
            4 => json!({"objectSelector": {"matchExpressions": [{"key": "changed", "operator": "DoesNotExist"}]}}),
            5 => {
                json!({"excludeResourceRules": [{"operations": [dice.one(&["CREATE", "UPDATE", "DELETE", "*"])], "resources": [resource]}]})
            }
            6 => {
                json!({"excludeResourceRules": [{"operations": ["*"], "resources": ["*"], "resourceNames": [dice.one(&[name, "other"])]}]})
            }
            7 => {
                json!({"excludeResourceRules": [{"operations": ["*"], "resources": [dice.one(&["*", "*/*", "secrets", "*/status"])], "scope": dice.one(&["Cluster", "Namespaced"])}]})
            }
            _ => {
                json!({"resourceRules": [{"operations": [dice.one(&["CREATE", "UPDATE"])], "resources": [resource], "resourceNames": [dice.one(&[name, "other"])]}]})
            }
        };
        for key in ["excludeResourceRules", "resourceRules"] {
            if let Some(rule) = part.get_mut(key).and_then(|rules| rules.get_mut(0)) {
                rule["apiGroups"] = json!(["*"]);
                rule["apiVersions"] = json!([dice.one(&["*", "v1"])]);
            }
        }
        let into = if dice.once_in(2) { &mut spec["matchConstraints"] } else { &mut bound["matchResources"] };
        if into.is_null() {
            *into = json!({});
        }
        merge(into, &part);
    }
    if dice.once_in(5) {
        spec["matchConstraints"]["matchPolicy"] = json!(dice.one(&["Exact", "Equivalent"]));
    }
}

/// Params of ConfigMaps: by name, by labels, of the object's namespace, or none at all.
fn params(spec: &mut Value, bound: &mut Value, name: &str, dice: &mut Dice) -> Vec<Value> {
    let map = |suffix: &str, namespace: &str, most: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{name}-{suffix}"), "namespace": namespace, "labels": {"params": name}},
            "data": {"max": most, "word": "1"}
        })
    };
    spec["paramKind"] = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let asks = json!({"expression": *dice.one(&["int(params.data.max) > 3", "params.data.max == '5'", "params == null || params.data.word == '1'", "params.metadata.name.endsWith('one')"]), "messageExpression": "'at most ' + params.data.max"});
    spec["validations"].as_array_mut().expect("a list").push(asks);
    let action = *dice.one(&["Deny", "Allow"]);
    let (reference, maps) = match dice.below(6) {
        0 => (json!({"name": format!("{name}-one"), "namespace": "red"}), vec![map("one", "red", "5")]),
        1 => (
            json!({"selector": {"matchLabels": {"params": name}}, "namespace": "red"}),
            vec![map("one", "red", "5"), map("two", "red", "2")],
        ),
        2 => (json!({"name": format!("{name}-none"), "namespace": "red"}), vec![map("one", "red", "5")]),
        3 => (json!({"name": format!("{name}-one")}), vec![map("one", "red", "5")]),
        4 => (
            json!({"selector": {"matchLabels": {"params": name}}}),
            vec![map("one", "red", "5"), map("one", "blue", "1")],
        ),
        _ => (Value::Null, vec![map("one", "red", "5")]),
    };
    if !reference.is_null() {
        bound["paramRef"] = reference;
        bound["paramRef"]["parameterNotFoundAction"] = json!(action);
    }
    maps
}
