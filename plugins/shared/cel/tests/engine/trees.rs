//! Documents made of JSON, and every value in one spelling.

use std::borrow::Cow;

use portcullis_cel::{Answer, Compiler, Complaint, Documents, Given, Machine, NodeKind, Tree, Value, Wanted, name_of};
use serde_json::Value as Json;

/// JSON documents as nodes.
#[derive(Default)]
pub struct Trees {
    nodes: Vec<(Json, Vec<u32>)>,
    roots: [u32; 2],
    extra: u32,
    request: Json,
    namespace: Json,
    whole: bool,
}

impl Trees {
    pub fn new(question: &Json) -> Self {
        let mut trees = Self {
            request: question["request"].clone(),
            namespace: question["namespaceObject"].clone(),
            whole: question["whole"] == true,
            ..Self::default()
        };
        trees.nodes.push((Json::Null, Vec::new()));
        for (number, key) in ["object", "oldObject"].into_iter().enumerate() {
            if let Some(found) = question.get(key).filter(|found| !found.is_null()) {
                trees.roots[number] = trees.add(found);
            }
        }
        if let Some(extra) = question["request"].pointer("/userInfo/extra") {
            trees.extra = trees.add(extra);
        }
        trees
    }

    fn add(&mut self, json: &Json) -> u32 {
        let children = match json {
            Json::Array(items) => items.iter().map(|item| self.add(item)).collect(),
            Json::Object(entries) => entries.values().map(|value| self.add(value)).collect(),
            _ => Vec::new(),
        };
        self.nodes.push((json.clone(), children));
        self.nodes.len() as u32 - 1
    }

    fn json(&self, node: u32) -> &Json {
        &self.nodes[node as usize].0
    }
}

impl Documents for Trees {
    fn root(&self, number: u8) -> u32 {
        self.roots[usize::from(number)]
    }
    fn kind(&self, node: u32) -> NodeKind {
        match self.json(node) {
            _ if node == 0 => NodeKind::None,
            Json::Null => NodeKind::Null,
            Json::Bool(_) => NodeKind::Bool,
            Json::Number(_) => NodeKind::Number,
            Json::String(_) => NodeKind::Text,
            Json::Array(_) => NodeKind::List,
            Json::Object(_) => NodeKind::Map,
        }
    }
    fn len(&self, node: u32) -> u32 {
        self.nodes[node as usize].1.len() as u32
    }
    fn at(&self, node: u32, position: u32) -> u32 {
        self.nodes[node as usize].1.get(position as usize).copied().unwrap_or(0)
    }
    fn key_at(&self, node: u32, position: u32) -> Cow<'_, str> {
        let keys = self.json(node).as_object().map(|map| map.keys());
        keys.and_then(|mut keys| keys.nth(position as usize)).map_or("", String::as_str).into()
    }
    fn find(&self, node: u32, key: &str) -> u32 {
        let position = self.json(node).as_object().and_then(|map| map.keys().position(|known| known == key));
        position.map_or(0, |position| self.at(node, position as u32))
    }
    fn text(&self, node: u32) -> Cow<'_, str> {
        self.json(node).as_str().unwrap_or_default().into()
    }
    fn number(&self, node: u32) -> Cow<'_, str> {
        self.json(node).to_string().into()
    }
    fn boolean(&self, node: u32) -> bool {
        self.json(node).as_bool().unwrap_or_default()
    }
    fn given(&self, given: Given) -> Answer {
        let (root, pointer) = match given {
            Given::KindGroup => (&self.request, "/kind/group"),
            Given::KindVersion => (&self.request, "/kind/version"),
            Given::KindKind => (&self.request, "/kind/kind"),
            Given::ResourceGroup => (&self.request, "/resource/group"),
            Given::ResourceVersion => (&self.request, "/resource/version"),
            Given::Resource => (&self.request, "/resource/resource"),
            Given::SubResource => (&self.request, "/subResource"),
            Given::Name => (&self.request, "/name"),
            Given::Namespace => (&self.request, "/namespace"),
            Given::Operation => (&self.request, "/operation"),
            Given::Username => (&self.request, "/userInfo/username"),
            Given::Groups => (&self.request, "/userInfo/groups"),
            Given::DryRun => (&self.request, "/dryRun"),
            Given::Options => (&self.request, "/options"),
            Given::NamespaceName => (&self.namespace, "/metadata/name"),
            Given::NamespaceLabels => (&self.namespace, "/metadata/labels"),
            Given::RequestKindGroup => (&self.request, "/requestKind/group"),
            Given::RequestKindVersion => (&self.request, "/requestKind/version"),
            Given::RequestKindKind => (&self.request, "/requestKind/kind"),
            Given::RequestResourceGroup => (&self.request, "/requestResource/group"),
            Given::RequestResourceVersion => (&self.request, "/requestResource/version"),
            Given::RequestResource => (&self.request, "/requestResource/resource"),
            Given::RequestSubResource => (&self.request, "/requestSubResource"),
            Given::UserId => (&self.request, "/userInfo/uid"),
            Given::UserExtra if self.extra != 0 => return Answer::Node(self.extra),
            Given::UserExtra => return Answer::Absent,
        };
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        match root.pointer(pointer) {
            None => Answer::Absent,
            Some(Json::Bool(value)) => Answer::Bool(*value),
            Some(Json::Array(items)) => Answer::Texts(items.iter().map(text).collect()),
            Some(Json::Object(entries)) => {
                Answer::Pairs(entries.iter().map(|(key, value)| (key.clone(), text(value))).collect())
            }
            Some(found) => Answer::Text(text(found)),
        }
    }
    fn namespaced(&self) -> bool {
        !self.namespace.is_null()
    }
    fn whole(&self) -> bool {
        self.whole
    }
}

