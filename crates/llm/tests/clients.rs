//! The clients against servers that speak the real wire formats, faults included.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/server.rs"]
mod server;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chat2svg_gateway::{CallLimits, CallRecord, Ledger, Settlement};
use chat2svg_llm::{
    ChatRequest, Completion, Delta, Finish, LlmConfig, Provider, ProviderKind, Turn, probe,
    providers,
};
use chat2svg_protocol::{CallFailure, Fault, JobId};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};
use server::{Act, Asked, Ending, ModelServer, anthropic, openai, openai_text};
use tokio_util::sync::CancellationToken;

/// Records what is sent, in memory.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Ledger for Recorder {
    fn begin(&self, record: CallRecord) -> BoxFuture<'static, Result<i64, CallFailure>> {
        let mut entries = self.0.lock().unwrap();
        entries.push(format!("begin {} {}", record.provider, record.what));
        let number = entries.len() as i64;
        std::future::ready(Ok(number)).boxed()
    }

    fn settle(&self, _: i64, settlement: Settlement) {
        self.0.lock().unwrap().push(format!("{settlement:?}"));
    }

    fn lost(&self, _: JobId) -> BoxFuture<'static, u32> {
        std::future::ready(0).boxed()
    }
}

fn config(server: &ModelServer) -> LlmConfig {
    let mut config = LlmConfig {
        provider: ProviderKind::Openai,
        base_url: server.url(),
        model: "test-model".to_owned(),
        input_price_per_million: 1.0,
        output_price_per_million: 10.0,
        ..LlmConfig::default()
    };
    config.calls.first_token_seconds = 5.0;
    config.calls.between_tokens_seconds = 0.3;
    config.calls.whole_seconds = 20.0;
    config.calls.max_reply_bytes = 1 << 20;
    config
}

fn only(config: &LlmConfig, ledger: &Recorder) -> Provider {
    let ledger: Arc<dyn Ledger> = Arc::new(ledger.clone());
    providers(config, &ledger).unwrap().remove(0)
}

fn request() -> ChatRequest {
    ChatRequest {
        system: "be brief".to_owned(),
        turns: vec![Turn::user("draw")],
        max_tokens: 1000,
    }
}

fn limits() -> CallLimits {
    CallLimits {
        deadline: Instant::now() + Duration::from_secs(60),
        cancel: CancellationToken::new(),
        job: Some(JobId(uuid::Uuid::from_u128(7))),
    }
}

/// The text, and how it ended.
async fn hear(provider: &Provider) -> (String, Result<Completion, CallFailure>) {
    let mut deltas = provider.model.chat(request(), limits());
    let mut text = String::new();
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(Delta::Text(more)) => text.push_str(&more),
            Ok(Delta::End(completion)) => return (text, Ok(completion)),
            Err(failure) => return (text, Err(failure)),
        }
    }
    panic!("a stream that ends without saying how");
}

async fn failure_of(act: Act) -> CallFailure {
    let server = ModelServer::start(move |_, _| act.clone());
    let (_, end) = hear(&only(&config(&server), &Recorder::default())).await;
    end.unwrap_err()
}

fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Act {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Act::Status(status, headers.collect(), body.to_owned())
}

#[actix_rt::test]
async fn a_stream_is_heard_with_usage_cost_and_record() {
    let server = ModelServer::saying(vec!["Hello <svg/> world, with ünïcode".to_owned()]);
    let ledger = Recorder::default();
    let (text, end) = hear(&only(&config(&server), &ledger)).await;
    let completion = end.unwrap();
    assert_eq!(text, "Hello <svg/> world, with ünïcode");
    assert_eq!(completion.finish, Finish::Complete);
    assert_eq!(completion.model, "test-model-1");
    assert_eq!((completion.usage.input, completion.usage.output), (100, 50));
    assert!((completion.cost - 0.0006).abs() < 1e-9);
    let entries = ledger.entries();
    assert_eq!(entries[0], "begin openai test-model");
    assert!(entries[1].starts_with("Answered(0.0006"), "{entries:?}");
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert!(asked.body.contains("\"stream\":true") && asked.body.contains("be brief"));
    assert_eq!(asked.header("authorization"), None, "there is no key");
}

#[actix_rt::test]
async fn anthropic_is_spoken_too() {
    let server = ModelServer::start(|_, _| {
        Act::Events(anthropic("a drawing"), Duration::ZERO, Ending::Closed)
    });
    let mut config = config(&server);
    config.provider = ProviderKind::Anthropic;
    config.base_url = format!("http://{}", server.address);
    let (text, end) = hear(&only(&config, &Recorder::default())).await;
    let completion = end.unwrap();
    assert_eq!(
        (text.as_str(), completion.model.as_str()),
        ("a drawing", "test-claude-1")
    );
    assert_eq!((completion.usage.input, completion.usage.output), (100, 50));
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/messages");
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
}

