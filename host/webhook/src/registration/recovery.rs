//! What is never sent, so that a cluster can start and mend itself while nobody answers.

use portcullis_model::ResourceRule;

use super::{Condition, narrowing};

/// Something that a cluster writes to stay alive or to come up.
struct Exclusion {
    name: &'static str,
    groups: &'static [&'static str],
    /// Which resources; none: all of these groups.
    resources: &'static [&'static str],
    /// What the groups hold, to know whether a policy names it.
    holds: &'static [&'static str],
}

/// The API server creates its own roles, priorities, API services and namespaces when it starts, and ends where it cannot.
/// It asks itself with this name and this group. The name alone is not enough: who may impersonate it, or was given a
/// certificate with it, would never be judged. Who may take that group as well can do everything, this object included.
const API_SERVER: &str = "!(has(request.userInfo.username) && request.userInfo.username == 'system:apiserver' && has(request.userInfo.groups) && 'system:masters' in request.userInfo.groups)";
/// A namespace is gone only when this is written, long after everything in it was judged.
const FINALIZE: &str = "!(request.resource.group == '' && request.resource.resource == 'namespaces' && has(request.subResource) && request.subResource == 'finalize')";

const EXCLUSIONS: [Exclusion; 5] = [
    Exclusion {
        name: "not-nodes-and-endpoints",
        groups: &[""],
        resources: &["nodes", "events", "endpoints"],
        holds: &["nodes", "events", "endpoints"],
    },
    Exclusion {
        name: "not-leases",
        groups: &["coordination.k8s.io"],
        resources: &[],
        holds: &["leases", "leasecandidates"],
    },
    Exclusion {
        name: "not-events-and-endpoint-slices",
        groups: &["events.k8s.io", "discovery.k8s.io"],
        resources: &[],
        holds: &["events", "endpointslices"],
    },
    Exclusion {
        name: "not-identities",
        groups: &["authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io"],
        resources: &[],
        holds: &[
            "tokenreviews",
            "selfsubjectreviews",
            "subjectaccessreviews",
            "localsubjectaccessreviews",
            "selfsubjectaccessreviews",
            "selfsubjectrulesreviews",
            "certificatesigningrequests",
            "clustertrustbundles",
            "podcertificaterequests",
        ],
    },
    Exclusion {
        name: "not-volumes-of-nodes",
        groups: &["storage.k8s.io"],
        resources: &["csinodes", "volumeattachments", "csistoragecapacities"],
        holds: &["csinodes", "volumeattachments", "csistoragecapacities"],
    },
];

/// What the agents of nodes, networks, storage and machines write of themselves. A node is ready only when its network is, and
/// that writes such an object first; a volume is mounted, and a lost machine replaced, only after others. If they cannot be
/// written while nobody answers, the node that Portcullis would run on does not come back. Everything that people write in
/// the same groups (network policies, pools of addresses, classes) is sent as ever.
const AGENTS: [(&str, &[&str]); 11] = [
    // Cilium: the node, the endpoint and the identity of each Pod. Without them no Pod gets an address.
    ("cilium.io", &["ciliumnodes", "ciliumendpoints", "ciliumendpointslices", "ciliumidentities"]),
    // Calico without a store of its own: addresses given out, and what its agents say of themselves.
    (
        "crd.projectcalico.org",
        &["blockaffinities", "ipamblocks", "ipamhandles", "caliconodestatuses", "clusterinformations"],
    ),
    // Antrea's agents and controller write here that they live.
    ("crd.antrea.io", &["antreaagentinfos", "antreacontrollerinfos"]),
    // OVN-Kubernetes: what its nodes say they have taken over.
    ("k8s.ovn.org", &["egressnodes", "nodes"]),
    // Whereabouts gives out addresses by writing them down.
    ("whereabouts.cni.cncf.io", &["ippools", "overlappingrangeipreservations", "nodeslicepools"]),
    // Drivers of devices say what a node has; a Pod that claims a device waits for it.
    ("resource.k8s.io", &["resourceslices"]),
    // Longhorn: each volume and its parts are objects, written when a node attaches, loses or repairs one.
    (
        "longhorn.io",
        &["volumes", "engines", "replicas", "nodes", "instancemanagers", "sharemanagers", "volumeattachments"],
    ),
    // Cluster API: a machine that is lost is replaced by writing another.
    ("cluster.x-k8s.io", &["machines", "machinesets", "machinehealthchecks"]),
    // OpenShift's own machines.
    ("machine.openshift.io", &["machines", "machinesets", "machinehealthchecks"]),
    // Karpenter asks for nodes by writing claims.
    ("karpenter.sh", &["nodeclaims"]),
    // medik8s: a node that is lost is fenced by writing that it shall be.
    ("self-node-remediation.medik8s.io", &["selfnoderemediations"]),
];

