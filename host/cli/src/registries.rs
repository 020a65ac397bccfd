//! The registries of an operator as a file: which are allowed, where they are, whom to trust, and who may come in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portcullis_model::{Kind, NodeId, Place};
use portcullis_policies::{Fields, is_of_kind, quote};
use portcullis_registry::{Mirror, Proxy, Repository};

use crate::output::Complaints;
use crate::sets;

/// Registries on the list of allowed ones.
pub const MAX_ALLOWED: usize = 256;
/// Hosts of one file.
pub const MAX_HOSTS: usize = 256;
/// Mirrors of one host.
pub const MAX_MIRRORS: usize = 8;
/// Token services of one host.
pub const MAX_TOKEN_HOSTS: usize = 16;
/// Files with credentials.
pub const MAX_CREDENTIAL_FILES: usize = 32;

/// The kind of the document.
pub const KIND: &str = "Registries";

/// What the file says; whatever it does not say is for the flags to say. Paths start at its own folder.
#[derive(Debug, Default)]
pub struct Registries {
    /// `allowed`
    pub allowed: Option<Vec<String>>,
    /// `hosts`, by their names as registries know them.
    pub hosts: BTreeMap<String, HostRule>,
    /// `proxy`
    pub proxy: ProxyRule,
    /// `caFile`
    pub ca_file: Option<PathBuf>,
    /// `onlyCA`
    pub only_ca: bool,
    /// `credentials`
    pub credentials: Option<Vec<PathBuf>>,
}

/// One of `hosts`.
#[derive(Debug, Default)]
pub struct HostRule {
    /// `plainHTTP`
    pub plain_http: Option<bool>,
    /// `privateAddresses`
    pub private_addresses: Option<bool>,
    /// `caFile`
    pub ca_file: Option<PathBuf>,
    /// `tokenHosts`
    pub token_hosts: Vec<String>,
    /// `mirrors`
    pub mirrors: Vec<Mirror>,
    /// `onlyMirrors`
    pub only_mirrors: bool,
    /// Where it stands.
    pub place: Option<Place>,
}

/// The `proxy`.
#[derive(Debug, Default)]
pub enum ProxyRule {
    /// What `HTTPS_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// Nobody.
    None,
    /// This one.
    Given(Proxy),
}

impl Registries {
    /// Reads the one document of a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn read(path: &Path) -> Result<Self, Complaints> {
        if path.is_dir() {
            let message = format!("`{}` is a directory; name the file in it", path.display());
            return Err(Complaints::one(message, None, None));
        }
        let documents = sets::documents_below(&[path.to_path_buf()])?;
        let [document] = &documents[..] else {
            let message = format!("`{}` holds {} documents, and must hold one {KIND}", path.display(), documents.len());
            return Err(Complaints::one(message, None, None));
        };
        let fields = Fields::new(document);
        let mut registries = read(&fields).unwrap_or_default();
        let complaints = Complaints::of(fields.finish());
        if !complaints.is_empty() {
            return Err(complaints);
        }
        registries.anchor(path.parent().unwrap_or(Path::new("")));
        Ok(registries)
    }

    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let own = self.hosts.values().filter_map(|host| host.ca_file.as_ref());
        self.ca_file.iter().chain(own).chain(self.credentials.iter().flatten())
    }

    fn anchor(&mut self, folder: &Path) {
        let own = self.hosts.values_mut().filter_map(|host| host.ca_file.as_mut());
        for path in self.ca_file.iter_mut().chain(own).chain(self.credentials.iter_mut().flatten()) {
            *path = folder.join(&*path);
        }
    }
}

fn read(fields: &Fields<'_>) -> Option<Registries> {
    if !is_of_kind(fields, KIND) {
        return None;
    }
    let root = NodeId::ROOT;
    fields.expect_map(root, &["apiVersion", "kind", "metadata", "spec"]);
    for key in ["apiVersion", "kind"] {
        fields.required_text(root, key);
    }
    if let Some(metadata) = fields.get(root, "metadata") {
        fields.expect_map(metadata, &["name", "labels", "annotations"]);
    }
    let spec = fields.required(root, "spec")?;
    if !fields.expect_map(spec, &["allowed", "hosts", "proxy", "caFile", "onlyCA", "credentials"]) {
        return None;
    }
    let registries = Registries {
        allowed: read_allowed(fields, spec),
        hosts: read_hosts(fields, spec),
        proxy: fields.get(spec, "proxy").and_then(|node| read_proxy(fields, node)).unwrap_or_default(),
        ca_file: file(fields, spec, "caFile"),
        only_ca: flag(fields, spec, "onlyCA").unwrap_or(false),
        credentials: read_credentials(fields, spec),
    };
    Some(registries)
}

