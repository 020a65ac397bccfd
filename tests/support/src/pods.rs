//! Pods that break the Pod Security Standards in every way, and those that keep them; the same ones on every run.
//!
//! Each begins as one that keeps them all, as one that says nothing, or as one for Windows, and is then changed up to four
//! times. Most are such that an API server takes them; it refuses the others before anybody asks for their security.

use serde_json::{Value, json};

use crate::Dice;

/// A change of one thing.
type Change = fn(&mut Dice, &mut Value);

const CHANGES: [Change; 24] = [
    host_namespace,
    host_users,
    privileged,
    added_capabilities,
    dropped_capabilities,
    privilege_escalation,
    volume,
    volume,
    port,
    probe,
    lifecycle,
    app_armor,
    app_armor_annotation,
    seccomp,
    seccomp_annotation,
    se_linux,
    proc_mount,
    sysctl,
    windows_options,
    non_root,
    user,
    no_security_context,
    operating_system,
    debugger,
];

/// Lists of a Pod that hold containers.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// What the API server forbids in the security context of a Pod for Windows, and of its containers.
const NOT_FOR_WINDOWS: [&str; 9] = [
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "privileged",
    "procMount",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
    "sysctls",
];

/// The `number`-th Pod.
pub fn pod(number: usize) -> Value {
    let mut dice = Dice::new(number as u64 * 7919 + 36);
    let windows = dice.once_in(9);
    let mut pod = base(&mut dice, number, windows);
    for _ in 0..dice.below(5) {
        let change = *dice.one(&CHANGES);
        change(&mut dice, &mut pod);
    }
    if pod["spec"]["os"]["name"] == "windows" {
        for field in ["hostPID", "hostIPC", "hostUsers"] {
            forget(&mut pod["spec"], field);
        }
        each_holder(&mut pod, &mut |holder| {
            for field in NOT_FOR_WINDOWS {
                forget(&mut holder["securityContext"], field);
            }
        });
    }
    pod
}

/// The `number`-th Pod in which one value is of another type than Kubernetes gives it, and which says nothing that would let
/// it off a check.
pub fn mistyped(number: usize) -> Value {
    let mut dice = Dice::new(number as u64 * 104_729 + 37);
    let mut pod = base(&mut dice, 0, false);
    let wrong = |dice: &mut Dice, right: &str| {
        let all = [json!("true"), json!(7), json!([]), json!({}), json!(true), json!([7]), json!(0.5)];
        let fits = |value: &&Value| match right {
            "map" => !value.is_object(),
            "text" => !value.is_string(),
            "boolean" => !value.is_boolean(),
            "number" => *value != &json!(7),
            // A list of texts, or of maps.
            _ => !value.is_array() || *value == &json!([7]),
        };
        let wrong: Vec<&Value> = all.iter().filter(fits).collect();
        (*dice.one(&wrong)).clone()
    };
    let (pointer, right) = *dice.one(&TYPED);
    let value = wrong(&mut dice, right);
    let (holder, path) = match pointer.split_once('/') {
        Some(("container", path)) => (&mut pod["spec"]["containers"][0], path),
        Some(("any", path)) => {
            let whole = dice.once_in(2);
            (if whole { &mut pod["spec"] } else { &mut pod["spec"]["containers"][0] }, path)
        }
        _ => (&mut pod, pointer),
    };
    let mut place = holder;
    for key in path.split('/') {
        place = match key {
            "0" => {
                *place = json!([{}]);
                &mut place[0]
            }
            "APPARMOR" => &mut place["container.apparmor.security.beta.kubernetes.io/a0"],
            key => &mut place[key],
        };
    }
    *place = value;
    pod
}

