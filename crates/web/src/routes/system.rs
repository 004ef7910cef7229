//! How the service stands, for people and for probes.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web};
use serde_json::json;

use crate::{
    exposition,
    services::Shared,
    wire::{Readiness, SystemStatus},
};

/// Look at the system.
///
/// The machine's resources and level, the circuits, the queue, the actors.
#[utoipa::path(
    get,
    path = "/v1/system",
    tag = "System",
    operation_id = "getSystem",
    responses((status = 200, description = "How the service stands", body = SystemStatus))
)]
pub(crate) async fn show(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(shared.look().await)
}

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "System",
    operation_id = "health",
    responses((status = 200, description = "It lives"))
)]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Whether new jobs are taken, all actors answer and the store works.
///
/// Backends without a valid key, credit or quota are named; they do not make the service unready.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "System",
    operation_id = "readiness",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Shutting down, an actor is being restarted, or the store cannot be read or written", body = Readiness),
    )
)]
pub(crate) async fn readiness(shared: web::Data<Shared>) -> HttpResponse {
    let readiness = shared.readiness().await;
    let mut answer = if readiness.is_ready() {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(readiness)
}

/// Metrics for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "System",
    operation_id = "metrics",
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    exposition::record_status(&shared.look().await);
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(shared.services.metrics.render())
}
