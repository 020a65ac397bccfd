//! The product as a webhook, with all that a cluster gives it: certificates, an identity, policy sets in volumes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::assets::portcullis;
use crate::client::{Answer, Client, Door};
use crate::guard::{Process, wait_for};
use crate::plane::{CALLER, Plane};
use crate::volume::Volume;

/// How long it may take to be ready.
const READY: Duration = Duration::from_secs(30);

/// The namespace that the webhook would run in.
pub const HOME: &str = "portcullis-system";

/// What one webhook is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For its log.
    pub name: String,
    /// Where reviews are answered.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub ops: SocketAddr,
    /// The folder of its policy sets.
    pub policies: PathBuf,
    /// The folder of its certificate and key.
    pub certificates: PathBuf,
    /// Who may call: a file of certificates.
    pub callers: PathBuf,
    /// Its own identity in the cluster.
    pub kubeconfig: PathBuf,
    /// Where it writes what it judged.
    pub records: Option<PathBuf>,
    /// More flags.
    pub more: Vec<String>,
}

impl Plan {
    /// The flags of `serve`.
    fn command(&self) -> Command {
        let mut command = Command::new(portcullis());
        command.arg("serve").env_clear();
        command.args(["--listen", &self.address.to_string(), "--ops-listen", &self.ops.to_string()]);
        command.arg("--policies").arg(&self.policies);
        command.arg("--tls-cert").arg(self.certificates.join("tls.crt"));
        command.arg("--tls-key").arg(self.certificates.join("tls.key"));
        command.arg("--client-ca").arg(&self.callers).args(["--client-name", CALLER]);
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        if let Some(records) = &self.records {
            command.arg("--record-reviews").arg(records);
        }
        command.args(&self.more);
        command
    }
}

/// A webhook that runs.
pub struct Webhook {
    /// What it was started with.
    pub plan: Plan,
    process: Process,
}

impl Webhook {
    /// Starts it and waits until it says that it is ready.
    pub fn start(plane: &Plane, plan: Plan) -> Self {
        let mut webhook = Self::begin(plane, plan);
        webhook.ready();
        webhook
    }

    /// Starts it.
    pub fn begin(plane: &Plane, plan: Plan) -> Self {
        if let Some(records) = &plan.records {
            std::fs::create_dir_all(records).expect("a folder for records");
        }
        let mut command = plan.command();
        command.env("PORTCULLIS_CACHE_DIR", plane.folder().join("plugins"));
        let process = Process::start(plane.guard(), &plan.name, &mut command);
        Self { plan, process }
    }

    /// Waits until it is ready.
    pub fn ready(&mut self) {
        let mut client = Client::new(&Door::plain(self.plan.ops));
        let (process, name) = (&mut self.process, &self.plan.name);
        wait_for(name, READY, || {
            assert!(process.ended().is_none(), "{name} ended: {}", process.last_words());
            let answer = client.get("/readyz")?;
            if answer.status == 200 { Ok(()) } else { Err(format!("{}; {}", answer.text(), process.last_words())) }
        });
    }

    /// A page of the operators' port.
    ///
    /// # Errors
    /// Nobody answers there.
    pub fn page(&self, path: &str) -> Result<Answer, String> {
        Client::new(&Door::plain(self.plan.ops)).get(path)
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks it to end and waits; whether it ended with status 0.
    ///
    /// # Errors
    /// It did not end in time, or ended with something else.
    pub fn stop(mut self) -> Result<(), String> {
        self.process.terminate();
        let status = self.process.wait(Duration::from_secs(20))?;
        if status.success() { Ok(()) } else { Err(format!("{status}: {}", self.process.last_words())) }
    }
}

/// Gives the webhook an identity that may read Namespaces and nothing else; returns its kubeconfig, which goes by this address.
pub fn identity(plane: &Plane, by: SocketAddr) -> PathBuf {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "portcullis"},
        "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}]
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "portcullis"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "portcullis"},
        "subjects": [{"kind": "ServiceAccount", "name": "portcullis", "namespace": HOME}]
    });
    let kubectl = plane.kubectl();
    kubectl.must(&["create", "namespace", HOME]);
    kubectl.must(&["-n", HOME, "create", "serviceaccount", "portcullis"]);
    for object in [role, binding] {
        kubectl.must_with(&["apply", "-f", "-"], &object.to_string());
    }
    let token = kubectl.must(&["-n", HOME, "create", "token", "portcullis", "--duration=2h"]).out;
    plane.kubeconfig_for_token("portcullis", token.trim(), by)
}

/// A certificate for a webhook on loopback, in a volume.
pub fn certificate_volume(plane: &Plane, name: &str) -> Volume {
    let pair = plane.authority().server("portcullis", &["127.0.0.1", "localhost"]);
    Volume::new(&plane.folder().join(name), &[("tls.crt", &pair.certificate), ("tls.key", &pair.key)])
}

/// What `webhook-config` prints for these policy sets.
pub fn registration(plane: &Plane, address: SocketAddr, policies: &Path, more: &[&str]) -> String {
    let ca = plane.folder().join("webhook-ca.crt");
    std::fs::write(&ca, format!("{}{}", plane.authority().pem(), plane.successor().pem())).expect("a file");
    let mut command = Command::new(portcullis());
    command.args(["webhook-config", "--url", &format!("https://{address}/validate"), "--ca-bundle"]).arg(ca);
    command.arg("--policies").arg(policies).args(more).env_clear();
    command.env("PORTCULLIS_CACHE_DIR", plane.folder().join("plugins"));
    let output = command.output().expect("the product starts");
    assert!(output.status.success(), "webhook-config: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
