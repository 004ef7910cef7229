//! The messages to and from the breaker.

use actix::Message;

use crate::{
    CallReport, CallSize, Circuit, CircuitChange, CircuitMode, CircuitOpen, CircuitPermit,
    CircuitSnapshot, CircuitStanding, PipelineOpen, PipelinePermit, UnknownCircuit,
};

/// stages → breaker: may I call?
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CircuitPermit, CircuitOpen>")]
pub struct Acquire {
    /// The circuit.
    pub circuit: Circuit,
    /// How much work the call is: of those that ask, the smallest probes.
    pub size: CallSize,
}

/// stages → breaker: how the call went.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Report {
    /// The permit under which it was made.
    pub permit: CircuitPermit,
    /// How it went.
    pub call: CallReport,
}

/// web, controller → breaker: how do the circuits stand?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<CircuitSnapshot>")]
pub struct CircuitsQuery;

/// web → breaker: who decides whether calls pass from now on. Setting it to automatic also forgets
/// what had happened: the circuit is closed.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CircuitSnapshot, UnknownCircuit>")]
pub struct SetCircuit {
    /// The circuit.
    pub circuit: Circuit,
    /// Who decides.
    pub mode: CircuitMode,
}

/// controller → breaker: may a job go through the pipeline?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<PipelinePermit, PipelineOpen>")]
pub struct EnterPipeline {
    /// How much work the job is: of those that ask, the smallest probe.
    pub size: CallSize,
}

/// controller → breaker: how a job came out of the pipeline.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct LeavePipeline {
    /// The permit under which it went in.
    pub permit: PipelinePermit,
    /// How it went.
    pub call: CallReport,
}

/// web → breaker: how does the circuit of the pipeline as a whole stand?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "CircuitStanding")]
pub struct PipelineQuery;

/// web → breaker: who decides from now on whether jobs go through the pipeline. Setting it to
/// automatic also forgets what had happened: the circuit is closed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "CircuitStanding")]
pub struct SetPipeline {
    /// Who decides.
    pub mode: CircuitMode,
}

/// breaker → controller: the state of a circuit has changed. May be lost.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CircuitChanged {
    /// The circuit; `None` for that of the pipeline as a whole.
    pub circuit: Option<Circuit>,
    /// What changed.
    pub change: CircuitChange,
}
