//! Signatures as Standard Webhooks say: HMAC-SHA256 of id, time and body.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// What secrets begin with where their text says so.
const PREFIX: &str = "whsec_";

/// A secret for signatures.
pub(crate) struct SigningKey(Vec<u8>);

impl SigningKey {
    /// A secret as it is written: base64 behind `whsec_`, or any other text as it is.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let bytes = match text.strip_prefix(PREFIX) {
            Some(encoded) => BASE64_STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        (bytes.len() >= 16).then_some(Self(bytes))
    }

    /// The header `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut signer = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do");
        signer.update(format!("{id}.{timestamp}.{body}").as_bytes());
        let signature = signer.finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standards_example() {
        let key = SigningKey::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(SigningKey::new("short").is_none());
        assert!(SigningKey::new("whsec_not base64").is_none());
    }
}
