//! Which circuits there are and who decides about each; outlives the actor.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chat2svg_protocol::{Circuit, CircuitMode};

/// The circuits and their modes. What somebody has set holds until it is set anew or the process
/// ends, also when the actor is restarted.
#[derive(Clone, Debug, Default)]
pub struct CircuitRegistry(Arc<Mutex<BTreeMap<Circuit, CircuitMode>>>);

impl CircuitRegistry {
    /// Circuits that decide themselves.
    pub fn new(circuits: impl IntoIterator<Item = Circuit>) -> Self {
        let modes = circuits
            .into_iter()
            .map(|circuit| (circuit, CircuitMode::Automatic));
        Self(Arc::new(Mutex::new(modes.collect())))
    }

    pub(crate) fn modes(&self) -> BTreeMap<Circuit, CircuitMode> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set(&self, circuit: Circuit, mode: CircuitMode) {
        let mut modes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        modes.insert(circuit, mode);
    }
}
