//! Parses and sanitises uploaded files, off the arbiter.

use std::sync::Arc;

use chat2svg_protocol::{Attachment, AttachmentRole, ParsedInputs};
use chat2svg_supervision::ComputePool;
use chat2svg_vector::{DecodeLimits, Document, ParseLimits, Raster};
use tokio_util::sync::CancellationToken;

use crate::{
    input::upload::UploadKind,
    problem::{Code, FieldError, Problem},
};

/// What the attachments hold, or what is wrong with the first that cannot be used.
pub(crate) async fn parse_files(
    compute: &ComputePool,
    cancel: &CancellationToken,
    kind: UploadKind,
    attachments: &[Attachment],
    max_bytes: usize,
) -> Result<ParsedInputs, Problem> {
    let attachments = attachments.to_vec();
    compute
        .run(cancel, move || parse_all(kind, &attachments, max_bytes))
        .await?
}

fn parse_all(
    kind: UploadKind,
    attachments: &[Attachment],
    max_bytes: usize,
) -> Result<ParsedInputs, Problem> {
    let limits = DecodeLimits {
        bytes: max_bytes,
        ..DecodeLimits::default()
    };
    let parse_limits = ParseLimits {
        bytes: max_bytes,
        ..ParseLimits::default()
    };
    let mut inputs = ParsedInputs::default();
    for attachment in attachments {
        match attachment.role {
            AttachmentRole::Template => {
                let parsed =
                    Document::parse(&attachment.bytes, &parse_limits).map_err(|error| {
                        unusable(kind.file_name(attachment.role), &error.to_string())
                    })?;
                inputs.template = Some(Arc::new(parsed.document));
            }
            AttachmentRole::Target => {
                let raster = Raster::decode(&attachment.bytes, &limits).map_err(|error| {
                    unusable(kind.file_name(attachment.role), &error.to_string())
                })?;
                inputs.target = Some(Arc::new(raster));
            }
        }
    }
    Ok(inputs)
}

fn unusable(field: &str, detail: &str) -> Problem {
    Problem {
        errors: vec![FieldError {
            field: field.to_owned(),
            detail: detail.to_owned(),
        }],
        ..Problem::new(Code::InvalidFile, format!("{field}: {detail}"))
    }
}
