//! The Prometheus metrics: what they are called, and the gauges that are read off at a scrape.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use chat2svg_protocol::{CircuitStanding, CircuitState, ResourceSnapshot};

use crate::wire::SystemStatus;

/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// Installs the process-wide recorder that `metrics` macros write to, and gives the handle that
/// [`crate::WebServices`] takes. Called once, by the binary. In a cluster every metric carries the
/// node's name.
///
/// # Errors
/// When a recorder is installed already.
pub fn install_metrics(node: Option<&str>) -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    if let Some(node) = node {
        builder = builder.add_global_label("node", node);
    }
    let handle = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    describe_counter!("chat2svg_http_requests_total", "HTTP requests answered");
    describe_histogram!(
        "chat2svg_http_request_duration_seconds",
        Unit::Seconds,
        "Time from a request's head to its answer's head"
    );
    describe_counter!(
        "chat2svg_backend_turns_total",
        "Turns of the stages' backends, by how they ended"
    );
    describe_histogram!(
        "chat2svg_backend_duration_seconds",
        Unit::Seconds,
        "Time that a backend took to serve a stage"
    );
    describe_gauge!(
        "chat2svg_http_requests_in_flight",
        "HTTP requests being answered"
    );
    describe_gauge!("chat2svg_ready", "Whether new jobs are taken: 1 or 0");
    describe_gauge!(
        "chat2svg_places_available",
        "Further jobs that would be taken"
    );
    describe_gauge!("chat2svg_jobs_queued", "Jobs waiting");
    describe_gauge!("chat2svg_jobs_running", "Jobs running");
    describe_gauge!("chat2svg_cpu_used_ratio", "Share of the usable CPU in use");
    describe_gauge!("chat2svg_memory_used_bytes", Unit::Bytes, "Memory in use");
    describe_gauge!(
        "chat2svg_memory_total_bytes",
        Unit::Bytes,
        "Memory that may be used"
    );
    describe_gauge!(
        "chat2svg_cpu_used_by_others_ratio",
        "Share of the usable CPU that other processes use"
    );
    describe_gauge!("chat2svg_swap_used_bytes", Unit::Bytes, "Swap in use");
    describe_gauge!("chat2svg_swap_total_bytes", Unit::Bytes, "Swap there is");
    describe_gauge!(
        "chat2svg_process_memory_bytes",
        Unit::Bytes,
        "Memory that the process holds"
    );
    describe_gauge!(
        "chat2svg_load",
        "Threads that ran or waited, on the mean over 1, 5 or 15 minutes"
    );
    describe_gauge!(
        "chat2svg_pressure_ratio",
        "Share of the last ten seconds in which some or all threads waited for a resource"
    );
    describe_gauge!("chat2svg_gpu_used_ratio", "Share of a GPU's compute in use");
    describe_gauge!(
        "chat2svg_gpu_memory_used_bytes",
        Unit::Bytes,
        "Memory of a GPU in use"
    );
    describe_gauge!(
        "chat2svg_gpu_memory_total_bytes",
        Unit::Bytes,
        "Memory of a GPU"
    );
    describe_gauge!(
        "chat2svg_resource_level",
        "The machine's level in force: 0 minimal, 1 low, 2 medium, 3 high"
    );
    describe_counter!(
        "chat2svg_circuit_changes_total",
        "Changes of a circuit's state, by the new state and why"
    );
    describe_gauge!(
        "chat2svg_circuit_window_calls",
        "Calls in a circuit's window, by how they ended"
    );
    describe_gauge!(
        "chat2svg_circuit_open",
        "Whether a circuit is open: 1, half open: 0.5, or closed: 0"
    );
    describe_counter!(
        "chat2svg_pipeline_circuit_changes_total",
        "Changes of the state of the pipeline's circuit, by the new state and why"
    );
    describe_gauge!(
        "chat2svg_pipeline_circuit_window_jobs",
        "Jobs in the window of the pipeline's circuit, by how they ended"
    );
    describe_gauge!(
        "chat2svg_pipeline_circuit_open",
        "Whether the pipeline's circuit is open: 1, half open: 0.5, or closed: 0"
    );
    describe_gauge!("chat2svg_actor_alive", "Whether an actor answers: 1 or 0");
    describe_gauge!(
        "chat2svg_actor_restarts",
        "How often the watchdog started an actor anew"
    );
    Ok(handle)
}

