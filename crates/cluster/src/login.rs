//! Who this node is to NATS: a name with a password, or a token, which no setting holds itself.

use std::{fmt, fs::File, io::Read as _, path::Path};

use async_nats::ConnectOptions;

use crate::{config::ClusterConfig, error::ClusterError};

/// More than a login has.
const MOST_BYTES: u64 = 4_096;

/// What a node says to be let in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// A user of the server.
    User { name: String, password: String },
    /// A token that all share.
    Token(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Login")
    }
}

impl Login {
    /// Reads `name:password` or a token from where the configuration says that it is; nothing where
    /// it names no place.
    ///
    /// # Errors
    /// When nothing is there, or it cannot be read.
    pub(crate) fn read(config: &ClusterConfig) -> Result<Option<Self>, ClusterError> {
        let (key, place, text) = if !config.login_file.as_os_str().is_empty() {
            let path = &config.login_file;
            let text = read_limited(path).map_err(|error| format!("cannot be read: {error}"));
            ("login_file", path.display().to_string(), text)
        } else if !config.login_env.is_empty() {
            let text = std::env::var(&config.login_env).map_err(|_| "is not set".to_owned());
            ("login_env", config.login_env.clone(), text)
        } else {
            return Ok(None);
        };
        let login = text.and_then(|text| {
            Self::parse(&text).ok_or_else(|| "holds neither name:password nor a token".to_owned())
        });
        let login =
            login.map_err(|reason| ClusterError::Config(format!("{key}: {place} {reason}")))?;
        Ok(Some(login))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.chars().any(char::is_control) {
            return None;
        }
        Some(match text.split_once(':') {
            Some((name, password)) => Self::User {
                name: name.to_owned(),
                password: password.to_owned(),
            },
            None => Self::Token(text.to_owned()),
        })
    }

    /// Says it on each connection.
    pub(crate) fn apply(self, options: ConnectOptions) -> ConnectOptions {
        match self {
            Self::User { name, password } => options.user_and_password(name, password),
            Self::Token(token) => options.token(token),
        }
    }
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MOST_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Result<Option<Login>, ClusterError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login");
        std::fs::write(&path, text).unwrap();
        Login::read(&ClusterConfig {
            login_file: path,
            ..ClusterConfig::default()
        })
    }

    #[test]
    fn a_file_holds_a_user_or_a_token() {
        let user = Login::User {
            name: "c2s".to_owned(),
            password: "a:b c".to_owned(),
        };
        assert_eq!(from_file("c2s:a:b c\n").unwrap(), Some(user));
        let token = Login::Token("t0ken".to_owned());
        assert_eq!(from_file(" t0ken ").unwrap(), Some(token));
        assert_eq!(Login::read(&ClusterConfig::default()).unwrap(), None);
    }

    #[test]
    fn what_is_none_is_refused_and_not_shown() {
        for text in ["", " \n", "a\nb"] {
            let error = from_file(text).unwrap_err().to_string();
            assert!(
                error.ends_with("holds neither name:password nor a token"),
                "{error}"
            );
        }
        let missing = ClusterConfig {
            login_env: "CHAT2SVG_NO_SUCH_LOGIN".to_owned(),
            ..ClusterConfig::default()
        };
        let error = Login::read(&missing).unwrap_err().to_string();
        assert_eq!(
            error,
            "[cluster] login_env: CHAT2SVG_NO_SUCH_LOGIN is not set"
        );
        let login = from_file("c2s:secret").unwrap();
        assert!(!format!("{login:?}").contains("secret"));
    }
}
