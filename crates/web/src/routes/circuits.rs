//! Circuits held open or closed by hand.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web};
use chat2svg_protocol::{
    BackendId, Circuit, CircuitMode, CircuitSnapshot, CircuitStanding, Stage,
    messages::{SetCircuit, SetPipeline},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::expect_media_type;
use crate::{
    auth,
    input::{parse_object, read_limited},
    problem::{Code, Problem, ProblemDocument},
    services::{Shared, ask},
};

/// Who decides whether calls of a backend pass.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CircuitRequest {
    /// automatic: the circuit itself, which also forgets what had happened and closes; open: no
    /// call passes; closed: all calls pass, whatever becomes of them.
    #[schema(example = "open")]
    pub(crate) mode: CircuitMode,
}

/// Hold a backend's circuit open or closed, or let it decide itself again.
///
/// It holds until it is set anew or the service ends; in a cluster, for all nodes that are there.
/// Taken over a loopback address only, or with a key that has the scope admin.
#[utoipa::path(
    put,
    path = "/v1/circuits/{stage}/{backend}",
    tag = "System",
    operation_id = "setCircuit",
    params(
        ("stage" = Stage, Path, description = "The stage"),
        ("backend" = String, Path, description = "The backend of the stage, as in /v1/system"),
    ),
    request_body = CircuitRequest,
    responses(
        (status = 200, description = "How the circuit stands now", body = CircuitSnapshot),
        (status = 400, description = "The body is not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is on another machine, or another web site made a browser send this", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such circuit", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body has the wrong content type", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The mode is none of the three", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    // Who may draw may not yet stop others from drawing.
    auth::admins_only(&request)?;
    let circuit = circuit(&request)?;
    let mode = mode(&request, payload, &shared).await?;
    let set = SetCircuit {
        circuit: circuit.clone(),
        mode,
    };
    let snapshot = ask(&shared.services.lines.set_circuit, set)
        .await?
        .map_err(|unknown| Problem::new(Code::CircuitNotFound, unknown.to_string()))?;
    (shared.services.circuit_held)(Some(circuit), mode);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(snapshot))
}

/// Hold the pipeline's circuit open or closed, or let it decide itself again.
///
/// While it is open no stage runs: prompts are answered with a composition, other jobs fail at
/// once. It holds until it is set anew or the service ends. Taken over a loopback address only, or
/// with a key that has the scope admin.
#[utoipa::path(
    put,
    path = "/v1/circuits/pipeline",
    tag = "System",
    operation_id = "setPipelineCircuit",
    request_body = CircuitRequest,
    responses(
        (status = 200, description = "How the circuit stands now", body = CircuitStanding),
        (status = 400, description = "The body is not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is on another machine, or another web site made a browser send this", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body has the wrong content type", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The mode is none of the three", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_pipeline(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    // Who may draw may not yet stop others from drawing.
    auth::admins_only(&request)?;
    let mode = mode(&request, payload, &shared).await?;
    let standing = ask(&shared.services.lines.set_pipeline, SetPipeline { mode }).await?;
    (shared.services.circuit_held)(None, mode);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(standing))
}

/// The mode that the body asks for.
async fn mode(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &web::Data<Shared>,
) -> Result<CircuitMode, Problem> {
    expect_media_type(request, "application/json")?;
    let (body, _memory) = read_limited(request, payload.into_inner(), shared).await?;
    let CircuitRequest { mode } = parse_object(&body, r#"{"mode": "open"}"#)?;
    Ok(mode)
}

/// The circuit that the address names.
fn circuit(request: &HttpRequest) -> Result<Circuit, Problem> {
    let part = |name| request.match_info().query(name);
    let named = Stage::ALL
        .into_iter()
        .find(|stage| stage.name() == part("stage"))
        .zip(part("backend").parse::<BackendId>().ok());
    named
        .map(|(stage, backend)| Circuit { stage, backend })
        .ok_or_else(|| {
            let path: String = request.path().chars().take(200).collect();
            Problem::new(
                Code::CircuitNotFound,
                format!("{path} names no stage and backend; /v1/system lists the circuits"),
            )
        })
}