/// The conditions that leave out what these rules reach, and a note for everything that is sent because a policy names it.
/// What [`AGENTS`] write is sent where somebody wants it judged. `own` is what the product's own objects are called.
pub fn conditions(rules: &[ResourceRule], own: &str, judge_agents: bool) -> (Vec<Condition>, Vec<String>) {
    let mut conditions =
        vec![Condition { name: "not-the-api-server-itself".into(), expression: API_SERVER.to_owned() }];
    let mut notes = Vec::new();
    for exclusion in &EXCLUSIONS {
        if let Some(expression) = exclusion.expression(rules, &mut notes) {
            conditions.push(Condition { name: exclusion.name.into(), expression });
        }
    }
    conditions.extend(agents(rules).filter(|_| !judge_agents));
    let finalize = |resource: &String| ["*/*", "*/finalize", "namespaces/*"].contains(&resource.as_str());
    let reached = |rule: &ResourceRule| has(&rule.api_groups, "") && rule.resources.iter().any(finalize);
    if rules.iter().any(reached) {
        conditions.push(Condition { name: "not-the-end-of-namespaces".into(), expression: FINALIZE.to_owned() });
    }
    conditions.extend(own_access(rules, own));
    (conditions, notes)
}

/// The product's own ClusterRole and its binding: they stand in no namespace that is left out, and a webhook that has lost the
/// right to read namespaces must be mendable while it does not answer.
fn own_access(rules: &[ResourceRule], own: &str) -> Option<Condition> {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let resources = ["clusterroles", "clusterrolebindings"];
    let reaches = |written: &String| written.starts_with('*') || resources.iter().any(|one| written == one);
    let reached = rules.iter().any(|rule| has(&rule.api_groups, GROUP) && rule.resources.iter().any(reaches));
    let (resources, own) = (narrowing::list(resources.into_iter()), narrowing::quoted(own));
    reached.then(|| Condition {
        name: "not-its-own-access".into(),
        expression: format!(
            "!(request.resource.group == '{GROUP}' && request.resource.resource in {resources} && has(request.name) && request.name == {own})"
        ),
    })
}

/// One condition for all of [`AGENTS`] that these rules reach by `*` and do not name.
fn agents(rules: &[ResourceRule]) -> Option<Condition> {
    let mut parts = Vec::new();
    for (group, resources) in AGENTS {
        let of_group = || rules.iter().filter(|rule| has(&rule.api_groups, group));
        let by_star = of_group().any(|rule| rule.resources.iter().any(|one| one == "*" || one.starts_with("*/")));
        let named = of_group().any(|rule| rule.api_groups.iter().any(|known| known == group));
        let left: Vec<&str> = resources
            .iter()
            .copied()
            .filter(|resource| {
                let names = |written: &String| written.split('/').next() == Some(resource);
                !of_group().any(|rule| rule.resources.iter().any(names))
            })
            .collect();
        if by_star && !named && !left.is_empty() {
            let left = narrowing::list(left.into_iter());
            parts.push(format!("request.resource.group == '{group}' && request.resource.resource in {left}"));
        }
    }
    let expression = format!("!({})", parts.join(" ||\n"));
    (!parts.is_empty()).then(|| Condition { name: "not-agents-of-nodes".into(), expression })
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known == "*" || known == word)
}

impl Exclusion {
    fn expression(&self, rules: &[ResourceRule], notes: &mut Vec<String>) -> Option<String> {
        let reached = |group: &str| {
            rules.iter().any(|rule| {
                has(&rule.api_groups, group)
                    && rule.resources.iter().any(|resource| resource == "*" || resource.starts_with("*/"))
            })
        };
        let named = |group: &str, resource: &str| {
            rules.iter().any(|rule| {
                let names = |written: &String| written.split('/').next() == Some(resource);
                has(&rule.api_groups, group) && rule.resources.iter().any(names)
            })
        };
        let named_group = |group: &str| rules.iter().any(|rule| rule.api_groups.iter().any(|known| known == group));
        let groups: Vec<&str> = self.groups.iter().copied().filter(|group| reached(group)).collect();
        let (mut groups, mut resources) = (groups, self.resources.to_vec());
        for resource in self.holds {
            // Which of the groups holds it is not asked: all of them are sent then, which is never too little.
            if !groups.is_empty() && groups.iter().any(|group| named(group, resource)) {
                notes.push(format!(
                    "`{resource}` are sent because a policy names them: nothing writes them while Portcullis is away"
                ));
                match self.resources.is_empty() {
                    true => groups.clear(),
                    false => resources.retain(|other| other != resource),
                }
            }
        }
        if self.resources.is_empty() {
            groups.retain(|group| !named_group(group));
        } else if resources.is_empty() {
            groups.clear();
        }
        let list = |words: &[&str]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        let what = match (&groups[..], &resources[..]) {
            ([], _) => return None,
            ([group], []) => format!("request.resource.group == '{group}'"),
            (groups, []) => format!("request.resource.group in [{}]", list(groups)),
            ([group, ..], resources) => {
                format!("request.resource.group == '{group}' && request.resource.resource in [{}]", list(resources))
            }
        };
        // Nobody needs a connection to a node to mend a cluster, and a policy may want to judge it.
        let connects = resources.contains(&"nodes") && rules.iter().any(|rule| has(&rule.operations, "CONNECT"));
        let unless = if connects { "request.operation == 'CONNECT' || " } else { "" };
        Some(match what.strip_prefix("request.resource.group == ").filter(|_| resources.is_empty()) {
            Some(group) => format!("{unless}request.resource.group != {group}"),
            None => format!("{unless}!({what})"),
        })
    }
}
