//! The web page, its parts, and the documentation.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG},
    web,
};

use crate::{
    assets::{self, Asset},
    problem::{Code, Problem},
    routes::results::{is_known, not_modified},
    services::Shared,
};

/// The page's own files and nothing else; pictures also from memory, where results are shown.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

pub(crate) async fn home(request: HttpRequest) -> HttpResponse {
    serve(&request, assets::home())
}

pub(crate) async fn docs(request: HttpRequest) -> HttpResponse {
    serve(&request, assets::DOCS)
}

pub(crate) async fn favicon(request: HttpRequest) -> HttpResponse {
    serve(&request, assets::ICON)
}

pub(crate) async fn asset(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let name = request.match_info().query("name");
    match assets::find(name) {
        Some(asset) => Ok(serve(&request, asset)),
        None => Err(Problem::new(
            Code::NotFound,
            "the page has no such part: reload it",
        )),
    }
}

/// The OpenAPI document.
pub(crate) async fn openapi(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let text = &shared.openapi;
    let tag = assets::tag(text);
    if is_known(&request, &tag) {
        return not_modified(tag);
    }
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, tag))
        .body(text.clone())
}

fn serve(request: &HttpRequest, asset: Asset) -> HttpResponse {
    let tag = assets::tag(asset.body);
    if is_known(request, &tag) {
        return not_modified(tag);
    }
    HttpResponse::Ok()
        .content_type(asset.media_type)
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, tag))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header((
            "permissions-policy",
            "camera=(), microphone=(), geolocation=()",
        ))
        .body(asset.body)
}
