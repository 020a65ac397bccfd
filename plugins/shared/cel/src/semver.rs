//! Versions after semver.org.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::functions::Does;
use crate::value::Value;

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semver {
    numbers: [u64; 3],
    /// What stands before the release, part by part.
    before: Vec<Part>,
    build: String,
}

/// A part of what stands before a release: numbers come before names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Name(String),
}

fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() <= 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl Semver {
    /// Reads one strictly.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
        let rest = parts.next()?;
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
        let (patch, before) = rest.split_once('-').map_or((rest, None), |(patch, before)| (patch, Some(before)));
        let part = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => number(text).map(Part::Number),
            false => is_name(text).then(|| Part::Name(text.to_owned())),
        };
        let before = before.map(|before| before.split('.').map(part).collect::<Option<Vec<_>>>());
        let before = match before {
            Some(parts) => parts?,
            None => Vec::new(),
        };
        if build.is_some_and(|build| !build.split('.').all(is_name)) {
            return None;
        }
        let numbers = [major, minor, number(patch)?];
        Some(Self { numbers, before, build: build.unwrap_or_default().to_owned() })
    }

    /// Reads one that may begin with `v`, be short or have leading zeros.
    fn tolerant(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts: Vec<String> = text.splitn(3, '.').map(str::to_owned).collect();
        for part in parts.iter_mut().filter(|part| part.len() > 1) {
            let trimmed = part.trim_start_matches('0');
            let digit = trimmed.bytes().next().is_some_and(|b| b.is_ascii_digit());
            *part = if digit { trimmed.to_owned() } else { format!("0{trimmed}") };
        }
        if parts.len() < 3 && parts.last()?.contains(['+', '-']) {
            return None;
        }
        while parts.len() < 3 {
            parts.push("0".to_owned());
        }
        Self::parse(&parts.join("."))
    }

    /// Which comes first; builds do not count.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.before.is_empty(), other.before.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.before.cmp(&other.before),
        })
    }

    /// As it is written.
    pub fn shown(&self) -> String {
        let [major, minor, patch] = self.numbers;
        let mut text = format!("{major}.{minor}.{patch}");
        for (position, part) in self.before.iter().enumerate() {
            text.push(if position == 0 { '-' } else { '.' });
            match part {
                Part::Number(number) => text.push_str(&number.to_string()),
                Part::Name(name) => text.push_str(name),
            }
        }
        if !self.build.is_empty() {
            text.push('+');
            text.push_str(&self.build);
        }
        text
    }
}

/// A function on a version; nothing where it is another one.
pub(crate) fn call<'a>(does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    if matches!(does, Does::Semver | Does::IsSemver) {
        let text = arguments.first()?.as_text()?;
        let found = match arguments.get(1) {
            None | Some(Value::Bool(false)) => Semver::parse(text),
            Some(Value::Bool(true)) => Semver::tolerant(text),
            Some(_) => return None,
        };
        return Some(match (does, found) {
            (Does::IsSemver, found) => Value::Bool(found.is_some()),
            (_, Some(version)) => Value::Semver(Rc::new(version)),
            (_, None) => Value::error(format!("`{text}` is no semantic version")),
        });
    }
    let Some(Value::Semver(version)) = arguments.first() else { return None };
    let part = |position: usize| Some(Value::Int(version.numbers[position] as i64));
    match (does, arguments) {
        (Does::Major, [_]) => part(0),
        (Does::Minor, [_]) => part(1),
        (Does::Patch, [_]) => part(2),
        (does, [_, Value::Semver(other)]) => ordered(does, version.compare(other)),
        _ => None,
    }
}

/// What `isLessThan`, `isGreaterThan` and `compareTo` say.
pub(crate) fn ordered<'a>(does: Does, order: Ordering) -> Option<Value<'a>> {
    match does {
        Does::IsLessThan => Some(Value::Bool(order == Ordering::Less)),
        Does::IsGreaterThan => Some(Value::Bool(order == Ordering::Greater)),
        Does::CompareTo => Some(Value::Int(order as i64)),
        _ => None,
    }
}
