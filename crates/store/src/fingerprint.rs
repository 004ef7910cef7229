//! Whether two requests are the same one.

use chat2svg_protocol::{Attachment, JobSpec};
use sha2::{Digest, Sha256};

use crate::record::name_of;

/// A digest of everything that a request asks for. Stable across releases, since keys are kept.
pub fn fingerprint(spec: &JobSpec, attachments: &[Attachment]) -> Result<[u8; 32], String> {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // The length goes first, so that no two lists of parts run together alike.
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    add(&serde_json::to_vec(spec).map_err(|error| error.to_string())?);
    for attachment in attachments {
        add(name_of(&attachment.role)?.as_bytes());
        add(&attachment.bytes);
    }
    Ok(digest.finalize().into())
}
