//! etcd, API server and controller manager on loopback, with certificates of their own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::assets::Assets;
use crate::certificates::{Authority, Pair};
use crate::client::{Client, Door};
use crate::guard::{Guard, Process, wait_for};
use crate::kubectl::Kubectl;

/// How long a part of the control plane may take to be ready; seconds are usual.
const READY: Duration = Duration::from_secs(90);

/// A control plane. It ends when it is dropped.
pub struct Plane {
    // Ended in this order, and the folder last.
    manager: Process,
    api_server: Process,
    etcd: Process,
    assets: Assets,
    authority: Authority,
    successor: Authority,
    callers: Authority,
    admin: Pair,
    address: SocketAddr,
    guard: Arc<Guard>,
}

/// The name that the API server has for webhooks: the subject of its client certificate.
pub const CALLER: &str = "kube-apiserver";

impl Plane {
    /// Starts everything and waits until it is ready.
    pub fn start(assets: Assets) -> Self {
        let start = Instant::now();
        let guard = Guard::start("e2e");
        let folder = guard.folder();
        let authority = Authority::new("portcullis-e2e");
        let callers = Authority::new("portcullis-e2e callers of webhooks");
        let successor = Authority::new("portcullis-e2e successor");
        let etcd_address = free_address();
        let etcd = etcd(&assets, &guard, etcd_address);
        let address = free_address();
        let mut api_server = api_server(&assets, &guard, &authority, &callers, etcd_address, address);
        let admin = authority.client("admin", &["system:masters"]);
        let door = Door::secure(address, authority.pem(), Some(&admin));
        let mut client = Client::new(&door);
        wait_for("the API server", READY, || {
            assert!(api_server.ended().is_none(), "the API server ended: {}", api_server.last_words());
            let answer = client.get("/readyz")?;
            if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
        });
        let manager_pair = authority.client("system:kube-controller-manager", &[]);
        let kubeconfig = write_kubeconfig(folder, "controller-manager", &authority, address, &pair_user(&manager_pair));
        let manager = controller_manager(&assets, &guard, &kubeconfig);
        write_kubeconfig(folder, "admin", &authority, address, &pair_user(&admin));
        let plane = Self { manager, api_server, etcd, assets, authority, successor, callers, admin, address, guard };
        wait_for("the controller manager", READY, || {
            match client.get("/api/v1/namespaces/default/serviceaccounts/default")? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(format!("{}; {}", answer.message(), plane.manager.last_words())),
            }
        });
        println!("control plane ready in {:.1} s at {address}", start.elapsed().as_secs_f64());
        plane
    }

    /// The folder for everything of this run.
    pub fn folder(&self) -> &Path {
        self.guard.folder()
    }

    /// Ends what must end with this run.
    pub fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// Who signs the certificates of servers.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Who signs them after a rotation; registrations trust both.
    pub fn successor(&self) -> &Authority {
        &self.successor
    }

    /// Who signed the certificate that the API server shows to webhooks.
    pub fn callers(&self) -> &Authority {
        &self.callers
    }

    /// A connection to be opened as the administrator.
    pub fn door(&self) -> Door {
        Door::secure(self.address, self.authority.pem(), Some(&self.admin))
    }

    /// A connection to be opened as nobody: for tokens.
    pub fn open_door(&self) -> Door {
        Door::secure(self.address, self.authority.pem(), None)
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> Kubectl {
        self.kubectl_as(&self.folder().join("admin.kubeconfig"))
    }

    /// kubectl with another kubeconfig.
    pub fn kubectl_as(&self, kubeconfig: &Path) -> Kubectl {
        Kubectl::new(self.assets.program("kubectl"), kubeconfig, self.folder())
    }

    /// Writes a kubeconfig for the owner of a token who reaches the API server at this address.
    pub fn kubeconfig_for_token(&self, name: &str, token: &str, address: SocketAddr) -> PathBuf {
        write_kubeconfig(self.folder(), name, &self.authority, address, &json!({"token": token}))
    }

    /// What the API server logged.
    pub fn api_server_log(&self) -> String {
        self.api_server.said()
    }

    /// Lines of the audit log, as JSON.
    pub fn audited(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder().join("audit.log")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Megabytes of memory of etcd, API server and controller manager.
    pub fn resident(&self) -> [u64; 3] {
        [&self.etcd, &self.api_server, &self.manager].map(|process| process.resident().unwrap_or_default())
    }
}

/// An address of loopback that nobody listened on a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it was bound")
}

