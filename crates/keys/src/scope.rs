//! What a key may be used for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One thing that a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at jobs of its owner, at their events and results, and at the service.
    Read,
    /// Ask for pictures, cancel and remove jobs.
    Write,
    /// All of that for every owner, and circuits.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text.trim())
            .ok_or_else(|| {
                let text: String = text.chars().take(40).collect();
                format!("\"{text}\" is no scope: use read, write or admin")
            })
    }
}

/// What a key may be used for; at least one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes {
    read: bool,
    write: bool,
    admin: bool,
}

impl Scopes {
    /// Everything: what the local user may do where there are no keys.
    pub const EVERYTHING: Self = Self {
        read: true,
        write: true,
        admin: true,
    };

    /// Read and write, the usual choice.
    pub const USUAL: Self = Self {
        read: true,
        write: true,
        admin: false,
    };

    /// Whether something is allowed. Admin allows everything.
    pub fn allow(self, scope: Scope) -> bool {
        self.admin
            || match scope {
                Scope::Read => self.read,
                Scope::Write => self.write,
                Scope::Admin => false,
            }
    }
}

impl TryFrom<Vec<Scope>> for Scopes {
    type Error = String;

    fn try_from(scopes: Vec<Scope>) -> Result<Self, String> {
        if scopes.is_empty() {
            return Err("a key needs a scope: read, write or admin".to_owned());
        }
        Ok(Self {
            read: scopes.contains(&Scope::Read),
            write: scopes.contains(&Scope::Write),
            admin: scopes.contains(&Scope::Admin),
        })
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        let has = |scope: &Scope| match scope {
            Scope::Read => scopes.read,
            Scope::Write => scopes.write,
            Scope::Admin => scopes.admin,
        };
        Scope::ALL.into_iter().filter(has).collect()
    }
}

/// Names with a comma or a plus between them.
impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text
            .split([',', '+'])
            .filter(|name| !name.trim().is_empty());
        let scopes: Vec<Scope> = names.map(str::parse).collect::<Result<_, _>>()?;
        scopes.try_into()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Vec::from(*self).into_iter().map(Scope::name).collect();
        formatter.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_admin_has_all() {
        let scopes: Scopes = "read, write".parse().unwrap();
        assert_eq!(scopes, Scopes::USUAL);
        assert!(scopes.allow(Scope::Read) && !scopes.allow(Scope::Admin));
        let read: Scopes = "read".parse().unwrap();
        assert!(!read.allow(Scope::Write));
        let admin: Scopes = "admin".parse().unwrap();
        assert!(Scope::ALL.into_iter().all(|scope| admin.allow(scope)));
        assert_eq!(
            "write+read".parse::<Scopes>().unwrap().to_string(),
            "read,write"
        );
        assert!("".parse::<Scopes>().is_err());
        assert!("root".parse::<Scopes>().is_err());
    }
}
