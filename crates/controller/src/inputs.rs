//! Attachments as they came become documents and pictures. Pure; parsing costs CPU, so not on an
//! arbiter.

use std::sync::Arc;

use chat2svg_protocol::{Attachment, AttachmentRole, ParsedInputs};
use chat2svg_vector::{DecodeError, DecodeLimits, Document, ParseError, ParseLimits, Raster};
use thiserror::Error;

/// Why an attachment could not be used.
#[derive(Debug, Error)]
pub enum InputError {
    /// The template is not an SVG that can be used.
    #[error("the template cannot be used: {0}")]
    Template(#[from] ParseError),
    /// The target is not a picture that can be used.
    #[error("the target picture cannot be used: {0}")]
    Target(#[from] DecodeError),
}

/// Parses and sanitises attachments.
///
/// # Errors
/// When one is broken, too large, or of another format.
pub fn parse_inputs(attachments: &[Attachment]) -> Result<ParsedInputs, InputError> {
    let mut inputs = ParsedInputs::default();
    for attachment in attachments {
        match attachment.role {
            AttachmentRole::Template => {
                let parsed = Document::parse(&attachment.bytes, &ParseLimits::default())?;
                inputs.template = Some(Arc::new(parsed.document));
            }
            AttachmentRole::Target => {
                let raster = Raster::decode(&attachment.bytes, &DecodeLimits::default())?;
                inputs.target = Some(Arc::new(raster));
            }
        }
    }
    Ok(inputs)
}
