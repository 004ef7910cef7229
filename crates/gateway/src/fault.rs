//! Whose fault a failure was, read off a provider's answer.

use std::time::{Duration, SystemTime};

use chat2svg_protocol::{CallFailure, Fault, printable};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

/// How long a provider is left alone that asks for it without saying how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// The longest that it is left alone, whatever it says.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);
/// The most of a provider's own words that is repeated, in characters.
const MAX_WORDS: usize = 300;

/// Words by which providers say that an account is exhausted, whatever the status.
const EXHAUSTED: &[&str] = &[
    "insufficient_quota",
    "insufficient credits",
    "insufficient_credits",
    "insufficient balance",
    "credit balance",
    "usage limit",
    "usage_limit",
    "exceeded your current quota",
    "billing",
];

/// Words by which they say that the content was turned down.
const POLICY: &[&str] = &[
    "content_policy",
    "content policy",
    "content_filter",
    "moderation",
    "safety system",
    "safety_system",
];

/// The failure that an answer with an error status is.
pub fn failure_of(status: StatusCode, headers: &HeaderMap, body: &str) -> CallFailure {
    let (said, code) = words_of(body);
    let fault = fault_of(
        status,
        headers,
        &format!("{code} {said}").to_ascii_lowercase(),
    );
    let mut reason = format!("answered {}", status.as_u16());
    if let Some(meaning) = status.canonical_reason() {
        reason.push(' ');
        reason.push_str(meaning);
    }
    if !said.is_empty() {
        reason.push_str(": ");
        reason.push_str(&shortened(&said));
    }
    CallFailure::new(fault, reason)
}

/// The failure that an error object is which comes in the middle of a stream: a status of its own
/// is in it at most as a name.
pub fn declined(error: &Value) -> CallFailure {
    let (said, code) = words_of_value(error);
    let all = format!("{code} {said}").to_ascii_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| all.contains(word));
    let fault = if names(EXHAUSTED) || names(&["authentication", "permission", "invalid_api_key"]) {
        Fault::Terminal
    } else if names(&["rate_limit", "rate limit", "overloaded"]) {
        Fault::Busy {
            retry_after: DEFAULT_WAIT,
        }
    } else if names(POLICY) || names(&["invalid_request", "context_length"]) {
        Fault::Request
    } else {
        Fault::Provider
    };
    let said = if said.is_empty() {
        error.to_string()
    } else {
        said
    };
    CallFailure::new(
        fault,
        format!("broke off with an error: {}", shortened(&said)),
    )
}

/// The failure that an answer is which makes no sense.
pub fn malformed(what: impl AsRef<str>) -> CallFailure {
    CallFailure::new(
        Fault::Provider,
        format!("malformed answer: {}", shortened(what.as_ref())),
    )
}

fn fault_of(status: StatusCode, headers: &HeaderMap, said: &str) -> Fault {
    let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let asked = retry_after(headers);
    match status.as_u16() {
        300..=399 | 401 | 402 | 404 | 405 => Fault::Terminal,
        400 | 403 | 429 if names(EXHAUSTED) => Fault::Terminal,
        400 | 403 | 422 if names(POLICY) => Fault::Request,
        403 => Fault::Terminal,
        429 | 529 => Fault::Busy {
            retry_after: asked.unwrap_or(DEFAULT_WAIT),
        },
        503 => asked.map_or(Fault::Provider, |retry_after| Fault::Busy { retry_after }),
        408 | 425 | 500..=599 => Fault::Provider,
        400..=499 => Fault::Request,
        _ => Fault::Provider,
    }
}

/// What `Retry-After` says: seconds, milliseconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let number = |text: &str, unit: f64| {
        let number: f64 = text.parse().ok()?;
        Duration::try_from_secs_f64(number * unit).ok()
    };
    let milliseconds = text("retry-after-ms").and_then(|text| number(text, 1e-3));
    let wait = milliseconds.or_else(|| {
        let text = text("retry-after")?;
        number(text, 1.0).or_else(|| {
            let date = httpdate::parse_http_date(text).ok()?;
            // A date that has passed asks for no wait.
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        })
    })?;
    Some(wait.min(MAX_WAIT))
}

/// What an error body says for people, and its code or type.
fn words_of(body: &str) -> (String, String) {
    match serde_json::from_str::<Value>(body) {
        Ok(value) => words_of_value(&value),
        Err(_) if body.trim_start().starts_with('<') => (String::new(), String::new()),
        Err(_) => (body.trim().to_owned(), String::new()),
    }
}

