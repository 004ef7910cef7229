//! Keys: read once, shown never.

use std::{fmt, fs, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

/// The longest key that is taken.
const MAX_LENGTH: usize = 4096;

/// A provider's key. It has no way of being printed, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct ApiKey(SecretString);

/// Where a key comes from. Empty names stand for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySource {
    /// An environment variable.
    pub variable: String,
    /// A file, which goes before the variable. It holds the key alone, or lines `NAME=value` of
    /// which the variable's name says which is meant.
    pub file: PathBuf,
}

/// Why a key cannot be used. The key itself is never in the text.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Its file cannot be read.
    #[error("cannot read the key file {}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// It cannot be a key.
    #[error("the key in {origin} {reason}")]
    Unusable {
        /// A file or a variable.
        origin: String,
        /// Why not.
        reason: &'static str,
    },
}

impl KeySource {
    /// The key, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read, or what is there can be no key.
    pub fn read(&self) -> Result<Option<ApiKey>, KeyError> {
        self.read_with(|name| std::env::var(name).ok())
    }

    fn read_with(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<ApiKey>, KeyError> {
        let (text, origin) = if !self.file.as_os_str().is_empty() {
            let text = fs::read_to_string(&self.file).map_err(|reason| KeyError::Unreadable {
                path: self.file.clone(),
                reason,
            })?;
            let text = named(&text, &self.variable).unwrap_or(text);
            (text, format!("the file {}", self.file.display()))
        } else if self.variable.is_empty() {
            return Ok(None);
        } else {
            match variable(&self.variable) {
                None => return Ok(None),
                Some(text) => (text, format!("the environment variable {}", self.variable)),
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        ApiKey::new(text)
            .map(Some)
            .map_err(|reason| KeyError::Unusable { origin, reason })
    }

    /// Where the key is looked for, for people.
    pub fn describe(&self) -> String {
        if self.file.as_os_str().is_empty() {
            format!("environment variable {}", self.variable)
        } else {
            format!("file {}", self.file.display())
        }
    }
}

/// What a file of lines `NAME=value` has for a name; the first of its lines holds.
fn named(text: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let lines = dotenvy::from_read_iter(text.as_bytes()).filter_map(Result::ok);
    let mut own = lines.filter(|(found, _)| found == name);
    own.next().map(|(_, value)| value)
}

impl ApiKey {
    /// The key itself, to be signed with; never to be shown.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// A key.
    ///
    /// # Errors
    /// Why it can be none; the text does not hold it.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.len() > MAX_LENGTH {
            return Err("is longer than 4096 bytes");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds characters that no key has");
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The value of a header that carries it, after `prefix`. It is marked as sensitive.
    pub fn header(&self, prefix: &str) -> HeaderValue {
        Self::value(&format!("{prefix}{}", self.0.expose_secret()))
    }

    /// The value of a header that logs in with it; `None` when it is not `name:password`.
    pub fn login_header(&self) -> Option<HeaderValue> {
        let is_login = self.0.expose_secret().contains(':');
        is_login.then(|| Self::value(&format!("Basic {}", self.encoded())))
    }

    fn encoded(&self) -> String {
        BASE64_STANDARD.encode(self.0.expose_secret())
    }

    /// All of the text is visible ASCII.
    fn value(text: &str) -> HeaderValue {
        let mut value =
            HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// A text from outside without the key, should it be in there.
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.0.expose_secret(), "[key]")
            .replace(&self.encoded(), "[key]")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn from_variable(value: &str) -> Result<Option<ApiKey>, KeyError> {
        let source = KeySource {
            variable: "SOME_KEY".to_owned(),
            file: PathBuf::new(),
        };
        source.read_with(|name| (name == "SOME_KEY").then(|| value.to_owned()))
    }

    #[test]
    fn a_key_is_trimmed_and_never_shown() {
        let key = from_variable(" sk-secret\n").unwrap().expect("a key");
        assert_eq!(format!("{key:?}"), "ApiKey");
        assert_eq!(key.header("Bearer "), "Bearer sk-secret");
        assert!(!format!("{:?}", key.header("Bearer ")).contains("secret"));
        assert_eq!(key.redact("bad key: sk-secret!"), "bad key: [key]!");
    }

    #[test]
    fn a_name_and_a_password_are_a_login() {
        let key = from_variable("ann:s3cret").unwrap().expect("a key");
        let login = key.login_header().expect("a login");
        // printf 'ann:s3cret' | base64
        assert_eq!(login, "Basic YW5uOnMzY3JldA==");
        assert!(login.is_sensitive());
        assert_eq!(key.redact("got YW5uOnMzY3JldA=="), "got [key]");
        let token = from_variable("sk-secret").unwrap().expect("a key");
        assert_eq!(token.login_header(), None);
    }

    #[test]
    fn none_is_no_error_but_an_impossible_one_is() {
        assert!(from_variable("  ").unwrap().is_none());
        let error = from_variable("sk secret").unwrap_err().to_string();
        assert!(
            error.contains("SOME_KEY") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_file_of_names_has_the_key_under_the_variables_name() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# keys\nBACKEND=Claude\nSOME_KEY=\"sk-named\"").unwrap();
        let source = KeySource {
            variable: "SOME_KEY".to_owned(),
            file: file.path().to_owned(),
        };
        let key = source.read_with(|_| None).unwrap().expect("a key");
        assert_eq!(key.header(""), "sk-named");
        let other = KeySource {
            variable: "OTHER_KEY".to_owned(),
            ..source
        };
        let error = other.read_with(|_| None).unwrap_err().to_string();
        assert!(!error.contains("sk-named"), "{error}");
    }

    #[test]
    fn a_file_goes_before_a_variable() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "from-file").unwrap();
        let source = KeySource {
            variable: "SOME_KEY".to_owned(),
            file: file.path().to_owned(),
        };
        let key = source.read_with(|_| Some("from-variable".to_owned()));
        assert_eq!(key.unwrap().expect("a key").header(""), "from-file");
        let gone = KeySource {
            file: "/nonexistent/key".into(),
            ..source
        };
        assert!(matches!(gone.read(), Err(KeyError::Unreadable { .. })));
    }
}
