//! What somebody meant whose expression speaks another language: Python, JavaScript, Rego, a template of Go.

use crate::complaint::Complaint;
use crate::functions::MACROS;

/// Names of an object elsewhere, and words that are signs here, in small letters.
const NAMES: [(&[&str], &str); 5] = [
    (&["self", "this", "input", "resource", "manifest", "review"], "did you mean `object`?"),
    (&["not"], "write `!` in front of what it denies"),
    (&["none", "nil", "undefined"], "did you mean `null`?"),
    (&["true"], "did you mean `true`?"),
    (&["false"], "did you mean `false`?"),
];

/// Functions that are called otherwise here, in small letters.
const FUNCTIONS: [(&[&str], &str); 12] = [
    (&["len", "length", "count"], "did you mean `size`?"),
    (&["match", "regexmatch", "matchregex", "regex_match", "test"], "did you mean `matches`?"),
    (&["includes", "include"], "did you mean `contains`?"),
    (&["any", "some"], "did you mean `exists`?"),
    (&["every", "forall"], "did you mean `all`?"),
    (&["lower", "tolower", "tolowercase"], "did you mean `lowerAscii`?"),
    (&["upper", "toupper", "touppercase"], "did you mean `upperAscii`?"),
    (&["substr", "slice"], "did you mean `substring`?"),
    (&["hasprefix"], "did you mean `startsWith`?"),
    (&["hassuffix"], "did you mean `endsWith`?"),
    (&["str", "tostring"], "did you mean `string(..)`?"),
    (&["isempty", "empty"], "write `size(..) == 0`"),
];

/// What holds keys that are no names.
const MAPS: [&str; 4] = [".labels.", ".annotations.", ".matchLabels.", ".nodeSelector."];

fn found(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    table.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, way)| *way)
}

/// What to write instead of a name that means nothing here.
pub(crate) fn name(name: &str) -> Option<&'static str> {
    found(&NAMES, name)
}

/// What to write instead of a function that there is not.
pub(crate) fn function(name: &str, member: bool) -> Option<String> {
    match name {
        "has" if member => Some("write `has(a.b)`, or `'b' in a`".to_owned()),
        "not" => Some("write `!(..)`".to_owned()),
        _ if !member && MACROS.contains(&name) => {
            Some(format!("it is called on a list, as in `object.spec.containers.{name}(c, ..)`"))
        }
        _ => found(&FUNCTIONS, name).map(str::to_owned),
    }
}

/// The complaint about a name that stands where something else went wrong before it.
pub(crate) fn slip(text: &str, complaint: Complaint) -> Complaint {
    let before = text.get(..complaint.at).unwrap_or_default();
    let ends = |holder: &&str| holder.ends_with(|c: char| c.is_ascii_alphanumeric() || "_])".contains(c));
    if let Some(holder) = before.strip_suffix("?.").filter(ends) {
        let rest = &text[complaint.at..];
        let name = &rest[..rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len())];
        return Complaint::new(holder.len(), format!("write `.?{name}` instead of `?.{name}`"));
    }
    if !complaint.message.starts_with("there is no `") {
        return complaint;
    }
    keyed(text, complaint.at).unwrap_or(complaint)
}

/// `labels.app.kubernetes.io/name`, which divides, and `labels.my-app`, which subtracts.
fn keyed(text: &str, at: usize) -> Option<Complaint> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let start = text[..at].rfind(|c| !part(c)).map_or(0, |found| found + 1);
    let end = text[at..].find(|c| !part(c)).map_or(text.len(), |found| at + found);
    let chain = &text[start..end];
    let (from, map) = MAPS.iter().find_map(|map| Some((chain.find(map)?, map)))?;
    let (holder, mut key) = (&chain[..from + map.len() - 1], &chain[from + map.len()..]);
    if text[end..].starts_with('(') {
        key = key.rsplit_once('.')?.0;
    }
    let meant = key.contains(['/', '-']) && start + from + map.len() < at;
    let place = start + from + map.len();
    meant.then(|| {
        Complaint::new(place, format!("a key that is no name stands in brackets and quotes: write `{holder}['{key}']`"))
    })
}
