//! Who a request comes from, and whether its key allows what it asks for.
//!
//! Without keys every caller is the local user. With keys every address but a few public ones needs
//! one, in `Authorization: Bearer` or `X-API-Key`; where a browser cannot send a header, a
//! short-lived token in the address stands for it.

use actix_web::{
    HttpMessage as _, HttpRequest,
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use chat2svg_keys::{Key, Place, Quota, Scope};
use chat2svg_protocol::{ClientKey, JobId, KeyQuota, Owner};
use jiff::Timestamp;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::{
    problem::{Code, Problem},
    services::Shared,
};

/// The header that carries a key beside `Authorization`.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Addresses that anybody may read: the page, its documentation, and whether the service lives.
const PUBLIC: [&str; 7] = [
    "/",
    "/docs",
    "/favicon.ico",
    "/assets/{name:.*}",
    "/openapi.json",
    "/healthz",
    "/readyz",
];

/// Addresses at which a token may stand for a key.
const BY_TOKEN: [&str; 4] = [
    "/v1/jobs/{id}/events",
    "/v1/jobs/{id}/result.svg",
    "/v1/jobs/{id}/result.png",
    "/v1/system/events",
];

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    owner: Owner,
    /// The key; none where none is needed.
    key: Option<Key>,
}

impl Identity {
    /// The local user, who needs no key.
    pub(crate) fn local() -> Self {
        Self {
            owner: Owner::default(),
            key: None,
        }
    }

    fn of(key: Key) -> Self {
        Self {
            owner: key.owner().clone(),
            key: Some(key),
        }
    }

    /// Whose jobs it asks for.
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The key; none where none is needed.
    pub(crate) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Whether it may see an owner's jobs.
    pub(crate) fn may_see(&self, owner: &Owner) -> bool {
        self.owner == *owner || self.sees_all()
    }

    /// Whether it may see everybody's jobs.
    pub(crate) fn sees_all(&self) -> bool {
        self.key.as_ref().is_none_or(|key| key.allows(Scope::Admin))
    }

    /// Whether it came with a key that may do everything.
    pub(crate) fn is_admin_by_key(&self) -> bool {
        self.key
            .as_ref()
            .is_some_and(|key| key.allows(Scope::Admin))
    }

    /// What it is called inside, for fairness; none where its address tells it from others.
    pub(crate) fn client(&self) -> Option<ClientKey> {
        self.key.as_ref().map(|_| {
            let mut hasher = DefaultHasher::new();
            self.owner.hash(&mut hasher);
            ClientKey(hasher.finish())
        })
    }

    /// Counts a job against the key's quota.
    pub(crate) fn count_job(&self, now: Timestamp) -> Result<Option<Place>, Problem> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        Ok(Some(key.usage().enter(key.quota(), now)?))
    }
}

/// What a key allows, if it limits anything.
pub(crate) fn quota_of(key: &Key) -> Option<KeyQuota> {
    let Quota {
        per_minute,
        per_day,
        concurrent,
    } = *key.quota();
    let is_limited = per_minute > 0 || per_day > 0 || concurrent > 0;
    is_limited.then(|| KeyQuota {
        key: key.name().to_string(),
        per_minute,
        per_day,
        concurrent,
    })
}

/// What an address needs; `None` when it is public.
fn needed(method: &Method, pattern: Option<&str>, open_metrics: bool) -> Option<Scope> {
    // What is at no address tells nobody more than that.
    let pattern = pattern.unwrap_or_default();
    if PUBLIC.contains(&pattern) || (pattern == "/metrics" && open_metrics) {
        return None;
    }
    Some(match *method {
        _ if pattern.starts_with("/v1/circuits/") || pattern.starts_with("/v1/keys") => {
            Scope::Admin
        }
        // A token is for reading only.
        _ if pattern == "/v1/tokens" => Scope::Read,
        Method::GET | Method::HEAD => Scope::Read,
        _ => Scope::Write,
    })
}

