//! The proxy for HTTPS: when it is used, and how a tunnel through it is opened.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{Cause, quoted};
use crate::name::{checked_host, split_port};

/// The longest answer of a proxy to `CONNECT`, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// An HTTP proxy, and the hosts that are reached without it. Behind it, names are looked up by the proxy: what may be
/// dialled is then the proxy's business, except for names that are addresses themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    authorization: Option<String>,
    exceptions: Vec<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The authorization is a secret.
        out.debug_struct("Proxy").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]` (or `https`), and a list as in `NO_PROXY`: names with all their
    /// subdomains, `.domain`, addresses, networks (`10.0.0.0/8`), each with a port if need be, and `*` for everything.
    ///
    /// # Errors
    /// It is no URL of a proxy.
    pub fn new(url: &str, no_proxy: &str) -> Result<Self, Cause> {
        let wrong = |why: &str| Cause::Config(format!("the URL of the proxy {why}"));
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("begins neither with `http://` nor with `https://`")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let checked = checked_host(host).map_err(|_| wrong("has no host name"))?;
        let (host, port) = split_port(&checked).ok_or_else(|| wrong("has no host name"))?;
        let authorization = match user {
            Some(user) => {
                let user = decoded(user).ok_or_else(|| wrong("has a user name that cannot be read"))?;
                Some(format!("Basic {}", STANDARD.encode(user)))
            }
            None => None,
        };
        let exceptions = no_proxy.split([',', ' ']).map(|one| one.trim().to_ascii_lowercase());
        Ok(Self {
            host: host.to_owned(),
            port: port.unwrap_or(if tls { 443 } else { 3128 }),
            tls,
            authorization,
            exceptions: exceptions.filter(|one| !one.is_empty()).collect(),
        })
    }

    /// What `HTTPS_PROXY` and `NO_PROXY` say (or both in lower case), as every other client reads them.
    ///
    /// # Errors
    /// `HTTPS_PROXY` is no URL of a proxy.
    pub fn from_env() -> Result<Option<Self>, Cause> {
        let get = |upper: &str| {
            let found = std::env::var(upper).or_else(|_| std::env::var(upper.to_ascii_lowercase()));
            found.ok().filter(|text| !text.is_empty())
        };
        let exceptions = get("NO_PROXY").unwrap_or_default();
        get("HTTPS_PROXY").map(|url| Self::new(&url, &exceptions)).transpose()
    }

    /// Whether a host is reached through it.
    pub(crate) fn is_for(&self, host: &str, port: u16) -> bool {
        !self.exceptions.iter().any(|exception| matches(exception, host, port))
    }

    /// Opens a tunnel to a host.
    pub(crate) async fn tunnel<S>(&self, stream: &mut S, host: &str, port: u16) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = &self.authorization {
            request += &format!("Proxy-Authorization: {authorization}\r\n");
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
        let mut head = Vec::new();
        // Byte by byte would do as well: the other side is silent after the head until we begin TLS.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err("its answer is too long".to_owned());
            }
            if stream.read_buf(&mut head).await.map_err(|error| error.to_string())? == 0 {
                return Err("it closed the connection".to_owned());
            }
        }
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
        if status == Some("200") { Ok(()) } else { Err(format!("it said `{}`", quoted(line))) }
    }
}

/// Percent-decoding for the user name and password in a URL.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}

fn matches(exception: &str, host: &str, port: u16) -> bool {
    if exception == "*" {
        return true;
    }
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if let Ok(address) = bare(host).parse::<IpAddr>()
        && let Some((network, length)) = exception.split_once('/')
    {
        return network.parse().is_ok_and(|network| length.parse().is_ok_and(|length| is_in(address, network, length)));
    }
    if exception.parse::<IpAddr>().is_ok() {
        return bare(host) == exception;
    }
    let Some((name, its_port)) = split_port(exception) else { return false };
    if its_port.is_some_and(|its| its != port) {
        return false;
    }
    match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
        Some(domain) => host.ends_with(&format!(".{domain}")),
        None => host == name || host.ends_with(&format!(".{name}")),
    }
}

fn is_in(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_the_hosts_of_no_proxy() {
        let proxy =
            Proxy::new("http://u%40x:p@proxy.example:8080/", "a.example, .b.example,10.0.0.0/8 c.example:5000,::1")
                .expect("a proxy");
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 8080));
        assert_eq!(proxy.authorization, Some(format!("Basic {}", STANDARD.encode("u@x:p"))));
        assert!(!format!("{proxy:?}").contains("Basic"));
        for (host, port) in [
            ("a.example", 443),
            ("x.a.example", 443),
            ("x.b.example", 1),
            ("10.2.3.4", 443),
            ("c.example", 5000),
            ("[::1]", 1),
        ] {
            assert!(!proxy.is_for(host, port), "{host}:{port}");
        }
        for (host, port) in [("xa.example", 443), ("b.example", 443), ("11.0.0.1", 443), ("c.example", 443)] {
            assert!(proxy.is_for(host, port), "{host}:{port}");
        }
        assert!(!Proxy::new("proxy.example:3128", "*").expect("a proxy").is_for("a.example", 443));
        for bad in ["socks5://a.example", "http://", "http://a b", "ftp://a", "http://u%zz@a.example"] {
            assert!(Proxy::new(bad, "").is_err(), "{bad}");
        }
    }
}
