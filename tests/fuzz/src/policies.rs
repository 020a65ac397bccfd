//! Policy sets, waivers, baselines and manifests of Kubernetes' policies: a set or complaints, each with its place.

use std::sync::LazyLock;

use portcullis_document::read_json_text;
use portcullis_model::{Document, Mode, Review};
use portcullis_policies::{
    Baseline, Complaint, LoadedSet, MAX_COMPLAINTS, Manifests, Waivers, foreign_policy, parse_set,
};
use portcullis_subject::{Context, from_admission_review};

use crate::text::{LIMITS, inside, stream, text};

/// The time of the judgement.
const NOW: i64 = 1_763_800_000;

/// What every set is asked about.
const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"group":"",
"version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"name":"a","namespace":"shop",
"operation":"UPDATE","userInfo":{"username":"ann","groups":["dev"],"extra":{"a/b":["c"]}},"object":{"apiVersion":"v1",
"kind":"Pod","metadata":{"name":"a","namespace":"shop","labels":{"app":"web"}},"spec":{"containers":[{"name":"a",
"image":"x"}]}},"oldObject":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[]}},
"options":{"apiVersion":"meta.k8s.io/v1","kind":"UpdateOptions"},"dryRun":false}}"#;

static ASKED: LazyLock<Review> = LazyLock::new(|| {
    let document = read_json_text(REVIEW, &LIMITS).expect("JSON");
    from_admission_review(&document, &Context { time: NOW, ..Context::default() }).expect("a review")
});

pub fn judge(data: &[u8]) {
    let Some(source) = text(data) else { return };
    let Some(documents) = stream(&source) else { return };
    for document in &documents {
        told(foreign_policy(document).as_slice());
        match parse_set(document) {
            Ok(set) => look(&set),
            Err(complaints) => complained(&complaints),
        }
    }
    match Waivers::parse(&documents) {
        Ok(waivers) => {
            assert_eq!(waivers.iter().count(), documents.len());
            let (expired, held) = (waivers.expired(NOW).len(), waivers.in_force(NOW).count());
            assert_eq!(expired + held, documents.len(), "a waiver holds or is expired");
            waivers.find("set", "policy", "cel", "rule", &ASKED);
        }
        Err(complaints) => complained(&complaints),
    }
    match Baseline::parse(&documents, NOW) {
        Ok(baseline) => assert!(baseline.expires_at > i64::MIN && baseline.digest.starts_with("sha256:")),
        Err(complaints) => complained(&complaints),
    }
    by_manifests(documents);
}

/// As ValidatingAdmissionPolicies and their bindings.
fn by_manifests(documents: Vec<Document>) {
    let mut manifests = Manifests::default();
    for document in documents {
        manifests.take(document);
    }
    match manifests.into_set() {
        Ok(set) => set.iter().for_each(look),
        Err(complaints) => complained(&complaints),
    }
}

/// Everything that is asked of a set without its plugins.
fn look(set: &LoadedSet) {
    for policy in 0..set.set.policies.len() {
        set.select(policy, &ASKED);
        set.forwarded(policy);
        set.policy_place(policy, "/settings").iter().for_each(inside);
        for mode in [Mode::Sandbox, Mode::Compliance] {
            set.setting_place(policy, mode, "/a/b").iter().for_each(inside);
        }
    }
}

/// There is no "no" without a reason, and there are only so many.
fn complained(complaints: &[Complaint]) {
    assert!((1..=MAX_COMPLAINTS).contains(&complaints.len()), "{} complaints", complaints.len());
    told(complaints);
}

fn told(complaints: &[Complaint]) {
    for complaint in complaints {
        assert!(!complaint.to_string().is_empty());
        complaint.place.iter().for_each(inside);
    }
}
