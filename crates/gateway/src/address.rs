//! Where a provider is.

use std::{fmt, str::FromStr};

use reqwest::Url;
use thiserror::Error;

/// A provider's base address: http or https, with a host, without user, password, query or
/// fragment. Calls go to it and to nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no [`Address`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// It is no URL.
    #[error("is not a URL: {0}")]
    Malformed(String),
    /// Its scheme is another.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It has a user or password. It is not repeated here, for it is a secret.
    #[error("must not hold a user or password; put the key into api_key_env or api_key_file")]
    UserInfo,
    /// It has a query or fragment.
    #[error("must not have a query or fragment")]
    Query,
}

impl Address {
    /// The address of a path below this one.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url
    }

    /// Whether it names this machine itself.
    pub fn is_loopback(&self) -> bool {
        match self.0.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        }
    }

    /// The host, for people.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether a URL leads to the same scheme, host and port.
    pub fn is_origin_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url =
            Url::parse(text.trim()).map_err(|error| AddressError::Malformed(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Query);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, AddressError> {
        text.parse()
    }

    #[test]
    fn paths_are_put_below_the_base_with_and_without_a_slash() {
        for base in ["http://localhost:8080/v1", "http://localhost:8080/v1/"] {
            let url = address(base).unwrap().at("/chat/completions");
            assert_eq!(url.as_str(), "http://localhost:8080/v1/chat/completions");
        }
        let url = address("https://api.example.org")
            .unwrap()
            .at("v1/messages");
        assert_eq!(url.as_str(), "https://api.example.org/v1/messages");
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        assert!(matches!(
            address("localhost"),
            Err(AddressError::Malformed(_))
        ));
        assert_eq!(address("file:///etc/passwd"), Err(AddressError::Scheme));
        assert_eq!(
            address("http://x:secret@example.org/"),
            Err(AddressError::UserInfo)
        );
        assert_eq!(
            address("http://example.org/?key=secret"),
            Err(AddressError::Query)
        );
        let shown = address("http://x:secret@example.org/")
            .unwrap_err()
            .to_string();
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for local in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:80"] {
            assert!(address(local).unwrap().is_loopback(), "{local}");
        }
        assert!(
            !address("http://localhost.example.org")
                .unwrap()
                .is_loopback()
        );
    }
}
