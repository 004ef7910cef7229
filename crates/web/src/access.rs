//! Who may call: which names the service answers to, and which web pages may have a browser send
//! something here.
//!
//! A browser sends what any page tells it to, also to services on the user's own machine, and a
//! page may have its own name lead to such a service (DNS rebinding). So every request must name a
//! host that is known to be ours, and a request that changes something must come from a page of
//! ours.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::http::uri::Authority;

use chat2svg_protocol::InvalidSetting;

use crate::config::WebConfig;

/// A host as a URL names it; names in lower case without the root's dot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

/// A host, perhaps with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HostPort {
    host: Host,
    port: Option<u16>,
}

impl FromStr for HostPort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let authority = Authority::from_str(text.trim()).map_err(|_| ())?;
        if authority.as_str().contains('@') {
            return Err(());
        }
        let name = authority.host();
        let after_host = authority.as_str().get(name.len()..).ok_or(())?;
        let port = match after_host.strip_prefix(':') {
            None if after_host.is_empty() => None,
            Some(digits) => Some(digits.parse().map_err(|_| ())?),
            None => return Err(()),
        };
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name);
        let host = match bare.parse::<IpAddr>() {
            Ok(address) => Host::Address(address.to_canonical()),
            Err(_) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                if name.is_empty() || name.contains(['[', ']', '*']) {
                    return Err(());
                }
                Host::Name(name)
            }
        };
        Ok(Self { host, port })
    }
}

/// Where a page comes from, as a browser compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origin {
    fn new(scheme: &str, place: HostPort) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        Some(Self {
            port: place.port.unwrap_or(usual),
            host: place.host,
            scheme,
        })
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, place) = text.trim().split_once("://").ok_or(())?;
        Self::new(scheme, place.parse()?).ok_or(())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://", self.scheme)?;
        match &self.host {
            Host::Name(name) => formatter.write_str(name)?,
            Host::Address(IpAddr::V4(address)) => write!(formatter, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]")?,
        }
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => Ok(()),
            (_, port) => write!(formatter, ":{port}"),
        }
    }
}

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// It names no host, or one that is not known to be ours.
    Host(String),
    /// A page of another site has a browser send it.
    Site(String),
}

/// What the headers of a request say about where it comes from and goes to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    /// The hosts named: the authority of an absolute target, every `Host` header.
    pub(crate) hosts: &'a [&'a str],
    /// The address at which the connection arrived, where known.
    pub(crate) local: Option<IpAddr>,
    /// The scheme that a trusted proxy was called by; `None` for our own.
    pub(crate) scheme: Option<&'a str>,
    /// Every `Origin` header.
    pub(crate) origins: &'a [&'a str],
    /// Every `Sec-Fetch-Site` header.
    pub(crate) sites: &'a [&'a str],
    /// Whether the method may change something.
    pub(crate) changes: bool,
}

/// The rules.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    any_host: bool,
    hosts: Vec<HostPort>,
    foreign: Vec<Origin>,
}

