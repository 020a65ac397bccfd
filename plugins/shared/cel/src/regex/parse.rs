//! The syntax of patterns: RE2's, as Go's `regexp` takes it, without classes of Unicode.

use crate::regex::class::{folded, perl, posix, sorted, without};
use crate::regex::{Assert, MOST_STATES, State};

/// The most times that something may be repeated by numbers.
const MOST_REPEATS: u32 = 1_000;
/// How deep groups may be nested.
const MOST_GROUPS: usize = 200;

/// What `(?..)` switches on and off.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
    lazy: bool,
}

/// A group under way: alternatives that are done, the one at work, and where its last part begins.
#[derive(Default)]
struct Group {
    done: Vec<Vec<State>>,
    now: Vec<State>,
    last: Option<usize>,
    /// How often what is repeated was repeated already: `a**` is refused.
    repeated: bool,
    flags: Flags,
}

struct Parser<'p> {
    rest: &'p str,
    flags: Flags,
    groups: Vec<Group>,
    size: usize,
}

/// The states of a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Vec<State>, String> {
    let mut parser = Parser { rest: pattern, flags: Flags::default(), groups: vec![Group::default()], size: 0 };
    while let Some(c) = parser.next() {
        parser.one(c)?;
    }
    match parser.groups.len() {
        1 => {}
        _ => return Err("missing closing )".to_owned()),
    }
    let mut states = parser.groups.pop().map(alternatives).unwrap_or_default();
    states.push(State::Match);
    if states.len() > MOST_STATES {
        return Err(too_big());
    }
    Ok(states)
}

fn too_big() -> String {
    format!("it has more than {MOST_STATES} states")
}

