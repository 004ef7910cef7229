//! Parses and sanitises uploaded files, off the arbiter.

use chat2svg_controller::parse_inputs;
use chat2svg_protocol::{Attachment, ParsedInputs};
use chat2svg_supervision::ComputePool;
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
        .run(cancel, move || parse_inputs(&attachments, max_bytes))
        .await?
        .map_err(|error| unusable(kind.file_name(error.role()), error.reason()))
}

fn unusable(field: &str, detail: String) -> Problem {
    let summary = format!("{field}: {detail}");
    Problem {
        errors: vec![FieldError {
            field: field.to_owned(),
            detail,
        }],
        ..Problem::new(Code::InvalidFile, summary)
    }
}
