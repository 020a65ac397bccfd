//! Updates that only let go of an object or wind it down, which nobody may hold: else it would be stuck for ever.

use portcullis_model::{Document, Kind, NodeId, Review};

/// What the API server writes into `metadata` itself, so that no update can say anything by it.
const SERVER_OWNED: [&str; 3] = ["managedFields", "resourceVersion", "generation"];
/// The same for an object that is being deleted: a second DELETE shortens the grace period.
const SERVER_OWNED_IN_DELETION: [&str; 2] = ["deletionTimestamp", "deletionGracePeriodSeconds"];

/// Whether an UPDATE does nothing but remove finalizers or, of an object that is being deleted, set its status.
///
/// Controllers do both to objects of any age, and an object that they cannot let go of hangs (kyverno#16281, A11). Anything
/// else about an object that is being deleted is judged as ever (CVE-2023-34091). A Namespace keeps finalizers in its `spec`
/// as well, and lets go of them through its subresource `finalize`.
pub fn lets_go(review: &Review) -> bool {
    let (Some(object), Some(old)) = (&review.object, &review.old_object) else { return false };
    if review.request.operation != "UPDATE" {
        return false;
    }
    let dying = old.string(NodeId::ROOT, &["metadata", "deletionTimestamp"]).is_some();
    let update = Update { object, old, dying, finalize: review.request.subresource == "finalize" };
    update.lets_go()
}

/// Whether an UPDATE of an object that a controller owns leaves what it says to run as it is, or runs fewer of it; or whether an
/// UPDATE says through the subresource `status` how an object of anybody's is, and changes nothing about what it shall be.
///
/// So a Deployment's controller winds down the ReplicaSet that a mended one replaces. It brings nothing in that was not
/// there, so what the object had before it must not stop it; anything new about the object is judged as ever.
pub fn winds_down(review: &Review) -> bool {
    let (Some(object), Some(old)) = (&review.object, &review.old_object) else { return false };
    let update = Update { object, old, dying: false, finalize: false };
    match review.request.subresource.as_str() {
        _ if review.request.operation != "UPDATE" => false,
        "" => update.winds_down(),
        // Kubelets and controllers say how things are; the API server takes nothing else from them.
        "status" => update.says_how_it_is(),
        _ => false,
    }
}

struct Update<'a> {
    object: &'a Document,
    old: &'a Document,
    dying: bool,
    finalize: bool,
}

impl Update<'_> {
    fn lets_go(&self) -> bool {
        let Some(removed) = self.removed(&["metadata", "finalizers"]) else { return false };
        if !self.dying && !removed {
            return false;
        }
        let spec = self.finalize && self.dying;
        if spec && self.removed(&["spec", "finalizers"]).is_none() {
            return false;
        }
        let ignored = |key: &str| key == "metadata" || (key == "status" && self.dying) || (key == "spec" && spec);
        self.same(&[], &ignored)
            && self.same(&["metadata"], &|key| {
                key == "finalizers"
                    || SERVER_OWNED.contains(&key)
                    || (self.dying && SERVER_OWNED_IN_DELETION.contains(&key))
            })
            && (!spec || self.same(&["spec"], &|key| key == "finalizers"))
    }

    fn winds_down(&self) -> bool {
        let owners = self.old.walk(NodeId::ROOT, &["metadata", "ownerReferences"]);
        let controls = |owner| self.old.boolean(self.old.find(owner, "controller")) == Some(true);
        self.old.items(owners).any(controls)
            && self.same(&[], &|key| ["metadata", "spec", "status"].contains(&key))
            && self.same(&["spec"], &|key| key == "replicas")
            && self.no_more_replicas()
    }

    fn says_how_it_is(&self) -> bool {
        self.same(&[], &|key| ["metadata", "status"].contains(&key))
    }

    fn no_more_replicas(&self) -> bool {
        let replicas = |document: &Document| {
            let node = document.walk(NodeId::ROOT, &["spec", "replicas"]);
            (document.kind(node) != Kind::None).then(|| document.number_text(node).parse::<u32>())
        };
        match (replicas(self.object), replicas(self.old)) {
            (None, None) => true,
            (Some(Ok(new)), Some(Ok(old))) => new <= old,
            _ => false,
        }
    }

    /// Whether finalizers were removed; nothing where one was added, moved, or is no text.
    fn removed(&self, path: &[&str]) -> Option<bool> {
        let (new, old) = (texts(self.object, path)?, texts(self.old, path)?);
        let mut rest = old.iter();
        let subsequence = new.iter().all(|finalizer| rest.any(|known| known == finalizer));
        subsequence.then_some(new.len() < old.len())
    }

    /// Whether two maps say the same, apart from some of their members.
    fn same(&self, path: &[&str], ignored: &dyn Fn(&str) -> bool) -> bool {
        let (new, old) = (self.object.walk(NodeId::ROOT, path), self.old.walk(NodeId::ROOT, path));
        if (self.object.kind(new), self.old.kind(old)) != (Kind::Map, Kind::Map) {
            return false;
        }
        let members = |document: &Document, node| -> Vec<(String, String)> {
            let kept = document.entries(node).filter(|(key, _)| !ignored(key));
            kept.map(|(key, value)| (key.to_owned(), document.to_json(value))).collect()
        };
        let count = |document: &Document, node| document.entries(node).filter(|(key, _)| !ignored(key)).count();
        // Both come from one encoder, so equal values are equal texts; where they are not, the update is judged.
        count(self.object, new) == count(self.old, old) && members(self.object, new) == members(self.old, old)
    }
}

