//! Looks whether uploaded files can be used, off the arbiter. They are read when their job runs.

use chat2svg_controller::check_inputs;
use chat2svg_protocol::{Attachment, AttachmentRole, stop_of};
use chat2svg_supervision::ComputeError;

use crate::{
    problem::{Code, FieldError, Problem},
    services::Shared,
};

/// Says what is wrong with the first attachment that cannot be used, as far as that is seen at
/// little cost. `field_of` names the field in which a file came.
pub(crate) async fn check_files(
    shared: &Shared,
    field_of: impl Fn(AttachmentRole) -> &'static str,
    attachments: &[Attachment],
) -> Result<(), Problem> {
    if attachments.is_empty() {
        return Ok(());
    }
    let attachments = attachments.to_vec();
    let limits = shared.services.limits.clone();
    let limits = limits.with_bytes(shared.config.max_upload_bytes);
    // Cancelled too when the client has left, which drops this future.
    let asked = shared.stopping.child_token();
    let _guard = asked.clone().drop_guard();
    let stop = stop_of(&asked);
    let work = move || check_inputs(&attachments, &limits, &stop);
    match shared.services.intake.run(&asked, work).await? {
        Err(error) if error.is_stop() => Err(ComputeError::Cancelled.into()),
        checked => checked.map_err(|error| unusable(field_of(error.role()), error.reason())),
    }
}

/// A problem with the file in a field.
pub(crate) fn unusable(field: &str, detail: String) -> Problem {
    let summary = format!("{field}: {detail}");
    Problem {
        errors: vec![FieldError {
            field: field.to_owned(),
            detail,
        }],
        ..Problem::new(Code::InvalidFile, summary)
    }
}
