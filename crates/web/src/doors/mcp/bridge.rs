//! From actix's requests to the types that `rmcp` serves, and back.

use std::{convert::Infallible, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderName, HeaderValue},
    },
    web::{self, Bytes},
};
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tracing::error;

use super::{McpServer, Visitor};
use crate::{
    auth, input::read_upload_sized, problem::Problem, routes::create::expect_media_type,
    services::Shared,
};

/// `POST /mcp`: a message of the Model Context Protocol.
pub(crate) async fn address(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let shared = shared.into_inner();
    expect_media_type(&request, "application/json")?;
    let (body, memory) = read_upload_sized(&request, payload.into_inner(), &shared).await?;
    let message = message(&request, body, &shared)?;
    let answer = service(&shared).handle(message).await;
    drop(memory);
    Ok(delivered(answer))
}

fn service(shared: &Arc<Shared>) -> StreamableHttpService<McpServer, NeverSessionManager> {
    let server = McpServer {
        shared: Arc::clone(shared),
        is_local: false,
    };
    // Hosts, origins and sizes have been checked, as for every other address.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_legacy_session_mode(false)
        .with_max_request_body_bytes(usize::MAX)
        .with_sse_keep_alive(Some(shared.config.heartbeat()))
        .with_cancellation_token(shared.stopping.child_token());
    let sessions = Arc::new(NeverSessionManager::default());
    StreamableHttpService::new(move || Ok(server.clone()), sessions, config)
}

fn message(
    request: &HttpRequest,
    body: Vec<u8>,
    shared: &Shared,
) -> Result<http::Request<Full<Bytes>>, Problem> {
    let mut message = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        message = message.header(name.as_str(), value.as_bytes());
    }
    let connection = request.connection_info();
    let visitor = Visitor {
        identity: auth::identity(request)?,
        client: shared.client(request),
        base: Some(format!("{}://{}", connection.scheme(), connection.host())),
    };
    message
        .extension(visitor)
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| {
            error!(%error, "a request cannot be handed on");
            Problem::internal()
        })
}

fn delivered(answer: http::Response<BoxBody<Bytes, Infallible>>) -> HttpResponse {
    let (parts, body) = answer.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.append_header((name, value));
        }
    }
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body.into_data_stream().map_err(|never| match never {}))
}
