//! URLs, as Go's `net/url` reads those of requests.

use std::rc::Rc;

use crate::functions::Does;
use crate::machine::{ITEM, Machine};
use crate::value::Value;

/// A URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    /// With its port.
    host: String,
    user: String,
    /// As it was written.
    path: String,
    opaque: bool,
    /// Empty where nothing follows the `?`, which is kept all the same.
    query: Option<String>,
    fragment: String,
}

impl Url {
    /// Reads an absolute URL or an absolute path.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        Self::of_request(text)?;
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        unescaped(fragment, Part::Path)?;
        let mut url = Self::read(rest, false)?;
        fragment.clone_into(&mut url.fragment);
        Ok(url)
    }

    fn of_request(text: &str) -> Result<Self, &'static str> {
        Self::read(text, true)
    }

    fn read(text: &str, request: bool) -> Result<Self, &'static str> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err("it has control characters");
        }
        if text.is_empty() {
            return Err("it is empty");
        }
        let (scheme, rest) = scheme(text)?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query.to_owned())));
        let scheme = scheme.to_ascii_lowercase();
        let empty = String::new;
        let url = |host, user, path: &str, opaque| {
            Ok(Self {
                scheme: scheme.clone(),
                host,
                user,
                path: path.to_owned(),
                opaque,
                query: query.clone(),
                fragment: empty(),
            })
        };
        if text == "*" {
            return url(empty(), empty(), "*", false);
        }
        if !rest.starts_with('/') {
            return if scheme.is_empty() {
                Err("it is neither absolute nor a path from `/` on")
            } else {
                url(empty(), empty(), rest, true)
            };
        }
        let has_host = !scheme.is_empty() || !request && !rest.starts_with("///");
        let Some(after) = rest.strip_prefix("//").filter(|_| has_host) else {
            unescaped(rest, Part::Path)?;
            return url(empty(), empty(), rest, false);
        };
        let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if !user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b)) {
            return Err("it has an invalid user");
        }
        unescaped(user, Part::Path)?;
        let host = read_host(host)?;
        unescaped(path, Part::Path)?;
        url(host, user.to_owned(), path, false)
    }

    /// Host without port and brackets.
    fn hostname(&self) -> &str {
        let host = self.host.as_str();
        if let Some(end) = host.find(']') {
            return host[..end].trim_start_matches('[');
        }
        host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name)
    }

    fn port(&self) -> &str {
        let after = self.host.rfind(']').map_or(self.host.as_str(), |end| &self.host[end..]);
        after.rsplit_once(':').map_or("", |(_, port)| port).trim_start_matches(|c: char| !c.is_ascii_digit())
    }

    fn escaped_path(&self) -> String {
        if self.opaque {
            return String::new();
        }
        let valid = self.path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]/%".contains(&b));
        if valid {
            return self.path.clone();
        }
        let plain = unescaped(&self.path, Part::Path).unwrap_or_default();
        let mut out = String::with_capacity(plain.len());
        for byte in plain {
            if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte) {
                out.push(byte as char);
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }

    /// All of it, in one spelling.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque {
            out.push_str(&self.path);
        } else {
            if !self.host.is_empty() || !self.user.is_empty() {
                out.push_str("//");
                if !self.user.is_empty() {
                    out.push_str(&self.user);
                    out.push('@');
                }
                out.push_str(&self.host);
            }
            out.push_str(&self.escaped_path());
        }
        let fragment = Some(&self.fragment).filter(|fragment| !fragment.is_empty());
        for (mark, part) in [('?', self.query.as_ref()), ('#', fragment)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }
}

/// The scheme, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("its scheme is missing"),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn read_host(host: &str) -> Result<String, &'static str> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or("its host lacks a `]`")?;
        let address = address.split_once("%25").map_or(address, |(address, _)| address);
        let port = port.strip_prefix(':').map_or(port.is_empty(), is_port);
        if !port || address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err("its host is invalid");
        }
        return Ok(host.to_owned());
    }
    if let Some((name, port)) = host.rsplit_once(':') {
        if !is_port(port) {
            return Err("its port is invalid");
        }
        if name.contains(':') {
            return Err("its host has too many colons");
        }
    }
    let bytes = unescaped(host, Part::Host)?;
    String::from_utf8(bytes).map_err(|_| "its host is no text")
}

/// Which characters may stand for themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Query,
    Host,
}

fn unescaped(text: &str, part: Part) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|b| (*b as char).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err("it has an invalid escape") };
                // In a host only what is not ASCII may be escaped.
                if part == Part::Host && high < 8 && after.get(..2) != Some(b"25") {
                    return Err("its host has an invalid escape");
                }
                out.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            b'+' if part == Part::Query => out.push(b' '),
            byte => {
                let fine = *byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(byte);
                if part == Part::Host && !fine {
                    return Err("its host has an invalid character");
                }
                out.push(*byte);
            }
        }
    }
    Ok(out)
}

/// A function on a URL; nothing where it is another one.
pub(crate) fn call<'a>(machine: &mut Machine<'a>, does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    match (does, arguments) {
        (Does::Url | Does::IsUrl, [text]) => {
            let text = text.as_text()?;
            machine.make(text.len() as u64);
            Some(match (does, Url::parse(text)) {
                (Does::IsUrl, _) => Value::Bool(Url::of_request(text).is_ok()),
                (_, Ok(url)) => Value::Url(Rc::new(url)),
                (_, Err(why)) => Value::error(format!("`{text}` is no URL: {why}")),
            })
        }
        (_, [Value::Url(url)]) => Some(match does {
            Does::Scheme => Value::text(url.scheme.as_str()),
            Does::Host => Value::text(url.host.as_str()),
            Does::Hostname => Value::text(url.hostname()),
            Does::Port => Value::text(url.port()),
            Does::EscapedPath => Value::text(url.escaped_path()),
            Does::Query => query(machine, url.query.as_deref().unwrap_or_default()),
            _ => return None,
        }),
        _ => None,
    }
}

/// Whether a text is the URL of a request, for the named format.
pub(crate) fn is_url(text: &str) -> bool {
    Url::of_request(text).is_ok()
}

/// Keys and all their values.
fn query<'a>(machine: &mut Machine<'a>, query: &str) -> Value<'a> {
    let mut pairs: Vec<(String, Vec<Value<'a>>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        if !machine.make(pair.len() as u64 + ITEM * 2) {
            break;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text =
            |part: &str| unescaped(part, Part::Query).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (Some(key), Some(value)) = (text(key), text(value)) else { continue };
        machine.work(pairs.len() as u64 / 8);
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(Value::text(value)),
            None => pairs.push((key, vec![Value::text(value)])),
        }
    }
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let entries = pairs.into_iter().map(|(key, values)| (Value::text(key), Value::list(values)));
    Value::Map(Rc::new(entries.collect()))
}