fn words_of_value(value: &Value) -> (String, String) {
    let error = value.get("error").unwrap_or(value);
    if let Some(text) = error.as_str() {
        return (text.to_owned(), String::new());
    }
    let text = |key: &str| match error.get(key).or_else(|| value.get(key)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let said = ["message", "detail", "msg"]
        .into_iter()
        .map(text)
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let said = match node_error(value) {
        None => said,
        Some(node) => format!("{said}; {node}"),
    };
    (said, format!("{} {}", text("type"), text("code")))
}

/// What ComfyUI says of the first node that it turns down; the message beside it only says that
/// there are such.
fn node_error(value: &Value) -> Option<String> {
    let node = value.get("node_errors")?.as_object()?.values().next()?;
    let error = node.get("errors")?.get(0)?;
    let text = |from: &Value, key: &str| from.get(key).and_then(Value::as_str).map(str::to_owned);
    let told = [
        text(node, "class_type"),
        text(error, "message"),
        text(error, "details"),
    ];
    Some(told.into_iter().flatten().collect::<Vec<_>>().join(": "))
}

fn shortened(text: &str) -> String {
    let safe = printable(text.trim());
    let mut short: String = safe.chars().take(MAX_WORDS).collect();
    if short.len() < safe.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn fault(status: u16, retry: Option<&'static str>, body: &str) -> Fault {
        let mut headers = HeaderMap::new();
        if let Some(retry) = retry {
            headers.insert("retry-after", HeaderValue::from_static(retry));
        }
        let status = StatusCode::from_u16(status).unwrap();
        failure_of(status, &headers, body).fault.expect("a fault")
    }

    fn busy(seconds: u64) -> Fault {
        Fault::Busy {
            retry_after: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn each_status_has_its_fault() {
        for status in [500, 502, 503, 504, 408] {
            assert_eq!(fault(status, None, ""), Fault::Provider, "{status}");
        }
        for status in [401, 402, 403, 404, 302] {
            assert_eq!(fault(status, None, ""), Fault::Terminal, "{status}");
        }
        for status in [400, 409, 413, 422] {
            assert_eq!(fault(status, None, ""), Fault::Request, "{status}");
        }
        assert_eq!(fault(429, Some("7"), ""), busy(7));
        assert_eq!(fault(503, Some("120"), ""), busy(120));
        assert_eq!(fault(429, None, ""), busy(10));
    }

    #[test]
    fn an_exhausted_account_is_terminal_whatever_the_status() {
        let quota = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#;
        assert_eq!(fault(429, Some("1"), quota), Fault::Terminal);
        let credit = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#;
        assert_eq!(fault(400, None, credit), Fault::Terminal);
    }

    #[test]
    fn content_that_is_turned_down_is_the_requests() {
        let policy = r#"{"status":403,"code":"content_policy_violation","message":"no"}"#;
        assert_eq!(fault(403, None, policy), Fault::Request);
        let long = r#"{"error":{"code":"context_length_exceeded","message":"too long"}}"#;
        assert_eq!(fault(400, None, long), Fault::Request);
    }

    #[test]
    fn a_date_to_wait_for_is_read_and_nonsense_is_not_believed() {
        assert_eq!(
            fault(429, Some("Wed, 21 Oct 2015 07:28:00 GMT"), ""),
            busy(0)
        );
        assert_eq!(fault(429, Some("soon"), ""), busy(10));
        assert_eq!(fault(429, Some("-3"), ""), busy(10));
        assert_eq!(fault(429, Some("99999999999"), ""), busy(24 * 3600));
    }

    #[test]
    fn the_reason_repeats_the_provider_briefly_and_printably() {
        let body = format!(r#"{{"error":"bad\u001b[2J {}"}}"#, "x".repeat(9999));
        let failure = failure_of(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body);
        assert!(
            failure
                .reason
                .starts_with("answered 400 Bad Request: bad\\u{1b}"),
            "{failure}"
        );
        assert!(failure.reason.len() < 400);
    }

    #[test]
    fn a_node_that_is_turned_down_is_named() {
        let body = r#"{"error":{"type":"prompt_outputs_failed_validation","message":"Prompt outputs failed validation"},
            "node_errors":{"2":{"class_type":"UNETLoader","errors":[{"message":"Value not in list","details":"unet_name: 'a' not in []"}]}}}"#;
        let failure = failure_of(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
        let named = "validation; UNETLoader: Value not in list: unet_name: 'a' not in []";
        assert!(failure.reason.ends_with(named), "{failure}");
    }

    #[test]
    fn an_error_within_a_stream_is_told_by_its_name() {
        let of = |text: &str| {
            declined(&serde_json::from_str(text).unwrap())
                .fault
                .unwrap()
        };
        let overloaded =
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(of(overloaded), busy(10));
        assert_eq!(
            of(r#"{"error":{"type":"api_error","message":"?"}}"#),
            Fault::Provider
        );
        assert_eq!(
            of(r#"{"error":{"message":"nope","code":"content_filter"}}"#),
            Fault::Request
        );
        assert_eq!(of("{}"), Fault::Provider);
    }
}
