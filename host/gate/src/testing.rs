//! A policy set whose plugins are a few lines of text each, reviews for it, and the whole course of a judgement.

#[expect(dead_code, reason = "the runner's tests need more of it")]
#[path = "../../runner/tests/runner/guest.rs"]
mod guest;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_model::{
    Decision, Document, Fact, FactError, FactStatus, Facts, PluginBytes, PluginReference, PluginSource,
    PluginSourceError, Query, Review, Source,
};
use portcullis_policies::{Waivers, parse_set};
use portcullis_runner::{Runner, RunnerConfig};
use portcullis_subject::{Context, from_admission_review};

use crate::{Installer, Progress, Sets, Step, decide};
use guest::{DESCRIBE, GET, Guest};

/// What plugins may be called here:
/// - `finds`: `/spec/name` is wrong where it is there, in the words `wrong`;
/// - `counts`: `/spec/replicas` is wrong where it is there;
/// - `breaks`: traps;
/// - `nags`: asks something new in every round;
/// - `strays`: asks for a fact that its description does not name;
/// - one of [`ASKING`]: asks for the fact `signature` once, with these arguments, and finds `/spec/name` when it was answered.
struct Guests;

const ASKING: [(&str, &str); 4] = [
    ("asks", r#"{"a":1}"#),
    ("asks-by-trust", r#"{"trust":"release"}"#),
    ("asks-of-the-file", r#"{"about":"file"}"#),
    ("asks-locally", r#"{"local":{"user":""}}"#),
];

/// The node `spec.<key>`, by the position of the key in the description.
fn spec(key: u32) -> String {
    format!("(call $get (call $get (call $root (i32.const 0)) (i32.const 0)) (i32.const {key}))")
}

/// One finding at that node, or none where nothing is there.
fn finds(key: u32) -> (String, String) {
    let (found, more) = guest::finding(0, &spec(key), "", "wrong");
    (format!("(if (i32.eqz {}) (then (return (i32.const 16)))) {found}", spec(key)), more)
}

/// Asks with the arguments, which stand at address 9000.
fn asks(arguments: &str) -> (String, String) {
    let escaped = |text: &str| text.bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let more = format!(r#"(data (i32.const 8900) "signature") (data (i32.const 9000) "{}")"#, escaped(arguments));
    let evaluate = format!(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
         (i32.store (i32.const 4096) (i32.const 8900)) (i32.store (i32.const 4100) (i32.const 9))
         (i32.store (i32.const 4104) (i32.const 9000)) (i32.store (i32.const 4108) (i32.const {})) (i32.const 16)",
        arguments.len()
    );
    (evaluate, more)
}

impl PluginSource for Guests {
    fn fetch(&self, plugin: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
        let PluginReference::Builtin { name, .. } = plugin else { unreachable!("the sets name built-in plugins only") };
        let describe = DESCRIBE.replace(r#""keys":["spec","name"]"#, r#""keys":["spec","name","replicas"]"#);
        let imports = format!(r#"{GET} (import "portcullis:policy/facts@1.0.0" "count" (func $count (result i32)))"#);
        let (evaluate, more) = match name.as_str() {
            "finds" => finds(1),
            "counts" => finds(2),
            "breaks" => ("unreachable".to_owned(), String::new()),
            "nags" => {
                let (asks, more) = asks(r#"{"a":0}"#);
                (format!("(i32.store8 (i32.const 9005) (i32.add (i32.const 48) (call $count))) {asks}"), more)
            }
            "strays" => {
                let (asks, more) = asks(r#"{"a":1}"#);
                (asks, more.replace("signature", "signaturo"))
            }
            asking => {
                let (_, arguments) = ASKING.iter().find(|(name, _)| *name == asking).expect("a plugin of this world");
                let (asks, data) = asks(arguments);
                let (finds, more) = finds(1);
                (format!("(if (result i32) (call $count) (then {finds}) (else {asks}))"), data + &more)
            }
        };
        let guest =
            Guest { describe: &describe, evaluate: &evaluate, imports: &imports, more: &more, ..Guest::default() };
        Ok(PluginBytes { wasm: guest.build().into(), code: None })
    }
}

fn runner() -> &'static Runner {
    static RUNNER: OnceLock<Runner> = OnceLock::new();
    RUNNER.get_or_init(|| {
        let mut config = RunnerConfig::new(portcullis_subject::quantity::amount);
        config.compile_in_process = true;
        // A machine under load must not look like a plugin that spends too much.
        config.budget.time = Duration::from_secs(20);
        config.budget.load_time = Duration::from_secs(20);
        Runner::new(config).expect("a runner")
    })
}

/// A document of YAML.
pub(crate) fn yaml(text: &str) -> Document {
    read_yaml(&Source::new("a.yaml", text), &ReadLimits::default()).expect("YAML").remove(0)
}

/// One installed set `s` with these lines of its spec.
pub(crate) fn sets(spec: &str) -> Sets {
    sets_of(spec, Waivers::default())
}

/// The same, and waivers.
pub(crate) fn sets_of(spec: &str, waivers: Waivers) -> Sets {
    let text = format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: s}}\nspec: {spec}");
    let loaded = parse_set(&yaml(&text)).map_err(|complaints| complaints[0].message.clone()).expect("a policy set");
    let installed = Installer::new(runner(), &Guests, Arc::default()).install(vec![loaded], waivers);
    installed.map_err(|errors| errors[0].message.clone()).expect("a set that installs")
}

/// A request about a Widget `web` in the namespace `shop`; `object` and `old` are bodies of maps, empty where there is none.
pub(crate) fn review(operation: &str, object: &str, old: &str) -> Review {
    let body = |name: &str, body: &str| match body {
        "" => String::new(),
        body => format!(r#","{name}":{{"apiVersion":"example.com/v1","kind":"Widget",{body}}}"#),
    };
    let text = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","operation":"{operation}",
        "kind":{{"group":"example.com","version":"v1","kind":"Widget"}},"userInfo":{{"username":"eve"}},
        "resource":{{"group":"example.com","version":"v1","resource":"widgets"}},"name":"web","namespace":"shop"{}{}}}}}"#,
        body("object", object),
        body("oldObject", old)
    );
    let document = read_json_text(&text, &ReadLimits::default()).expect("JSON");
    from_admission_review(&document, &Context::default()).expect("a review")
}

/// The CREATE of a Widget with a name that `finds` finds.
pub(crate) fn named() -> Review {
    review("CREATE", r#""metadata":{"name":"web"},"spec":{"name":"x"}"#, "")
}

/// The whole course of a judgement by the first set: what was asked in each round, and the decision. Whatever is asked is
/// looked up in `answers`.
pub(crate) fn course(
    sets: &Sets,
    review: Review,
    progress: &mut Progress,
    answers: &dyn Fn(&Query) -> Result<FactStatus, String>,
) -> (Vec<Vec<Query>>, Decision) {
    let (review, mut facts, mut rounds) = (Arc::new(review), Facts::none(), Vec::new());
    loop {
        match decide(&review, &sets.sets[0], sets, &facts, progress) {
            Step::Decided(decision) => return (rounds, *decision),
            Step::Needs(queries) => {
                assert!(rounds.len() < 10, "it asks for ever: {queries:?}");
                facts.extend(queries.iter().map(|query| match answers(query) {
                    Ok(status) => {
                        let document = (status == FactStatus::Verified).then(|| yaml("{b: 1}"));
                        Ok(Fact { query: query.clone(), status, document })
                    }
                    Err(message) => Err(FactError { query: query.clone(), message }),
                }));
                rounds.push(queries);
            }
        }
    }
}

/// The decision where nothing is asked, or everything that is asked is absent.
pub(crate) fn judge(sets: &Sets, review: Review) -> Decision {
    course(sets, review, &mut Progress::default(), &|_| Ok(FactStatus::Absent)).1
}
