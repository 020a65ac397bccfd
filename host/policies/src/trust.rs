//! The `trust` of a policy set: whose signatures count, by the names that policies use.

use portcullis_model::{KeyRule, KeySource, NodeId, Presence, TrustRoot, TrustRule, parse_expiry};

use crate::error::quote;
use crate::fields::Fields;

/// Trusts of one set.
pub const MAX_TRUSTS: usize = 64;
/// Keys of one trust.
pub const MAX_KEYS: usize = 64;

/// The words for what is asked of a log entry or a timestamp.
const REQUIREMENTS: [(&str, Presence); 3] =
    [("required", Presence::Required), ("optional", Presence::Optional), ("forbidden", Presence::Forbidden)];
/// The roots that the product carries.
const BUILTINS: [(&str, TrustRoot); 1] = [("sigstore", TrustRoot::SigstorePublic)];
const PEM_HEAD: &str = "-----BEGIN PUBLIC KEY-----";

/// `trust: [{name: release, root: {builtin: sigstore}, keys: [{name: old, file: cosign.pub}], log: required}]`.
pub(crate) fn read_trust(fields: &Fields, spec: NodeId) -> Vec<TrustRule> {
    let items = fields.list(spec, "trust").unwrap_or_default();
    if let Some(&node) = items.get(MAX_TRUSTS) {
        fields.wrong(node, format!("more than {MAX_TRUSTS} trusts in one set"));
    }
    let mut names = Vec::new();
    items.into_iter().take(MAX_TRUSTS).filter_map(|node| read_one(fields, node, &mut names)).collect()
}

fn read_one<'d>(fields: &Fields<'d>, node: NodeId, names: &mut Vec<&'d str>) -> Option<TrustRule> {
    if !fields.expect_map(node, &["name", "root", "keys", "log", "timestamp"]) {
        return None;
    }
    let name = read_name(fields, node, names, "trust");
    let root_node = fields.get(node, "root");
    let root = root_node.and_then(|found| read_root(fields, found));
    let items = fields.list(node, "keys").unwrap_or_default();
    if let Some(&node) = items.get(MAX_KEYS) {
        fields.wrong(node, format!("more than {MAX_KEYS} keys in one trust"));
    }
    let nobody = root_node.is_none() && items.is_empty();
    if nobody {
        let hint = "give `root: {builtin: sigstore}`, `root: {file: ..}`, or `keys: [{name: .., file: ..}]`";
        fields.wrong_hint(node, format!("{} trusts nobody", fields.name(node)), hint);
    }
    let mut key_names = Vec::new();
    let keys = items.into_iter().take(MAX_KEYS).filter_map(|key| read_key(fields, key, &mut key_names)).collect();
    let requirement = |key: &str, usual| {
        let Some(found) = fields.get(node, key) else { return usual };
        let read = fields.word(found, &REQUIREMENTS).unwrap_or(usual);
        if read == Presence::Required && root_node.is_none() && !nobody {
            let hint = "only a `root` says which logs and authorities there are; give one, or leave this out";
            fields.wrong_hint(found, format!("{} cannot be required without a `root`", quote(key)), hint);
        }
        read
    };
    // Keys alone sign without a log; certificates are worth nothing without one.
    let usual = if root_node.is_some() { Presence::Required } else { Presence::Optional };
    let (log, timestamp) = (requirement("log", usual), requirement("timestamp", Presence::Optional));
    Some(TrustRule { name: name?.to_owned(), root, keys, log, timestamp, place: fields.place(node) })
}

fn read_name<'d>(fields: &Fields<'d>, node: NodeId, names: &mut Vec<&'d str>, what: &str) -> Option<&'d str> {
    let name = fields.required_text(node, "name")?;
    if names.contains(&name) {
        fields.wrong(fields.document.find(node, "name"), format!("a second {what} {}", quote(name)));
    }
    names.push(name);
    Some(name)
}

fn read_root(fields: &Fields, node: NodeId) -> Option<TrustRoot> {
    if !fields.expect_map(node, &["builtin", "file"]) {
        return None;
    }
    match (fields.get(node, "builtin"), fields.get(node, "file")) {
        (Some(builtin), None) => {
            let words = BUILTINS.each_ref().map(|(word, _)| (*word, *word));
            let word = fields.word(builtin, &words)?;
            BUILTINS.iter().find(|(known, _)| *known == word).map(|(_, root)| root.clone())
        }
        (None, Some(file)) => fields.text(file).map(|path| TrustRoot::File(path.into())),
        _ => {
            fields.wrong_hint(node, "`root` needs one source", "write one of `{builtin: sigstore}` and `{file: ..}`");
            None
        }
    }
}

