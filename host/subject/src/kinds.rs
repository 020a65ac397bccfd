//! Kind to plural and scope: generated, extended by CRDs in the input.
//!
//! `kinds.tsv` (group, version, kind, plural, scope, subresources) was made from the `+genclient` marks of k8s.io/api
//! v0.36.3, with the kinds of apiextensions and kube-aggregator and the subresources that have no client added by hand.
//! It holds every version, also those that 1.36 serves only by a flag (alphas) or no longer (`extensions/v1beta1`,
//! `policy/v1beta1`): a manifest in an old version must be judged, not skipped because its plural is unknown (A14).

use std::collections::HashMap;
use std::sync::OnceLock;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, GroupVersionKind, NodeId, nearest};

use crate::error::{Error, ErrorKind};
use crate::objects::flatten;

const TABLE: &str = include_str!("kinds.tsv");

/// What is known of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// The plural name, such as `deployments`.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Its subresources, such as `scale`, sorted; empty where they are not known.
    pub subresources: Vec<String>,
}

/// Group, version and kind.
type Name = (String, String, String);

/// What Kubernetes itself says about a resource and a kind of one group.
pub(crate) struct Known {
    /// Whether it knows neither, or both and as one.
    pub(crate) agree: bool,
    /// Whether the resource lives in namespaces; `None` where it is not its own.
    pub(crate) namespaced: Option<bool>,
}

/// Compares a resource and a kind of a group with what Kubernetes has.
pub(crate) fn known(group: &str, plural: &str, kind: &str) -> Known {
    /// By group: plural, kind and scope.
    type Groups = HashMap<String, Vec<(String, String, bool)>>;
    static GROUPS: OnceLock<Groups> = OnceLock::new();
    let groups = GROUPS.get_or_init(|| {
        let mut groups = Groups::new();
        for ((group, _, kind), info) in Kinds::builtin().table {
            groups.entry(group).or_default().push((info.plural, kind, info.namespaced));
        }
        groups
    });
    let rows = groups.get(group).map(Vec::as_slice).unwrap_or_default();
    let either = rows.iter().any(|(own_plural, own_kind, _)| own_plural == plural || own_kind == kind);
    let both = rows.iter().any(|(own_plural, own_kind, _)| own_plural == plural && own_kind == kind);
    let namespaced = rows.iter().find(|(own, ..)| own == plural).map(|(.., namespaced)| *namespaced);
    Known { agree: !either || both, namespaced }
}

/// Every kind that is known.
#[derive(Clone, Debug)]
pub struct Kinds {
    table: HashMap<Name, KindInfo>,
}

impl Kinds {
    /// The kinds of Kubernetes itself.
    pub fn builtin() -> Self {
        let row = |line: &str| {
            let mut columns = line.split('\t').map(str::to_owned);
            let mut next = || columns.next().unwrap_or_default();
            let name = (next(), next(), next());
            let (plural, namespaced) = (next(), next() == "Namespaced");
            let subresources = next().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            (name, KindInfo { plural, namespaced, subresources })
        };
        Self { table: TABLE.lines().map(row).collect() }
    }

    /// Whether a group is one of Kubernetes' own, all of whose kinds the table knows.
    pub fn is_own_group(&self, group: &str) -> bool {
        (group.is_empty() || group.ends_with(".k8s.io") || !group.contains('.'))
            && self.table.keys().any(|(known, ..)| known == group)
    }

