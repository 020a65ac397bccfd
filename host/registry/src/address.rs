//! Which addresses the name of an image may make us dial.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who may be at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The public internet.
    Public,
    /// This machine and private networks too: an operator wrote the host down.
    Private,
}

/// Where clouds keep credentials for whoever asks, outside of the link-local networks that are never dialled:
/// Alibaba, Azure, Oracle, and AWS over IPv6.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Why an address is not dialled; nothing where it may be.
///
/// Link-local, metadata, multicast and unspecified addresses are never dialled, whatever the settings say. Everything
/// else that is not on the public internet needs [`Reach::Private`]. An address in an address (mapped, NAT64, 6to4) is
/// judged by the inner one.
pub(crate) fn objection(address: IpAddr, reach: Reach) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => objection_v4(address, reach),
        IpAddr::V6(address) => match inner(address) {
            Some(inner) => objection_v4(inner, reach),
            None => objection_v6(address, reach),
        },
    }
}

fn objection_v4(address: Ipv4Addr, reach: Reach) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        return Some("it is the address of a cloud's metadata service");
    }
    let (why, ever) = match (a, b, c) {
        (0, ..) => ("it is an unspecified address", false),
        (169, 254, _) => ("it is a link-local address", false),
        (224..=239, ..) => ("it is a multicast address", false),
        (240..=255, ..) => ("it is a reserved address", false),
        (127, ..) => ("it is an address of this machine", true),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => ("it is a private address", true),
        (100, 64..=127, _) => ("it is an address of a provider's own network", true),
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => {
            ("it is an address for special purposes", true)
        }
        _ => return None,
    };
    (!ever || reach == Reach::Public).then_some(why)
}

fn objection_v6(address: Ipv6Addr, reach: Reach) -> Option<&'static str> {
    let first = address.segments()[0];
    if METADATA_V6.contains(&address) {
        return Some("it is the address of a cloud's metadata service");
    }
    let (why, ever) = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => ("it is an unspecified address", false),
        [0, 0, 0, 0, 0, 0, 0, 1] => ("it is an address of this machine", true),
        _ if first & 0xffc0 == 0xfe80 => ("it is a link-local address", false),
        _ if first & 0xff00 == 0xff00 => ("it is a multicast address", false),
        _ if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 => ("it is a private address", true),
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => ("it is an address for special purposes", true),
        _ if first & 0xe000 == 0x2000 => return None,
        _ => ("it is a reserved address", false),
    };
    (!ever || reach == Reach::Public).then_some(why)
}

/// The IPv4 address that packets to this one end at.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d, e, f) {
        // `::` and `::1` are IPv6's own; the rest of ::/96 is the old form of ::ffff:0:0/96.
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => of(g, h),
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) | (0, 0, 0, 0, 0xffff, 0) => of(g, h),
        // A network's own NAT64 prefix.
        (0x64, 0xff9b, 1, ..) => of(g, h),
        (0x2002, high, low, ..) => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str, reach: Reach) -> bool {
        objection(text.parse().expect("an address"), reach).is_some()
    }

    #[test]
    fn a52b_dials_public_addresses_only() {
        for good in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(!objects(good, Reach::Public), "{good}");
        }
        for private in [
            "127.0.0.1",
            "127.8.9.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "203.0.113.9",
            "64:ff9b:1::a00:1",
        ] {
            assert!(objects(private, Reach::Public), "{private}");
            assert!(!objects(private, Reach::Private), "{private} may be configured");
        }
        for never in [
            "169.254.169.254",
            "169.254.1.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "::169.254.169.254",
            "4000::1",
            "::ffff:0:169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
        ] {
            assert!(objects(never, Reach::Public) && objects(never, Reach::Private), "{never}");
        }
    }
}