fn texts<'a>(document: &'a Document, path: &[&str]) -> Option<Vec<&'a str>> {
    let list = document.walk(NodeId::ROOT, path);
    match document.kind(list) {
        Kind::None | Kind::Null => Some(Vec::new()),
        Kind::List => {
            let all_texts = document.items(list).all(|item| document.kind(item) == Kind::String);
            all_texts.then(|| document.items(list).map(|item| document.text(item)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_admission_review;
    use crate::objects::Context;
    use crate::testing::json;

    fn judged(subresource: &str, old: &str, new: &str) -> bool {
        let of = |body: &str| format!(r#"{{"apiVersion":"v1","kind":"Pod",{body}}}"#);
        let text = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","operation":"UPDATE",
            "subResource":"{subresource}","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},
            "namespace":"shop","name":"web","object":{},"oldObject":{}}}}}"#,
            of(new),
            of(old)
        );
        !lets_go(&from_admission_review(&json(&text), &Context::default()).expect("a review"))
    }

    const DYING: &str = r#""name":"web","deletionTimestamp":"2026-11-21T10:00:00Z""#;

    #[test]
    fn never_holds_an_object_whose_finalizers_are_removed_a11() {
        let pod =
            |metadata: &str| format!(r#""metadata":{{{metadata}}},"spec":{{"a":1}},"status":{{"phase":"Failed"}}"#);
        let with = |more: &str| pod(&format!(r#"{DYING}{more}"#));
        assert!(!judged("", &with(r#","finalizers":["a","b"]"#), &with(r#","finalizers":["b"]"#)));
        assert!(!judged("", &with(r#","finalizers":["a"],"resourceVersion":"1""#), &with(r#","managedFields":[]"#)));
        let alive = |more: &str| pod(&format!(r#""name":"web"{more}"#));
        assert!(!judged("", &alive(r#","finalizers":["batch.kubernetes.io/job-tracking"]"#), &alive("")));
    }

    #[test]
    fn never_holds_the_status_of_an_object_in_deletion_a11() {
        let pod = |status: &str| format!(r#""metadata":{{{DYING}}},"spec":{{"a":1}},"status":{{"phase":"{status}"}}"#);
        assert!(!judged("status", &pod("Running"), &pod("Failed")));
        assert!(!judged("", &pod("Running"), &pod("Failed")));
        let alive = |status: &str| format!(r#""metadata":{{"name":"web"}},"status":{{"phase":"{status}"}}"#);
        assert!(judged("status", &alive("Running"), &alive("Failed")), "a status of what lives is a policy's matter");
    }

    #[test]
    fn judges_everything_else_about_an_object_in_deletion_a11() {
        // CVE-2023-34091: a deletionTimestamp must not skip a policy.
        let pod = |metadata: &str, spec: &str| format!(r#""metadata":{{{DYING}{metadata}}},"spec":{{"a":{spec}}}"#);
        let both = r#","finalizers":["a","b"]"#;
        assert!(judged("", &pod(both, "1"), &pod(r#","finalizers":["a"]"#, "2")), "the spec changes too");
        assert!(judged("", &pod("", "1"), &pod(r#","labels":{"x":"y"}"#, "1")), "a label is added");
        assert!(judged("", &pod(both, "1"), &pod(r#","finalizers":["a","c"]"#, "1")), "a finalizer is added");
        assert!(judged("", &pod(both, "1"), &pod(r#","finalizers":["b","a"]"#, "1")), "finalizers are moved");
        assert!(judged("", &pod(both, "1"), &pod(r#","finalizers":"a""#, "1")), "finalizers are no list");
        let alive = r#""metadata":{"name":"web"},"spec":{"a":1}"#;
        assert!(judged("", alive, alive), "an update of what lives that changes nothing");
        let added = r#""metadata":{"name":"web","deletionTimestamp":"2026-11-21T10:00:00Z"},"spec":{"a":1}"#;
        assert!(judged("", alive, added), "only what was in deletion before counts");
    }

    #[test]
    fn lets_a_namespace_go_through_finalize_a11() {
        let namespace = |finalizers: &str, more: &str| {
            format!(
                r#""metadata":{{{DYING}}},"spec":{{"finalizers":[{finalizers}]{more}}},"status":{{"phase":"Terminating"}}"#
            )
        };
        let old = namespace(r#""kubernetes""#, "");
        assert!(!judged("finalize", &old, &namespace("", "")));
        assert!(judged("", &old, &namespace("", "")), "only `finalize` may");
        assert!(judged("finalize", &old, &namespace("", r#","x":1"#)));
        assert!(judged("finalize", &old, &namespace(r#""kubernetes","mine""#, "")));
    }

    fn wound_down(subresource: &str, old: &str, new: &str) -> bool {
        let of = |body: &str| format!(r#"{{"apiVersion":"apps/v1","kind":"ReplicaSet",{body}}}"#);
        let text = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","operation":"UPDATE",
            "subResource":"{subresource}","kind":{{"group":"apps","version":"v1","kind":"ReplicaSet"}},"namespace":"shop","name":"web",
            "resource":{{"group":"apps","version":"v1","resource":"replicasets"}},"object":{},"oldObject":{}}}}}"#,
            of(new),
            of(old)
        );
        winds_down(&from_admission_review(&json(&text), &Context::default()).expect("a review"))
    }

    #[test]
    fn knows_a_controller_that_winds_its_object_down() {
        let owner =
            |controller: &str| format!(r#","ownerReferences":[{{"kind":"Deployment","name":"web"{controller}}}]"#);
        let owned = owner(r#","controller":true"#);
        let set = |metadata: &str, replicas: &str, template: &str| {
            format!(
                r#""metadata":{{"name":"web"{metadata}}},"spec":{{"replicas":{replicas},"template":{{"x":{template}}}}},"status":{{}}"#
            )
        };
        let old = set(&owned, "3", "1");
        assert!(wound_down("", &old, &set(&owned, "0", "1")));
        assert!(wound_down("", &old, &set(&owned, "3", "1")), "nothing changes");
        assert!(wound_down("", &old, &set(r#","labels":{"x":"y"}"#, "2", "1")), "metadata is judged for itself");
        for (why, new) in [
            ("more replicas", set(&owned, "4", "1")),
            ("replicas that are no number", set(&owned, "\"2\"", "1")),
            ("fewer than none", set(&owned, "-1", "1")),
            ("another template", set(&owned, "0", "2")),
            ("another member", format!(r#"{},"data":1"#, set(&owned, "0", "1"))),
            ("no spec", r#""metadata":{"name":"web"}"#.to_owned()),
        ] {
            assert!(!wound_down("", &old, &new), "{why}");
        }
        for (why, metadata) in [
            ("no owner", String::new()),
            ("an owner that does not control", owner("")),
            ("an owner that says no", owner(r#","controller":false"#)),
            ("an owner that says so in a text", owner(r#","controller":"true""#)),
        ] {
            assert!(!wound_down("", &set(&metadata, "3", "1"), &set(&owned, "0", "1")), "{why}");
        }
        assert!(!wound_down("status", &old, &set(&owned, "0", "1")), "status changes no replicas");
        assert!(!wound_down("scale", &old, &old), "another subresource");
        let lone = set("", "3", "1");
        let running = lone.replace(r#""status":{}"#, r#""status":{"phase":"Running"}"#);
        assert!(wound_down("status", &lone, &running), "how it is, whoever owns it");
        assert!(!wound_down("", &lone, &running), "only `status` may");
    }

    #[test]
    fn lets_go_of_nothing_by_another_operation_or_without_both_objects_a11() {
        let body = |finalizers: &str| format!(r#"{{"metadata":{{"name":"web","finalizers":[{finalizers}]}}}}"#);
        let review = Review {
            request: portcullis_model::Request { operation: "UPDATE".into(), ..Default::default() },
            old_object: Some(json(&body(r#""a""#))),
            ..crate::testing::review(json(&body("")))
        };
        assert!(lets_go(&review));
        let mut status = review.clone();
        status.request.subresource = "status".into();
        status.old_object = status.object.clone();
        assert!(winds_down(&status), "it says how things are");
        for operation in ["CREATE", "DELETE", "CONNECT", ""] {
            for review in [&review, &status] {
                let mut other = review.clone();
                other.request.operation = operation.into();
                assert!(!lets_go(&other) && !winds_down(&other), "{operation}");
            }
        }
        assert!(!lets_go(&Review { object: None, ..review.clone() }));
        assert!(!lets_go(&Review { old_object: None, ..review }));
    }

    #[test]
    fn minds_no_member_that_only_the_api_server_writes_and_every_other_a11() {
        let pod = |finalizers: &str, more: &str| {
            format!(r#""metadata":{{"name":"web","finalizers":[{finalizers}]{more}}},"spec":{{"a":1}}"#)
        };
        let dying = r#","deletionTimestamp":"2026-11-21T10:00:00Z","deletionGracePeriodSeconds":30"#;
        let shorter = r#","deletionTimestamp":"2026-11-21T10:00:05Z","deletionGracePeriodSeconds":0"#;
        let written = r#","resourceVersion":"2","generation":2,"managedFields":[]"#;
        assert!(!judged("", &pod(r#""a""#, ""), &pod("", written)));
        assert!(!judged("", &pod(r#""a""#, dying), &pod("", &format!("{written}{shorter}"))));
        assert!(!judged("", &pod(r#""a""#, dying), &pod(r#""a""#, shorter)), "a second DELETE shortens the time");
        assert!(judged("", &pod(r#""a""#, ""), &pod("", dying)), "nobody deletes by an update");
        assert!(judged("", &pod(r#""a""#, ""), &pod("", r#","annotations":{}"#)));
        let status =
            |finalizers: &str, phase: &str| format!(r#"{},"status":{{"phase":"{phase}"}}"#, pod(finalizers, ""));
        assert!(judged("", &status(r#""a""#, "Pending"), &status("", "Running")), "it lives, and says more");
    }

    #[test]
    fn winds_nothing_down_where_nobody_says_how_many_there_were() {
        let set = |replicas: &str| {
            format!(
                r#""metadata":{{"name":"web","ownerReferences":[{{"controller":true}}]}},"spec":{{{replicas}"x":1}}"#
            )
        };
        assert!(wound_down("", &set(""), &set("")), "neither says it, so nothing changes");
        assert!(!wound_down("", &set(""), &set(r#""replicas":0,"#)));
        assert!(!wound_down("", &set(r#""replicas":3,"#), &set("")), "one is the default");
    }
}