    /// Every kind that is known, with its group; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &KindInfo)> {
        self.table.iter().map(|((group, _, kind), info)| (group.as_str(), kind.as_str(), info))
    }

    /// What is known of a kind.
    pub fn find(&self, group: &str, version: &str, kind: &str) -> Option<&KindInfo> {
        self.table.get(&(group.to_owned(), version.to_owned(), kind.to_owned()))
    }

    /// What to tell who named a kind that its group does not have: one of the same version that may have been meant.
    pub fn advice(&self, written: &GroupVersionKind) -> String {
        let own = |(group, version, _): &&Name| *group == written.group && *version == written.version;
        let mut known: Vec<&str> = self.table.keys().filter(own).map(|(.., kind)| kind.as_str()).collect();
        known.sort_unstable();
        match nearest(&written.kind, &known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "check its spelling".to_owned(),
        }
    }

    /// Adds what the CustomResourceDefinitions in a document say, also inside lists; any other document adds nothing.
    ///
    /// A definition never replaces what is known: one that disagrees is an error, because a policy that matches by plural
    /// or scope could otherwise be dodged with a second definition.
    pub fn extend_from_crd(&mut self, document: &Document) -> Result<(), Error> {
        for object in flatten(document).unwrap_or_default() {
            if object.kind.group == "apiextensions.k8s.io" && object.kind.kind == "CustomResourceDefinition" {
                if !["v1", "v1beta1"].contains(&object.kind.version.as_str()) {
                    let (found, expected) = (object.kind.version.clone(), "v1 or v1beta1");
                    let version = object.document.find(NodeId::ROOT, "apiVersion");
                    return Err(ErrorKind::Unsupported { found, expected }.at(&object.document, version));
                }
                self.add_crd(&object.document)?;
            }
        }
        Ok(())
    }

    fn add_crd(&mut self, crd: &Document) -> Result<(), Error> {
        let needed = |pointer: &'static str, keys: &[&str]| {
            let found = crd.string(NodeId::ROOT, keys).filter(|text| !text.is_empty());
            found.ok_or_else(|| missing(crd, pointer))
        };
        let group = needed("/spec/group", &["spec", "group"])?;
        let kind = needed("/spec/names/kind", &["spec", "names", "kind"])?;
        let plural = needed("/spec/names/plural", &["spec", "names", "plural"])?;
        let namespaced = match crd.string(NodeId::ROOT, &["spec", "scope"]) {
            Some("Namespaced") => true,
            Some("Cluster") => false,
            _ => {
                let expected = "`Namespaced` or `Cluster`";
                let scope = crd.walk(NodeId::ROOT, &["spec", "scope"]);
                return Err(ErrorKind::Malformed { member: "/spec/scope".into(), expected }.at(crd, scope));
            }
        };
        // The API server refuses every other name, so such a definition would say something that no cluster knows.
        if crd.string(NodeId::ROOT, &["metadata", "name"]) != Some(&format!("{plural}.{group}")) {
            let name = crd.walk(NodeId::ROOT, &["metadata", "name"]);
            let (member, expected) = ("/metadata/name".into(), "the plural, a dot and the group");
            return Err(ErrorKind::Malformed { member, expected }.at(crd, name));
        }
        let listed = crd.items(crd.walk(NodeId::ROOT, &["spec", "versions"]));
        let mut versions: Vec<(&str, NodeId)> =
            listed.filter_map(|version| Some((crd.string(version, &["name"])?, version))).collect();
        // `spec.version` is how apiextensions.k8s.io/v1beta1 names a single version.
        let single = crd.string(NodeId::ROOT, &["spec", "version"]).map(|name| (name, NodeId::NONE));
        versions.extend(single.filter(|(name, _)| versions.iter().all(|(other, _)| other != name)));
        if versions.is_empty() {
            return Err(missing(crd, "/spec/versions"));
        }
        for (version, node) in versions {
            let of_all = crd.walk(NodeId::ROOT, &["spec", "subresources"]);
            let entries = crd.entries(crd.find(node, "subresources")).chain(crd.entries(of_all));
            let mut subresources: Vec<String> = entries.map(|(name, _)| name.to_owned()).collect();
            subresources.sort();
            subresources.dedup();
            let info = KindInfo { plural: plural.to_owned(), namespaced, subresources };
            self.add(group, version, kind, info).map_err(|kind| kind.at(crd, NodeId::ROOT))?;
        }
        Ok(())
    }

    /// Adds what a cluster says about itself: the output of `kubectl api-resources`, or the JSON of discovery
    /// (`APIResourceList`, `APIGroupDiscoveryList`).
    pub fn extend_from_api_resources(&mut self, text: &str) -> Result<(), Error> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') { self.add_discovery(text) } else { self.add_table(text) }
    }

    fn add_table(&mut self, text: &str) -> Result<(), Error> {
        let wrong = |line: usize, why| ErrorKind::BadApiResources { line: line + 1, why }.nowhere();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (at, header) = lines.next().ok_or_else(|| wrong(0, "there is no header"))?;
        let column =
            |name| header.find(name).ok_or_else(|| wrong(at, "the header needs NAME, APIVERSION, NAMESPACED, KIND"));
        let columns = [column("NAME")?, column("APIVERSION")?, column("NAMESPACED")?, column("KIND")?];
        for (at, line) in lines {
            let cell = |column: usize| line.get(columns[column]..).and_then(|rest| rest.split_whitespace().next());
            let (Some(plural), Some(version), Some(namespaced), Some(kind)) = (cell(0), cell(1), cell(2), cell(3))
            else {
                return Err(wrong(at, "a column is missing"));
            };
            let namespaced = namespaced.parse().map_err(|_| wrong(at, "NAMESPACED is neither true nor false"))?;
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            let info = KindInfo { plural: plural.to_owned(), namespaced, subresources: Vec::new() };
            self.add(group, version, kind, info).map_err(ErrorKind::nowhere)?;
        }
        Ok(())
    }

    fn add_discovery(&mut self, text: &str) -> Result<(), Error> {
        let wrong = |why| ErrorKind::BadApiResources { line: 0, why }.nowhere();
        let json = read_json_text(text, &ReadLimits::default()).map_err(|_| wrong("the JSON cannot be read"))?;
        let root = NodeId::ROOT;
        match json.string(root, &["kind"]) {
            Some("APIResourceList") => {
                let both = json.string(root, &["groupVersion"]).ok_or_else(|| wrong("`groupVersion` is missing"))?;
                let (group, version) = both.split_once('/').unwrap_or(("", both));
                for item in json.items(json.find(root, "resources")) {
                    let name = json.string(item, &["name"]).ok_or_else(|| wrong("a resource has no `name`"))?;
                    let kind = json.string(item, &["kind"]).ok_or_else(|| wrong("a resource has no `kind`"))?;
                    let namespaced = json.boolean(json.find(item, "namespaced"));
                    let namespaced = namespaced.ok_or_else(|| wrong("a resource has no `namespaced`"))?;
                    // `pods/status` is a subresource, whose kind may be that of another resource.
                    if !name.contains('/') {
                        let info = KindInfo { plural: name.to_owned(), namespaced, subresources: Vec::new() };
                        self.add(group, version, kind, info).map_err(ErrorKind::nowhere)?;
                    }
                }
                Ok(())
            }
            Some("APIGroupDiscoveryList") => json.items(json.find(root, "items")).try_for_each(|group| {
                let name = json.string(group, &["metadata", "name"]).unwrap_or_default();
                let versions = json.items(json.find(group, "versions"));
                versions.into_iter().try_for_each(|version| self.add_group_version(&json, name, version))
            }),
            _ => Err(wrong("the kind is neither `APIResourceList` nor `APIGroupDiscoveryList`")),
        }
    }

    fn add_group_version(&mut self, json: &Document, group: &str, node: NodeId) -> Result<(), Error> {
        let wrong = |why| ErrorKind::BadApiResources { line: 0, why }.nowhere();
        let version = json.string(node, &["version"]).ok_or_else(|| wrong("a `version` is missing"))?;
        for item in json.items(json.find(node, "resources")) {
            let plural = json.string(item, &["resource"]).ok_or_else(|| wrong("a `resource` is missing"))?;
            let kind =
                json.string(item, &["responseKind", "kind"]).ok_or_else(|| wrong("a `responseKind` is missing"))?;
            let namespaced = match json.string(item, &["scope"]) {
                Some("Namespaced") => true,
                Some("Cluster") => false,
                _ => return Err(wrong("a `scope` is neither `Namespaced` nor `Cluster`")),
            };
            let names = json.items(json.find(item, "subresources")).filter_map(|s| json.string(s, &["subresource"]));
            let mut subresources: Vec<String> = names.map(str::to_owned).collect();
            subresources.sort();
            let info = KindInfo { plural: plural.to_owned(), namespaced, subresources };
            self.add(group, version, kind, info).map_err(ErrorKind::nowhere)?;
        }
        Ok(())
    }

    fn add(&mut self, group: &str, version: &str, kind: &str, info: KindInfo) -> Result<(), ErrorKind> {
        let name = (group.to_owned(), version.to_owned(), kind.to_owned());
        let known = self.table.entry(name).or_insert_with(|| info.clone());
        if (&known.plural, known.namespaced) != (&info.plural, info.namespaced) {
            let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            return Err(ErrorKind::ConflictingKind { kind: format!("{version} {kind}") });
        }
        Ok(())
    }
}

