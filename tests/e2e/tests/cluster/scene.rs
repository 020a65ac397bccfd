//! What the cases of evidence stand on: a webhook with a set of its own, and one judgement at both doors.

use std::path::PathBuf;
use std::time::Duration;

use portcullis_e2e::guard::wait_for;
use portcullis_e2e::judge::{Finding, check, decisions, files, findings};
use portcullis_e2e::objects::{Limits, deployment, namespace};
use portcullis_e2e::plane::free_address;
use portcullis_e2e::webhook::{Plan, Webhook};
use portcullis_support::RealRegistry;
use portcullis_support::instance::INSTANCE;
use serde_json::{Value, json};

use crate::signing::{Image, Tools};
use crate::world::World;

/// What is judged in a scene.
#[derive(Clone)]
pub struct Play {
    /// What its rows of the table are about.
    pub what: &'static str,
    /// Its namespaces, with their modes: compliance, then sandbox.
    pub places: [(&'static str, &'static str); 2],
    /// Its policy set.
    pub set: String,
}

/// The name of the policy set's file.
pub const SET: &str = "set.yaml";

/// The keys that a set may trust; `stranger` is in none.
const KEYS: [&str; 2] = ["release", "tester"];

/// What must become of a Deployment under compliance; a sandbox lets it in and warns of the same.
#[derive(Clone, Copy)]
pub enum Expected {
    Allowed,
    /// By this rule, with these words.
    Denied(&'static str, &'static [&'static str]),
    /// Not judged, with these words.
    NotJudged(&'static [&'static str]),
}

/// What these cases stand on.
pub struct Scene {
    pub play: Play,
    pub tools: Tools,
    pub registries: Vec<(&'static str, RealRegistry)>,
    pub webhook: Option<Webhook>,
    pub policies: PathBuf,
    pub records: PathBuf,
    /// The flags that both doors are given.
    pub flags: Vec<String>,
    /// Deployments so far: each has a name of its own.
    pub tried: usize,
}

impl Scene {
    pub fn start(
        world: &mut World,
        tools: Tools,
        registries: Vec<(&'static str, RealRegistry)>,
        locked: Option<&RealRegistry>,
        play: Play,
    ) -> Self {
        for (name, mode) in play.places {
            world.must_create(&namespace(name, Some(mode)));
            world.account(name);
        }
        let folder = tools.folder.clone();
        let (policies, records) = (folder.join("sets"), folder.join("records"));
        std::fs::create_dir_all(&policies).expect("a folder");
        let hosts: Vec<String> =
            registries.iter().map(|(_, registry)| registry).chain(locked).map(RealRegistry::host).collect();
        for key in KEYS {
            let name = format!("{key}.pub");
            std::fs::copy(folder.join(&name), policies.join(&name)).expect("a key");
        }
        // Not beside the set: whatever is JSON in a folder of sets must be one.
        std::fs::write(folder.join("trusted_root.json"), INSTANCE.trusted_root().to_string()).expect("a root");
        std::fs::write(policies.join(SET), &play.set).expect("a set");
        // Whoever runs this may have credentials of their own, which must not help.
        std::fs::write(folder.join("nobody.json"), "{}").expect("a file");
        let flags = ["--insecure-registry", &hosts.join(","), "--registry-config"].map(str::to_owned).to_vec();
        let flags = [flags, vec![folder.join("nobody.json").display().to_string()]].concat();
        let mut scene = Self { play, tools, registries, webhook: None, policies, records, flags, tried: 0 };
        scene.serve(world);
        let policies = scene.policies.clone();
        world.register(&policies, &[]);
        world.recorded.push((scene.records.clone(), vec![policies]));
        scene.wait_until_asked(world);
        scene
    }

    /// Starts the webhook of these cases, or starts it again with the flags of now.
    pub fn serve(&mut self, world: &mut World) {
        if let Some(webhook) = self.webhook.take() {
            webhook.stop().expect("it ends");
        }
        let plan = Plan {
            name: self.play.what.to_owned(),
            address: free_address(),
            ops: free_address(),
            policies: self.policies.clone(),
            records: Some(self.records.clone()),
            more: self.flags.clone(),
            ..world.plan()
        };
        let webhook = Webhook::start(&world.plane, plan);
        world.door.turn(webhook.plan.address);
        world.door.cut();
        self.webhook = Some(webhook);
    }

    /// Waits until the API server asks: an image that nothing covers is denied.
    fn wait_until_asked(&self, world: &mut World) {
        let stranger = workload("asked", &["registry.example/stranger:1".to_owned()]);
        wait_for("the registration", Duration::from_secs(20), || {
            let said = world.create_in(self.play.places[0].0, &stranger);
            if said.err.contains("image-not-covered") { Ok(()) } else { Err(said.words()) }
        });
    }

    /// Judges a Deployment with these images, one for each container, at both doors and in both modes.
    pub fn judge(&mut self, world: &mut World, case: &str, images: &[String], expected: Expected) {
        let places = self.play.places;
        self.judge_in(world, &places, case, images, expected);
    }

    /// The same in these namespaces, with their modes.
    pub fn judge_in(
        &mut self,
        world: &mut World,
        places: &[(&str, &str)],
        case: &str,
        images: &[String],
        expected: Expected,
    ) {
        let (mut seen, mut holds) = (Vec::new(), true);
        for (place, mode) in places.iter().copied() {
            self.tried += 1;
            let name = format!("web-{}", self.tried);
            let object = workload(&name, images);
            let file = self.tools.folder.join(format!("{name}.json"));
            std::fs::write(&file, object.to_string()).expect("a manifest");
            let mut flags = vec!["--mode", mode, "--namespace", place];
            flags.extend(self.flags.iter().map(String::as_str));
            let report = check(world.plane.folder(), &self.policies, std::slice::from_ref(&file), &flags);
            let in_file = decisions(&report).first().expect("a decision");
            let said = world.create_in(place, &object);
            let (record, in_record) = self.recorded(world, &name);
            let (at_check, at_webhook) = (told(in_file), told(&in_record));
            let denied = said.err.contains("denied the request");
            let verdict = |denied: bool| if denied { "deny" } else { "allow" };
            let is_right = holds_in(mode, expected, &at_check, denied, &said.words())
                && in_file["verdict"] == verdict(denied)
                && record["decisions"][0]["verdict"] == verdict(denied)
                && record["decisions"][0]["id"] == in_record["id"]
                && at_check == at_webhook
                && at_check.iter().all(|(_, message)| mode == "sandbox" || said.err.contains(message.as_str()));
            let words = |found: &[Finding]| match found.first() {
                None => "nothing found".to_owned(),
                Some(((_, rule, _), message)) => format!("{rule}: {message}"),
            };
            let same = if at_check == at_webhook {
                "the same at both doors".to_owned()
            } else {
                format!("webhook: {}", words(&at_webhook))
            };
            seen.push(match (is_right, mode) {
                (true, "sandbox") => format!("sandbox: {} ({same})", verdict(denied)),
                _ => format!("{mode}: {}, {same}: {}", verdict(denied), words(&at_check)),
            });
            if !is_right {
                println!(
                    "{case}, {mode}: check: {in_file}\nkubectl: {}\nrecord: {record}\nreplay: {in_record}",
                    said.words()
                );
            }
            holds &= is_right;
        }
        world.table.row(&format!("{}: {case}", self.play.what), &expectation(expected), &seen.join("; "), holds);
    }

    /// What the webhook wrote down of a Deployment, and what `check` decides of that.
    pub fn recorded(&self, world: &World, name: &str) -> (Value, Value) {
        let path = wait_for("the record", Duration::from_secs(10), || {
            let is_it = |path: &PathBuf| {
                let record: Value =
                    serde_json::from_slice(&std::fs::read(path).unwrap_or_default()).unwrap_or_default();
                let request = &record["review"]["request"];
                request["kind"]["kind"] == "Deployment" && request["name"] == name
            };
            files(&self.records, "json").into_iter().find(is_it).ok_or(format!("no record of {name}"))
        });
        let record = serde_json::from_slice(&std::fs::read(&path).expect("a record")).expect("JSON");
        let report = check(world.plane.folder(), &self.policies, std::slice::from_ref(&path), &[]);
        (record, decisions(&report).first().cloned().unwrap_or_default())
    }

    /// Judges an image at one door only: nobody gives bundles to a webhook.
    pub fn judge_with_bundle(&mut self, world: &mut World, case: &str, image: &Image, bundle: &str) {
        let file = |name: &str, text: &str| {
            let path = self.tools.folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let manifest = file("bundled.json", &workload("bundled", &[image.pinned()]).to_string());
        let bundle = file("bundle.json", bundle).display().to_string();
        let mut flags = vec!["--mode", "compliance", "--bundle", &bundle];
        flags.extend(self.flags.iter().map(String::as_str));
        let report = check(world.plane.folder(), &self.policies, &[manifest], &flags);
        let seen = format!("check: {}", report["verdict"]);
        world.table.row(
            &format!("{}: {case}", self.play.what),
            "allowed by `check`",
            &seen,
            report["verdict"] == "allow",
        );
    }

    /// Keeps what judges now, for whoever judges again what was recorded until it changes.
    pub fn keep_version(&self, world: &mut World, name: &str) {
        let folder = self.tools.folder.join(format!("sets-{name}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        for entry in std::fs::read_dir(&self.policies).expect("the sets").flatten() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("a file");
        }
        world.recorded.last_mut().expect("of these cases").1.push(folder);
    }

    /// Gives the cluster back to the other cases.
    pub fn end(mut self, world: &mut World) {
        self.webhook.take().expect("it runs").stop().expect("it ends");
        world.door.turn(world.plan().address);
        world.door.cut();
        let policies = world.policies();
        world.register(&policies, &[]);
        world.wait_until_denied();
    }
}

/// A Deployment without Pods, whose containers have these images.
pub fn workload(name: &str, images: &[String]) -> Value {
    let mut object = deployment(name, 0, Limits::Good);
    let container = object["spec"]["template"]["spec"]["containers"][0].clone();
    let with = |(number, image): (usize, &String)| {
        let mut container = container.clone();
        container["name"] = json!(format!("c{number}"));
        container["image"] = json!(image);
        container
    };
    object["spec"]["template"]["spec"]["containers"] = images.iter().enumerate().map(with).collect();
    object
}

/// What a decision says, without the requests that failed: their number may differ.
fn told(decision: &Value) -> Vec<Finding> {
    // Which of two answers came first, and how long ago, differs from door to door.
    let cut = |(code, message): Finding| {
        let words = message.split(" (asked: ").next().unwrap_or_default();
        (code, words.split(", for http").next().unwrap_or_default().to_owned())
    };
    findings(decision).into_iter().map(cut).collect()
}

fn holds_in(mode: &str, expected: Expected, found: &[Finding], denied: bool, said: &str) -> bool {
    let strict = mode == "compliance";
    let (rule, words) = match expected {
        Expected::Allowed => return found.is_empty() && !denied && !said.contains("Warning:"),
        Expected::Denied(rule, words) => (rule, words),
        Expected::NotJudged(words) => ("not judged: fact", words),
    };
    let holds = |((_, its, _), message): &Finding| its == rule && words.iter().all(|word| message.contains(word));
    denied == strict && !found.is_empty() && found.iter().all(holds) && (strict || said.contains("Warning:"))
}

fn expectation(expected: Expected) -> String {
    match expected {
        Expected::Allowed => "allowed, without a word".to_owned(),
        Expected::Denied(rule, _) => format!("denied in compliance, warned of in sandbox: `{rule}`"),
        Expected::NotJudged(_) => "not judged: denied in compliance, warned of in sandbox".to_owned(),
    }
}