#[actix_rt::test]
async fn each_status_ends_with_its_fault() {
    let provider = failure_of(status(500, &[], "oops")).await;
    assert_eq!(provider.fault, Some(Fault::Provider));
    let busy = failure_of(status(429, &[("Retry-After", "7")], "{}")).await;
    let retry_after = Duration::from_secs(7);
    assert_eq!(busy.fault, Some(Fault::Busy { retry_after }));
    let broke = failure_of(status(402, &[], "{\"error\":{\"message\":\"pay\"}}")).await;
    assert_eq!(broke.fault, Some(Fault::Terminal));
    assert!(
        broke.reason.contains("402") && broke.reason.contains("pay"),
        "{broke}"
    );
    let long = failure_of(status(
        400,
        &[],
        "{\"error\":{\"code\":\"context_length_exceeded\"}}",
    ))
    .await;
    assert_eq!(long.fault, Some(Fault::Request));
}

#[actix_rt::test]
async fn what_breaks_off_keeps_its_text_and_is_the_providers_fault() {
    for (ending, words) in [
        (Ending::Closed, "end mark"),
        (Ending::Broken, "broke off"),
        (Ending::Stalled, "stalled"),
    ] {
        let server = ModelServer::start(move |_, _| {
            Act::Events(openai_text("half a drawing"), Duration::ZERO, ending)
        });
        let ledger = Recorder::default();
        let (text, end) = hear(&only(&config(&server), &ledger)).await;
        let failure = end.unwrap_err();
        assert_eq!(text, "half a drawing", "{ending:?}");
        assert_eq!(failure.fault, Some(Fault::Provider), "{ending:?}");
        assert!(failure.reason.contains(words), "{ending:?}: {failure}");
        // It was sent and may have to be paid for.
        assert!(
            ledger.entries()[1].starts_with("Failed(0.01"),
            "{:?}",
            ledger.entries()
        );
    }
}

#[actix_rt::test]
async fn garbage_wrong_types_and_megabytes_of_nothing_end_as_malformed_or_too_large() {
    let garbage = Act::Events(vec!["{nonsense".to_owned()], Duration::ZERO, Ending::Closed);
    for act in [
        garbage,
        Act::Raw(b"\x00\x01\x02 this is not HTTP\r\n\r\n".to_vec()),
        status(
            200,
            &[("Content-Type", "text/html")],
            "<html>a portal</html>",
        ),
        status(200, &[("Content-Type", "application/json")], "[]"),
        Act::Nothing("text/event-stream"),
        Act::Nothing("application/json"),
        Act::HangUp,
    ] {
        let failure = failure_of(act.clone()).await;
        assert_eq!(failure.fault, Some(Fault::Provider), "{act:?}: {failure}");
    }
}

#[actix_rt::test]
async fn a_slow_drip_is_heard_as_long_as_each_piece_is_in_time() {
    let server = ModelServer::start(|_, _| {
        Act::Events(
            openai(&"x".repeat(240)),
            Duration::from_millis(40),
            Ending::Closed,
        )
    });
    let (text, end) = hear(&only(&config(&server), &Recorder::default())).await;
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(text.len(), 240);
}

#[actix_rt::test]
async fn signs_of_life_alone_are_a_stall() {
    let server = ModelServer::start(|_, _| {
        let nothing = r#"{"choices":[{"delta":{"content":""}}]}"#.to_owned();
        let mut events = openai_text("begun");
        events.extend(vec![nothing; 200]);
        Act::Events(events, Duration::from_millis(20), Ending::Stalled)
    });
    let (text, end) = hear(&only(&config(&server), &Recorder::default())).await;
    assert_eq!(text, "begun");
    assert!(end.unwrap_err().reason.contains("stalled"));
}

#[actix_rt::test]
async fn an_answer_in_one_piece_is_taken_where_a_stream_was_asked_for() {
    let body =
        r#"{"model":"m","choices":[{"message":{"content":"whole"},"finish_reason":"length"}]}"#;
    let server =
        ModelServer::start(move |_, _| status(200, &[("Content-Type", "application/json")], body));
    let (text, end) = hear(&only(&config(&server), &Recorder::default())).await;
    let completion = end.unwrap();
    assert_eq!(
        (text.as_str(), completion.finish),
        ("whole", Finish::Length)
    );
    assert!(completion.usage.is_estimated && completion.usage.output > 0);
}

#[actix_rt::test]
async fn redirects_to_other_hosts_are_not_followed() {
    let other = ModelServer::saying(vec!["stolen".to_owned()]);
    let target = format!("{}/chat/completions", other.url());
    let server = ModelServer::start(move |_, _| status(307, &[("Location", &target)], ""));
    let (_, end) = hear(&only(&config(&server), &Recorder::default())).await;
    assert_eq!(end.unwrap_err().fault, Some(Fault::Terminal));
    assert!(other.asked().is_empty(), "the other host was called");
}

