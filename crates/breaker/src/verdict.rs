//! What a call says about its backend.

use std::time::Duration;

use chat2svg_protocol::{CallEnd, CallReport, Fault};

/// What a call says about its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works.
    Success,
    /// It works, but took far longer than expected.
    Slow,
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
    /// Whether it tells of a fault of the backend that has a reason in words.
    pub(crate) fn is_fault(self) -> bool {
        !matches!(self, Self::Success | Self::Slow | Self::Ignored)
    }

    /// Whether it counts whenever the call was made: it is what the backend says of itself.
    pub(crate) fn binds_always(self) -> bool {
        matches!(self, Self::Wait(_) | Self::Terminal)
    }
}

/// From when on calls of a size are slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowFrom {
    /// From so long on.
    pub(crate) time: Duration,
    /// Whether enough calls were seen to blame one that served.
    pub(crate) is_known: bool,
}

/// Judges a call. One that ran out of time counts only if the time was long enough. One that served
/// is slow only among calls that can be compared, and when there were enough of them. What the
/// request or the caller is to blame for never counts.
pub(crate) fn judge(call: &CallReport, slow: SlowFrom) -> Verdict {
    match call.end {
        CallEnd::Served if call.comparable && slow.is_known && call.spent >= slow.time => {
            Verdict::Slow
        }
        CallEnd::Served => Verdict::Success,
        CallEnd::Late if call.spent >= slow.time => Verdict::Failure,
        CallEnd::Late | CallEnd::Failed(Fault::Request | Fault::Caller) => Verdict::Ignored,
        CallEnd::Failed(Fault::Provider) => Verdict::Failure,
        CallEnd::Failed(Fault::Busy { retry_after }) => Verdict::Wait(retry_after),
        CallEnd::Failed(Fault::Terminal) => Verdict::Terminal,
    }
}

/// Whether what a call cost is lost through the backend.
pub(crate) fn is_wasted(end: CallEnd) -> bool {
    match end {
        CallEnd::Served | CallEnd::Failed(Fault::Request | Fault::Caller) => false,
        CallEnd::Late | CallEnd::Failed(Fault::Provider | Fault::Busy { .. } | Fault::Terminal) => {
            true
        }
    }
}
