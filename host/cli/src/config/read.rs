//! Reads `portcullis.yaml` strictly: an unknown field is an error with its place, and no path leads out of its folder.

use std::cell::RefCell;
use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;
use portcullis_check::bytes;
use portcullis_check::exit::FailOn;
use portcullis_document::{ReadLimits, decode, read_yaml};
use portcullis_model::{Kind, NodeId, Place};
use portcullis_policies::{Fields, is_of_kind, quote, suggest};
use portcullis_report::Format;

use super::{Config, KIND};
use crate::args::{ColorArgument, ModeArgument};
use crate::output::Complaints;
use crate::sets;

/// The longest file, in bytes.
const MAX_CONFIG_BYTES: u64 = 256 << 10;
/// The most entries of one list.
const MAX_ENTRIES: usize = 1000;
/// The standard input, which is nothing that a file can name.
const STDIN: &str = "-";

/// Every key, in the order of the documentation.
const KEYS: [&str; 21] = [
    "paths",
    "images",
    "artifacts",
    "ignore",
    "policies",
    "mode",
    "waivers",
    "baseline",
    "namespaceLabels",
    "namespace",
    "apiResources",
    "sboms",
    "sarif",
    "bundles",
    "offline",
    "formats",
    "failOn",
    "jobs",
    "color",
    "apiVersion",
    "kind",
];

/// What most files say, for who looks for a key.
const MOSTLY: [&str; 7] = ["paths", "ignore", "policies", "mode", "waivers", "failOn", "formats"];
/// Where every key is described.
const EVERY_KEY: &str = "policies/README.md#checkconfig";

/// What only flags and variables may say, with the reason: a change may edit the file in the pull request that it judges.
const REFUSED: [(&str, &str); 18] = [
    ("key", "whose signatures count; a policy set says it (`spec.trust`)"),
    ("certificateIdentity", "whose signatures count; a policy set says it (`spec.trust`)"),
    ("certificateOidcIssuer", "whose signatures count; a policy set says it (`spec.trust`)"),
    ("trustedRoot", "who vouches for signers; a policy set says it (`spec.trust`)"),
    ("registries", "which registries are asked, and with which credentials"),
    ("registryConfig", "which credentials are used"),
    ("registryCa", "who vouches for registries"),
    ("insecureRegistry", "which registries are asked without encryption"),
    ("privateRegistry", "which private addresses are dialled"),
    ("facts", "what evidence says"),
    ("time", "when waivers and signatures end"),
    ("cacheDir", "where code is kept that is run"),
    ("changedSince", "what is left unjudged"),
    ("quiet", "what is left unsaid"),
    ("config", "which file holds"),
    ("fix", "what is written into manifests"),
    ("patch", "what is written into manifests"),
    ("explain", "that nothing is judged"),
];

/// Reads the one document of a file that lies in `folder`.
pub(super) fn read(path: &Path, folder: PathBuf) -> Result<Config, Complaints> {
    let shown = path.display().to_string();
    let unread = |error: portcullis_check::error::Error| Complaints::one(error.to_string(), None, Some(error.hint()));
    let bytes = bytes::read(path, MAX_CONFIG_BYTES).map_err(unread)?;
    let limits = ReadLimits::own();
    let documents = decode(&shown, bytes, &limits).and_then(|source| read_yaml(&source, &limits))?;
    let [document] = &documents[..] else {
        let message = format!("`{shown}` holds {} documents, and must hold one {KIND}", documents.len());
        let hint = "put policy sets and waivers into files of their own, or say --no-config";
        return Err(Complaints::one(message, None, Some(hint.to_owned())));
    };
    sets::mask(document);
    let fields = Fields::new(document);
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
    let lost = |error| Complaints::one(format!("the folder of `{shown}` cannot be found: {error}"), None, None);
    let real = here.canonicalize().map_err(lost)?;
    let reader = Reader { fields: &fields, folder: &folder, real: &real, places: RefCell::default() };
    let config = reader.config();
    let places = reader.places.into_inner();
    let complaints = Complaints::of(fields.finish());
    if complaints.is_empty() { Ok(Config { shown, folder, places, ..config }) } else { Err(complaints) }
}