/// Lets a request in as somebody, or says why not.
pub(crate) fn admit(shared: &Shared, request: &ServiceRequest) -> Result<(), Problem> {
    let identity = identify(shared, request)?;
    request.extensions_mut().insert(identity);
    Ok(())
}

fn identify(shared: &Shared, request: &ServiceRequest) -> Result<Identity, Problem> {
    let keys = &shared.services.keys;
    keys.refresh();
    // A browser asks by OPTIONS, without a key, what it may send.
    if !keys.is_required() || request.method() == Method::OPTIONS {
        return Ok(Identity::local());
    }
    let pattern = request.match_pattern();
    let pattern = pattern.as_deref();
    let open_metrics = shared.services.auth.open_metrics;
    let Some(scope) = needed(request.method(), pattern, open_metrics) else {
        return Ok(Identity::local());
    };
    let now = Timestamp::now();
    let key = match presented(request.headers())? {
        Some(secret) => keys.find(secret, now).ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                "the key is not known here, was revoked or has expired",
            )
        })?,
        None => key_of_token(shared, request, pattern, now)?,
    };
    if !key.allows(scope) {
        return Err(Problem::new(
            Code::ScopeMissing,
            format!(
                "the key \"{}\" may {}, and this needs the scope {scope}",
                key.name(),
                key.scopes()
            ),
        ));
    }
    Ok(Identity::of(key))
}

/// The key in the headers. Two that differ make no sense.
fn presented(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let unreadable = || {
        Problem::new(
            Code::Unauthorized,
            "the key in the headers is not ASCII text",
        )
    };
    let mut found: Option<&str> = None;
    let bearers = headers.get_all(header::AUTHORIZATION).map(|value| {
        let text = value.to_str().map_err(|_| unreadable())?;
        let (scheme, secret) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            Ok(secret.trim())
        } else {
            Err(Problem::new(
                Code::Unauthorized,
                "send the key as \"Authorization: Bearer KEY\", or in X-API-Key",
            ))
        }
    });
    let plain = headers
        .get_all(API_KEY)
        .map(|value| value.to_str().map(str::trim).map_err(|_| unreadable()));
    for secret in bearers.chain(plain) {
        let secret = secret?;
        if found.is_some_and(|found| found != secret) {
            return Err(Problem::new(
                Code::Unauthorized,
                "the headers hold two different keys: send one",
            ));
        }
        found = Some(secret);
    }
    Ok(found)
}

/// The key that the token in the address stands for.
fn key_of_token(
    shared: &Shared,
    request: &ServiceRequest,
    pattern: Option<&str>,
    now: Timestamp,
) -> Result<Key, Problem> {
    let missing = || {
        Problem::new(
            Code::Unauthorized,
            "this service needs a key: send it as \"Authorization: Bearer KEY\", or in X-API-Key",
        )
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || !pattern.is_some_and(|pattern| BY_TOKEN.contains(&pattern)) {
        return Err(missing());
    }
    let mut parameters = request.query_string().split('&');
    let text = parameters
        .find_map(|parameter| parameter.strip_prefix("token="))
        .ok_or_else(missing)?;
    let job = job_of(request.path());
    let token = shared
        .services
        .tokens
        .read(text, job, now)
        .map_err(|error| Problem::new(Code::Unauthorized, error.to_string()))?;
    shared.services.keys.named(&token.key, now).ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            "the key that the token stands for was revoked or has expired",
        )
    })
}