/// Every value that a check reads, from the Pod, from a container, or from either, and its type.
const TYPED: [(&str, &str); 46] = [
    ("metadata/annotations", "map"),
    ("metadata/annotations/APPARMOR", "text"),
    ("spec/hostNetwork", "boolean"),
    ("spec/hostPID", "boolean"),
    ("spec/hostIPC", "boolean"),
    ("spec/hostUsers", "boolean"),
    ("spec/os", "map"),
    ("spec/os/name", "text"),
    ("spec/securityContext/sysctls", "list"),
    ("spec/securityContext/sysctls/0/name", "text"),
    ("spec/volumes", "list"),
    ("spec/volumes/0/emptyDir", "map"),
    ("spec/volumes/0/projected", "map"),
    ("any/securityContext", "map"),
    ("any/securityContext/appArmorProfile", "map"),
    ("any/securityContext/appArmorProfile/type", "text"),
    ("any/securityContext/runAsNonRoot", "boolean"),
    ("any/securityContext/runAsUser", "number"),
    ("any/securityContext/seLinuxOptions", "map"),
    ("any/securityContext/seLinuxOptions/role", "text"),
    ("any/securityContext/seLinuxOptions/type", "text"),
    ("any/securityContext/seLinuxOptions/user", "text"),
    ("any/securityContext/seccompProfile", "map"),
    ("any/securityContext/seccompProfile/type", "text"),
    ("any/securityContext/windowsOptions", "map"),
    ("any/securityContext/windowsOptions/hostProcess", "boolean"),
    ("container/securityContext/allowPrivilegeEscalation", "boolean"),
    ("container/securityContext/capabilities", "map"),
    ("container/securityContext/capabilities/add", "list"),
    ("container/securityContext/capabilities/drop", "list"),
    ("container/securityContext/privileged", "boolean"),
    ("container/securityContext/procMount", "text"),
    ("container/ports", "list"),
    ("container/ports/0/hostPort", "number"),
    ("container/livenessProbe", "map"),
    ("container/livenessProbe/httpGet", "map"),
    ("container/livenessProbe/httpGet/host", "text"),
    ("container/readinessProbe/tcpSocket", "map"),
    ("container/readinessProbe/tcpSocket/host", "text"),
    ("container/startupProbe", "map"),
    ("container/lifecycle", "map"),
    ("container/lifecycle/preStop", "map"),
    ("container/lifecycle/preStop/httpGet", "map"),
    ("container/lifecycle/postStart/httpGet/host", "text"),
    ("container/lifecycle/postStart/tcpSocket", "map"),
    ("container/lifecycle/preStop/tcpSocket/host", "text"),
];

fn base(dice: &mut Dice, number: usize, windows: bool) -> Value {
    let kept = dice.below(4) > 0;
    let mut container = json!({"image": "registry.example/app:1"});
    let mut spec = json!({});
    if windows {
        spec["os"] = json!({"name": "windows"});
    } else if kept {
        container["securityContext"] = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
        spec["securityContext"]["seccompProfile"] = json!({"type": "RuntimeDefault"});
    }
    if kept {
        spec["securityContext"]["runAsNonRoot"] = json!(true);
    }
    for (list, most, name) in [("containers", 3, 'a'), ("initContainers", 2, 'i')] {
        let least = usize::from(list == "containers");
        let made = (0..least + dice.below(most)).map(|at| {
            container["name"] = json!(format!("{name}{at}"));
            container.clone()
        });
        let made: Vec<Value> = made.collect();
        if !made.is_empty() {
            spec[list] = Value::Array(made);
        }
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{number:04}")}, "spec": spec})
}

fn forget(map: &mut Value, key: &str) {
    if let Some(map) = map.as_object_mut() {
        map.remove(key);
    }
}

fn each_holder(pod: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    change(&mut pod["spec"]);
    for list in LISTS {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            change(container);
        }
    }
    // Reading by index leaves nulls behind.
    for list in LISTS {
        if pod["spec"][list].is_null() {
            forget(&mut pod["spec"], list);
        }
    }
}

/// A container, of any list.
fn container<'a>(dice: &mut Dice, pod: &'a mut Value) -> &'a mut Value {
    let lists: Vec<&str> = LISTS.iter().copied().filter(|list| pod["spec"].get(*list).is_some()).collect();
    let list = *dice.one(&lists);
    let count = pod["spec"][list].as_array().map_or(1, Vec::len);
    &mut pod["spec"][list][dice.below(count)]
}

/// The security context of a container.
fn security<'a>(dice: &mut Dice, pod: &'a mut Value) -> &'a mut Value {
    &mut container(dice, pod)["securityContext"]
}

/// The security context of the Pod or of a container.
fn any_security<'a>(dice: &mut Dice, pod: &'a mut Value) -> &'a mut Value {
    if dice.once_in(2) { &mut pod["spec"]["securityContext"] } else { security(dice, pod) }
}

fn host_namespace(dice: &mut Dice, pod: &mut Value) {
    let field = *dice.one(&["hostNetwork", "hostPID", "hostIPC"]);
    pod["spec"][field] = dice.one(&[json!(true), json!(true), json!(false), Value::Null]).clone();
}

fn host_users(dice: &mut Dice, pod: &mut Value) {
    pod["spec"]["hostUsers"] = dice.one(&[json!(false), json!(false), json!(true), Value::Null]).clone();
}

fn privileged(dice: &mut Dice, pod: &mut Value) {
    let security = security(dice, pod);
    security["privileged"] = dice.one(&[json!(true), json!(true), json!(false), Value::Null]).clone();
    if security["privileged"] == true {
        security["allowPrivilegeEscalation"] = json!(true);
    }
}