struct Reader<'r, 'd> {
    fields: &'r Fields<'d>,
    /// The folder of the file, from the current directory.
    folder: &'r Path,
    /// The same without links.
    real: &'r Path,
    places: RefCell<Vec<(PathBuf, Place)>>,
}

impl Reader<'_, '_> {
    fn config(&self) -> Config {
        let (fields, root) = (self.fields, NodeId::ROOT);
        if !is_of_kind(fields, KIND) {
            return Config::default();
        }
        self.refuse();
        let known: Vec<&str> = KEYS.iter().copied().chain(REFUSED.iter().map(|(key, _)| *key)).collect();
        fields.expect_map_or(root, &known, |key| match suggest(key, &KEYS) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => Some(format!("mostly used are {}; every key is in {EVERY_KEY}", MOSTLY.join(", "))),
        });
        for key in ["apiVersion", "kind"] {
            fields.required_text(root, key);
        }
        Config {
            paths: self.paths("paths"),
            images: self.texts("images"),
            artifacts: self.paths("artifacts"),
            ignore: self.texts("ignore"),
            policies: self.paths("policies"),
            mode: self.value("mode", |text| ModeArgument::from_str(text, false).ok(), &["sandbox", "compliance"]),
            waivers: self.paths("waivers"),
            baseline: fields.get(root, "baseline").and_then(|node| self.written(node)),
            namespace_labels: self.paths("namespaceLabels"),
            namespace: fields.get(root, "namespace").and_then(|node| fields.text(node)).map(str::to_owned),
            api_resources: self.paths("apiResources"),
            sboms: self.paths("sboms"),
            sarif: self.paths("sarif"),
            bundles: self.paths("bundles"),
            offline: fields.get(root, "offline").and_then(|node| fields.flag(node)).unwrap_or_default(),
            formats: self.formats(),
            fail_on: self.value("failOn", FailOn::parse, &FailOn::WORDS),
            jobs: self.jobs(),
            color: self.value("color", |text| ColorArgument::from_str(text, false).ok(), &["auto", "always", "never"]),
            ..Config::default()
        }
    }

    /// Complains about what only flags and variables may say.
    fn refuse(&self) {
        for (key, what) in REFUSED {
            if let Some(node) = self.fields.get(NodeId::ROOT, key) {
                let message = format!("`{key}` cannot stand here: a change could say by it {what}");
                self.fields.wrong_hint(node, message, "give it as a flag or a variable");
            }
        }
    }

    fn value<T: Copy>(&self, key: &str, parse: impl Fn(&str) -> Option<T>, words: &[&'static str]) -> Option<T> {
        let node = self.fields.get(NodeId::ROOT, key)?;
        let known: Vec<(&str, Option<T>)> = words.iter().map(|word| (*word, parse(word))).collect();
        self.fields.word(node, &known).flatten()
    }

    /// The entries of a list that says something: an empty one looks as if it did.
    fn list(&self, key: &str) -> Vec<NodeId> {
        let Some(items) = self.fields.list(NodeId::ROOT, key) else { return Vec::new() };
        let node = self.fields.document.find(NodeId::ROOT, key);
        if items.is_empty() {
            self.fields.wrong_hint(node, format!("`{key}` is empty"), "leave it out, or name something");
        }
        if let Some(&item) = items.get(MAX_ENTRIES) {
            self.fields.wrong(item, format!("`{key}` has more than {MAX_ENTRIES} entries"));
        }
        items.into_iter().take(MAX_ENTRIES).collect()
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).into_iter().filter_map(|node| Some(self.fields.text(node)?.to_owned())).collect()
    }

    fn paths(&self, key: &str) -> Vec<PathBuf> {
        let path = |node| {
            let path = self.path(node)?;
            self.places.borrow_mut().extend(self.fields.place(node).map(|place| (path.clone(), place)));
            Some(path)
        };
        self.list(key).into_iter().filter_map(path).collect()
    }

    /// A path in the folder of the file, from the current directory. It may lead out neither by its words nor by links: what
    /// lies outside is not for a change to name.
    fn path(&self, node: NodeId) -> Option<PathBuf> {
        let text = self.fields.text(node)?;
        let hint = "name something in the folder of this file, or say it by a flag";
        if text == STDIN {
            self.fields.wrong_hint(node, "the standard input cannot be named here", hint);
            return None;
        }
        let mut plain = PathBuf::new();
        for part in Path::new(text).components() {
            match part {
                Component::CurDir => {}
                Component::Normal(part) => plain.push(part),
                Component::ParentDir if plain.pop() => {}
                _ => {
                    self.fields.wrong_hint(node, format!("{} leads out of the folder of this file", quote(text)), hint);
                    return None;
                }
            }
        }
        let path = match plain.as_os_str().is_empty() {
            true => self.folder.to_path_buf(),
            false => self.folder.join(&plain),
        };
        // What is not there yet: its folder says where it would be.
        let mut there = self.real.join(&plain);
        while !there.exists() && there.pop() {}
        if there.canonicalize().is_ok_and(|real| !real.starts_with(self.real)) {
            self.fields.wrong_hint(node, format!("{} is a link out of the folder of this file", quote(text)), hint);
            return None;
        }
        Some(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
    }

    fn formats(&self) -> Vec<(String, Option<PathBuf>)> {
        let fields = self.fields;
        let mut formats = Vec::new();
        for item in self.list("formats") {
            let like = match fields.document.kind(item) {
                Kind::String => format!("{{format: {}}}", fields.document.text(item).escape_debug()),
                _ => "{format: sarif, output: portcullis.sarif}".to_owned(),
            };
            if !fields.expect_map_like(item, &["format", "output"], &like) {
                continue;
            }
            let name = fields.required_text(item, "format");
            if let Some(Err(error)) = name.map(str::parse::<Format>) {
                fields.wrong(fields.document.find(item, "format"), error.to_string());
            }
            let output = fields.get(item, "output").and_then(|node| self.output(node));
            formats.extend(name.map(|name| (name.to_owned(), output)));
        }
        formats
    }

    /// Where a result goes: nowhere that git, and so the next command, would obey.
    fn output(&self, node: NodeId) -> Option<PathBuf> {
        if self.fields.document.kind(node) == Kind::String && self.fields.document.text(node) == STDIN {
            return None;
        }
        self.written(node)
    }

    /// A file that is written, or may be.
    fn written(&self, node: NodeId) -> Option<PathBuf> {
        let path = self.path(node)?;
        // Also by a link that the repository holds: what is there, or the nearest folder of it, is looked at where it really is.
        let mut there = self.real.join(path.strip_prefix(self.folder).unwrap_or(&path));
        while !there.exists() && there.pop() {}
        let real = there.canonicalize().unwrap_or_default();
        if path
            .iter()
            .chain(real.strip_prefix(self.real).unwrap_or(&real))
            .any(|part| part.eq_ignore_ascii_case(".git"))
        {
            self.fields.wrong_hint(node, "a result cannot be written into `.git`", "choose another file");
            return None;
        }
        Some(path)
    }

    fn jobs(&self) -> Option<NonZero<usize>> {
        let node = self.fields.get(NodeId::ROOT, "jobs")?;
        if !self.fields.expect(node, Kind::Number, "a number of threads") {
            return None;
        }
        let jobs = self.fields.document.number_text(node).parse().ok();
        if jobs.is_none() {
            self.fields.wrong(node, "`jobs` must be a whole number from 1");
        }
        jobs
    }
}
