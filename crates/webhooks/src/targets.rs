//! Which addresses may be told.

use std::{net::IpAddr, str::FromStr};

use chat2svg_protocol::{InvalidSetting, WebhookUrl};
use reqwest::Url;
use thiserror::Error;

use crate::{WebhooksConfig, private::is_public};

/// Why an address may not be told.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// It is none.
    #[error("is not a URL: {0}")]
    Malformed(String),
    /// Nobody may be told.
    #[error("webhooks are off here: webhooks.hosts names the hosts that may be told")]
    Off,
    /// Its host is not among those that may be told.
    #[error("{0} is not among the hosts that may be told (webhooks.hosts)")]
    Host(String),
    /// It is not https.
    #[error("must begin with https://")]
    Scheme,
    /// It leads into somebody's own network.
    #[error("{0} is a private address, which only an entry of webhooks.hosts of its own allows")]
    Private(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRule {
    /// This name.
    Name(String),
    /// Every name below this one.
    Below(String),
    /// This machine, by an address or as localhost.
    Literal(String),
}

/// A host that may be told, perhaps at one port only.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    host: HostRule,
    port: Option<u16>,
}

impl FromStr for Rule {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        let (rest, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        // A URL knows what is a host and what is a port.
        let url = Url::parse(&format!("https://{rest}/")).map_err(|_| ())?;
        let is_bare = url.path() == "/" && url.username().is_empty() && url.query().is_none();
        let host = url.host_str().filter(|host| is_bare && !host.contains('*'));
        let host = host.ok_or(())?.to_owned();
        let host = match (below, address_of(&host)) {
            (true, Some(_)) => return Err(()),
            (true, None) => HostRule::Below(format!(".{host}")),
            (false, Some(_)) => HostRule::Literal(host),
            (false, None) if host == "localhost" => HostRule::Literal(host),
            (false, None) => HostRule::Name(host),
        };
        let has_port = rest
            .trim_end_matches('/')
            .rsplit_once(':')
            .is_some_and(|(_, port)| {
                !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
            });
        Ok(Self {
            host,
            port: has_port.then(|| url.port_or_known_default()).flatten(),
        })
    }
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// The addresses that may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets(Vec<Rule>);

/// An address that may be told.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// Whether the configuration names the host as one of a private network.
    pub(crate) may_be_private: bool,
}

impl Targets {
    /// The addresses of a configuration.
    ///
    /// # Errors
    /// When an entry is no host.
    pub fn new(config: &WebhooksConfig) -> Result<Self, InvalidSetting> {
        let rules = config.hosts.iter().map(|entry| {
            entry.parse().map_err(|()| InvalidSetting {
                key: "hosts",
                reason: format!(
                    "\"{entry}\" is not a host such as hooks.example.org, *.example.org or \
                     10.0.0.5:9000"
                ),
            })
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address may be told.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &WebhookUrl) -> Result<(), TargetError> {
        self.target(url).map(|_| ())
    }

    pub(crate) fn target(&self, url: &WebhookUrl) -> Result<Target, TargetError> {
        if self.0.is_empty() {
            return Err(TargetError::Off);
        }
        let url =
            Url::parse(url.as_str()).map_err(|error| TargetError::Malformed(error.to_string()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default();
        let rule = self.0.iter().find(|rule| {
            let is_host = match &rule.host {
                HostRule::Name(name) | HostRule::Literal(name) => *name == host,
                HostRule::Below(end) => host.ends_with(end),
            };
            is_host && (rule.port.is_none() || rule.port == port)
        });
        let Some(rule) = rule else {
            return Err(TargetError::Host(host));
        };
        let may_be_private = matches!(rule.host, HostRule::Literal(_));
        if url.scheme() != "https" && !may_be_private {
            return Err(TargetError::Scheme);
        }
        if let Some(address) = address_of(&host)
            && !may_be_private
            && !is_public(address)
        {
            return Err(TargetError::Private(host));
        }
        Ok(Target {
            url,
            may_be_private,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(hosts: &[&str]) -> Result<Targets, InvalidSetting> {
        Targets::new(&WebhooksConfig {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..WebhooksConfig::default()
        })
    }

    #[test]
    fn only_hosts_that_are_named_may_be_told() {
        let targets = targets(&[
            "hooks.example.org",
            "*.example.com",
            "10.0.0.5:9000",
            "localhost",
            "[fd00::1]",
        ])
        .unwrap();
        // Scheme and place.
        let check = |text: &str| {
            let url = text.replacen(' ', "://", 1);
            targets.check(&url.parse::<WebhookUrl>().unwrap())
        };
        for allowed in [
            "https hooks.example.org/a?b=c",
            "https HOOKS.example.org:8443/",
            "https a.b.example.com/",
            "http 10.0.0.5:9000/x",
            "http localhost:1234/",
            "http [fd00::1]/",
        ] {
            assert_eq!(check(allowed), Ok(()), "{allowed}");
        }
        for refused in [
            "https example.org/",
            "https example.com/",
            "https otherexample.com/",
            "https hooks.example.org.example.net/",
            "http 10.0.0.5/",
            "http 10.0.0.6:9000/",
            "http 0x0a000006:9000/",
            "http 127.0.0.1/",
            "http 2130706433/",
            "http [::ffff:10.0.0.5]:9000/",
        ] {
            assert!(
                matches!(check(refused), Err(TargetError::Host(_))),
                "{refused}"
            );
        }
        assert_eq!(check("http hooks.example.org/"), Err(TargetError::Scheme));
    }

    #[test]
    fn without_hosts_nobody_is_told() {
        let url: WebhookUrl = "https://hooks.example.org/".parse().unwrap();
        assert_eq!(targets(&[]).unwrap().check(&url), Err(TargetError::Off));
        for wrong in [
            "",
            "a b",
            "https://localhost",
            "x.org/path",
            "u@x.org",
            "*.10.0.0.1",
            "*",
        ] {
            assert!(targets(&[wrong]).is_err(), "{wrong}");
        }
    }
}