fn added_capabilities(dice: &mut Dice, pod: &mut Value) {
    let names = ["NET_BIND_SERVICE", "CHOWN", "NET_ADMIN", "SYS_ADMIN", "ALL", "CAP_CHOWN", "NET_RAW", "chown", "KILL"];
    let mut add: Vec<Value> = (0..dice.below(3)).map(|_| json!(dice.one(&names))).collect();
    if dice.once_in(12) {
        add.push(Value::Null);
    }
    security(dice, pod)["capabilities"]["add"] = if dice.once_in(9) { Value::Null } else { Value::Array(add) };
}

fn dropped_capabilities(dice: &mut Dice, pod: &mut Value) {
    let drops = [json!(["ALL"]), json!(["NET_RAW"]), json!([]), Value::Null, json!(["all"]), json!(["KILL", "ALL"])];
    let drop = dice.one(&drops).clone();
    let security = security(dice, pod);
    if dice.once_in(6) {
        security["capabilities"] = dice.one(&[Value::Null, json!({})]).clone();
    } else {
        security["capabilities"]["drop"] = drop;
    }
}

fn privilege_escalation(dice: &mut Dice, pod: &mut Value) {
    security(dice, pod)["allowPrivilegeEscalation"] = dice.one(&[json!(false), json!(true), Value::Null]).clone();
}

