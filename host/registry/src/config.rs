//! What an operator may say about registries: which are allowed, where they are, and whom to trust.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::address::Reach;
use crate::error::Cause;
use crate::limits::Limits;
use crate::name::{DOCKER_HUB, DOCKER_HUB_HOST, checked_host, split_port};
use crate::proxy::Proxy;

/// Token services of registries that keep them elsewhere, and that everybody uses.
const KNOWN_TOKEN_HOSTS: [(&str, &str); 3] = [
    (DOCKER_HUB_HOST, "auth.docker.io"),
    ("registry.gitlab.com", "gitlab.com"),
    ("registry.digitalocean.com", "api.digitalocean.com"),
];

/// All settings of a client. The default dials any public registry over HTTPS, without a proxy, and trusts the system's
/// certificate authorities. There is no switch that turns the checking of certificates off: name the CA instead.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The registries that images may be in: `host`, `host:port`, or `*.domain`. Nothing: any public one. Where those
    /// redirect to is their own business, within the rules for addresses.
    pub allowed: Option<Vec<String>>,
    /// What is known of single hosts, by `host` or `host:port`: registries, mirrors, token services, and the stores that
    /// registries redirect to.
    pub hosts: BTreeMap<String, Host>,
    /// The proxy for HTTPS.
    pub proxy: Option<Proxy>,
    /// Certificate authorities to trust besides those of the system, as PEM.
    pub extra_ca: Vec<u8>,
    /// Whether those of the system are left out.
    pub only_extra_ca: bool,
    /// Addresses of hosts that are not looked up (as `/etc/hosts` says them). They are checked like any other.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// The bounds.
    pub limits: Limits,
}

/// What an operator knows of one host.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Speak plain HTTP with it. Whoever is on the way can then change what a tag means and what is not there, and read
    /// credentials.
    pub plain_http: bool,
    /// It may have a private or loopback address. (Never a link-local, metadata or multicast one.)
    pub private_addresses: bool,
    /// Certificate authorities to trust for this host besides all others, as PEM.
    pub extra_ca: Vec<u8>,
    /// Hosts besides itself, its subdomains and its parent domains that may be its token service.
    pub token_hosts: Vec<String>,
    /// Where to look first for what is in this registry, in order.
    pub mirrors: Vec<Mirror>,
    /// Whether this registry itself is left out: everything is in the mirrors, and they know best.
    pub only_mirrors: bool,
}

/// Another registry with the same content. It is believed about tags; everything else is known by its digest, and its
/// "not there" does not count while the registry itself is asked too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// `host` or `host:port`.
    pub host: String,
    /// What stands before the names of repositories there; may be empty.
    pub prefix: String,
}

/// One place to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The registry as credentials know it.
    pub(crate) registry: String,
    /// The host to dial, with a port unless it is that of the scheme.
    pub(crate) host: String,
    /// The name of the repository there.
    pub(crate) name: String,
    /// Whether it speaks plain HTTP.
    pub(crate) plain_http: bool,
}

impl Endpoint {
    /// `https` or `http`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.plain_http { "http" } else { "https" }
    }
}

impl Config {
    /// Checks everything and writes names in one way.
    pub(crate) fn checked(mut self) -> Result<Self, Cause> {
        let hosts = std::mem::take(&mut self.hosts);
        for (name, host) in hosts {
            for mirror in &host.mirrors {
                checked_host(&mirror.host)?;
                if !mirror.prefix.is_empty() {
                    crate::name::Repository::new(&mirror.host, &mirror.prefix)?;
                }
            }
            if host.only_mirrors && host.mirrors.is_empty() {
                return Err(Cause::Config(format!("only the mirrors of `{name}` may be asked, and it has none")));
            }
            for token_host in &host.token_hosts {
                checked_host(token_host)?;
            }
            let name = dialled(&checked_host(&name)?, host.plain_http);
            if self.hosts.insert(name.clone(), host).is_some() {
                return Err(Cause::Config(format!("`{name}` stands there twice")));
            }
        }
        self.addresses = self.addresses.into_iter().map(|(name, its)| (name.to_ascii_lowercase(), its)).collect();
        for allowed in self.allowed.iter_mut().flatten() {
            let name = allowed.strip_prefix("*.").unwrap_or(allowed);
            let checked = checked_host(name)?;
            *allowed = if allowed.starts_with("*.") { format!("*.{checked}") } else { checked };
        }
        Ok(self)
    }

    /// Whether images may be in this registry.
    pub(crate) fn check_allowed(&self, registry: &str) -> Result<(), Cause> {
        let Some(allowed) = &self.allowed else { return Ok(()) };
        let is = |pattern: &String| match pattern.strip_prefix('*') {
            // The dot stays, so that `*.a.example` is no `evila.example`.
            Some(suffix) => registry.len() > suffix.len() && registry.ends_with(suffix),
            None => pattern == registry || (registry == DOCKER_HUB && pattern == DOCKER_HUB_HOST),
        };
        if allowed.iter().any(is) {
            return Ok(());
        }
        Err(Cause::NotAllowed { registry: registry.to_owned() })
    }

    /// Where to ask for a repository, in order; the last one's word counts.
    pub(crate) fn endpoints(&self, registry: &str, name: &str) -> Vec<Endpoint> {
        let own = self.endpoint(registry, "", name);
        let Some(host) = self.host(&own.host) else { return vec![own] };
        let mirrors = host.mirrors.iter().map(|mirror| self.endpoint(&mirror.host, &mirror.prefix, name));
        let mut endpoints: Vec<Endpoint> = mirrors.collect();
        if !host.only_mirrors {
            endpoints.push(own);
        }
        endpoints
    }

