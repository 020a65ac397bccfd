//! What the API server says of each pair.

use std::collections::BTreeMap;
use std::time::Duration;

use portcullis_e2e::client::{Answer, Client};
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::plane::Plane;
use serde_json::{Value, json};

use crate::pair::{
    Asked, NAMESPACES, Pair, Verdict, binding, definition, merge, namespace_labels, path_of, policy, rules,
};

/// How long policies may take to come into force; a few seconds are usual, and half a minute for a custom kind of params.
const IN_FORCE: Duration = Duration::from_secs(60);

/// What became of each pair, by its name; and the objects of the cluster before and after each request that changes one.
pub struct Seen {
    pub verdicts: BTreeMap<String, Verdict>,
    pub changed: BTreeMap<String, (Value, Option<Value>)>,
}

/// Makes everything, waits until it is in force, and asks for everything.
pub fn judge(plane: &Plane, pairs: &[Pair]) -> Seen {
    let mut cluster = Cluster { client: Client::new(&plane.door()) };
    cluster.prepare();
    let mut changed: BTreeMap<String, (Value, Option<Value>)> = BTreeMap::new();
    for pair in pairs {
        if let Some(object) = pair.before() {
            changed.insert(pair.name.clone(), (cluster.must_post(object), None));
        }
    }
    let mut verdicts = BTreeMap::new();
    for pair in pairs {
        let (first, last): (Vec<_>, Vec<_>) =
            pair.manifests.iter().partition(|one| !one["kind"].as_str().unwrap_or_default().starts_with("Validating"));
        first.into_iter().for_each(|param| drop(cluster.must_post(param)));
        if let Some(why) = last.into_iter().find_map(|manifest| cluster.post(manifest, "").err()) {
            verdicts.insert(pair.name.clone(), Verdict::Refused(why));
        }
    }
    cluster.wait_until_in_force(pairs);
    for pair in pairs.iter().filter(|pair| !verdicts.contains_key(&pair.name)).collect::<Vec<_>>() {
        let answer = match &pair.asked {
            Asked::Create(object) => cluster.client.post(&format!("{}?dryRun=All", path_of(object)), object),
            Asked::Update(_, change) => {
                let (old, new) = changed.get_mut(&pair.name).expect("it was made");
                let mut object = old.clone();
                replace(&mut object, change);
                *new = Some(object.clone());
                cluster.change(hyper::Method::PUT, &object, object.to_string())
            }
            Asked::Delete(_) => cluster.change(hyper::Method::DELETE, &changed[&pair.name].0, String::new()),
        };
        verdicts.insert(pair.name.clone(), verdict(&answer.expect("an answer")));
    }
    Seen { verdicts, changed }
}

/// Members of a change replace those of the object, except within its metadata.
fn replace(object: &mut Value, change: &Value) {
    for (key, value) in change.as_object().into_iter().flatten() {
        match key.as_str() {
            "metadata" => merge(&mut object["metadata"], value),
            _ => object[key] = value.clone(),
        }
    }
}

struct Cluster {
    client: Client,
}

impl Cluster {
    fn prepare(&mut self) {
        self.must_post(&definition());
        for (name, _) in NAMESPACES {
            let labels = namespace_labels(name);
            self.must_post(
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
            );
        }
        for path in [
            "/apis/rules.example.com/v1/replicalimits",
            "/api/v1/namespaces/red/serviceaccounts/default",
            "/api/v1/namespaces/blue/serviceaccounts/default",
        ] {
            wait_for(path, Duration::from_secs(20), || match self.client.get(path)? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.message()),
            });
        }
    }

    fn post(&mut self, object: &Value, query: &str) -> Result<Value, String> {
        let answer = self.client.post(&format!("{}{query}", path_of(object)), object)?;
        if answer.status < 300 { Ok(answer.json()) } else { Err(answer.message()) }
    }

    fn must_post(&mut self, object: &Value) -> Value {
        self.post(object, "").unwrap_or_else(|why| panic!("{}: {why}", object["metadata"]["name"]))
    }

    fn change(&mut self, method: hyper::Method, object: &Value, body: String) -> Result<Answer, String> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        self.client.send(method, &format!("{}/{name}?dryRun=All", path_of(object)), "application/json", body.into())
    }

    /// A policy that is made last denies, so all others are known; and what takes params of a custom kind has found it.
    fn wait_until_in_force(&mut self, pairs: &[Pair]) {
        let spec = json!({"matchConstraints": {"resourceRules": rules("", &["configmaps"])}, "validations": [{"expression": "false"}]});
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe", "namespace": "red"}});
        let probe = Pair::new(
            "probe",
            vec![policy("probe", spec), binding("probe", "probe", json!({}))],
            Asked::Create(object),
        );
        for manifest in &probe.manifests {
            self.must_post(manifest);
        }
        let custom = pairs.iter().find(|pair| pair.of_kind("ReplicaLimit").next().is_some());
        let Asked::Create(object) = &probe.asked else { return };
        wait_for("the policies", IN_FORCE, || {
            match self.client.post(&format!("{}?dryRun=All", path_of(object)), object)? {
                answer if answer.status >= 400 => Ok(()),
                answer => Err(format!("the probe is let in with {}", answer.status)),
            }
        });
        let Some(Asked::Create(object)) = custom.map(|pair| &pair.asked) else { return };
        wait_for("params of a custom kind", IN_FORCE, || {
            let answer = self.client.post(&format!("{}?dryRun=All", path_of(object)), object)?;
            let message = answer.message();
            if message.contains("not known") || message.contains("not yet synced") { Err(message) } else { Ok(()) }
        });
    }
}

/// What an answer means: the message without the names of policy and binding.
fn verdict(answer: &Answer) -> Verdict {
    let message = answer.message();
    if answer.status >= 400 {
        let reason = message.split_once("denied request: ").map_or(message.as_str(), |(_, reason)| reason);
        // Here a message has one line, whatever it says, and a line break in it is shown.
        return Verdict::Denied(vec![reason.replace('\n', "\\n")]);
    }
    let reason = |warning: &String| {
        warning.split_once("': ").map_or(warning.clone(), |(_, reason)| {
            reason
                .split_once("with binding '")
                .map_or(reason, |(_, rest)| rest.split_once("': ").map_or(rest, |(_, reason)| reason))
                .to_owned()
        })
    };
    Verdict::Allowed(
        answer.warnings.iter().filter(|warning| warning.contains("ValidatingAdmissionPolicy")).map(reason).collect(),
    )
}
