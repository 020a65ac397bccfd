//! Policies that are slow, trap, or take all memory, while others beside them must stay right.

use portcullis_load::{pod, with_namespace};

use crate::case;
use crate::directives::written_out;
use crate::experiment::Outcome;
use crate::plugin;
use crate::questions::{Expect, Questions};
use crate::world::World;

/// Where the policy denies what it cannot judge, and where it warns.
const FACED: [&str; 2] = ["faulty", "tolerant"];
/// Where a policy is that never ends by itself, beside the slow one.
const ENDLESS: &str = "endless";
/// An honest plugin that takes some milliseconds.
const SLOW: &str = r#"(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32) (local $n i32)
    (loop $l
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $n) (i32.const 8000000))))
    (i32.const 16)))"#;

/// A hostile plugin of `tests/hostile`, which is honest to the trial object of `serve`.
fn hostile(name: &str) -> Vec<u8> {
    let case = case::cases().into_iter().find(|case| case.name == name).expect("the case");
    plugin::component(name, &plugin::text_of(&case, true))
}

/// A policy that faces one namespace alone.
fn policy(name: &str, file: &str, wasm: &[u8], namespace: &str, effect: &str) -> String {
    let digest = portcullis_support::digest(wasm);
    format!(
        "  - name: {name}\n    plugin: {{file: {file}, digest: \"{digest}\"}}\n    \
         onError: {{sandbox: {effect}, compliance: {effect}}}\n    \
         match: {{matchConditions: [{{name: there, expression: \"request.namespace == '{namespace}'\"}}]}}\n"
    )
}

/// A policy with a plugin of its own, which nobody has compiled yet and which faces nobody.
pub fn honest(world: &World, name: &str) -> String {
    let text = SLOW.replace("8000000", "8");
    let wasm = plugin::component(name, &written_out(&text).expect("a text"));
    let file = world.folder.write(&format!("{name}.wasm"), &wasm).display().to_string();
    policy(name, &file, &wasm, "nowhere", "deny")
}

/// The default set and this plugin in two policies: one that denies where it cannot judge, and one that warns.
fn held(world: &World, name: &str, wasm: &[u8], more: &str, judges: bool) -> Outcome {
    let file = world.folder.write(&format!("{name}.wasm"), wasm).display().to_string();
    let default = std::fs::read_to_string(world.default_set()).expect("the set");
    let denies = policy("faulty", &file, wasm, FACED[0], "deny");
    let set = world.set(name, &format!("{default}{denies}{}{more}", policy("tolerant", &file, wasm, FACED[1], "warn")));
    let plain = world.path("labels.yaml");
    let faced: Vec<String> = [FACED[0], FACED[1], ENDLESS]
        .map(|name| {
            format!("{{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {{\"name\": \"{name}\"}}}}")
        })
        .into();
    let labels = world.folder.write("faced.yaml", faced.join("\n---\n")).display().to_string();
    let server = world.serve_as(&world.binary, &set, &["--namespace-labels", &plain, "--namespace-labels", &labels]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    // About a quarter of the reviews are those that the policy faces.
    let questions = questions.and(&faced_by(judges)).and(&faced_by(judges));
    Outcome::Held(world.load(&target, &questions).during(|notes| {
        std::thread::sleep(world.either(std::time::Duration::from_secs(3), std::time::Duration::from_secs(20)));
        let faults = server.metric_sum("portcullis_faults_total");
        let opened = server.metric_sum("portcullis_breaker_opened_total").max(0.0);
        notes.remarks.push(format!("{faults} faults counted, a breaker opened {opened} times"));
        if !judges && faults < 1.0 {
            notes.complaints.push("nothing went wrong, so nothing was tried".into());
        }
    }))
}

/// Reviews that the policy faces.
fn faced_by(judges: bool) -> Questions {
    let (good, bad) = (pod("x", "good", 1, Some("500m"), 0), pod("x", "endless", 1, None, 0));
    let [faulty, tolerant] = FACED.map(|namespace| [&good, &bad].map(|review| with_namespace(review, namespace)));
    if judges {
        return Questions::default()
            .with(&with_namespace(&good, ENDLESS), false, Expect::NotJudged)
            .with(&faulty[0], true, Expect::Either)
            .with(&faulty[1], false, Expect::Either)
            .with(&tolerant[0], true, Expect::Either)
            .with(&tolerant[1], false, Expect::Judged);
    }
    // An allow where a policy that must judge could not would be wrong, so what is expected is a denial.
    Questions::default()
        .with(&faulty[0], false, Expect::NotJudged)
        .with(&faulty[1], false, Expect::NotJudged)
        .with(&tolerant[0], true, Expect::Warned)
        .with(&tolerant[1], false, Expect::Judged)
}

/// Milliseconds in each review, and beside it one that is stopped when its time is over.
pub fn slow(world: &World) -> Outcome {
    let wasm = plugin::component("slow", &written_out(SLOW).expect("a text"));
    let endless = hostile("loop-in-evaluate");
    let file = world.folder.write("endless.wasm", &endless).display().to_string();
    let more = policy("endless", &file, &endless, ENDLESS, "deny");
    held(world, "slow-policy", &wasm, &more, true)
}

pub fn trapping(world: &World) -> Outcome {
    held(world, "trapping-policy", &hostile("unreachable"), "", false)
}

pub fn memory(world: &World) -> Outcome {
    held(world, "memory-of-a-plugin", &hostile("memory-bomb"), "", false)
}