/// `[ghcr.io, "*.registry.example"]`
fn read_allowed(fields: &Fields<'_>, spec: NodeId) -> Option<Vec<String>> {
    let written = fields.texts(spec, "allowed")?;
    let node = fields.document.find(spec, "allowed");
    if written.is_empty() {
        let hint = "name the registries, leave `allowed` out for all of them, or say --offline";
        fields.wrong_hint(node, "`allowed` is empty, so that no registry could ever be asked", hint);
    }
    at_most(fields, node, written.len(), MAX_ALLOWED, "allowed registries");
    let one = |(node, text): (NodeId, &str)| {
        if text == "*" {
            fields.wrong_hint(node, "`*` allows everything", "leave `allowed` out for that");
            return None;
        }
        let (wild, name) = text.strip_prefix("*.").map_or(("", text), |name| ("*.", name));
        Some(format!("{wild}{}", host_name(fields, node, name)?))
    };
    Some(written.into_iter().filter_map(one).collect())
}

fn read_hosts(fields: &Fields<'_>, spec: NodeId) -> BTreeMap<String, HostRule> {
    let items = fields.list(spec, "hosts").unwrap_or_default();
    at_most(fields, fields.document.find(spec, "hosts"), items.len(), MAX_HOSTS, "hosts");
    let mut hosts = BTreeMap::new();
    let mut dialled = BTreeSet::new();
    for node in items.into_iter().take(MAX_HOSTS) {
        let Some((name, rule)) = read_host(fields, node) else { continue };
        let port = if rule.plain_http == Some(true) { ":80" } else { ":443" };
        if !dialled.insert(name.strip_suffix(port).unwrap_or(&name).to_owned()) {
            fields.wrong(fields.document.find(node, "host"), format!("a second host {}", quote(&name)));
        }
        hosts.insert(name, rule);
    }
    hosts
}

fn read_host(fields: &Fields<'_>, node: NodeId) -> Option<(String, HostRule)> {
    let known = ["host", "plainHTTP", "privateAddresses", "caFile", "tokenHosts", "mirrors", "onlyMirrors"];
    if !fields.expect_map(node, &known) {
        return None;
    }
    let name = fields.required_text(node, "host").and_then(|text| {
        let found = fields.document.find(node, "host");
        host_name(fields, found, text)
    });
    let rule = HostRule {
        plain_http: flag(fields, node, "plainHTTP"),
        private_addresses: flag(fields, node, "privateAddresses"),
        ca_file: file(fields, node, "caFile"),
        token_hosts: read_token_hosts(fields, node),
        mirrors: read_mirrors(fields, node, name.as_deref()),
        only_mirrors: flag(fields, node, "onlyMirrors").unwrap_or(false),
        place: fields.place(node),
    };
    if rule.plain_http == Some(true) && rule.ca_file.is_some() {
        let message = "plain HTTP shows no certificate that `caFile` could vouch for";
        fields.wrong_hint(fields.document.find(node, "caFile"), message, "leave out one of `plainHTTP` and `caFile`");
    }
    if rule.only_mirrors && fields.get(node, "mirrors").is_none_or(|found| fields.document.len(found) == 0) {
        let message = "`onlyMirrors` leaves nobody to ask: there are no `mirrors`";
        fields.wrong(fields.document.find(node, "onlyMirrors"), message);
    }
    Some((name?, rule))
}

fn read_token_hosts(fields: &Fields<'_>, node: NodeId) -> Vec<String> {
    let written = fields.texts(node, "tokenHosts").unwrap_or_default();
    at_most(
        fields,
        fields.document.find(node, "tokenHosts"),
        written.len(),
        MAX_TOKEN_HOSTS,
        "token services of a host",
    );
    written.into_iter().filter_map(|(node, text)| host_name(fields, node, text)).collect()
}