fn read_key<'d>(fields: &Fields<'d>, node: NodeId, names: &mut Vec<&'d str>) -> Option<KeyRule> {
    if !fields.expect_map(node, &["name", "pem", "file", "directory", "notBefore", "notAfter", "revoked"]) {
        return None;
    }
    let directory = fields.get(node, "directory");
    let name = match directory {
        // Its keys are called like their files.
        Some(_) => Some(""),
        None => read_name(fields, node, names, "key"),
    };
    let source = match (fields.get(node, "pem"), fields.get(node, "file"), directory) {
        (None, None, Some(directory)) => {
            if let Some(named) = fields.get(node, "name") {
                fields.wrong(named, "the keys of a directory are called like their files; leave `name` out");
            }
            fields.text(directory).map(|path| KeySource::Directory(path.into()))
        }
        (Some(pem), None, None) => fields.text(pem).map(|text| {
            if !text.trim_start().starts_with(PEM_HEAD) {
                let hint = "write the public key as PEM, as `cosign public-key` prints it";
                fields.wrong_hint(pem, format!("`pem` does not begin with `{PEM_HEAD}`"), hint);
            }
            KeySource::Inline(text.to_owned())
        }),
        (None, Some(file), None) => fields.text(file).map(|path| KeySource::File(path.into())),
        _ => {
            let message = format!("{} needs one source", fields.name(node));
            fields.wrong_hint(node, message, "write one of `pem`, `file` and `directory`");
            None
        }
    };
    let (not_before, not_after) = (read_time(fields, node, "notBefore"), read_time(fields, node, "notAfter"));
    if let (Some(begin), Some(end)) = (not_before, not_after)
        && end <= begin
    {
        fields.wrong(
            fields.document.find(node, "notAfter"),
            "`notAfter` is not after `notBefore`, so the key never counts",
        );
    }
    let revoked = fields.get(node, "revoked").and_then(|found| fields.flag(found)).unwrap_or(false);
    Some(KeyRule { name: name?.to_owned(), source: source?, not_before, not_after, revoked })
}

/// The beginning of a day for `notBefore`, its end for `notAfter`; or a time.
fn read_time(fields: &Fields, node: NodeId, key: &str) -> Option<i64> {
    const DAY: i64 = 86_400;
    let found = fields.get(node, key)?;
    let text = fields.text(found)?;
    let is_date = text.len() == 10;
    let time = parse_expiry(text).map(|end| if is_date && key == "notBefore" { end - DAY } else { end });
    if time.is_none() {
        let hint = "write a date such as `2026-12-31`, or a time such as `2026-12-31T12:00:00Z`";
        fields.wrong_hint(found, format!("{} is no time", quote(text)), hint);
    }
    time
}

#[cfg(test)]
mod tests {
    use portcullis_model::{KeySource, Presence, TrustRoot, format_time};

    use crate::sample::yaml;
    use crate::set::parse_set;

    fn read(trust: &str) -> Result<Vec<portcullis_model::TrustRule>, String> {
        let text = format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n  policies: []\n  trust: {trust}\n"
        );
        let read = parse_set(&yaml(&text)).map(|loaded| loaded.set.trust);
        read.map_err(|complaints| complaints.iter().map(|complaint| format!("{complaint}\n")).collect())
    }

    #[test]
    fn reads_roots_and_keys_with_their_windows() {
        let trust = read(
            "[{name: public, root: {builtin: sigstore}}, {name: own, root: {file: root.json}, log: optional, timestamp: required},
              {name: keys, keys: [{name: new, file: cosign.pub, notBefore: '2026-01-01', notAfter: '2026-12-31'},
              {name: old, pem: '-----BEGIN PUBLIC KEY-----', revoked: true}]}]",
        )
        .expect("a set");
        assert_eq!((trust[0].root.clone(), trust[0].log), (Some(TrustRoot::SigstorePublic), Presence::Required));
        assert_eq!(trust[1].root, Some(TrustRoot::File("root.json".into())));
        assert_eq!((trust[1].log, trust[1].timestamp), (Presence::Optional, Presence::Required));
        assert_eq!((trust[2].log, trust[2].timestamp), (Presence::Optional, Presence::Optional));
        let [new, old] = &trust[2].keys[..] else { panic!("{:?}", trust[2].keys) };
        assert_eq!(new.source, KeySource::File("cosign.pub".into()));
        assert_eq!(new.not_before.map(format_time).as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(new.not_after.map(format_time).as_deref(), Some("2027-01-01T00:00:00Z"));
        assert!(old.revoked && !new.revoked);
        let directory = read("[{name: all, keys: [{directory: keys, notAfter: '2026-12-31'}]}]").expect("a set");
        assert_eq!(directory[0].keys[0].source, KeySource::Directory("keys".into()));
    }

    #[test]
    fn refuses_what_could_never_trust_anybody_or_says_two_things() {
        for (trust, complaint) in [
            ("[{name: a}]", "trusts nobody"),
            ("[{name: a, keys: []}]", "trusts nobody"),
            ("[{name: a, root: {}}]", "`root` needs one source"),
            ("[{name: a, root: {builtin: sigstore, file: b}}]", "`root` needs one source"),
            ("[{name: a, root: {builtin: sigstor}}]", "`builtin` cannot be `sigstor`"),
            ("[{name: a, keys: [{name: k}]}]", "`keys[0]` needs one source"),
            ("[{name: a, keys: [{name: k, directory: d}]}]", "called like their files"),
            ("[{name: a, keys: [{directory: d, file: f}]}]", "needs one source"),
            ("[{name: a, keys: [{name: k, pem: x}]}]", "does not begin with"),
            ("[{name: a, keys: [{name: k, file: x}, {name: k, file: y}]}]", "a second key `k`"),
            ("[{name: a, keys: [{name: k, file: x}], log: required}]", "`log` cannot be required without a `root`"),
            ("[{name: a, keys: [{name: k, file: x, notAfter: soon}]}]", "`soon` is no time"),
            (
                "[{name: a, keys: [{name: k, file: x, notBefore: '2026-02-01', notAfter: '2026-01-01'}]}]",
                "never counts",
            ),
            ("[{name: a, root: {builtin: sigstore}, tlog: optional}]", "unknown field `tlog`"),
            ("[{name: a, root: {builtin: sigstore}}, {name: a, root: {builtin: sigstore}}]", "a second trust `a`"),
            ("{name: a}", "`trust` must be a list"),
        ] {
            let said = read(trust).expect_err(trust);
            assert!(said.contains(complaint), "{trust}: {said}");
        }
    }
}