fn volume(dice: &mut Dice, pod: &mut Value) {
    let claim = json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let sources = [
        json!({}),
        json!({"emptyDir": {}}),
        json!({"configMap": {"name": "c"}}),
        json!({"secret": {"secretName": "s"}}),
        json!({"downwardAPI": {}}),
        json!({"projected": {}}),
        json!({"csi": {"driver": "d.example.org"}}),
        json!({"persistentVolumeClaim": {"claimName": "c"}}),
        json!({"ephemeral": {"volumeClaimTemplate": claim}}),
        json!({"image": {"reference": "registry.example/data:1"}}),
        json!({"hostPath": {"path": "/var/run"}}),
        json!({"hostPath": {"path": "/"}}),
        json!({"hostPath": null, "emptyDir": {}}),
        json!({"hostPath": null}),
        json!({"nfs": {"server": "nfs.example.org", "path": "/"}}),
        json!({"iscsi": {"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 0}}),
        json!({"glusterfs": {"endpoints": "e", "path": "p"}}),
        json!({"cephfs": {"monitors": ["10.0.0.1:6789"]}}),
        json!({"rbd": {"monitors": ["10.0.0.1:6789"], "image": "i"}}),
        json!({"flexVolume": {"driver": "example.org/d"}}),
        json!({"awsElasticBlockStore": {"volumeID": "v"}}),
        json!({"gcePersistentDisk": {"pdName": "p"}}),
        json!({"azureFile": {"secretName": "s", "shareName": "s"}}),
        json!({"vsphereVolume": {"volumePath": "p"}}),
        json!({"portworxVolume": {"volumeID": "v"}}),
        json!({"fc": {"targetWWNs": ["500a0982991b8dc5"], "lun": 0}}),
        json!({"gitRepo": {"repository": "https://example.org/r.git"}}),
    ];
    let mut volume = dice.one(&sources).clone();
    let volumes = &mut pod["spec"]["volumes"];
    volume["name"] = json!(format!("v{}", volumes.as_array().map_or(0, Vec::len)));
    match volumes {
        Value::Array(volumes) => volumes.push(volume),
        _ => *volumes = json!([volume]),
    }
}

fn port(dice: &mut Dice, pod: &mut Value) {
    let number = 1000 + dice.below(9000);
    let host = dice.one(&[json!(number), json!(number), json!(0), Value::Null]).clone();
    container(dice, pod)["ports"] = json!([{"containerPort": 8080}, {"containerPort": number, "hostPort": host}]);
}

fn action(dice: &mut Dice) -> Value {
    let hosts = [json!(""), json!("127.0.0.1"), json!("example.org"), Value::Null];
    let mut action = json!({"port": 80});
    if !dice.once_in(4) {
        action["host"] = dice.one(&hosts).clone();
    }
    if dice.once_in(2) { json!({"httpGet": action}) } else { json!({"tcpSocket": action}) }
}

fn probe(dice: &mut Dice, pod: &mut Value) {
    let probe = *dice.one(&["livenessProbe", "readinessProbe", "startupProbe"]);
    let action = action(dice);
    let container = container(dice, pod);
    container[probe] = action;
    if container["name"].as_str().is_some_and(|name| name.starts_with('i')) {
        container["restartPolicy"] = json!("Always");
    }
}

fn lifecycle(dice: &mut Dice, pod: &mut Value) {
    let handler = *dice.one(&["postStart", "preStop"]);
    let action = action(dice);
    let container = container(dice, pod);
    container["lifecycle"][handler] = action;
    if container["name"].as_str().is_some_and(|name| name.starts_with('i')) {
        container["restartPolicy"] = json!("Always");
    }
}

fn profile(dice: &mut Dice) -> Value {
    let profiles = [
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "p.json"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Unconfined"}),
        json!({}),
        json!({"type": ""}),
        json!({"type": null}),
        Value::Null,
    ];
    // Those of the second half are refused by the API server, all but the last.
    let most = if dice.once_in(3) { 8 } else { 4 };
    profiles[dice.below(most)].clone()
}

fn app_armor(dice: &mut Dice, pod: &mut Value) {
    let profile = profile(dice);
    any_security(dice, pod)["appArmorProfile"] = profile;
}

fn app_armor_annotation(dice: &mut Dice, pod: &mut Value) {
    let name = container(dice, pod)["name"].as_str().unwrap_or_default().to_owned();
    let values = ["runtime/default", "localhost/p", "unconfined", "unconfined", "", "localhost", "Runtime/Default"];
    let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
    pod["metadata"]["annotations"][key] = json!(dice.one(&values));
}

fn seccomp(dice: &mut Dice, pod: &mut Value) {
    let profile = profile(dice);
    any_security(dice, pod)["seccompProfile"] = profile;
}

fn seccomp_annotation(dice: &mut Dice, pod: &mut Value) {
    let name = container(dice, pod)["name"].as_str().unwrap_or_default().to_owned();
    let values = ["runtime/default", "docker/default", "localhost/p", "unconfined", ""];
    let keys = [
        "seccomp.security.alpha.kubernetes.io/pod".to_owned(),
        format!("container.seccomp.security.alpha.kubernetes.io/{name}"),
        "container.seccomp.security.alpha.kubernetes.io/nobody".to_owned(),
    ];
    let key = dice.one(&keys).clone();
    pod["metadata"]["annotations"][key] = json!(dice.one(&values));
}

fn se_linux(dice: &mut Dice, pod: &mut Value) {
    let types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"];
    let mut options = json!({"level": "s0:c1"});
    if dice.once_in(2) {
        options["type"] = json!(dice.one(&types));
    }
    for field in ["user", "role"] {
        if dice.once_in(4) {
            options[field] = json!(dice.one(&["", "system_u", "object_r"]));
        }
    }
    any_security(dice, pod)["seLinuxOptions"] = options;
}

fn proc_mount(dice: &mut Dice, pod: &mut Value) {
    let mount = dice.one(&[json!("Unmasked"), json!("Unmasked"), json!("Default"), Value::Null]).clone();
    // The API server takes it from Pods in a user namespace only.
    if mount == "Unmasked" && !dice.once_in(4) {
        pod["spec"]["hostUsers"] = json!(false);
    }
    security(dice, pod)["procMount"] = mount;
}

fn sysctl(dice: &mut Dice, pod: &mut Value) {
    let names = [
        "kernel.shm_rmid_forced",
        "kernel.msgmax",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_mem",
    ];
    let mut sysctls: Vec<Value> = Vec::new();
    for _ in 0..1 + dice.below(2) {
        let sysctl = json!({"name": dice.one(&names), "value": "1"});
        if !sysctls.contains(&sysctl) {
            sysctls.push(sysctl);
        }
    }
    if dice.once_in(15) {
        sysctls.push(Value::Null);
    }
    pod["spec"]["securityContext"]["sysctls"] = Value::Array(sysctls);
}

fn windows_options(dice: &mut Dice, pod: &mut Value) {
    let process = dice.one(&[json!(true), json!(true), json!(false), Value::Null]).clone();
    if process == true {
        pod["spec"]["hostNetwork"] = json!(true);
    }
    any_security(dice, pod)["windowsOptions"]["hostProcess"] = process;
}

fn non_root(dice: &mut Dice, pod: &mut Value) {
    let said = dice.one(&[json!(true), json!(false), Value::Null]).clone();
    any_security(dice, pod)["runAsNonRoot"] = said;
}

fn user(dice: &mut Dice, pod: &mut Value) {
    let user = dice.one(&[json!(0), json!(0), json!(1000), Value::Null]).clone();
    any_security(dice, pod)["runAsUser"] = user;
}

fn no_security_context(dice: &mut Dice, pod: &mut Value) {
    let nothing = dice.one(&[json!({}), Value::Null]).clone();
    *any_security(dice, pod) = nothing;
}

fn operating_system(dice: &mut Dice, pod: &mut Value) {
    pod["spec"]["os"] = dice.one(&[json!({"name": "linux"}), json!({"name": "windows"}), Value::Null]).clone();
}

fn debugger(_: &mut Dice, pod: &mut Value) {
    if pod["spec"].get("ephemeralContainers").is_none() {
        pod["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "registry.example/debug:1"}]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_same_pods_on_every_run() {
        assert_eq!(pod(17), pod(17));
        assert_ne!(pod(17)["spec"], pod(29)["spec"]);
        assert_eq!(mistyped(17), mistyped(17));
    }
}
