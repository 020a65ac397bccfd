//! Kubernetes' named formats: what is wrong with a text, in the words of apimachinery.

use crate::functions::Does;
use crate::machine::Machine;
use crate::regex::Pattern;
use crate::time::Moment;
use crate::value::Value;

/// The formats by their numbers; the names of Kubernetes' own values behind them.
const NAMES: [(&str, &str); 13] = [
    ("dns1123Label", "DNS1123Label"),
    ("dns1123Subdomain", "DNS1123Subdomain"),
    ("dns1035Label", "DNS1035Label"),
    ("qualifiedName", "QualifiedName"),
    ("dns1123LabelPrefix", "DNS1123LabelPrefix"),
    ("dns1123SubdomainPrefix", "DNS1123SubdomainPrefix"),
    ("dns1035LabelPrefix", "DNS1035LabelPrefix"),
    ("labelValue", "LabelValue"),
    ("uri", "URI"),
    ("uuid", "uuid"),
    ("byte", "byte"),
    ("date", "date"),
    ("datetime", "datetime"),
];

/// The number of a format.
pub(crate) fn number_of(name: &str) -> Option<u8> {
    NAMES.iter().position(|(known, _)| *known == name).map(|number| number as u8)
}

/// The name of a format.
pub fn name_of(number: u8) -> &'static str {
    NAMES.get(usize::from(number)).map_or("", |(_, name)| name)
}

/// A function on a format; nothing where it is another one.
pub(crate) fn call<'a>(machine: &mut Machine<'a>, does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    match (does, arguments) {
        (Does::FormatNamed, [name]) => {
            let format = number_of(name.as_text()?).map(Value::Format);
            Some(format.map_or(Value::Optional(None), Value::some))
        }
        (Does::Validate, [Value::Format(number), text]) => {
            let text = text.as_text()?;
            machine.work(text.len() as u64 / 8);
            let wrong = wrong(*number, text);
            if wrong.is_empty() {
                return Some(Value::Optional(None));
            }
            Some(Value::some(Value::list(wrong.into_iter().map(Value::text).collect())))
        }
        _ => None,
    }
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const OLD_LABEL: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

const LABEL_SAYS: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_SAYS: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const OLD_LABEL_SAYS: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const NAME_SAYS: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_SAYS: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// Everything that is wrong with a text.
fn wrong(number: u8, text: &str) -> Vec<String> {
    let masked =
        if text.ends_with('-') && text.len() > 1 { format!("{}a", &text[..text.len() - 1]) } else { text.into() };
    let simple = |fine: bool, says: &str| if fine { Vec::new() } else { vec![says.to_owned()] };
    match number {
        0 => label(text),
        1 => shaped(text, 253, SUBDOMAIN, SUBDOMAIN_SAYS, &["example.com"]),
        2 => shaped(text, 63, OLD_LABEL, OLD_LABEL_SAYS, &["my-name", "abc-123"]),
        3 => qualified(text),
        4 => label(&masked),
        5 => shaped(&masked, 253, SUBDOMAIN, SUBDOMAIN_SAYS, &["example.com"]),
        6 => shaped(&masked, 63, OLD_LABEL, OLD_LABEL_SAYS, &["my-name", "abc-123"]),
        7 => shaped(text, 63, LABEL_VALUE, LABEL_VALUE_SAYS, &["MyValue", "my_value", "12345"]),
        8 => simple(crate::url::is_url(text), "invalid URI for request"),
        9 => simple(is_uuid(text), "does not match the UUID format"),
        10 => simple(is_base64(text), "invalid base64"),
        11 => simple(is_date(text), "invalid date"),
        _ => simple(is_date_time(text), "invalid datetime"),
    }
}

fn fits(text: &str, shape: &str) -> bool {
    Pattern::compile(&format!("^{shape}$")).is_ok_and(|pattern| pattern.find(text, 0, false).0.is_some())
}

fn too_long(most: usize, of: &str) -> String {
    format!("must be no more than {most} {of}")
}

fn says(what: &str, shape: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}'")).collect();
    let examples = examples.join(",  or ");
    format!("{what} (e.g. {examples}, regex used for validation is '{shape}')")
}

fn shaped(text: &str, most: usize, shape: &str, what: &str, examples: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > most {
        // The words of two generations of apimachinery.
        let of = if shape == LABEL_VALUE { "bytes" } else { "characters" };
        wrong.push(too_long(most, of));
    }
    if !fits(text, shape) {
        wrong.push(says(what, shape, examples));
    }
    wrong
}

fn label(text: &str) -> Vec<String> {
    let mut wrong = shaped(text, 63, LABEL, LABEL_SAYS, &["my-name", "123-abc"]);
    if let Some(last) = wrong.last_mut()
        && last.starts_with(LABEL_SAYS)
        && fits(text, SUBDOMAIN)
    {
        "must not contain dots".clone_into(last);
    }
    wrong
}

fn qualified(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                let found = shaped(prefix, 253, SUBDOMAIN, SUBDOMAIN_SAYS, &["example.com"]);
                wrong.extend(found.into_iter().map(|what| format!("prefix part {what}")));
            }
            name
        }
        _ => {
            let says = says(NAME_SAYS, NAME, &["MyName", "my.name", "123-abc"]);
            wrong.push(format!(
                "a valid label key {says} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return wrong;
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push(format!("name part {}", too_long(63, "bytes")));
    }
    if !fits(name, NAME) {
        wrong.push(format!("name part {}", says(NAME_SAYS, NAME, &["MyName", "my.name", "123-abc"])));
    }
    wrong
}

fn is_uuid(text: &str) -> bool {
    fits(text, "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
}

fn is_base64(text: &str) -> bool {
    fits(text, "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Moment::parse(&format!("{text}T00:00:00Z")).is_some()
}

fn is_date_time(text: &str) -> bool {
    Moment::parse(&text.to_ascii_uppercase()).is_some()
}