/// Sets the gauges that show a state rather than count events.
pub(crate) fn record_status(status: &SystemStatus) {
    gauge!("chat2svg_ready").set(f64::from(u8::from(status.ready)));
    gauge!("chat2svg_places_available").set(status.admission.available as f64);
    if let Some(queue) = &status.queue {
        gauge!("chat2svg_jobs_queued").set(f64::from(queue.queued));
        gauge!("chat2svg_jobs_running").set(f64::from(queue.running));
    }
    if let Some(resources) = &status.resources {
        record_resources(resources);
    }
    for circuit in status.circuits.iter().flatten() {
        let (stage, standing) = (circuit.stage.name(), &circuit.standing);
        let backend = || circuit.backend.to_string();
        gauge!("chat2svg_circuit_open", "stage" => stage, "backend" => backend())
            .set(openness(standing.state));
        for (end, calls) in calls_by_end(standing) {
            gauge!(
                "chat2svg_circuit_window_calls",
                "stage" => stage,
                "backend" => backend(),
                "end" => end
            )
            .set(f64::from(calls));
        }
    }
    if let Some(standing) = &status.pipeline {
        gauge!("chat2svg_pipeline_circuit_open").set(openness(standing.state));
        for (end, calls) in calls_by_end(standing) {
            gauge!("chat2svg_pipeline_circuit_window_jobs", "end" => end).set(f64::from(calls));
        }
    }
    for actor in &status.actors {
        gauge!("chat2svg_actor_alive", "actor" => actor.name.clone())
            .set(f64::from(u8::from(actor.alive)));
        gauge!("chat2svg_actor_restarts", "actor" => actor.name.clone()).set(actor.restarts as f64);
    }
}

fn openness(state: CircuitState) -> f64 {
    match state {
        CircuitState::Closed => 0.0,
        CircuitState::HalfOpen => 0.5,
        CircuitState::Open => 1.0,
    }
}

/// The calls in a circuit's window, by how they ended.
fn calls_by_end(standing: &CircuitStanding) -> [(&'static str, u32); 3] {
    let (slow, failed) = (standing.window_slow, standing.window_failures);
    let good = standing.window_calls.saturating_sub(failed + slow);
    [("good", good), ("slow", slow), ("failed", failed)]
}

fn record_resources(resources: &ResourceSnapshot) {
    gauge!("chat2svg_cpu_used_ratio").set(f64::from(resources.cpu_used));
    gauge!("chat2svg_cpu_used_by_others_ratio").set(f64::from(resources.cpu_used_by_others));
    gauge!("chat2svg_memory_used_bytes").set(resources.memory_used as f64);
    gauge!("chat2svg_memory_total_bytes").set(resources.memory_total as f64);
    gauge!("chat2svg_swap_used_bytes").set(resources.swap_used as f64);
    gauge!("chat2svg_swap_total_bytes").set(resources.swap_total as f64);
    gauge!("chat2svg_process_memory_bytes").set(resources.process_memory as f64);
    gauge!("chat2svg_resource_level").set(f64::from(resources.level as u8));
    if let Some(load) = resources.load {
        for (minutes, load) in [("1", load.one), ("5", load.five), ("15", load.fifteen)] {
            gauge!("chat2svg_load", "minutes" => minutes).set(f64::from(load));
        }
    }
    let pressure = resources.pressure.unwrap_or_default();
    for (resource, stalled) in [
        ("cpu", pressure.cpu),
        ("memory", pressure.memory),
        ("io", pressure.io),
    ] {
        let Some(stalled) = stalled else {
            continue;
        };
        for (threads, share) in [("some", stalled.some), ("all", stalled.full)] {
            gauge!("chat2svg_pressure_ratio", "resource" => resource, "threads" => threads)
                .set(f64::from(share));
        }
    }
    for gpu in &resources.gpus {
        let index = gpu.index.to_string();
        if let Some(used) = gpu.used {
            gauge!("chat2svg_gpu_used_ratio", "gpu" => index.clone()).set(f64::from(used));
        }
        gauge!("chat2svg_gpu_memory_used_bytes", "gpu" => index.clone())
            .set(gpu.memory_used as f64);
        gauge!("chat2svg_gpu_memory_total_bytes", "gpu" => index).set(gpu.memory_total as f64);
    }
}
