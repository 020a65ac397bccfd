//! What all cases share: the control plane, the webhook in front of it, the table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_e2e::assets::{Assets, root};
use portcullis_e2e::client::{Answer, Client};
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::kubectl::{Kubectl, Said};
use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::{Limits, namespace, pod};
use portcullis_e2e::plane::{Plane, free_address};
use portcullis_e2e::table::Table;
use portcullis_e2e::volume::Volume;
use portcullis_e2e::webhook::{Plan, Webhook, certificate_volume, identity, registration};
use portcullis_e2e::wire::Wire;
use serde_json::Value;

/// A namespace under compliance.
pub const STRICT: &str = "strict";
/// A namespace under sandbox.
pub const LOOSE: &str = "loose";

/// Everything that a case may use.
pub struct World {
    /// The rows so far.
    pub table: Table,
    /// kubectl as the administrator.
    pub kubectl: Kubectl,
    /// A connection of the administrator.
    pub client: Client,
    /// The webhook, unless a case stopped it.
    pub webhook: Option<Webhook>,
    /// The way from the API server to the webhook.
    pub door: Wire,
    /// The way from the webhook to the API server.
    pub way_back: Wire,
    /// Its certificate.
    pub certificates: Volume,
    /// Folders of records, each with the policy sets that judged them: any of these versions.
    pub recorded: Vec<(PathBuf, Vec<PathBuf>)>,
    /// The control plane; ended after all others.
    pub plane: Plane,
}

impl World {
    /// Starts everything and registers the webhook.
    pub fn start(assets: Assets) -> Self {
        let plane = Plane::start(assets);
        let way_back = Wire::to(plane.door().address);
        let kubeconfig = identity(&plane, way_back.address());
        let certificates = certificate_volume(&plane, "certificates");
        let policies = plane.folder().join("sets");
        std::fs::create_dir_all(&policies).expect("a folder");
        std::fs::copy(set_file(), policies.join("e2e.yaml")).expect("the set of the cases");
        let records = plane.folder().join("records");
        let plan = Plan {
            name: "webhook".to_owned(),
            address: free_address(),
            ops: free_address(),
            policies: policies.clone(),
            certificates: certificates.folder().to_owned(),
            callers: plane.callers().write(&plane.folder().join("callers.crt")),
            kubeconfig,
            records: Some(records.clone()),
            more: Vec::new(),
        };
        let webhook = Webhook::start(&plane, plan);
        let door = Wire::to(webhook.plan.address);
        let kubectl = plane.kubectl();
        let client = Client::new(&plane.door());
        let recorded = vec![(records, vec![policies])];
        let (table, webhook) = (Table::default(), Some(webhook));
        let mut world = Self { table, kubectl, client, webhook, door, way_back, certificates, recorded, plane };
        world.register(&world.policies(), &[]);
        for (name, mode) in [(STRICT, "compliance"), (LOOSE, "sandbox")] {
            world.must_create(&namespace(name, Some(mode)));
            world.account(name);
        }
        world.wait_until_denied();
        world
    }

    /// The policy sets of the webhook.
    pub fn policies(&self) -> PathBuf {
        self.recorded[0].1[0].clone()
    }

    /// The plan of the webhook that was started first.
    pub fn plan(&self) -> Plan {
        self.webhook.as_ref().expect("it runs").plan.clone()
    }

    /// Registers the webhook as `webhook-config` says.
    pub fn register(&mut self, policies: &Path, more: &[&str]) {
        let text = registration(&self.plane, self.door.address(), policies, more);
        self.kubectl.must_with(&["apply", "-f", "-"], &text);
    }

    /// Waits until the API server asks the webhook.
    pub fn wait_until_denied(&mut self) {
        let bad = pod("probe", Limits::Missing);
        wait_for("the registration", Duration::from_secs(20), || match self.try_create(STRICT, &bad) {
            Seen::Denied(_) => Ok(()),
            other => Err(format!("{other:?}; {}", self.last_words())),
        });
    }

    /// What the webhook said last.
    pub fn last_words(&mut self) -> String {
        self.webhook.as_mut().map(|webhook| webhook.process().last_words()).unwrap_or_default()
    }

    /// Waits until a namespace has its account, without which it takes no Pods.
    pub fn account(&mut self, namespace: &str) {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        wait_for("an account", Duration::from_secs(20), || match self.client.get(&path)? {
            answer if answer.status == 200 => Ok(()),
            answer => Err(answer.message()),
        });
    }

    /// A namespace of its own for a case, with its account.
    pub fn namespace(&mut self, name: &str, mode: Option<&str>) {
        self.must_create(&namespace(name, mode));
        self.account(name);
    }

    /// Creates one of the objects that have no namespace, or fails.
    pub fn must_create(&mut self, object: &Value) {
        let said = self.kubectl.create(object);
        assert!(said.succeeded(), "{}: {}", object["metadata"]["name"], said.words());
    }

    /// POST of an object to a namespace.
    pub fn post(&mut self, namespace: &str, object: &Value, query: &str) -> Result<Answer, String> {
        self.client.post(&format!("{}{query}", path_of(namespace, object)), object)
    }

    /// What becomes of an object with `dryRun=All`.
    pub fn try_create(&mut self, namespace: &str, object: &Value) -> Seen {
        Seen::of(&self.post(namespace, object, "?dryRun=All"))
    }

    /// `kubectl -n NAMESPACE ...`.
    pub fn kubectl_in(&self, namespace: &str, arguments: &[&str]) -> Said {
        self.kubectl.run(&[&["-n", namespace], arguments].concat())
    }

    /// `kubectl -n NAMESPACE create -f -`.
    pub fn create_in(&self, namespace: &str, object: &Value) -> Said {
        self.kubectl.run_with(&["-n", namespace, "create", "-f", "-"], &object.to_string())
    }

    /// Adds a row: kubectl must succeed, and say all of these words.
    pub fn succeeds(&mut self, case: &str, expected: &str, said: &Said, words: &[&str]) {
        let holds = said.succeeded() && words.iter().all(|word| said.words().contains(word));
        self.table.row(case, expected, &said.words(), holds);
    }

    /// Adds a row: kubectl must succeed without a warning.
    pub fn allows(&mut self, case: &str, expected: &str, said: &Said) {
        let holds = said.succeeded() && !said.err.contains("Warning:");
        self.table.row(case, expected, &said.words(), holds);
    }

    /// Adds a row: the webhook must deny, and say all of these words.
    pub fn denies(&mut self, case: &str, expected: &str, said: &Said, words: &[&str]) {
        let text = said.words();
        let holds = !said.succeeded()
            && text.contains("denied the request")
            && words.iter().all(|word| text.contains(word))
            && !text.contains("failed calling webhook");
        self.table.row(case, expected, &text, holds);
    }
}

/// The set that the cases judge with.
pub fn set_file() -> PathBuf {
    root().join("tests/e2e/sets/e2e.yaml")
}

/// The path that objects of this kind are created at.
pub fn path_of(namespace: &str, object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let prefix = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    format!("{prefix}/namespaces/{namespace}/{kind}s")
}
