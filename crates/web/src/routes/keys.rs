//! Keys: one's own, and for an administrator all of them, made and taken back.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web};
use chat2svg_keys::{
    Entry, Key, KeyFileError, KeyRing, Name, Quota, RingError, Scope, Secret, Used,
};
use chat2svg_protocol::Owner;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use utoipa::ToSchema;

use super::create::expect_media_type;
use crate::{
    auth,
    input::{parse_object, read_limited},
    problem::{Code, Problem, ProblemDocument},
    services::Shared,
};

/// How much a key may be used; 0 sets no limit.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = KeyQuota)]
pub(crate) struct QuotaResource {
    /// New jobs a minute.
    per_minute: u32,
    /// New jobs a day (UTC).
    per_day: u32,
    /// Jobs under way at once.
    concurrent: u32,
}

/// How much of a key was used since the service started.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = KeyUse)]
pub(crate) struct UseResource {
    /// New jobs in this minute.
    minute: u32,
    /// New jobs on this day (UTC).
    day: u32,
    /// Jobs under way.
    under_way: u32,
}

/// A key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyResource {
    /// What it is listed and revoked by.
    #[schema(value_type = String, example = "alice")]
    name: Name,
    /// Whose jobs are asked for with it.
    #[schema(value_type = String, example = "alice")]
    owner: Owner,
    /// What it may be used for: read, write, admin.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends; never, when that is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// Whether it has ended.
    expired: bool,
    /// How much it may be used.
    quota: QuotaResource,
    /// How much of that was used.
    used: UseResource,
    /// Whether it comes from the environment, and so cannot be revoked here.
    fixed: bool,
}

impl KeyResource {
    fn of(key: &Key, ring: &KeyRing, now: Timestamp) -> Self {
        let entry = key.entry();
        let Used {
            minute,
            day,
            under_way,
        } = key.usage().used(now);
        let Quota {
            per_minute,
            per_day,
            concurrent,
        } = entry.quota;
        Self {
            name: entry.name.clone(),
            owner: entry.owner.clone(),
            scopes: entry.scopes.into(),
            created_at: entry.created_at,
            expires_at: entry.expires_at,
            expired: entry.is_expired(now),
            quota: QuotaResource {
                per_minute,
                per_day,
                concurrent,
            },
            used: UseResource {
                minute,
                day,
                under_way,
            },
            fixed: ring.is_fixed(&entry.name),
        }
    }
}

/// All keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// Those of the environment first, then in the order in which they were made.
    keys: Vec<KeyResource>,
}

/// A key to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// What it is listed and revoked by.
    #[schema(example = "alice")]
    name: String,
    /// Whose jobs are asked for with it; left out, an owner of the key's name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    owner: Option<String>,
    /// What it may be used for; left out, read and write.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<Vec<String>>,
    /// Days until it ends; left out, it never does.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36500)]
    days: Option<u32>,
    /// How much it may be used.
    #[serde(default)]
    quota: QuotaResource,
}

/// A key that was made, with its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NewKey {
    key: KeyResource,
    /// What callers send. It is shown this once; a hash of it is kept.
    secret: String,
}

/// The longest life of a key that has an end, in days.
const MOST_DAYS: u32 = 36_500;

impl KeyRequest {
    fn entry(self, secret: &Secret, now: Timestamp) -> Result<Entry, Problem> {
        let name: Name = self
            .name
            .parse()
            .map_err(|reason: String| Problem::field("name", reason))?;
        let owner = match self.owner {
            None => name.owner(),
            Some(owner) => owner
                .parse::<Owner>()
                .map_err(|error| Problem::field("owner", error.to_string()))?,
        };
        let scopes = self
            .scopes
            .unwrap_or_else(|| vec!["read".to_owned(), "write".to_owned()]);
        let scopes: Vec<Scope> = scopes
            .iter()
            .map(|scope| scope.parse())
            .collect::<Result<_, String>>()
            .map_err(|reason| Problem::field("scopes", reason))?;
        let scopes = scopes
            .try_into()
            .map_err(|reason: String| Problem::field("scopes", reason))?;
        let expires_at = match self.days {
            None => None,
            Some(days @ 1..=MOST_DAYS) => {
                let span = SignedDuration::from_hours(i64::from(days) * 24);
                let end = now.checked_add(span);
                Some(end.map_err(|_| Problem::field("days", "that is too far away"))?)
            }
            Some(_) => {
                let detail = format!("must be from 1 to {MOST_DAYS}");
                return Err(Problem::field("days", detail));
            }
        };
        Ok(Entry {
            name,
            owner,
            hash: secret.hash(),
            scopes,
            created_at: now,
            expires_at,
            quota: Quota {
                per_minute: self.quota.per_minute,
                per_day: self.quota.per_day,
                concurrent: self.quota.concurrent,
            },
        })
    }
}