/// One after the other, the first written first.
fn alternatives(mut group: Group) -> Vec<State> {
    let mut joined = group.now;
    while let Some(one) = group.done.pop() {
        let mut states = vec![State::Split(1, one.len() as i32 + 2)];
        let over = joined.len() as i32 + 1;
        states.extend(one);
        states.push(State::Jump(over));
        states.extend(joined);
        joined = states;
    }
    joined
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn group(&mut self) -> Result<&mut Group, String> {
        self.groups.last_mut().ok_or_else(|| "unexpected )".to_owned())
    }

    fn push(&mut self, states: Vec<State>) -> Result<(), String> {
        self.size += states.len();
        // A pattern is judged before it has become too big to be judged.
        if self.size > MOST_STATES * 4 {
            return Err(too_big());
        }
        let group = self.group()?;
        group.last = Some(group.now.len());
        group.repeated = false;
        group.now.extend(states);
        Ok(())
    }

    fn one(&mut self, c: char) -> Result<(), String> {
        match c {
            '(' => self.open(),
            ')' => self.close(),
            '|' => {
                let group = self.group()?;
                let now = std::mem::take(&mut group.now);
                group.done.push(now);
                group.last = None;
                Ok(())
            }
            '*' => self.repeat(0, None, "*"),
            '+' => self.repeat(1, None, "+"),
            '?' => self.repeat(0, Some(1), "?"),
            '{' => match self.counts() {
                Some((least, most)) => {
                    if least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS || most < least) {
                        return Err("invalid repeat count".to_owned());
                    }
                    self.repeat(least, most, "{..}")
                }
                None => self.literal('{'),
            },
            '.' => {
                let set = if self.flags.dot_all { Vec::new() } else { vec![(10, 10)] };
                self.push(vec![State::Class(without(set))])
            }
            '^' => self.assert(if self.flags.lines { Assert::LineBegin } else { Assert::Begin }),
            '$' => self.assert(if self.flags.lines { Assert::LineEnd } else { Assert::End }),
            '[' => {
                let set = self.class()?;
                self.push(vec![State::Class(set)])
            }
            '\\' => self.escape(),
            c => self.literal(c),
        }
    }

    fn assert(&mut self, assert: Assert) -> Result<(), String> {
        self.push(vec![State::Assert(assert)])
    }

    fn literal(&mut self, c: char) -> Result<(), String> {
        let state = if self.flags.fold {
            let set = sorted(folded(vec![(c as u32, c as u32)]));
            if set == [(c as u32, c as u32)] { State::Char(c) } else { State::Class(set) }
        } else {
            State::Char(c)
        };
        self.push(vec![state])
    }

    fn open(&mut self) -> Result<(), String> {
        if self.groups.len() > MOST_GROUPS {
            return Err(format!("groups are nested more than {MOST_GROUPS} deep"));
        }
        let before = self.flags;
        if self.take("?") {
            if self.take("P<") || (self.take("<") && !self.rest.starts_with(['=', '!'])) {
                let end = self.rest.find('>').ok_or("invalid named capture")?;
                let name = &self.rest[..end];
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return Err("invalid named capture".to_owned());
                }
                self.rest = &self.rest[end + 1..];
            } else if !self.flags()? {
                // `(?i)`: until the group ends.
                return Ok(());
            }
        }
        self.groups.push(Group { flags: before, ..Group::default() });
        Ok(())
    }

    /// Reads flags; whether a group follows.
    fn flags(&mut self) -> Result<bool, String> {
        let (mut on, mut any) = (true, false);
        loop {
            let wrong = || "invalid or unsupported Perl syntax".to_owned();
            match self.next().ok_or_else(wrong)? {
                'i' => self.flags.fold = on,
                'm' => self.flags.lines = on,
                's' => self.flags.dot_all = on,
                'U' => self.flags.lazy = on,
                '-' if on => {
                    on = false;
                    any = false;
                    continue;
                }
                ':' if on || any => return Ok(true),
                ')' if any => return Ok(false),
                _ => return Err(wrong()),
            }
            any = true;
        }
    }

    fn close(&mut self) -> Result<(), String> {
        let group = self.groups.pop().ok_or("unexpected )")?;
        if self.groups.is_empty() {
            return Err("unexpected )".to_owned());
        }
        self.flags = group.flags;
        let states = alternatives(group);
        self.push(states)
    }

    /// Reads what stands between `{` and `}`, if it is a repetition.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let end = self.rest.find('}')?;
        let inner = &self.rest[..end];
        let (least, most) = inner.split_once(',').map_or((inner, None), |(least, most)| (least, Some(most)));
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let plain = plain && (text.len() == 1 || !text.starts_with('0'));
            plain.then(|| text.parse().unwrap_or(u32::MAX))
        };
        let least = number(least)?;
        let most = match most {
            None => Some(least),
            Some("") => None,
            Some(most) => Some(number(most)?),
        };
        self.rest = &self.rest[end + 1..];
        Some((least, most))
    }

    fn repeat(&mut self, least: u32, most: Option<u32>, sign: &str) -> Result<(), String> {
        let lazy = self.take("?") != self.flags.lazy;
        let group = self.group()?;
        let Some(last) = group.last else {
            return Err(format!("missing argument to repetition operator: `{sign}`"));
        };
        if std::mem::replace(&mut group.repeated, true) {
            return Err("invalid nested repetition operator".to_owned());
        }
        let part = group.now.split_off(last);
        let length = part.len() as i32;
        let times = u64::from(most.unwrap_or(least).max(least).max(1)) * (part.len() as u64 + 2);
        self.size += times as usize;
        if self.size > MOST_STATES * 4 {
            return Err(too_big());
        }
        let split = |into: i32, over: i32| if lazy { State::Split(over, into) } else { State::Split(into, over) };
        let group = self.group()?;
        for _ in 0..least {
            group.now.extend(part.iter().cloned());
        }
        match most {
            None if least > 0 => group.now.push(split(-length, 1)),
            None => {
                group.now.push(split(1, length + 2));
                group.now.extend(part);
                group.now.push(State::Jump(-length - 1));
            }
            Some(most) => {
                let more = most.saturating_sub(least);
                for left in (1..=more).rev() {
                    group.now.push(split(1, left as i32 * (length + 1)));
                    group.now.extend(part.iter().cloned());
                }
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self.next().ok_or("trailing backslash at end of expression")?;
        match c {
            'A' => self.assert(Assert::Begin),
            'z' => self.assert(Assert::End),
            'b' => self.assert(Assert::Word),
            'B' => self.assert(Assert::NoWord),
            'Q' => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                quoted.chars().try_for_each(|c| self.literal(c))
            }
            c => match self.escaped_set(c)? {
                Some(set) => {
                    let set = if self.flags.fold { folded(set) } else { set };
                    self.push(vec![State::Class(sorted(set))])
                }
                None => {
                    let c = self.escaped_char(c)?;
                    self.literal(c)
                }
            },
        }
    }

    fn escaped_set(&mut self, c: char) -> Result<Option<Vec<(u32, u32)>>, String> {
        if matches!(c, 'p' | 'P') {
            return Err("classes of Unicode (`\\p`) are not supported here; name the ranges, as in `[a-z]`".to_owned());
        }
        Ok(perl(c))
    }

    fn escaped_char(&mut self, c: char) -> Result<char, String> {
        let invalid = || format!("invalid escape sequence: `\\{c}`");
        let code = match c {
            'a' => 7,
            'f' => 12,
            't' => 9,
            'n' => 10,
            'r' => 13,
            'v' => 11,
            '0' | '1'..='7' => {
                if c != '0' && !self.rest.starts_with(|c: char| c.is_digit(8)) {
                    return Err(invalid());
                }
                let mut code = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
                    self.next();
                    code = code * 8 + digit;
                }
                code
            }
            'x' => {
                let (digits, rest) = match self.rest.strip_prefix('{') {
                    Some(rest) => rest.split_once('}').ok_or_else(invalid)?,
                    None => self.rest.split_at_checked(2).ok_or_else(invalid)?,
                };
                self.rest = rest;
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                if !plain {
                    return Err(invalid());
                }
                u32::from_str_radix(digits, 16).map_err(|_| invalid())?
            }
            c if c.is_ascii_punctuation() || !c.is_ascii() && !c.is_alphanumeric() => c as u32,
            _ => return Err(invalid()),
        };
        char::from_u32(code).ok_or_else(invalid)
    }

    /// What stands between `[` and `]`.
    fn class(&mut self) -> Result<Vec<(u32, u32)>, String> {
        let negated = self.take("^");
        let (mut set, mut first) = (Vec::new(), true);
        loop {
            let missing = || "missing closing ]".to_owned();
            if self.rest.starts_with("[:")
                // Both need a colon of their own: `[:]` begins no name.
                && let Some((name, rest)) = self.rest[2..].split_once(":]")
            {
                set.extend(posix(name).ok_or("invalid character class range")?);
                self.rest = rest;
                first = false;
                continue;
            }
            let c = self.next().ok_or_else(missing)?;
            if c == ']' && !first {
                break;
            }
            first = false;
            let low = match c {
                '\\' => {
                    let c = self.next().ok_or_else(missing)?;
                    if let Some(found) = self.escaped_set(c)? {
                        set.extend(found);
                        continue;
                    }
                    self.escaped_char(c)?
                }
                c => c,
            };
            let mut high = low;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                high = match self.next().ok_or_else(missing)? {
                    '\\' => {
                        let c = self.next().ok_or_else(missing)?;
                        self.escaped_char(c)?
                    }
                    c => c,
                };
            }
            if high < low {
                return Err("invalid character class range".to_owned());
            }
            set.push((low as u32, high as u32));
        }
        let set = if self.flags.fold { folded(set) } else { set };
        Ok(if negated { without(set) } else { sorted(set) })
    }
}
