//! Builds plugins for tests out of a few lines of text, and reviews for them to judge.

use std::path::Path;
use std::sync::Arc;

use portcullis_model::{
    Amount, AmountState, Document, DocumentBuilder, Limits, NamespaceLabels, PluginBytes, Request, Review, Source,
    Span, Subject, SubjectKind, Workload,
};
use portcullis_runner::{Error, Input, Plugin, Prepared, Runner, RunnerConfig};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What a guest is made of: core WebAssembly in text form around the contract's exports.
pub struct Guest<'a> {
    /// What `describe` answers.
    pub describe: &'a str,
    /// The body of `(func (param $at i32) (param $len i32) (result i32))`; the answer stands at address 16.
    pub evaluate: &'a str,
    /// The same for `prepare`.
    pub prepare: &'a str,
    /// Functions, data, globals and so on; imports come first.
    pub imports: &'a str,
    /// Anything else.
    pub more: &'a str,
    /// The memory.
    pub memory: &'a str,
    /// The body of `cabi_realloc`; a bump allocator over 64 KiB from 65536 where empty.
    pub realloc: &'a str,
}

/// A plugin with one rule.
pub const DESCRIBE: &str = r#"{"contract":"1.0.0","name":"test","version":"1.0.0","title":"Test","rules":[{"id":"broken","title":"It is broken","severity":"high"}],"settings":{},"keys":["spec","name"],"paths":["/spec/*"],"facts":["signature"]}"#;

/// No finding: a zero discriminant and an empty list.
pub const NOTHING: &str = "(i32.const 16)";

impl Default for Guest<'_> {
    fn default() -> Self {
        Self {
            describe: DESCRIBE,
            evaluate: NOTHING,
            // Ok of what it was given.
            prepare: "(i32.store (i32.const 36) (local.get $at)) (i32.store (i32.const 40) (local.get $len)) (i32.const 32)",
            imports: "",
            more: "",
            memory: r#"(memory (export "memory") 4)"#,
            realloc: "",
        }
    }
}

/// Imports that most tests want.
pub const GET: &str = r#"(import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
    (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))"#;

impl Guest<'_> {
    /// The core module as text.
    pub fn text(&self) -> String {
        let Self { describe, evaluate, prepare, imports, more, memory, realloc } = self;
        let realloc = match realloc {
            &"" => {
                "(local $p i32) (local.set $p (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                 (global.set $free (i32.add (local.get $p) (local.get 3))) (local.get $p)"
            }
            given => given,
        };
        let (size, escaped) = (describe.len(), describe.replace('\\', "\\5c").replace('"', "\\22"));
        format!(
            r#"(module {imports} {memory}
            (global $free (mut i32) (i32.const 65536))
            (data (i32.const 1024) "{escaped}")
            (data (i32.const 8) "\00\04\00\00")
            (data (i32.const 12) "\{:02x}\{:02x}\00\00")
            {more}
            (func (export "describe") (result i32) (i32.const 8))
            (func (export "prepare") (param $at i32) (param $len i32) (result i32) {prepare})
            (func (export "evaluate") (param $at i32) (param $len i32) (result i32) {evaluate})
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc}))"#,
            size & 255,
            size >> 8
        )
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        component(&wat::parse_str(self.text()).expect("a core module"))
    }

    pub fn load(&self) -> Result<Arc<Plugin>, Error> {
        load(&self.build())
    }

    /// Loads, prepares without settings and judges a Pod.
    pub fn judge(&self) -> Result<portcullis_runner::Outcome, Error> {
        self.judge_by(config())
    }

    /// The same with so much time that another part of the budget is spent first, also in a slow build.
    pub fn judge_patiently(&self) -> Result<portcullis_runner::Outcome, Error> {
        let mut config = config();
        config.budget.time = std::time::Duration::from_secs(20);
        self.judge_by(config)
    }

    /// The same with another input.
    pub fn judge_input(&self, input: &Input) -> Result<portcullis_runner::Outcome, Error> {
        self.judge_with(config(), input)
    }

    fn judge_by(&self, config: RunnerConfig) -> Result<portcullis_runner::Outcome, Error> {
        self.judge_with(config, &input(pod()))
    }

    fn judge_with(&self, config: RunnerConfig, input: &Input) -> Result<portcullis_runner::Outcome, Error> {
        let plugin = Runner::new(config).expect("a runner").load(&bytes(&self.build()), None)?;
        let prepared = plugin.prepare("{}").map_err(|error| match error {
            portcullis_runner::PrepareError::Failed(error) => error,
            portcullis_runner::PrepareError::Settings(complaints) => unreachable!("{complaints:?}"),
        })?;
        plugin.evaluate(&prepared, input)
    }

    /// The sentence that a user sees when this plugin judges.
    pub fn failure(&self) -> String {
        self.judge().expect_err("a failure").to_string()
    }

    /// The sentence that a user sees when this plugin is loaded.
    pub fn refusal(&self) -> String {
        self.load().expect_err("a refusal").to_string()
    }
}

