//! Which circuits there are and who decides about each; outlives the actor.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chat2svg_protocol::{Circuit, CircuitMode};

/// The circuits and their modes. What somebody has set holds until it is set anew or the process
/// ends, also when the actor is restarted.
#[derive(Clone, Debug, Default)]
pub struct CircuitRegistry(Arc<Mutex<Modes>>);

#[derive(Debug, Default)]
struct Modes {
    circuits: BTreeMap<Circuit, CircuitMode>,
    pipeline: CircuitMode,
}

impl CircuitRegistry {
    /// Circuits that decide themselves, and that of the pipeline as a whole.
    pub fn new(circuits: impl IntoIterator<Item = Circuit>) -> Self {
        let modes = circuits
            .into_iter()
            .map(|circuit| (circuit, CircuitMode::Automatic));
        Self(Arc::new(Mutex::new(Modes {
            circuits: modes.collect(),
            pipeline: CircuitMode::Automatic,
        })))
    }

    pub(crate) fn modes(&self) -> BTreeMap<Circuit, CircuitMode> {
        self.lock().circuits.clone()
    }

    pub(crate) fn pipeline_mode(&self) -> CircuitMode {
        self.lock().pipeline
    }

    pub(crate) fn set(&self, circuit: Circuit, mode: CircuitMode) {
        self.lock().circuits.insert(circuit, mode);
    }

    pub(crate) fn set_pipeline(&self, mode: CircuitMode) {
        self.lock().pipeline = mode;
    }

    fn lock(&self) -> MutexGuard<'_, Modes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
