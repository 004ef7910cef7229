//! Short-lived tokens that stand for a key where a browser cannot send one.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web};
use chat2svg_keys::Token;
use chat2svg_protocol::JobId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::expect_media_type;
use crate::{
    auth::{self, Identity},
    input::{parse_object, read_limited},
    problem::{Problem, ProblemDocument},
    services::Shared,
};

/// What the token is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// The only job that it is for; left out, all jobs of the key's owner, and the system's events.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    job: Option<JobId>,
}

/// A token.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenResource {
    /// Goes behind `?token=` in the address of event streams and results.
    pub(crate) token: String,
    /// When it ends.
    expires_at: Timestamp,
}

/// Make a token that stands for the key in addresses.
///
/// For event streams, pictures and downloads in a browser, which can send no header. It is for
/// reading, ends soon, and ends with the service; in a cluster any front takes it.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    tag = "Jobs",
    operation_id = "createToken",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "The token", body = TokenResource),
        (status = 204, description = "No key is needed here, and so no token"),
        (status = 401, description = "No key, or one that is not known", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    expect_media_type(&request, "application/json")?;
    let (body, _memory) = read_limited(&request, payload.into_inner(), &shared).await?;
    let asked: TokenRequest = parse_object(&body, "{}")?;
    if let Some(job) = asked.job {
        shared.job_of(&auth::identity(&request)?, job).await?;
    }
    Ok(match shared.token(&auth::identity(&request)?, asked.job)? {
        Some(token) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(token),
        None => HttpResponse::NoContent().finish(),
    })
}

impl Shared {
    /// A token for somebody; none where no key is needed.
    pub(crate) fn token(
        &self,
        identity: &Identity,
        job: Option<JobId>,
    ) -> Result<Option<TokenResource>, Problem> {
        let Some(key) = identity.key() else {
            return Ok(None);
        };
        let seconds = i64::from(self.services.auth.token_seconds);
        let end = Timestamp::now().saturating_add(SignedDuration::from_secs(seconds));
        let expires_at = end.map_err(|_| Problem::internal())?;
        let token = self.services.tokens.sign(&Token {
            key: key.name().clone(),
            job,
            expires_at,
        });
        Ok(Some(TokenResource { token, expires_at }))
    }
}
