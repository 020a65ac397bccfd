//! The examples of Kubernetes' documentation, each with objects that it lets in and objects that it does not.
//!
//! Validating admission policies, manifest-based admission control, and the delegation of certificate signing.

use serde_json::{Value, json};

use crate::pair::{Asked, Pair, binding, policy, rules};

const RED: &str = "red";
const BLUE: &str = "blue";

/// All of them.
pub fn pairs() -> Vec<Pair> {
    let mut pairs = Pairs(Vec::new());
    pairs.basics();
    pairs.params();
    pairs.errors();
    pairs.variables();
    pairs.conditions();
    pairs.pods();
    pairs.access();
    pairs.expressions();
    pairs.0
}

/// A Deployment of one container.
pub fn deployment(namespace: &str, replicas: u32, image: &str) -> Value {
    let labels = json!({"app": "web"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
        }
    })
}

/// An object of a custom kind with these members.
pub fn custom(members: Value) -> Value {
    let mut object = json!({
        "apiVersion": "rules.example.com/v1", "kind": "ReplicaLimit", "metadata": {"name": "custom", "namespace": RED}
    });
    crate::pair::merge(&mut object, &members);
    object
}

fn deployments() -> Value {
    json!({"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}]})
}

fn environment(operator: &str) -> Value {
    json!({"namespaceSelector": {"matchExpressions": [{"key": "environment", "operator": operator, "values": ["test"]}]}})
}

struct Pairs(Vec<Pair>);

impl Pairs {
    /// A policy with this spec, a binding with these members, params, and one pair for each object.
    fn add(
        &mut self,
        name: &str,
        spec: &Value,
        bound: &Value,
        params: &[Value],
        objects: impl IntoIterator<Item = Value>,
    ) {
        for (number, mut object) in objects.into_iter().enumerate() {
            let name = format!("d-{name}-{number}");
            object["metadata"]["name"] = json!(name);
            let mut bound = bound.clone();
            let mut manifests = vec![policy(&name, spec.clone())];
            for param in params {
                // Each pair has params of its own, whatever the example calls them.
                let mut param = param.clone();
                param["metadata"]["name"] =
                    json!(format!("{name}-{}", param["metadata"]["name"].as_str().unwrap_or_default()));
                manifests.push(param);
            }
            if let Some(reference) = bound["paramRef"]["name"].as_str() {
                bound["paramRef"]["name"] = json!(format!("{name}-{reference}"));
            }
            manifests.push(binding(&name, &name, bound));
            self.0.push(Pair::new(&name, manifests, Asked::Create(object)));
        }
    }

    fn basics(&mut self) {
        let spec = json!({"failurePolicy": "Fail", "matchConstraints": deployments(), "validations": [{"expression": "object.spec.replicas <= 5"}]});
        let bound = json!({"matchResources": {"namespaceSelector": {"matchLabels": {"environment": "test"}}}});
        self.add(
            "basic",
            &spec,
            &bound,
            &[],
            [deployment(RED, 6, "nginx"), deployment(RED, 5, "nginx"), deployment(BLUE, 6, "nginx")],
        );
        let spec =
            json!({"matchConstraints": deployments(), "validations": [{"expression": "object.spec.replicas >= 2"}]});
        self.add("min-replicas", &spec, &json!({}), &[], [deployment(RED, 1, "nginx"), deployment(RED, 2, "nginx")]);
        let spec = json!({
            "failurePolicy": "Fail", "matchConstraints": deployments(),
            "validations": [{"expression": "object.spec.replicas > 50", "messageExpression": "'Deployment spec.replicas set to ' + string(object.spec.replicas)"}],
            "auditAnnotations": [{"key": "high-replica-count", "valueExpression": "'Deployment spec.replicas set to ' + string(object.spec.replicas)"}]
        });
        self.add(
            "audit-annotation",
            &spec,
            &json!({}),
            &[],
            [deployment(RED, 6, "nginx"), deployment(RED, 51, "nginx")],
        );
        for actions in [json!(["Warn"]), json!(["Audit"]), json!(["Warn", "Audit"]), json!(["Deny", "Audit"])] {
            let spec = json!({"matchConstraints": deployments(), "validations": [{"expression": "object.spec.replicas <= 5", "message": "too many", "reason": "Forbidden"}]});
            let name = actions.to_string().replace(['[', ']', '"'], "").replace(',', "-").to_lowercase();
            self.add(
                &name,
                &spec,
                &json!({"validationActions": actions}),
                &[],
                [deployment(RED, 6, "nginx"), deployment(RED, 4, "nginx")],
            );
        }
        // As a person writes it with `|`; its text is the message.
        let spec = json!({"matchConstraints": deployments(), "validations": [{"expression": "object.spec.replicas > 1 &&\nobject.spec.replicas < 5\n"}]});
        self.add("two-lines", &spec, &json!({}), &[], [deployment(RED, 6, "nginx"), deployment(RED, 4, "nginx")]);
        let spec =
            json!({"matchConstraints": deployments(), "validations": [{"expression": "object.spec.replicas <= 5"}]});
        self.add("both", &spec, &json!({"validationActions": ["Deny", "Warn"]}), &[], [deployment(RED, 6, "nginx")]);
    }

    fn params(&mut self) {
        let kind = json!({"apiVersion": "rules.example.com/v1", "kind": "ReplicaLimit"});
        let limit = |name: &str, most: u32| {
            json!({
                "apiVersion": "rules.example.com/v1", "kind": "ReplicaLimit",
                "metadata": {"name": name, "namespace": "default"}, "maxReplicas": most
            })
        };
        let params = [limit("test", 3), limit("prod", 100)];
        let spec = json!({
            "failurePolicy": "Fail", "paramKind": kind, "matchConstraints": deployments(),
            "validations": [{"expression": "object.spec.replicas <= params.maxReplicas", "reason": "Invalid"}]
        });
        let by = |name: &str, selector: Value| json!({"paramRef": {"name": name, "namespace": "default", "parameterNotFoundAction": "Deny"}, "matchResources": selector});
        let objects = || {
            [
                deployment(RED, 4, "nginx"),
                deployment(RED, 3, "nginx"),
                deployment(BLUE, 4, "nginx"),
                deployment(BLUE, 101, "nginx"),
            ]
        };
        self.add("param-test", &spec, &by("test", environment("In")), &params, objects());
        self.add("param-prod", &spec, &by("prod", environment("NotIn")), &params, objects());
        self.add("param-missing", &spec, &by("none", json!({})), &params, [deployment(RED, 1, "nginx")]);
        let unsaid = json!({"paramRef": {"name": "prod", "namespace": "default"}});
        self.add("param-not-found-action", &spec, &unsaid, &params, [deployment(RED, 1, "nginx")]);
        let mut told = spec.clone();
        told["validations"] = json!([{"expression": "object.spec.replicas <= params.maxReplicas", "messageExpression": "'object.spec.replicas must be no greater than ' + string(params.maxReplicas)", "reason": "Invalid"}]);
        self.add("param-message", &told, &by("test", json!({})), &params, [deployment(RED, 4, "nginx")]);
        let mut ignoring = spec.clone();
        ignoring["failurePolicy"] = json!("Ignore");
        ignoring["validations"] = json!([{"expression": "object.spec.xyz == params.x"}]);
        self.add("ignore", &ignoring, &by("test", json!({})), &params, [deployment(RED, 4, "nginx")]);
    }

    fn errors(&mut self) {
        let validations =
            json!([{"expression": "object.replicas > 1", "message": "must be replicated", "reason": "Invalid"}]);
        self.add(
            "typechecking",
            &json!({"matchConstraints": deployments(), "validations": validations}),
            &json!({}),
            &[],
            [deployment(RED, 4, "nginx")],
        );
        let constraints = json!({"resourceRules": rules("apps", &["deployments", "replicasets"])});
        self.add(
            "typechecking-multiple",
            &json!({"matchConstraints": constraints, "validations": validations}),
            &json!({}),
            &[],
            [deployment(RED, 4, "nginx")],
        );
    }

    fn variables(&mut self) {
        let spec = json!({
            "failurePolicy": "Fail", "matchConstraints": deployments(),
            "variables": [
                {"name": "environment", "expression": "'environment' in namespaceObject.metadata.labels ? namespaceObject.metadata.labels['environment'] : 'prod'"},
                {"name": "exempt", "expression": "'exempt' in object.metadata.labels && object.metadata.labels['exempt'] == 'true'"},
                {"name": "containers", "expression": "object.spec.template.spec.containers"},
                {"name": "containersToCheck", "expression": "variables.containers.filter(c, c.image.contains('example.com'))"}
            ],
            "validations": [{
                "expression": "variables.exempt || variables.containersToCheck.all(c, c.image.startsWith(variables.environment + '.'))",
                "messageExpression": "'only ' + variables.environment + ' images are allowed in namespace ' + namespaceObject.metadata.name"
            }]
        });
        let mut exempt = deployment(RED, 1, "prod.example.com/app");
        exempt["metadata"]["labels"]["exempt"] = json!("true");
        let objects = [
            deployment(RED, 1, "prod.example.com/app"),
            deployment(RED, 1, "test.example.com/app"),
            deployment(BLUE, 1, "test.example.com/app"),
            deployment(BLUE, 1, "nginx"),
            exempt,
        ];
        self.add("image-environment", &spec, &json!({}), &[], objects);
    }

    fn conditions(&mut self) {
        let spec = |call: &str| {
            json!({
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}]},
                "matchConditions": [
                    {"name": "exclude-leases", "expression": "!(request.resource.group == \"coordination.k8s.io\" && request.resource.resource == \"leases\")"},
                    {"name": "exclude-kubelet-requests", "expression": "!(\"system:nodes\" in request.userInfo.groups)"},
                    {"name": "rbac", "expression": "request.resource.group != \"rbac.authorization.k8s.io\""}
                ],
                "validations": [{"expression": format!("object.metadata.name.{call}('demo')")}]
            })
        };
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "x", "namespace": RED}});
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}, "rules": []});
        self.add("conditions-slip", &spec("startWith"), &json!({}), &[], [deployment(RED, 1, "nginx")]);
        self.add("conditions", &spec("startsWith"), &json!({}), &[], [deployment(RED, 1, "nginx"), lease, role]);
    }

    fn pods(&mut self) {
        let pods = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}]});
        let system = json!({"matchResources": {"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]}}});
        let pod = |security: Value, labels: Value| {
            let container = json!({"name": "app", "image": "nginx", "securityContext": security});
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": RED, "labels": labels}, "spec": {"containers": [container]}})
        };
        let spec = json!({
            "failurePolicy": "Fail", "matchConstraints": pods,
            "validations": [{
                "expression": "!object.spec.containers.exists(c, has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged == true)",
                "message": "Privileged containers are not allowed"
            }]
        });
        let objects = [json!({"privileged": true}), json!({"privileged": false}), json!({"runAsNonRoot": true})]
            .map(|security| pod(security, json!({})));
        self.add("privileged", &spec, &system, &[], objects);
        let spec = json!({
            "failurePolicy": "Fail", "matchConstraints": pods,
            "validations": [{"expression": "has(object.metadata.labels) && 'app.kubernetes.io/name' in object.metadata.labels", "message": "All pods must have the 'app.kubernetes.io/name' label"}]
        });
        let objects = [json!({}), json!({"app.kubernetes.io/name": "x"})].map(|labels| pod(json!({}), labels));
        self.add("labels", &spec, &system, &[], objects);
    }

    fn access(&mut self) {
        let spec = json!({
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": ["admissionregistration.k8s.io"], "apiVersions": ["*"], "operations": ["DELETE", "UPDATE"], "resources": ["validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations", "mutatingwebhookconfigurations"]}]},
            "validations": [{
                "expression": "!has(object.metadata.labels) || !('platform.example.com/protected' in object.metadata.labels) || object.metadata.labels['platform.example.com/protected'] != 'true'",
                "message": "Protected admission resources cannot be modified or deleted"
            }]
        });
        let name = "d-protect";
        let object = |protected: &str| json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": format!("{name}-{protected}"), "labels": {"platform.example.com/protected": protected}}, "webhooks": []});
        let change = |object: Value| Asked::Update(object, json!({"metadata": {"labels": {"more": "yes"}}}));
        for (number, asked) in
            [Asked::Delete(object("true")), change(object("yes")), change(object("no"))].into_iter().enumerate()
        {
            let mut spec = spec.clone();
            if number == 1 {
                spec["validations"][0]["expression"] =
                    json!("object.metadata.labels['platform.example.com/protected'] != 'yes'");
            }
            let name = format!("{name}-{number}");
            self.0.push(Pair::new(&name, vec![policy(&name, spec), binding(&name, &name, json!({}))], asked));
        }
        let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "params", "namespace": RED}, "data": {"controllerNamespace": "csr", "controllerServiceAccountName": "signer", "domain": "example.com"}});
        let bound = json!({"paramRef": {"name": "params", "namespace": RED, "parameterNotFoundAction": "Deny"}});
        let roles = |names: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}, "rules": [{"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve"], "resourceNames": names}]});
        let mut spec = json!({
            "failurePolicy": "Fail", "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConditions": [{"name": "userIsController", "expression": "request.userInfo.username == 'system:serviceaccount:'+params.data.controllerNamespace+':'+params.data.controllerServiceAccountName"}],
            "matchConstraints": {"resourceRules": [{"apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["clusterroles"]}]},
            "variables": [
                {"name": "certificateRules", "expression": "object.?rules.orValue([]).filter(rule, rule.apiGroups.exists(group, group == 'certificates.k8s.io'))"},
                {"name": "signerRules", "expression": "variables.certificateRules.filter(rule, rule.resources.exists(resource, resource == 'signers'))"},
                {"name": "approvalOrSigningRules", "expression": "variables.signerRules.filter(rule, rule.verbs.exists(verb, verb == 'approve' || verb == 'sign'))"},
                {"name": "signerNameInDomain", "expression": "variables.approvalOrSigningRules.all(rule, rule.resourceNames.all(name, name.startsWith(params.data.domain + '/')))"}
            ],
            "validations": [{
                "expression": "variables.signerNameInDomain == true",
                "messageExpression": "string(params.data.controllerServiceAccountName)  + ' has failed to delegate ' +  string(request.operation) + ' ' + string(request.name) + ' certificate signing request in the ' + string(request.namespace) + ' namespace. Check the configuration.'",
                "reason": "Forbidden"
            }]
        });
        let objects = || [roles(json!(["other.com/app"])), roles(json!(["example.com/app"]))];
        self.add("delegation", &spec, &bound, std::slice::from_ref(&settings), objects());
        spec["matchConditions"] = json!([]);
        self.add("delegation-of-anybody", &spec, &bound, &[settings], objects());
    }

    /// The table of expressions, about members of the object.
    fn expressions(&mut self) {
        let table = [
            (
                "object.minReplicas <= object.replicas && object.replicas <= object.maxReplicas",
                [
                    json!({"minReplicas": 1, "replicas": 2, "maxReplicas": 3}),
                    json!({"minReplicas": 1, "replicas": 4, "maxReplicas": 3}),
                ],
            ),
            (
                "'Available' in object.stateCounts",
                [json!({"stateCounts": {"Available": 1}}), json!({"stateCounts": {}})],
            ),
            (
                "(size(object.list1) == 0) != (size(object.list2) == 0)",
                [json!({"list1": [], "list2": [1]}), json!({"list1": [], "list2": []})],
            ),
            (
                "!('MY_KEY' in object.map1) || object['MY_KEY'].matches('^[a-zA-Z]*$')",
                [json!({"map1": {}}), json!({"map1": {"MY_KEY": "a"}})],
            ),
            (
                "object.envars.filter(e, e.name == 'MY_ENV').all(e, e.value.matches('^[a-zA-Z]*$'))",
                [
                    json!({"envars": [{"name": "MY_ENV", "value": "abc"}]}),
                    json!({"envars": [{"name": "MY_ENV", "value": "a1"}]}),
                ],
            ),
            (
                "has(object.expired) && timestamp(object.created) + duration(object.ttl) < timestamp(object.expired)",
                [
                    json!({"expired": "2026-01-02T00:00:00Z", "created": "2026-01-01T00:00:00Z", "ttl": "1h"}),
                    json!({"expired": "2026-01-01T00:30:00Z", "created": "2026-01-01T00:00:00Z", "ttl": "1h"}),
                ],
            ),
            ("object.health.startsWith('ok')", [json!({"health": "ok, thanks"}), json!({"health": 1})]),
            (
                "object.widgets.exists(w, w.key == 'x' && w.foo < 10)",
                [json!({"widgets": [{"key": "x", "foo": 9}]}), json!({"widgets": [{"key": "x", "foo": 10}]})],
            ),
            (
                "type(object.text) == string ? object.text == '99%' : object.text == 42",
                [json!({"text": 42}), json!({"text": "42"})],
            ),
            ("object.metadata.name.startsWith(object.prefix)", [json!({"prefix": "d-"}), json!({"prefix": "e-"})]),
            (
                "object.set1.all(e, !(e in object.set2))",
                [json!({"set1": [1, 2], "set2": [3]}), json!({"set1": [1, 2], "set2": [2]})],
            ),
            (
                "size(object.names) == size(object.details) && object.names.all(n, n in object.details)",
                [json!({"names": ["a"], "details": {"a": 1}}), json!({"names": ["a"], "details": {"b": 1}})],
            ),
            (
                "size(object.clusters.filter(c, c.name == object.primary)) == 1",
                [
                    json!({"clusters": [{"name": "a"}], "primary": "a"}),
                    json!({"clusters": [{"name": "a"}, {"name": "a"}], "primary": "a"}),
                ],
            ),
        ];
        for (number, (expression, objects)) in table.into_iter().enumerate() {
            let spec = json!({"matchConstraints": {"resourceRules": rules("rules.example.com", &["replicalimits"])}, "validations": [{"expression": expression}]});
            self.add(&format!("expression-{number}"), &spec, &json!({}), &[], objects.map(custom));
        }
    }
}