/// The job that a path is about.
fn job_of(path: &str) -> Option<JobId> {
    path.strip_prefix("/v1/jobs/")?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// Who sent a request.
pub(crate) fn identity(request: &HttpRequest) -> Result<Identity, Problem> {
    let known = request.extensions().get::<Identity>().cloned();
    // Every request passes the middleware, which leaves it there.
    known.ok_or_else(Problem::internal)
}

/// Refuses who has no key for it and is on another machine.
pub(crate) fn admins_only(request: &HttpRequest) -> Result<(), Problem> {
    if identity(request)?.is_admin_by_key() {
        return Ok(());
    }
    let is_local = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    // A proxy on this machine calls for somebody else.
    let is_forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    if is_local && !is_forwarded {
        return Ok(());
    }
    Err(Problem::new(
        Code::LocalOnly,
        "circuits and keys are for whoever runs the service: call from its machine, over a \
         loopback address and not through a proxy, or with a key that has the scope admin",
    ))
}

/// Tells a caller with a quota how it stands, in the headers of the draft standard and in those
/// that were usual before.
pub(crate) fn tell_quota(headers: &mut HeaderMap, identity: &Identity, now: Timestamp) {
    let Some(key) = identity.key() else {
        return;
    };
    let windows = key.usage().windows(key.quota(), now);
    let Some(tightest) = windows.iter().min_by_key(|state| state.remaining) else {
        return;
    };
    let listed = |write: &dyn Fn(&chat2svg_keys::WindowState) -> String| {
        windows.iter().map(write).collect::<Vec<_>>().join(", ")
    };
    let policy = listed(&|state| {
        let (name, seconds) = (state.window.name(), state.window.seconds());
        format!("\"{name}\";q={};w={seconds}", state.limit)
    });
    let stand = listed(&|state| {
        let name = state.window.name();
        format!("\"{name}\";r={};t={}", state.remaining, state.reset)
    });
    for (name, value) in [
        ("ratelimit-policy", policy),
        ("ratelimit", stand),
        ("x-ratelimit-limit", tightest.limit.to_string()),
        ("x-ratelimit-remaining", tightest.remaining.to_string()),
        ("x-ratelimit-reset", tightest.reset.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_public_is() {
        let need = |method: Method, pattern| needed(&method, pattern, false);
        for pattern in PUBLIC {
            assert_eq!(need(Method::GET, Some(pattern)), None, "{pattern}");
        }
        assert_eq!(need(Method::GET, None), Some(Scope::Read));
        assert_eq!(need(Method::GET, Some("/anything/new")), Some(Scope::Read));
        assert_eq!(
            need(Method::POST, Some("/anything/new")),
            Some(Scope::Write)
        );
        assert_eq!(need(Method::GET, Some("/metrics")), Some(Scope::Read));
        assert_eq!(needed(&Method::GET, Some("/metrics"), true), None);
        for circuits in ["/v1/circuits/{stage}/{backend}", "/v1/circuits/pipeline"] {
            assert_eq!(need(Method::PUT, Some(circuits)), Some(Scope::Admin));
        }
        for keys in ["/v1/keys", "/v1/keys/{name}"] {
            assert_eq!(need(Method::GET, Some(keys)), Some(Scope::Admin));
        }
    }

    #[test]
    fn keys_are_read_from_both_headers() {
        let headers = |pairs: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name.clone(), HeaderValue::from_static(value));
            }
            headers
        };
        let bearer = header::AUTHORIZATION;
        let read = |pairs: &[(HeaderName, &'static str)]| {
            let headers = headers(pairs);
            presented(&headers)
                .map(|found| found.map(str::to_owned))
                .map_err(|problem| problem.code)
        };
        assert_eq!(read(&[]), Ok(None));
        let found = Ok(Some("k".to_owned()));
        assert_eq!(read(&[(bearer.clone(), "Bearer k")]), found);
        assert_eq!(read(&[(bearer.clone(), "bearer  k ")]), found);
        assert_eq!(read(&[(API_KEY, " k")]), found);
        assert_eq!(read(&[(API_KEY, "k"), (bearer.clone(), "Bearer k")]), found);
        for wrong in [
            &[(API_KEY, "k"), (bearer.clone(), "Bearer other")][..],
            &[(bearer.clone(), "Basic azo=")],
            &[(bearer.clone(), "k")],
        ] {
            assert_eq!(read(wrong), Err(Code::Unauthorized));
        }
    }
}
