//! Addresses and ranges of addresses, as Go's `net/netip` reads them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use crate::functions::Does;
use crate::value::Value;

/// An address of either family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ip {
    /// 32 bits.
    V4(u32),
    /// 128 bits.
    V6(u128),
}

impl Ip {
    /// Reads one: no zone, and no address of one family written in the other.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::V4(address.to_bits()));
        }
        let address = text.parse::<Ipv6Addr>().ok()?;
        address.to_ipv4_mapped().is_none().then(|| Self::V6(address.to_bits()))
    }

    /// As it is written canonically.
    pub fn shown(self) -> String {
        match self {
            Self::V4(bits) => Ipv4Addr::from_bits(bits).to_string(),
            // Go writes the last bits of an address of the other family in hexadecimal digits too.
            Self::V6(bits) => hexadecimal(bits),
        }
    }

    fn is_unspecified(self) -> bool {
        matches!(self, Self::V4(0) | Self::V6(0))
    }

    fn is_loopback(self) -> bool {
        match self {
            Self::V4(bits) => bits >> 24 == 127,
            Self::V6(bits) => bits == 1,
        }
    }

    fn is_multicast(self) -> bool {
        match self {
            Self::V4(bits) => bits >> 28 == 0xe,
            Self::V6(bits) => bits >> 120 == 0xff,
        }
    }

    fn is_link_local_multicast(self) -> bool {
        match self {
            Self::V4(bits) => bits >> 8 == 0x00e0_0000,
            Self::V6(bits) => (bits >> 112) & 0xff0f == 0xff02,
        }
    }

    fn is_link_local_unicast(self) -> bool {
        match self {
            Self::V4(bits) => bits >> 16 == 0xa9fe,
            Self::V6(bits) => (bits >> 112) & 0xffc0 == 0xfe80,
        }
    }

    fn is_global_unicast(self) -> bool {
        let special = self.is_unspecified() || self.is_loopback() || self.is_multicast();
        !special && !self.is_link_local_unicast() && self != Self::V4(u32::MAX)
    }

    /// The address aligned to the left, and its length.
    fn left(self) -> (u128, u8) {
        match self {
            Self::V4(bits) => (u128::from(bits) << 96, 32),
            Self::V6(bits) => (bits, 128),
        }
    }
}

fn hexadecimal(bits: u128) -> String {
    let groups: Vec<u16> = (0..8).map(|position| (bits >> (112 - 16 * position)) as u16).collect();
    // The first of the longest runs of zeros, of two at least.
    let (mut begin, mut length) = (8, 1);
    for from in 0..8 {
        let run = groups[from..].iter().take_while(|group| **group == 0).count();
        if run > length {
            (begin, length) = (from, run);
        }
    }
    let shown = |groups: &[u16]| groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":");
    if begin == 8 {
        return shown(&groups);
    }
    format!("{}::{}", shown(&groups[..begin]), shown(&groups[begin + length..]))
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: Ip,
    length: u8,
}

impl Cidr {
    /// Reads one such as `10.0.0.0/8`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.rsplit_once('/')?;
        let address = Ip::parse(address)?;
        let plain = length.bytes().all(|b| b.is_ascii_digit()) && (length.len() == 1 || !length.starts_with('0'));
        let length = if plain { length.parse().ok()? } else { return None };
        (length <= address.left().1).then_some(Self { address, length })
    }

    /// As it is written.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.address.shown(), self.length)
    }

    /// The first bits of an address.
    fn prefix(&self, address: Ip) -> u128 {
        address.left().0.checked_shr(128 - u32::from(self.length)).unwrap_or(0)
    }

    fn contains(&self, address: Ip) -> bool {
        self.address.left().1 == address.left().1 && self.prefix(self.address) == self.prefix(address)
    }

    fn masked(&self) -> Self {
        let bits = self.prefix(self.address).checked_shl(128 - u32::from(self.length)).unwrap_or(0);
        let address = match self.address {
            Ip::V4(_) => Ip::V4((bits >> 96) as u32),
            Ip::V6(_) => Ip::V6(bits),
        };
        Self { address, length: self.length }
    }
}

/// A function on an address or a range; nothing where it is another one.
pub(crate) fn call<'a>(does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    let first = arguments.first()?;
    if let Some(text) = first.as_text() {
        return of_text(does, text);
    }
    match first {
        Value::Ip(ip) => of_ip(does, **ip),
        Value::Cidr(cidr) => of_cidr(does, cidr, arguments.get(1)),
        _ => None,
    }
}

fn of_text<'a>(does: Does, text: &str) -> Option<Value<'a>> {
    Some(match does {
        Does::IsIp => Value::Bool(Ip::parse(text).is_some()),
        Does::IsCidr => Value::Bool(Cidr::parse(text).is_some()),
        Does::Ip => match Ip::parse(text) {
            Some(ip) => Value::Ip(Rc::new(ip)),
            None => not_an("IP address", text),
        },
        Does::Cidr => match Cidr::parse(text) {
            Some(cidr) => Value::Cidr(Rc::new(cidr)),
            None => not_an("range of addresses", text),
        },
        Does::IsCanonical => match Ip::parse(text) {
            Some(ip) => Value::Bool(ip.shown() == text),
            None => not_an("IP address", text),
        },
        _ => return None,
    })
}

fn not_an<'a>(what: &str, text: &str) -> Value<'a> {
    Value::error(format!("`{text}` is no {what}"))
}

fn of_ip<'a>(does: Does, ip: Ip) -> Option<Value<'a>> {
    Some(Value::Bool(match does {
        Does::Family => return Some(Value::Int(if matches!(ip, Ip::V4(_)) { 4 } else { 6 })),
        Does::IsUnspecified => ip.is_unspecified(),
        Does::IsLoopback => ip.is_loopback(),
        Does::IsLinkLocalMulticast => ip.is_link_local_multicast(),
        Does::IsLinkLocalUnicast => ip.is_link_local_unicast(),
        Does::IsGlobalUnicast => ip.is_global_unicast(),
        _ => return None,
    }))
}

fn of_cidr<'a>(does: Does, cidr: &Cidr, other: Option<&Value<'a>>) -> Option<Value<'a>> {
    let text = other.and_then(Value::as_text);
    Some(match (does, other, text) {
        (Does::PrefixLength, None, _) => Value::Int(i64::from(cidr.length)),
        (Does::Masked, None, _) => Value::Cidr(Rc::new(cidr.masked())),
        (Does::CidrIp, None, _) => Value::Ip(Rc::new(cidr.address)),
        (Does::ContainsIp, Some(Value::Ip(ip)), _) => Value::Bool(cidr.contains(**ip)),
        (Does::ContainsIp, _, Some(text)) => match Ip::parse(text) {
            Some(ip) => Value::Bool(cidr.contains(ip)),
            None => not_an("IP address", text),
        },
        (Does::ContainsCidr, Some(Value::Cidr(inner)), _) => Value::Bool(holds(cidr, inner)),
        (Does::ContainsCidr, _, Some(text)) => match Cidr::parse(text) {
            Some(inner) => Value::Bool(holds(cidr, &inner)),
            None => not_an("range of addresses", text),
        },
        _ => return None,
    })
}

fn holds(outer: &Cidr, inner: &Cidr) -> bool {
    outer.length <= inner.length && outer.contains(inner.address)
}