/// JSON as data of a policy.
pub fn tree(json: &Json) -> Tree {
    match json {
        Json::Null => Tree::Null,
        Json::Bool(value) => Tree::Bool(*value),
        Json::Number(number) => Tree::Number(number.to_string()),
        Json::String(text) => Tree::Text(text.clone()),
        Json::Array(items) => Tree::List(items.iter().map(tree).collect()),
        Json::Object(entries) => Tree::Map(entries.iter().map(|(key, value)| (key.clone(), tree(value))).collect()),
    }
}

/// What became of a question.
pub enum Outcome {
    Refused(Complaint),
    Failed(String),
    Value(String),
}

impl Outcome {
    pub fn shown(&self) -> String {
        match self {
            Self::Refused(complaint) => format!("refused: byte {}: {}", complaint.at, complaint.message),
            Self::Failed(what) => format!("error: {what}"),
            Self::Value(value) => value.clone(),
        }
    }
}

/// Compiles and evaluates.
pub fn judge(question: &Json) -> Outcome {
    let mut compiler = if question["whole"] == true { Compiler::of_requests() } else { Compiler::new(true) };
    let mut variables = Vec::new();
    for variable in question["variables"].as_array().into_iter().flatten() {
        let (name, expression) = (variable["name"].as_str().expect("a name"), variable["expression"].as_str());
        match compiler.variable(name, expression.expect("an expression")) {
            Ok(code) => variables.push(code),
            Err(complaint) => return Outcome::Refused(complaint),
        }
    }
    let wanted = if question["bool"] == true { Wanted::Bool } else { Wanted::Anything };
    let code = match compiler.compile(question["expression"].as_str().expect("an expression"), wanted) {
        Ok(code) => code,
        Err(complaint) => return Outcome::Refused(complaint),
    };
    let trees = Trees::new(question);
    let data = tree(&question["params"]).to_bytes();
    let variables: Vec<&[u8]> = variables.iter().map(Vec::as_slice).collect();
    let mut machine = Machine::new(&trees, &variables, &data);
    match machine.run(&code) {
        Err(spent) => Outcome::Failed(spent.to_string()),
        Ok(found) => match found.value {
            Value::Error(what) => Outcome::Failed(what.to_string()),
            value => Outcome::Value(show(&trees, &value)),
        },
    }
}

fn show_json(json: &Json) -> String {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            None => format!("double:{:016x}", number.as_f64().expect("a number").to_bits()),
        },
        Json::Array(items) => format!("[{}]", items.iter().map(show_json).collect::<Vec<_>>().join(",")),
        Json::Object(entries) => {
            let mut shown: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", Json::from(key.as_str()), show_json(value)))
                .collect();
            shown.sort();
            format!("{{{}}}", shown.join(","))
        }
        other => other.to_string(),
    }
}

/// As the oracle spells it.
pub fn show(trees: &Trees, value: &Value<'_>) -> String {
    let show = |value: &Value<'_>| show(trees, value);
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => format!("{number}u"),
        Value::Double(number) if number.is_nan() => "double:nan".to_owned(),
        Value::Double(number) => format!("double:{:016x}", number.to_bits()),
        Value::Text(text) => Json::from(*text).to_string(),
        Value::Made(text) => Json::from(text.as_ref()).to_string(),
        Value::Bytes(bytes) => format!("bytes:{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        Value::Duration(nanos) => format!("duration:{nanos}"),
        Value::Timestamp(moment) => format!("timestamp:{}", moment.shown()),
        Value::Optional(None) => "none".to_owned(),
        Value::Optional(Some(inner)) => format!("optional({})", show(inner)),
        Value::Quantity(quantity) => format!("quantity:{}", quantity.shown()),
        Value::Ip(ip) => format!("ip:{}", ip.shown()),
        Value::Cidr(cidr) => format!("cidr:{}", cidr.shown()),
        Value::Url(url) => format!("url:{}", url.shown()),
        Value::Semver(version) => format!("semver:{}", version.shown()),
        Value::Format(number) => format!("format:{}", name_of(*number)),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let mut shown: Vec<String> = entries.iter().map(|(k, v)| format!("{}:{}", show(k), show(v))).collect();
            shown.sort();
            format!("{{{}}}", shown.join(","))
        }
        Value::Node(node) | Value::NodeList(node) | Value::NodeMap(node) => show_json(trees.json(*node)),
        Value::Type(_) => format!("type:{}", value.type_shown()),
        other => format!("other:{other:?}"),
    }
}