/// One finding at `node` with these texts, for `Guest::evaluate`. Its data stands from 8192 on.
pub fn finding(rule: u32, node: &str, missing: &str, message: &str) -> (String, String) {
    let escaped = |text: &str| text.bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let more =
        format!(r#"(data (i32.const 8192) "{}") (data (i32.const 16384) "{}")"#, escaped(missing), escaped(message));
    let evaluate = format!(
        "(i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
         (i32.store (i32.const 4096) (i32.const {rule})) (i32.store (i32.const 4100) {node})
         (i32.store (i32.const 4104) (i32.const 8192)) (i32.store (i32.const 4108) (i32.const {}))
         (i32.store (i32.const 4112) (i32.const 16384)) (i32.store (i32.const 4116) (i32.const {}))
         (i32.const 16)",
        missing.len(),
        message.len()
    );
    (evaluate, more)
}

/// Makes a component of a core module.
pub fn component(module: &[u8]) -> Vec<u8> {
    let mut module = module.to_vec();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(&wit).expect("the contract");
    let world = resolve.select_world(&[package], Some("policy")).expect("the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embedded");
    ComponentEncoder::default().module(&module).expect("a module").validate(true).encode().expect("a component")
}

pub fn config() -> RunnerConfig {
    let mut config = RunnerConfig::new(quantity);
    config.compile_in_process = true;
    config.pool.instances = 8;
    config
}

pub fn runner() -> Runner {
    Runner::new(config()).expect("a runner")
}

pub fn bytes(component: &[u8]) -> PluginBytes {
    PluginBytes { wasm: component.into(), code: None }
}

pub fn load(component: &[u8]) -> Result<Arc<Plugin>, Error> {
    runner().load(&bytes(component), None)
}

pub fn prepared(plugin: &Plugin) -> Prepared {
    plugin.prepare("{}").expect("prepared")
}

/// Whole numbers only; the real reader is a neighbour of this crate.
pub fn quantity(text: &str) -> Amount {
    text.parse().map_or(Amount::UNREADABLE, |whole| Amount { state: AmountState::Exact, whole, nanos: 0 })
}

/// `{"spec": {"name": "x", "list": [1, 2]}}`, with places.
pub fn pod() -> Document {
    let text = r#"{"spec":{"name":"x","list":[1,2]}}"#;
    let mut b = DocumentBuilder::new(Some(Source::new("pod.json", text)), Limits::default());
    let span = |from, to| Some(Span::new(from, to));
    b.begin_map(span(0, 1));
    b.key("spec", span(1, 7));
    b.begin_map(span(8, 9));
    b.key("name", span(9, 15));
    b.string("x", span(16, 19));
    b.key("list", span(20, 26));
    b.begin_list(span(27, 28));
    b.number("1", span(28, 29));
    b.number("2", span(30, 31));
    b.end(32).expect("a list");
    b.end(33).expect("a map");
    b.end(34).expect("a map");
    b.finish().expect("a document")
}

pub fn review(object: Option<Document>) -> Review {
    let subject = Subject {
        kind_of: SubjectKind::Object,
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: "shop".into(),
        name: "web".into(),
        place: None,
        occurrence: None,
    };
    let request = Request { operation: "CREATE".into(), ..Request::default() };
    Review {
        subject,
        request,
        object,
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

pub fn input(object: Document) -> Input {
    Input {
        review: Arc::new(review(Some(object))),
        workload: Arc::new(Workload::default()),
        facts: Arc::default(),
        hidden_label: None,
        deadline: None,
        hide: None,
    }
}