fn missing(document: &Document, pointer: &'static str) -> Error {
    let (nearest, _) = document.resolve(NodeId::ROOT, pointer);
    ErrorKind::Missing { member: pointer.to_owned(), why: "a CustomResourceDefinition names its kind with it" }
        .at(document, nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{json, yaml};

    const CRD: &str = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.e.x}, spec: {group: e.x, scope: SCOPE, names: {kind: Thing, plural: things}, versions: [{name: v1, subresources: {scale: {}}}, {name: v2}]}}";

    #[test]
    fn knows_kubernetes_own_kinds_old_versions_included() {
        // A14
        let kinds = Kinds::builtin();
        for (group, version, kind, plural, namespaced) in [
            ("", "v1", "Pod", "pods", true),
            ("", "v1", "Node", "nodes", false),
            ("apps", "v1", "Deployment", "deployments", true),
            ("extensions", "v1beta1", "Deployment", "deployments", true),
            ("networking.k8s.io", "v1", "Ingress", "ingresses", true),
            ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false),
            ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
        ] {
            let info = kinds.find(group, version, kind).unwrap_or_else(|| panic!("{group}/{version} {kind}"));
            assert_eq!((info.plural.as_str(), info.namespaced), (plural, namespaced));
        }
        assert!(kinds.find("example.com", "v1", "Deployment").is_none());
        let subresources = |group, kind| kinds.find(group, "v1", kind).map(|info| info.subresources.clone());
        assert_eq!(subresources("", "ConfigMap"), Some(Vec::new()));
        assert_eq!(subresources("apps", "Deployment"), Some(vec!["scale".to_owned(), "status".to_owned()]));
    }

    #[test]
    fn learns_from_definitions_and_refuses_those_that_disagree() {
        let mut kinds = Kinds::builtin();
        kinds.extend_from_crd(&yaml(&CRD.replace("SCOPE", "Namespaced"))).expect("a definition");
        assert!(kinds.find("e.x", "v2", "Thing").is_some_and(|info| info.plural == "things" && info.namespaced));
        kinds.extend_from_crd(&yaml(&CRD.replace("SCOPE", "Namespaced"))).expect("the same again");
        let error = kinds.extend_from_crd(&yaml(&CRD.replace("SCOPE", "Cluster"))).expect_err("another scope");
        assert_eq!(error.to_string(), "two definitions of `e.x/v1 Thing` disagree about its plural or its scope");
        let error = kinds.extend_from_crd(&yaml(&CRD.replace("SCOPE", "Both"))).expect_err("no scope");
        assert_eq!(error.to_string(), "`/spec/scope` must be `Namespaced` or `Cluster`");
    }

    #[test]
    fn learns_from_what_a_cluster_discovers_for_its_clients() {
        let list = |resource: &str| {
            format!(
                r#"{{"kind":"APIGroupDiscoveryList","items":[{{"metadata":{{"name":"e.x"}},"versions":[{{"version":"v1","resources":[{resource}]}}]}},{{"metadata":{{}},"versions":[{{"version":"v1"}}]}}]}}"#
            )
        };
        let thing = r#"{"resource":"things","responseKind":{"group":"","version":"","kind":"Thing"},"scope":"Cluster","subresources":[{"subresource":"status"},{"subresource":"scale"}]}"#;
        let mut kinds = Kinds::builtin();
        kinds.extend_from_api_resources(&list(thing)).expect("aggregated discovery");
        let found = kinds.find("e.x", "v1", "Thing").expect("a kind");
        assert_eq!((found.plural.as_str(), found.namespaced), ("things", false));
        assert_eq!(found.subresources, ["scale", "status"]);
        for (cut, why) in [
            (r#""resource":"things","#, "a `resource` is missing"),
            (r#","kind":"Thing""#, "a `responseKind` is missing"),
            (r#","scope":"Cluster""#, "a `scope` is neither `Namespaced` nor `Cluster`"),
        ] {
            let error = kinds.extend_from_api_resources(&list(&thing.replace(cut, ""))).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
        let other = list(&thing.replace("Cluster", "Namespaced"));
        let error = kinds.extend_from_api_resources(&other).expect_err("another scope");
        assert_eq!(error.to_string(), "two definitions of `e.x/v1 Thing` disagree about its plural or its scope");
        let error =
            kinds.extend_from_api_resources(r#"{"kind":"PodList"}"#).expect_err("no list of resources").to_string();
        assert!(error.contains("the kind is neither `APIResourceList` nor `APIGroupDiscoveryList`"), "{error}");
    }

    #[test]
    fn learns_from_what_a_cluster_prints() {
        let table = "NAME     SHORTNAMES   APIVERSION   NAMESPACED   KIND\nthings   th           e.x/v1       true         Thing\npods     po           v1           true         Pod\n";
        let list = r#"{"kind":"APIResourceList","groupVersion":"e.x/v1","resources":[{"name":"things","namespaced":true,"kind":"Thing"},{"name":"things/status","namespaced":true,"kind":"Thing"}]}"#;
        for text in [table, list] {
            let mut kinds = Kinds::builtin();
            kinds.extend_from_api_resources(text).expect("API resources");
            assert_eq!(kinds.find("e.x", "v1", "Thing").map(|info| info.plural.as_str()), Some("things"));
        }
        let mut kinds = Kinds::builtin();
        let error = kinds.extend_from_api_resources("hello\n").expect_err("no table");
        assert_eq!(error.to_string(), "line 1 is no API resource: the header needs NAME, APIVERSION, NAMESPACED, KIND");
        assert!(kinds.extend_from_api_resources(&json("{}").to_json(NodeId::ROOT)).is_err());
    }

    #[test]
    fn takes_for_kubernetes_own_only_groups_that_it_has() {
        let mut kinds = Kinds::builtin();
        kinds.extend_from_crd(&yaml(&CRD.replace("SCOPE", "Namespaced"))).expect("a definition");
        for own in ["", "apps", "batch", "networking.k8s.io"] {
            assert!(kinds.is_own_group(own), "{own}");
        }
        for other in ["e.x", "e", "e.k8s.io"] {
            assert!(!kinds.is_own_group(other), "{other}");
        }
        let all: Vec<(&str, &str, &KindInfo)> = kinds.iter().collect();
        assert_eq!(all.len(), kinds.table.len());
        assert!(all.iter().any(|(group, kind, info)| (*group, *kind, &*info.plural) == ("e.x", "Thing", "things")));
    }

    #[test]
    fn compares_resources_and_kinds_with_those_of_their_group() {
        let said = |group: &str, plural: &str, kind: &str| {
            let known = known(group, plural, kind);
            (known.agree, known.namespaced)
        };
        assert_eq!(said("", "pods", "Pod"), (true, Some(true)));
        assert_eq!(said("", "nodes", "Node"), (true, Some(false)));
        assert_eq!(said("", "pods", "Node"), (false, Some(true)));
        assert_eq!(said("", "pods", "Thing"), (false, Some(true)));
        assert_eq!(said("", "things", "Pod"), (false, None));
        assert_eq!(said("", "things", "Thing"), (true, None));
        assert_eq!(said("apps", "pods", "Pod"), (true, None), "another group");
    }

    #[test]
    fn advises_a_kind_of_the_same_group_and_version_and_of_no_other() {
        let kinds = Kinds::builtin();
        let advice = |group: &str, version: &str, kind: &str| {
            kinds.advice(&GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() })
        };
        assert_eq!(advice("apps", "v1", "DaemonSett"), "did you mean `DaemonSet`?");
        assert_eq!(advice("apps", "v1beta1", "DaemonSett"), "check its spelling", "it came later");
        assert_eq!(advice("batch", "v1", "DaemonSett"), "check its spelling");
    }

    #[test]
    fn learns_from_every_version_that_a_definition_names_and_from_nothing_else() {
        let mut kinds = Kinds::builtin();
        let crd = CRD.replace("SCOPE", "Cluster");
        kinds.extend_from_crd(&yaml(&crd)).expect("a definition");
        let subresources = |kinds: &Kinds, version: &str| {
            kinds.find("e.x", version, "Thing").map(|info| (info.namespaced, info.subresources.clone()))
        };
        assert_eq!(subresources(&kinds, "v1"), Some((false, vec!["scale".to_owned()])));
        assert_eq!(subresources(&kinds, "v2"), Some((false, Vec::new())));
        let old = crd.replace("scope:", "version: v3, subresources: {status: {}}, scope:");
        let mut kinds = Kinds::builtin();
        kinds.extend_from_crd(&yaml(&old)).expect("a definition");
        assert_eq!(subresources(&kinds, "v1"), Some((false, vec!["scale".to_owned(), "status".to_owned()])));
        assert_eq!(subresources(&kinds, "v3"), Some((false, vec!["status".to_owned()])));
        let count = kinds.table.len();
        for other in [
            "{apiVersion: apiextensions.k8s.io/v1, kind: ConversionReview}",
            "{apiVersion: e.x/v1, kind: CustomResourceDefinition}",
        ] {
            kinds.extend_from_crd(&yaml(other)).expect("something else");
        }
        assert_eq!(kinds.table.len(), count);
        let message = |text: &str| Kinds::builtin().extend_from_crd(&yaml(text)).expect_err(text).to_string();
        let newer = message(&crd.replace("k8s.io/v1", "k8s.io/v2"));
        assert!(newer.contains("v1 or v1beta1"), "{newer}");
        let empty = message(&crd.replace("group: e.x", "group: ''"));
        assert_eq!(empty, "`/spec/group` is missing: a CustomResourceDefinition names its kind with it");
        let renamed = message(&crd.replace("things.e.x", "thing.e.x"));
        assert_eq!(renamed, "`/metadata/name` must be the plural, a dot and the group");
    }
}