/// Look at one's own key: its scopes, its quota and what is used of it.
#[utoipa::path(
    get,
    path = "/v1/key",
    tag = "Keys",
    operation_id = "getKey",
    responses(
        (status = 200, description = "The key that was sent", body = KeyResource),
        (status = 204, description = "No key is needed here"),
        (status = 401, description = "No key, or one that is not known", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn own(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let identity = auth::identity(&request)?;
    Ok(match identity.key() {
        Some(key) => {
            uncached(HttpResponse::Ok()).json(KeyResource::of(key, ring(&shared), Timestamp::now()))
        }
        None => HttpResponse::NoContent().finish(),
    })
}

/// List all keys, with their quotas and what is used of them.
///
/// For a key that has the scope admin; where no keys are in use, for callers on the service's own
/// machine.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "Keys",
    operation_id = "listKeys",
    responses(
        (status = 200, description = "The keys", body = KeyList),
        (status = 401, description = "No key, or one that is not known", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The key does not have the scope admin", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    auth::admins_only(&request)?;
    let (ring, now) = (ring(&shared), Timestamp::now());
    let keys = ring.keys();
    let keys = keys.iter().map(|key| KeyResource::of(key, ring, now));
    Ok(uncached(HttpResponse::Ok()).json(KeyList {
        keys: keys.collect(),
    }))
}

/// Make a key. Its secret is in the answer, and nowhere else.
///
/// For a key that has the scope admin. The first key is made by `chat2svg keys add`.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "Keys",
    operation_id = "createKey",
    request_body = KeyRequest,
    responses(
        (status = 201, description = "The key and its secret", body = NewKey),
        (status = 403, description = "The key does not have the scope admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There is a key of that name, or no keys are in use", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field has a value that makes no sense", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    auth::admins_only(&request)?;
    expect_media_type(&request, "application/json")?;
    let (body, _memory) = read_limited(&request, payload.into_inner(), &shared).await?;
    let asked: KeyRequest = parse_object(&body, r#"{"name": "alice"}"#)?;
    let (secret, now) = (
        Secret::generate().map_err(|_| Problem::internal())?,
        Timestamp::now(),
    );
    let entry = asked.entry(&secret, now)?;
    let name = entry.name.clone();
    change(&shared, move |ring| ring.add(entry)).await?;
    info!(key = %name, "a key was made");
    // Another change may have taken it back already.
    let key = ring(&shared).named(&name, now);
    let key = key.ok_or_else(|| Problem::new(Code::KeyNotFound, "the key was revoked at once"))?;
    Ok(uncached(HttpResponse::Created()).json(NewKey {
        key: KeyResource::of(&key, ring(&shared), now),
        secret: secret.reveal().to_owned(),
    }))
}

/// Revoke a key: it is taken no more, and its jobs stay.
///
/// For a key that has the scope admin, which cannot revoke itself.
#[utoipa::path(
    delete,
    path = "/v1/keys/{name}",
    tag = "Keys",
    operation_id = "revokeKey",
    params(("name" = String, Path, description = "The key's name")),
    responses(
        (status = 204, description = "It is taken no more"),
        (status = 403, description = "The key does not have the scope admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is the caller's own, or comes from the environment", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    auth::admins_only(&request)?;
    let text = request.match_info().query("name");
    let name: Name = text
        .parse()
        .map_err(|reason: String| Problem::new(Code::KeyNotFound, reason))?;
    let identity = auth::identity(&request)?;
    if identity.key().is_some_and(|key| *key.name() == name) {
        return Err(Problem::new(
            Code::KeyRefused,
            "the key cannot revoke itself: use another one, or `chat2svg keys revoke`",
        ));
    }
    let revoked = name.clone();
    change(&shared, move |ring| ring.revoke(&revoked)).await?;
    info!(key = %name, "a key was revoked");
    Ok(HttpResponse::NoContent().finish())
}

fn ring(shared: &Shared) -> &KeyRing {
    &shared.services.keys
}

/// Changes the file of keys, off the thread that serves requests.
async fn change(
    shared: &Shared,
    change: impl FnOnce(&KeyRing) -> Result<(), RingError> + Send + 'static,
) -> Result<(), Problem> {
    let ring = Arc::clone(&shared.services.keys);
    let changed = web::block(move || change(&ring)).await;
    let changed = changed.map_err(|_| Problem::internal())?;
    changed.map_err(|problem| match problem {
        RingError::File(KeyFileError::Unknown(_)) => {
            Problem::new(Code::KeyNotFound, problem.to_string())
        }
        RingError::File(KeyFileError::Taken(_))
        | RingError::NotInUse
        | RingError::Environment(_) => Problem::new(Code::KeyRefused, problem.to_string()),
        RingError::File(
            KeyFileError::Read { .. } | KeyFileError::Content { .. } | KeyFileError::Write { .. },
        ) => {
            // Paths of the machine are for its log.
            error!(error = %problem, "the keys stay as they were");
            Problem::new(
                Code::Unavailable,
                "the file of keys cannot be read or written: the service's log says why",
            )
        }
    })
}

fn uncached(mut answer: actix_web::HttpResponseBuilder) -> actix_web::HttpResponseBuilder {
    answer.insert_header((CACHE_CONTROL, "no-store"));
    answer
}
