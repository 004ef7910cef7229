//! Short-lived stand-ins for a key, for places where a browser cannot send a header: event streams,
//! pictures, downloads. Signed, bound to the key, perhaps to one job, and good for reading only.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat2svg_protocol::JobId;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use thiserror::Error;

use crate::Name;

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 512;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// It is none, or was signed with another secret.
    #[error("the token is not one of this service: ask for a new one at /v1/tokens")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired: ask for a new one at /v1/tokens")]
    Expired,
    /// It is for another job.
    #[error("the token is for another job")]
    OtherJob,
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The key that it was made for.
    pub key: Name,
    /// The only job that it is for; without, all of the owner's.
    pub job: Option<JobId>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Signs tokens and reads them back. The secret is the process's own, so that no token outlives it,
/// or that of a cluster, whose fronts take each other's.
pub struct Tokens([u8; 32]);

impl Tokens {
    /// A signer with a new secret.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        Self::new_secret().map(Self)
    }

    /// A signer with a secret that others have, too.
    pub fn with_secret(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// A secret that nobody has yet.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new_secret() -> Result<[u8; 32], getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(secret)
    }

    /// The token's text.
    pub fn sign(&self, token: &Token) -> String {
        let job = token.job.map(|job| job.to_string()).unwrap_or_default();
        let content = format!("{}|{job}|{}", token.expires_at.as_second(), token.key);
        let signature = self.signer(&content).finalize().into_bytes();
        format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(&content),
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        )
    }

    /// What a text stands for, if it was signed here, is not over, and is for this job.
    ///
    /// # Errors
    /// When it may not be used.
    pub fn read(
        &self,
        text: &str,
        job: Option<JobId>,
        now: Timestamp,
    ) -> Result<Token, TokenError> {
        let token = self.parse(text).ok_or(TokenError::Invalid)?;
        if token.expires_at <= now {
            return Err(TokenError::Expired);
        }
        if token.job.is_some() && token.job != job {
            return Err(TokenError::OtherJob);
        }
        Ok(token)
    }

    fn parse(&self, text: &str) -> Option<Token> {
        if text.len() > LONGEST {
            return None;
        }
        let (content, signature) = text.split_once('.')?;
        let content = BASE64_URL_SAFE_NO_PAD.decode(content).ok()?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let content = String::from_utf8(content).ok()?;
        // Compared in constant time.
        self.signer(&content).verify_slice(&signature).ok()?;
        let mut parts = content.splitn(3, '|');
        let expires_at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let job = match parts.next()? {
            "" => None,
            id => Some(id.parse().ok()?),
        };
        let key = parts.next()?.parse().ok()?;
        Some(Token {
            key,
            job,
            expires_at,
        })
    }

    fn signer(&self, content: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut signer = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do");
        signer.update(content.as_bytes());
        signer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(job: Option<JobId>) -> Token {
        Token {
            key: "alice".parse().unwrap(),
            job,
            expires_at: at(100),
        }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_job() {
        let tokens = Tokens::new().unwrap();
        let job: JobId = "0190b5a0-0000-7000-8000-000000000000".parse().unwrap();
        let other: JobId = "0190b5a0-0000-7000-8000-000000000001".parse().unwrap();
        let text = tokens.sign(&token(None));
        assert_eq!(tokens.read(&text, Some(job), at(99)), Ok(token(None)));
        assert_eq!(tokens.read(&text, None, at(100)), Err(TokenError::Expired));
        let text = tokens.sign(&token(Some(job)));
        assert!(tokens.read(&text, Some(job), at(0)).is_ok());
        for wrong in [Some(other), None] {
            assert_eq!(tokens.read(&text, wrong, at(0)), Err(TokenError::OtherJob));
        }
        let stranger = Tokens::new().unwrap();
        assert_eq!(
            stranger.read(&text, Some(job), at(0)),
            Err(TokenError::Invalid)
        );
    }

    proptest! {
        #[test]
        fn what_was_changed_is_refused(place in 0_usize..200, with in any::<char>()) {
            let tokens = Tokens::new().unwrap();
            let text = tokens.sign(&token(None));
            let changed: String = text
                .chars()
                .enumerate()
                .map(|(at, character)| if at == place % text.len() { with } else { character })
                .collect();
            // Bits beyond the last byte of base64 must be zero, so no two texts say the same.
            prop_assert_eq!(tokens.read(&changed, None, at(0)).is_ok(), changed == text);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            prop_assert!(Tokens::new().unwrap().read(&text, None, at(0)).is_err());
        }
    }
}
