//! What a call says about its backend.

use std::time::Duration;

use chat2svg_protocol::{CallEnd, CallReport, Fault};

/// What a call says about its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// Nothing.
    Ignored,
    /// It wants to be left alone for so long.
    Wait(Duration),
    /// It cannot work before somebody acts.
    Terminal,
}

impl Verdict {
    /// Whether it tells of a fault of the backend.
    pub(crate) fn is_fault(self) -> bool {
        !matches!(self, Self::Success | Self::Ignored)
    }
}

/// Judges a call. One that ran out of time counts only if the time was long enough: `slow_from`.
/// What the request or the caller is to blame for never counts.
pub(crate) fn judge(call: &CallReport, slow_from: Duration) -> Verdict {
    match call.end {
        CallEnd::Served => Verdict::Success,
        CallEnd::Late if call.spent >= slow_from => Verdict::Failure,
        CallEnd::Late | CallEnd::Failed(Fault::Request | Fault::Caller) => Verdict::Ignored,
        CallEnd::Failed(Fault::Provider) => Verdict::Failure,
        CallEnd::Failed(Fault::Busy { retry_after }) => Verdict::Wait(retry_after),
        CallEnd::Failed(Fault::Terminal) => Verdict::Terminal,
    }
}
