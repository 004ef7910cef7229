//! Circuits held open or closed by hand: what one node is told, all nodes that are there do.

use std::time::Duration;

use chat2svg_protocol::{
    Circuit, CircuitMode,
    messages::{SetCircuit, SetPipeline},
};
use chat2svg_supervision::Line;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tracing::{debug, info, warn};

use crate::{connection::Cluster, names};

/// How long a breaker may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// Who decides about a circuit, as one node tells the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Who tells.
    node: String,
    /// The circuit; none for that of the pipeline as a whole.
    circuit: Option<Circuit>,
    mode: CircuitMode,
}

/// The node's own circuits.
#[derive(Clone, Debug)]
pub struct CircuitLines {
    /// Those of the backends.
    pub circuit: Line<SetCircuit>,
    /// That of the pipeline as a whole.
    pub pipeline: Line<SetPipeline>,
}

impl Cluster {
    /// Tells the other nodes who decides about a circuit from now on.
    pub async fn tell_circuit(&self, circuit: Option<Circuit>, mode: CircuitMode) {
        let told = Told {
            node: self.node().to_owned(),
            circuit,
            mode,
        };
        let sent = match serde_json::to_vec(&told) {
            Ok(text) => {
                let sent = self.client().publish(names::CIRCUITS, text.into()).await;
                sent.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            warn!(%error, "the other nodes do not hear how a circuit is held");
        }
    }

    /// Does with the node's own circuits what other nodes are told, for ever.
    pub(crate) async fn hear_circuits(&self, lines: &CircuitLines) {
        loop {
            match self.client().subscribe(names::CIRCUITS).await {
                Ok(mut messages) => {
                    while let Some(message) = messages.next().await {
                        match serde_json::from_slice::<Told>(&message.payload) {
                            Ok(told) if told.node == self.node() => {}
                            Ok(told) => lines.set(told).await,
                            // Of a newer version, say.
                            Err(error) => debug!(%error, "a circuit is not understood"),
                        }
                    }
                }
                Err(error) => debug!(%error, "circuits cannot be heard of now"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl CircuitLines {
    async fn set(&self, told: Told) {
        let Told {
            node,
            circuit,
            mode,
        } = told;
        let is_set = match circuit {
            Some(circuit) => {
                let set = self.circuit.ask(SetCircuit { circuit, mode }, PATIENCE);
                matches!(set.await, Ok(Ok(_)))
            }
            None => {
                let set = self.pipeline.ask(SetPipeline { mode }, PATIENCE);
                set.await.is_ok()
            }
        };
        info!(
            node,
            is_set,
            ?mode,
            "another node was told who decides about a circuit"
        );
    }
}