fn etcd(assets: &Assets, guard: &Arc<Guard>, address: SocketAddr) -> Process {
    let peer = format!("http://{}", free_address());
    let client = format!("http://{address}");
    let mut etcd = Command::new(assets.program("etcd"));
    etcd.arg("--data-dir").arg(guard.folder().join("etcd")).arg("--unsafe-no-fsync");
    etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    etcd.args(["--initial-cluster", &format!("default={peer}"), "--log-level", "warn"]);
    let mut process = Process::start(guard, "etcd", &mut etcd);
    let mut client = Client::new(&Door::plain(address));
    wait_for("etcd", READY, || {
        assert!(process.ended().is_none(), "etcd ended: {}", process.last_words());
        let answer = client.get("/health")?;
        if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
    });
    process
}

fn api_server(
    assets: &Assets,
    guard: &Arc<Guard>,
    authority: &Authority,
    callers: &Authority,
    etcd: SocketAddr,
    address: SocketAddr,
) -> Process {
    let folder = guard.folder();
    let server = authority.server("kube-apiserver", &["127.0.0.1", "localhost", "kubernetes.default.svc"]);
    let server = server.write(folder, "api-server");
    let accounts = authority.server("service-accounts", &[]).write(folder, "service-accounts");
    let ca = authority.write(&folder.join("ca.crt"));
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let mut command = Command::new(assets.program("kube-apiserver"));
    command.args([
        format!("--etcd-servers=http://{etcd}"),
        format!("--secure-port={}", address.port()),
        flag("tls-cert-file", &server.certificate),
        flag("tls-private-key-file", &server.key),
        flag("client-ca-file", &ca),
        flag("service-account-key-file", &accounts.certificate),
        flag("service-account-signing-key-file", &accounts.key),
        flag("admission-control-config-file", &admission_configuration(folder, callers)),
        flag("audit-policy-file", &audit_policy(folder)),
        flag("audit-log-path", &folder.join("audit.log")),
        flag("cert-dir", &folder.join("api-server")),
    ]);
    command.args([
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--profiling=false",
    ]);
    Process::start(guard, "kube-apiserver", &mut command)
}

/// The API server shows webhooks a certificate only where its admission configuration names one.
fn admission_configuration(folder: &Path, callers: &Authority) -> PathBuf {
    let pair = callers.client(CALLER, &[]).write(folder, "caller");
    let user = json!({"client-certificate": pair.certificate, "client-key": pair.key});
    let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]});
    let kubeconfig = write(folder, "webhooks.kubeconfig", &kubeconfig);
    let plugin = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": kubeconfig
    });
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [{"name": "ValidatingAdmissionWebhook", "configuration": plugin}]
    });
    write(folder, "admission.json", &configuration)
}

/// Only what happens in namespaces called `audited` is written down.
fn audit_policy(folder: &Path) -> PathBuf {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "rules": [{"level": "Metadata", "namespaces": ["audited"]}, {"level": "None"}]
    });
    write(folder, "audit-policy.json", &policy)
}

fn controller_manager(assets: &Assets, guard: &Arc<Guard>, kubeconfig: &Path) -> Process {
    let folder = guard.folder();
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let mut command = Command::new(assets.program("kube-controller-manager"));
    command.args([
        flag("kubeconfig", kubeconfig),
        flag("authentication-kubeconfig", kubeconfig),
        flag("authorization-kubeconfig", kubeconfig),
        flag("service-account-private-key-file", &folder.join("service-accounts.key")),
        flag("root-ca-file", &folder.join("ca.crt")),
        flag("cert-dir", &folder.join("controller-manager")),
        format!("--secure-port={}", free_address().port()),
    ]);
    command.args([
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        "--profiling=false",
    ]);
    Process::start(guard, "kube-controller-manager", &mut command)
}

fn pair_user(pair: &Pair) -> Value {
    json!({"certificate": pair.certificate, "key": pair.key})
}

fn write_kubeconfig(folder: &Path, name: &str, authority: &Authority, address: SocketAddr, user: &Value) -> PathBuf {
    let ca = authority.write(&folder.join("ca.crt"));
    let user = match (user["certificate"].as_str(), user["key"].as_str()) {
        (Some(certificate), Some(key)) => {
            let pair = Pair { certificate: certificate.to_owned(), key: key.to_owned() }.write(folder, name);
            json!({"client-certificate": pair.certificate, "client-key": pair.key})
        }
        _ => user.clone(),
    };
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "e2e",
        "clusters": [{"name": "e2e", "cluster": {"server": format!("https://{address}"), "certificate-authority": ca}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": name}}]
    });
    write(folder, &format!("{name}.kubeconfig"), &kubeconfig)
}

fn write(folder: &Path, name: &str, content: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content.to_string()).expect("a file");
    path
}