/// `[{host: mirror.example, prefix: hub}]`
fn read_mirrors(fields: &Fields<'_>, node: NodeId, of: Option<&str>) -> Vec<Mirror> {
    let items = fields.list(node, "mirrors").unwrap_or_default();
    at_most(fields, fields.document.find(node, "mirrors"), items.len(), MAX_MIRRORS, "mirrors of a host");
    let mut mirrors = Vec::new();
    for node in items {
        if !fields.expect_map(node, &["host", "prefix"]) {
            continue;
        }
        let Some(text) = fields.required_text(node, "host") else { continue };
        let Some(host) = host_name(fields, fields.document.find(node, "host"), text) else { continue };
        let prefix = fields.get(node, "prefix").and_then(|found| {
            let text = fields.text(found)?;
            if let Err(error) = Repository::new(&host, text) {
                fields.wrong(found, error.to_string());
            }
            Some(text.to_owned())
        });
        let mirror = Mirror { host, prefix: prefix.unwrap_or_default() };
        if of == Some(mirror.host.as_str()) && mirror.prefix.is_empty() {
            fields.wrong(node, format!("{} is a mirror of itself", quote(&mirror.host)));
        }
        if mirrors.contains(&mirror) {
            fields.wrong(node, format!("a second mirror {}", quote(&mirror.host)));
        }
        mirrors.push(mirror);
    }
    mirrors
}

/// `env`, `none`, or `{url: .., noProxy: ..}`
fn read_proxy(fields: &Fields<'_>, node: NodeId) -> Option<ProxyRule> {
    if fields.document.kind(node) == Kind::String {
        return match fields.word(node, &[("env", true), ("none", false)])? {
            true => Some(ProxyRule::Environment),
            false => Some(ProxyRule::None),
        };
    }
    if !fields.expect_map(node, &["url", "noProxy"]) {
        return None;
    }
    let url = fields.required_text(node, "url")?;
    let exceptions: Vec<&str> = match fields.get(node, "noProxy") {
        Some(found) if fields.document.kind(found) == Kind::String => vec![fields.document.text(found)],
        _ => fields.texts(node, "noProxy").unwrap_or_default().into_iter().map(|(_, text)| text).collect(),
    };
    match Proxy::new(url, &exceptions.join(",")) {
        Ok(proxy) => Some(ProxyRule::Given(proxy)),
        Err(error) => {
            // It says what is wrong and nothing of the text, in which there may be a password.
            fields.wrong(fields.document.find(node, "url"), error.to_string());
            None
        }
    }
}

fn read_credentials(fields: &Fields<'_>, spec: NodeId) -> Option<Vec<PathBuf>> {
    let written = fields.texts(spec, "credentials")?;
    let node = fields.document.find(spec, "credentials");
    at_most(fields, node, written.len(), MAX_CREDENTIAL_FILES, "files with credentials");
    Some(written.into_iter().filter_map(|(node, _)| fields.text(node).map(PathBuf::from)).collect())
}

fn file(fields: &Fields<'_>, node: NodeId, key: &str) -> Option<PathBuf> {
    fields.get(node, key).and_then(|found| fields.text(found)).map(PathBuf::from)
}

fn flag(fields: &Fields<'_>, node: NodeId, key: &str) -> Option<bool> {
    fields.get(node, key).and_then(|found| fields.flag(found))
}

/// The name of a registry as all of us write it.
fn host_name(fields: &Fields<'_>, node: NodeId, text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let hint = match scheme {
            "http" => format!("write {} and `plainHTTP: true`", quote(rest.trim_end_matches('/'))),
            _ => format!("write {}", quote(rest.trim_end_matches('/'))),
        };
        fields.wrong_hint(node, format!("{} is a URL and no host", quote(text)), hint);
        return None;
    }
    match Repository::new(text, "any") {
        Ok(repository) => Some(repository.registry().to_owned()),
        Err(error) => {
            fields.wrong_hint(node, error.to_string(), "write `host` or `host:port`");
            None
        }
    }
}

fn at_most(fields: &Fields<'_>, node: NodeId, count: usize, limit: usize, what: &str) {
    if count > limit {
        fields.wrong(node, format!("more than {limit} {what}"));
    }
}