    fn endpoint(&self, registry: &str, prefix: &str, name: &str) -> Endpoint {
        let registry = registry.to_ascii_lowercase();
        let plain_http = self.host(&dialled(&registry, true)).is_some_and(|host| host.plain_http);
        let host = dialled(&registry, plain_http);
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        Endpoint { registry, host, name, plain_http }
    }

    /// What is known of a host that is to be dialled.
    pub(crate) fn host(&self, host: &str) -> Option<&Host> {
        self.hosts.get(host)
    }

    /// Who may be at the other end.
    pub(crate) fn reach(&self, host: &str) -> Reach {
        if self.host(host).is_some_and(|host| host.private_addresses) { Reach::Private } else { Reach::Public }
    }

    /// Whether a port may be dialled: that of HTTPS, any that needs no privileges, and whatever an operator wrote down.
    pub(crate) fn allows_port(&self, host: &str, port: u16) -> bool {
        port == 443 || port >= 1024 || self.host(host).is_some()
    }

    /// Whether the credentials of a host may be sent to a token service: the host itself (on any port), a subdomain of
    /// it, a domain that it is in, one that everybody knows, or one that an operator wrote down.
    ///
    /// A neighbour in the same domain is not enough: nobody says which domains belong to one owner (`azurecr.io` and
    /// `github.io` do not), and a list of those grows old.
    pub(crate) fn allows_realm(&self, host: &str, realm: &str) -> bool {
        let name = |host: &str| split_port(host).map_or_else(|| host.to_owned(), |(name, _)| name.to_owned());
        let (own, other) = (name(host), name(realm));
        if own == other || KNOWN_TOKEN_HOSTS.contains(&(host, realm)) {
            return true;
        }
        if self.host(host).is_some_and(|host| host.token_hosts.iter().any(|one| one.eq_ignore_ascii_case(realm))) {
            return true;
        }
        let is_address = |name: &str| name.starts_with('[') || name.parse::<IpAddr>().is_ok();
        let is_below = |low: &str, high: &str| high.contains('.') && low.ends_with(&format!(".{high}"));
        !is_address(&own) && !is_address(&other) && (is_below(&own, &other) || is_below(&other, &own))
    }
}

/// The host to dial for a registry: Docker Hub is elsewhere than its name says, and the port of the scheme is left out.
fn dialled(registry: &str, plain_http: bool) -> String {
    if registry == DOCKER_HUB {
        return DOCKER_HUB_HOST.to_owned();
    }
    let default = if plain_http { ":80" } else { ":443" };
    registry.strip_suffix(default).filter(|host| !host.is_empty()).unwrap_or(registry).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(registry: &str, host: Host) -> Config {
        let hosts = BTreeMap::from([(registry.to_owned(), host)]);
        Config { hosts, ..Config::default() }.checked().expect("settings")
    }

    #[test]
    fn finds_docker_hub_where_it_is_and_mirrors_before_it() {
        let mirror = Mirror { host: "mirror.example:5000".to_owned(), prefix: "hub".to_owned() };
        let mut host = Host { mirrors: vec![mirror], ..Host::default() };
        let names = |config: &Config| {
            let endpoints = config.endpoints("docker.io", "library/a");
            endpoints.into_iter().map(|one| format!("{} {} {}", one.registry, one.host, one.name)).collect::<Vec<_>>()
        };
        let upstream = "docker.io registry-1.docker.io library/a";
        let first = "mirror.example:5000 mirror.example:5000 hub/library/a";
        assert_eq!(names(&Config::default()), [upstream]);
        assert_eq!(names(&config("docker.io", host.clone())), [first, upstream]);
        host.only_mirrors = true;
        assert_eq!(names(&config("docker.io", host)), [first]);
    }

    #[test]
    fn a21_allows_the_registries_on_the_list_and_no_look_alike() {
        let allowed = Some(vec!["a.example".to_owned(), "*.b.example".to_owned(), "docker.io".to_owned()]);
        let config = Config { allowed, ..Config::default() }.checked().expect("settings");
        for good in ["a.example", "x.b.example", "docker.io"] {
            assert!(config.check_allowed(good).is_ok(), "{good}");
        }
        for bad in ["b.example", "evilb.example", "a.example.evil", "a.example:5000", "x.a.example", ".b.example"] {
            assert!(config.check_allowed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a41_sends_credentials_to_token_services_of_the_same_house_only() {
        let token_hosts = vec!["login.other.example".to_owned()];
        let config = config("registry.a.example", Host { token_hosts, ..Host::default() });
        for (host, realm) in [
            ("a.example:5000", "a.example"),
            ("registry-1.docker.io", "auth.docker.io"),
            ("registry.a.example", "login.other.example"),
            ("registry.a.example", "a.example"),
            ("a.example", "auth.a.example"),
        ] {
            assert!(config.allows_realm(host, realm), "{host} {realm}");
        }
        for (host, realm) in [
            ("a.azurecr.io", "b.azurecr.io"),
            ("registry.b.example", "auth.b.example"),
            ("a.example", "evila.example"),
            ("evil.example", "auth.docker.io"),
            ("a.example", "example"),
            ("1.2.3.4", "2.3.4"),
            ("registry.a.example", "login.other.example:8443"),
            ("other.example", "login.other.example.evil"),
        ] {
            assert!(!config.allows_realm(host, realm), "{host} {realm}");
        }
    }
}