impl Access {
    /// The rules of a configuration.
    pub(crate) fn new(config: &WebConfig) -> Result<Self, InvalidSetting> {
        let mut hosts = vec![
            HostPort {
                host: Host::Name("localhost".to_owned()),
                port: None,
            },
            HostPort {
                host: Host::Address(Ipv4Addr::LOCALHOST.into()),
                port: None,
            },
            HostPort {
                host: Host::Address(Ipv6Addr::LOCALHOST.into()),
                port: None,
            },
            HostPort {
                host: Host::Address(config.address()?.ip().to_canonical()),
                port: None,
            },
        ];
        let mut any_host = false;
        for entry in &config.allowed_hosts {
            if entry.trim() == "*" {
                any_host = true;
                continue;
            }
            hosts.push(entry.parse().map_err(|()| {
                InvalidSetting { key: "allowed_hosts", reason: format!(
                        "\"{entry}\" is not a host such as svg.example.org, svg.example.org:8443 or [2001:db8::1]; \
                         \"*\" alone allows any"
                    ) }
            })?);
        }
        let foreign = config
            .cors_origins
            .iter()
            .map(|entry| {
                entry.parse().map_err(|()| InvalidSetting {
                    key: "cors_origins",
                    reason: format!("\"{entry}\" is not an origin such as https://app.example.org"),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            any_host,
            hosts,
            foreign,
        })
    }

    /// Whether a request may be served.
    pub(crate) fn check(&self, caller: &Caller<'_>) -> Result<(), Denial> {
        let own = self.own_origin(caller)?;
        if !caller.changes {
            return Ok(());
        }
        let mut invited = false;
        for text in caller.origins {
            let origin = text.parse::<Origin>().ok();
            let is_own = own.is_some() && origin == own;
            let is_invited = origin.is_some_and(|origin| self.foreign.contains(&origin));
            if !is_own && !is_invited {
                return Err(Denial::Site((*text).to_owned()));
            }
            invited |= is_invited;
        }
        for site in caller.sites {
            if !invited && !matches!(site.trim(), "same-origin" | "none") {
                return Err(Denial::Site(format!("a {site} page")));
            }
        }
        Ok(())
    }

    /// The service's own origin as the caller sees it; `None` when any host will do and the one
    /// named makes no sense.
    fn own_origin(&self, caller: &Caller<'_>) -> Result<Option<Origin>, Denial> {
        let mut named = None;
        for text in caller.hosts {
            let place = text.parse::<HostPort>().ok();
            let known = place.as_ref().is_some_and(|place| {
                let here = caller.local.map(|local| local.to_canonical());
                here.is_some_and(|here| place.host == Host::Address(here))
                    || self.hosts.iter().any(|allowed| {
                        allowed.host == place.host
                            && (allowed.port.is_none() || allowed.port == place.port)
                    })
            });
            if !known && !self.any_host {
                return Err(Denial::Host((*text).to_owned()));
            }
            named = place;
        }
        match named {
            Some(place) => Ok(Origin::new(caller.scheme.unwrap_or("http"), place)),
            None if self.any_host => Ok(None),
            None => Err(Denial::Host(String::new())),
        }
    }

    /// The origins that are let in on purpose, as browsers write them.
    pub(crate) fn invited(&self) -> impl Iterator<Item = String> {
        self.foreign.iter().map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn access(hosts: &[&str], origins: &[&str]) -> Access {
        Access::new(&WebConfig {
            listen: "192.0.2.7:8080".into(),
            allowed_hosts: hosts.iter().map(|text| (*text).to_owned()).collect(),
            cors_origins: origins.iter().map(|text| (*text).to_owned()).collect(),
            ..WebConfig::default()
        })
        .unwrap()
    }

    fn get(host: &str) -> Result<(), Denial> {
        access(&["svg.example.org", "ported.example.org:8443"], &[]).check(&Caller {
            hosts: &[host],
            ..Caller::default()
        })
    }

    #[test]
    fn loopback_the_address_listened_on_and_configured_names_are_ours() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "localhost.:8080",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
            "192.0.2.7:8080",
            "svg.example.org",
            "SVG.example.org:444",
            "ported.example.org:8443",
        ] {
            assert_eq!(get(host), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "",
            "evil.test",
            "evil.test:8080",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "192.0.2.8",
            "127.0.0.2",
            "0.0.0.0:8080",
            "ported.example.org",
            "ported.example.org:8080",
            "user@localhost",
            "localhost:http",
            "localhost:99999",
            "localhost/",
            "[::1",
            "*",
            "loc\u{e4}lhost",
        ] {
            assert_eq!(get(host), Err(Denial::Host(host.into())), "{host}");
        }
        let none = access(&[], &[]).check(&Caller::default());
        assert_eq!(none, Err(Denial::Host(String::new())));
    }

    proptest! {
        #[test]
        fn no_text_that_is_not_a_known_name_passes(host in "\\PC*", origin in "\\PC*") {
            let known = ["localhost", "127.0.0.1", "::1", "192.0.2.7", "svg.example.org", "ported.example.org"];
            if get(&host).is_ok() {
                let lower = host.to_lowercase();
                prop_assert!(known.iter().any(|name| lower.contains(name)), "{host}");
            }
            prop_assert!(post(&[&origin], &[]).is_err());
        }
    }

    #[test]
    fn every_host_named_must_be_ours() {
        let caller = Caller {
            hosts: &["localhost", "evil.test"],
            ..Caller::default()
        };
        assert!(access(&[], &[]).check(&caller).is_err());
    }

    #[test]
    fn the_address_that_a_connection_arrived_at_is_ours() {
        let caller = |host| Caller {
            hosts: host,
            local: Some("198.51.100.4".parse().unwrap()),
            ..Caller::default()
        };
        let access = access(&[], &[]);
        assert_eq!(access.check(&caller(&["198.51.100.4:8080"])), Ok(()));
        assert!(access.check(&caller(&["198.51.100.5:8080"])).is_err());
    }

    #[test]
    fn a_wildcard_lets_any_name_in_and_still_no_other_site() {
        let access = access(&["*"], &[]);
        let mut caller = Caller {
            hosts: &["anything.test:81"],
            changes: true,
            ..Caller::default()
        };
        assert_eq!(access.check(&caller), Ok(()));
        caller.origins = &["http://anything.test:81"];
        assert_eq!(access.check(&caller), Ok(()));
        caller.origins = &["http://evil.test"];
        assert!(matches!(access.check(&caller), Err(Denial::Site(_))));
        caller.origins = &[];
        caller.hosts = &[];
        assert_eq!(access.check(&caller), Ok(()));
    }

    fn post(origins: &[&str], sites: &[&str]) -> Result<(), Denial> {
        access(&[], &["https://app.example.org"]).check(&Caller {
            hosts: &["localhost:8080"],
            origins,
            sites,
            changes: true,
            ..Caller::default()
        })
    }

    #[test]
    fn a_change_is_taken_from_our_own_page_from_programs_and_from_invited_pages() {
        for (origins, sites) in [
            (&[][..], &[][..]),
            (&["http://localhost:8080"], &["same-origin"]),
            (&["http://LOCALHOST:8080"], &[]),
            (&[], &["none"]),
            (&["https://app.example.org"], &["cross-site"]),
            (&["https://app.example.org:443"], &[]),
        ] {
            assert_eq!(post(origins, sites), Ok(()), "{origins:?} {sites:?}");
        }
    }

    #[test]
    fn a_change_is_refused_from_every_other_page() {
        for (origins, sites) in [
            (&["http://evil.test"][..], &[][..]),
            (&["http://localhost:8081"], &["same-site"]),
            (&["http://localhost"], &[]),
            (&["https://localhost:8080"], &[]),
            (&["http://127.0.0.1:8080"], &[]),
            (&["null"], &[]),
            (&["file://"], &[]),
            (&[""], &[]),
            (&["http://app.example.org"], &[]),
            (&["https://app.example.org.evil.test"], &[]),
            (&["http://localhost:8080", "http://evil.test"], &[]),
            (&["http://localhost:8080"], &["cross-site"]),
            (&[], &["cross-site"]),
            (&[], &["same-site"]),
            (&[], &["nonsense"]),
            (&[], &["same-origin", "cross-site"]),
        ] {
            let denied = matches!(post(origins, sites), Err(Denial::Site(_)));
            assert!(denied, "{origins:?} {sites:?}");
        }
    }

    #[test]
    fn looking_is_not_changing() {
        let caller = Caller {
            hosts: &["localhost:8080"],
            origins: &["http://evil.test"],
            sites: &["cross-site"],
            ..Caller::default()
        };
        assert_eq!(access(&[], &[]).check(&caller), Ok(()));
    }

    #[test]
    fn behind_tls_our_own_origin_has_its_scheme() {
        let caller = Caller {
            hosts: &["svg.example.org"],
            scheme: Some("https"),
            origins: &["https://svg.example.org"],
            changes: true,
            ..Caller::default()
        };
        assert_eq!(access(&["svg.example.org"], &[]).check(&caller), Ok(()));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused_by_their_key() {
        let config = |hosts: &str, origins: &str| {
            let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
            Access::new(&WebConfig {
                allowed_hosts: list(hosts),
                cors_origins: list(origins),
                ..WebConfig::default()
            })
            .unwrap_err()
            .to_string()
        };
        assert!(config("http://x", "").starts_with("allowed_hosts: \"http://x\""));
        assert!(config("*.example.org", "").starts_with("allowed_hosts"));
        assert!(config("", "app.example.org").starts_with("cors_origins"));
        assert!(config("", "*").starts_with("cors_origins"));
    }
}