#[actix_rt::test]
async fn retries_stay_within_their_budget() {
    let server = ModelServer::start(|_, _| status(500, &[], ""));
    let provider = only(&config(&server), &Recorder::default());
    for _ in 0..5 {
        let _ = hear(&provider).await;
    }
    let calls = server.asked().len();
    assert!((6..=7).contains(&calls), "five calls became {calls}");
}

#[actix_rt::test]
async fn a_retry_that_succeeds_is_not_seen() {
    let server = ModelServer::start(|_, number| match number {
        0 => status(503, &[], ""),
        _ => Act::Events(openai("fine"), Duration::ZERO, Ending::Closed),
    });
    let (text, end) = hear(&only(&config(&server), &Recorder::default())).await;
    assert_eq!((text.as_str(), end.is_ok()), ("fine", true));
}

#[actix_rt::test]
async fn cancelling_and_dropping_end_the_call() {
    let server = ModelServer::start(|_, _| {
        Act::Events(openai_text("begun"), Duration::ZERO, Ending::Stalled)
    });
    let mut config = config(&server);
    config.calls.between_tokens_seconds = 60.0;
    let ledger = Recorder::default();
    let provider = only(&config, &ledger);
    let limits = limits();
    let cancel = limits.cancel.clone();
    let mut deltas = provider.model.chat(request(), limits);
    assert!(matches!(deltas.next().await, Some(Ok(Delta::Text(_)))));
    cancel.cancel();
    let end = deltas.next().await.unwrap().unwrap_err();
    assert_eq!(end.fault, Some(Fault::Caller));
    drop(deltas);
    assert!(
        ledger.entries()[1].starts_with("Failed"),
        "{:?}",
        ledger.entries()
    );
}

#[actix_rt::test]
async fn a_budget_refuses_before_anything_is_sent() {
    let server = ModelServer::saying(vec!["hello".to_owned()]);
    let mut config = config(&server);
    // A call may cost 1000 tokens at 10 for a million, and a little for what is sent.
    config.calls.max_cost_per_job = 0.0105;
    let provider = only(&config, &Recorder::default());
    assert!(hear(&provider).await.1.is_ok());
    let refused = hear(&provider).await.1.unwrap_err();
    assert_eq!(refused.fault, Some(Fault::Request));
    assert!(refused.reason.contains("budget"), "{refused}");
    assert_eq!(server.asked().len(), 1);
}

#[actix_rt::test]
async fn a_key_goes_into_its_header_and_out_of_messages() {
    let mut file = std::env::temp_dir();
    file.push(format!("chat2svg-test-key-{}", std::process::id()));
    std::fs::write(&file, "sk-very-secret\n").unwrap();
    let echo = |asked: &Asked, _| {
        let key = asked.header("authorization").unwrap_or_default().to_owned();
        Act::Status(
            401,
            Vec::new(),
            format!("{{\"error\":{{\"message\":\"bad key {key}\"}}}}"),
        )
    };
    let server = ModelServer::start(echo);
    let mut config = config(&server);
    config.api_key_file.clone_from(&file);
    let provider = only(&config, &Recorder::default());
    std::fs::remove_file(&file).unwrap();
    let (_, end) = hear(&provider).await;
    let failure = end.unwrap_err();
    assert_eq!(
        server.asked()[0].header("authorization"),
        Some("Bearer sk-very-secret")
    );
    assert_eq!(failure.fault, Some(Fault::Terminal));
    assert!(!failure.reason.contains("secret"), "{failure}");
}

#[actix_rt::test]
async fn a_server_says_which_model_it_has() {
    let server = ModelServer::start(|asked, _| match asked.path.as_str() {
        "/v1/models" => status(
            200,
            &[("Content-Type", "application/json")],
            r#"{"data":[{"id":"its-own"},{"id":"another"}]}"#,
        ),
        _ => Act::Events(openai("ready"), Duration::ZERO, Ending::Closed),
    });
    let mut config = config(&server);
    config.model = String::new();
    let provider = only(&config, &Recorder::default());
    let answer = probe(provider.model.as_ref(), Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(answer.model, "test-model-1");
    assert!(server.asked()[1].body.contains("\"model\":\"its-own\""));
    assert_eq!(provider.model.model(), "its-own");
}

#[actix_rt::test]
async fn the_other_name_of_the_limit_is_learned_once() {
    let server = ModelServer::start(|asked, _| {
        if asked.body.contains("\"max_tokens\"") {
            let body = r#"{"error":{"message":"use max_completion_tokens instead","type":"invalid_request_error"}}"#;
            status(400, &[], body)
        } else {
            Act::Events(openai("fine"), Duration::ZERO, Ending::Closed)
        }
    });
    let provider = only(&config(&server), &Recorder::default());
    assert!(hear(&provider).await.1.is_ok());
    assert!(hear(&provider).await.1.is_ok());
    assert_eq!(server.asked().len(), 3);
}
