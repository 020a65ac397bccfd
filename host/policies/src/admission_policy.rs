//! ValidatingAdmissionPolicy manifests, their bindings and params as policies of one policy set.
//!
//! The policies use the plugin `cel` and have its settings by the names of the manifest; a complaint about a setting therefore
//! stands where the manifest says it.

mod assemble;
mod binding;
mod head;
mod matching;
mod params;
mod policy;

use portcullis_model::{Document, Kind, NodeId, Place, nearest};

use crate::error::{Complaint, quote, sort};
use crate::fields::{Fields, MAX_COMPLAINTS};
use crate::set::{LoadedSet, parse_set};

use binding::Binding;
use params::Others;
use policy::AdmissionPolicy;

/// The policy set that the manifests of all files become.
pub const ADMISSION_SET: &str = "validating-admission-policies";
/// The API group of the manifests.
const GROUP: &str = "admissionregistration.k8s.io";
const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";
/// The kinds of the group; the last four are not read.
const KINDS: [&str; 6] = [
    POLICY,
    BINDING,
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

/// The manifests of all files, until the last one is read: a binding may stand in another file than its policy.
#[derive(Debug, Default)]
pub struct Manifests {
    policies: Vec<AdmissionPolicy>,
    bindings: Vec<Binding>,
    others: Others,
    complaints: Vec<Complaint>,
    found: bool,
}

/// Where one policy of the set was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    policy: Document,
    param: Option<Document>,
    /// Where a policy stands that denies because there are no params.
    instead: Option<Place>,
}

impl Manifests {
    /// Takes a manifest, or each of a list (`kubectl get -o yaml`), and any object of Kubernetes that may be somebody's params.
    /// Whatever else it is comes back.
    pub fn take(&mut self, document: Document) -> Option<Document> {
        let word = |key: &str| document.string(NodeId::ROOT, &[key]).unwrap_or_default();
        let (version, kind) = (word("apiVersion"), word("kind"));
        let ours = version.starts_with("portcullis.dev") || nearest(kind, &["PolicySet", "Waiver"]).is_some();
        if version.is_empty() || kind.is_empty() || ours {
            return Some(document);
        }
        let of_group = version.split('/').next() == Some(GROUP);
        match kind {
            "List" | "ValidatingAdmissionPolicyList" | "ValidatingAdmissionPolicyBindingList" => {
                self.take_list(&document)
            }
            POLICY => {
                self.found = true;
                let (policy, complaints) = AdmissionPolicy::read(&document);
                self.policies.extend(policy);
                self.complaints.extend(complaints);
            }
            BINDING => {
                self.found = true;
                let (binding, complaints) = Binding::read(&document);
                self.bindings.extend(binding);
                self.complaints.extend(complaints);
            }
            _ if (of_group && !KINDS.contains(&kind)) || nearest(kind, &[POLICY, BINDING]).is_some() => {
                self.found = true;
                let fields = Fields::new(&document);
                let hint = match nearest(kind, &KINDS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("read are `{POLICY}` and `{BINDING}`"),
                };
                let node = document.find(NodeId::ROOT, "kind");
                fields.wrong_hint(node, format!("{} is no kind of `{GROUP}`", quote(kind)), hint);
                self.complaints.extend(fields.finish());
            }
            _ => self.others.add(document),
        }
        None
    }

    fn take_list(&mut self, list: &Document) {
        let items = list.find(NodeId::ROOT, "items");
        for item in list.items(items).filter(|&item| list.kind(item) == Kind::Map) {
            let Some(document) = list.subtree(item) else { continue };
            if let Some(document) = self.take(document) {
                let message = "an item of a list must be an object of Kubernetes";
                self.complaints.push(Complaint::wrong(message, document.place(NodeId::ROOT)));
            }
        }
    }

    /// Whether nothing was taken.
    pub fn is_empty(&self) -> bool {
        !self.found && self.others.is_empty()
    }

    /// How many manifests and other objects were taken.
    pub fn len(&self) -> usize {
        self.policies.len() + self.bindings.len() + self.complaints.len() + self.others.len()
    }

    /// The set of all that was taken; nothing where nothing was.
    ///
    /// # Errors
    /// Every complaint by file and place, at most [`MAX_COMPLAINTS`]: about the manifests, about names that fit nothing, and,
    /// where no manifest was found, about every other object.
    pub fn into_set(mut self) -> Result<Option<LoadedSet>, Vec<Complaint>> {
        let mut complaints = std::mem::take(&mut self.complaints);
        if !self.found {
            let refused = self.others.documents().filter_map(|document| parse_set(document).err());
            complaints.extend(refused.flatten());
        }
        let mut set = None;
        if self.found {
            // What cannot be read has no name, so that whoever names it would be refused for a mistake that is told already.
            match assemble::set(&self.policies, &self.bindings, &self.others) {
                Ok(assembled) => set = Some(assembled),
                Err(found) if complaints.is_empty() => complaints = found,
                Err(_) => {}
            }
        }
        sort(&mut complaints);
        complaints.truncate(MAX_COMPLAINTS);
        if complaints.is_empty() { Ok(set) } else { Err(complaints) }
    }
}

impl Written {
    /// Where a setting was written: those of the manifest have its names, and params are an object of their own.
    pub(crate) fn setting(&self, pointer: &str) -> Option<Place> {
        if let Some(place) = &self.instead {
            return Some(place.clone());
        }
        let (document, pointer) = match (&self.param, pointer.strip_prefix("/params")) {
            (Some(param), Some(rest)) if rest.is_empty() || rest.starts_with('/') => (param, rest.to_owned()),
            _ => (&self.policy, format!("/spec{pointer}")),
        };
        document.place(document.resolve(NodeId::ROOT, &pointer).0)
    }

    /// Where a field of a policy was written.
    pub(crate) fn field(&self, pointer: &str) -> Option<Place> {
        let pointer = match pointer.strip_prefix("/match/") {
            Some(rest) => format!("/spec/matchConstraints/{rest}"),
            None => "/metadata/name".to_owned(),
        };
        self.policy.place(self.policy.resolve(NodeId::ROOT, &pointer).0)
    }
}

#[cfg(test)]
mod tests;
