//! The clients against servers that speak the real wire formats, and fail as real ones do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

#[path = "../../../tests/fakes/mod.rs"]
mod fakes;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chat2svg_gateway::{CallLimits, NoLedger};
use chat2svg_imagegen::{EditRequest, Edited, ImageModel, ImagegenConfig, Provider, image_model};
use chat2svg_protocol::{CallFailure, Fault, ResourceLevel};
use chat2svg_vector::{DecodeLimits, Raster};
use tokio_util::sync::CancellationToken;

use fakes::{automatic1111, comfyui, openai, soft};

const PATIENCE: Duration = Duration::from_secs(60);

fn config(provider: Provider, base_url: &str) -> ImagegenConfig {
    let mut config = ImagegenConfig {
        provider,
        base_url: base_url.to_owned(),
        ..ImagegenConfig::default()
    };
    config.calls.retry_share = 0.0;
    config
}

fn model(config: &ImagegenConfig) -> Arc<dyn ImageModel> {
    image_model(config, Arc::new(NoLedger))
        .unwrap()
        .expect("a model")
}

fn request(config: &ImagegenConfig, model: &dyn ImageModel) -> EditRequest {
    let parameters = config.parameters(ResourceLevel::High).unwrap();
    let size = model.frame(1.0, 256);
    let picture = Raster::filled(size.width, size.height, [200, 60, 40, 255]).unwrap();
    EditRequest {
        png: picture.encode_png().unwrap().into(),
        size,
        prompt: "a red square".to_owned(),
        negative: "text".to_owned(),
        parameters,
        seed: 42,
    }
}

/// What a model answers, and the progress that it told of.
async fn edit(config: &ImagegenConfig, time: Duration) -> (Result<Edited, CallFailure>, Vec<f32>) {
    edit_until(config, time, CancellationToken::new()).await
}

async fn edit_until(
    config: &ImagegenConfig,
    time: Duration,
    cancel: CancellationToken,
) -> (Result<Edited, CallFailure>, Vec<f32>) {
    let model = model(config);
    let limits = CallLimits {
        deadline: Instant::now() + time,
        cancel,
        job: None,
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let told = Arc::clone(&told);
        Arc::new(move |share| told.lock().unwrap().push(share))
    };
    let answer = model.edit(request(config, &*model), limits, sink).await;
    let told = told.lock().unwrap().clone();
    (answer, told)
}

#[track_caller]
fn assert_pictures(edited: &Edited, count: usize) {
    assert_eq!(edited.pictures.len(), count);
    for picture in &edited.pictures {
        Raster::decode(picture, &DecodeLimits::default()).unwrap();
    }
}

async fn eventually(what: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < give_up, "it does not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn comfy(manner: comfyui::Manner) -> (comfyui::Fake, ImagegenConfig) {
    let fake = comfyui::Fake::start(manner, soft);
    let config = config(Provider::Comfyui, &fake.server.address);
    (fake, config)
}

#[actix_rt::test]
async fn comfyui_runs_the_workflow_and_tells_of_its_steps() {
    let (fake, config) = comfy(comfyui::Manner::Good);
    let (answer, told) = edit(&config, PATIENCE).await;
    assert_pictures(&answer.unwrap(), 2);
    assert!(told.is_sorted() && told.len() >= 4, "{told:?}");
    let prompt = &fake.prompts()[0]["prompt"];
    assert_eq!(prompt["1"]["inputs"]["image"], "uploaded.png [temp]");
    assert_eq!(prompt["5"]["inputs"]["text"], "a red square");
    assert_eq!(prompt["11"]["inputs"]["noise_seed"], 42);
    assert_eq!(prompt["15"]["inputs"]["batch_size"], 2);
    assert_eq!(
        prompt["14"]["inputs"]["steps"], 4,
        "the distilled model's own steps"
    );
    assert!(fake.server.asked("/interrupt").is_empty());
}

#[actix_rt::test]
async fn the_tile_workflow_gets_the_numbers_of_its_level() {
    let (fake, mut config) = comfy(comfyui::Manner::Good);
    config.workflow = ImagegenConfig::SDXL_TILE.to_owned();
    config.model = "own.safetensors".to_owned();
    let (answer, _) = edit(&config, PATIENCE).await;
    assert_pictures(&answer.unwrap(), 2);
    let prompt = &fake.prompts()[0]["prompt"];
    let sampler = &prompt["11"]["inputs"];
    assert_eq!(
        (&sampler["steps"], &sampler["cfg"]),
        (&30.into(), &7.0.into())
    );
    assert_eq!(
        (&sampler["denoise"], &sampler["seed"]),
        (&1.0.into(), &42.into())
    );
    assert_eq!(prompt["8"]["inputs"]["strength"], 0.5);
    assert_eq!(prompt["5"]["inputs"]["text"], "text");
    assert_eq!(prompt["2"]["inputs"]["ckpt_name"], "own.safetensors");
}

#[actix_rt::test]
async fn a_websocket_that_closes_does_not_lose_a_run_that_goes_on() {
    let (_fake, config) = comfy(comfyui::Manner::ClosesSocket);
    let (answer, _) = edit(&config, PATIENCE).await;
    assert_pictures(&answer.unwrap(), 2);
}

#[actix_rt::test]
async fn whatever_comfyui_does_the_right_one_is_blamed() {
    use comfyui::Manner;
    let busy = Fault::Busy {
        retry_after: Duration::from_secs(60),
    };
    for (manner, fault, words) in [
        (Manner::Status(500), Fault::Provider, "500"),
        (Manner::Status(401), Fault::Terminal, "401"),
        (Manner::Busy, busy, "429"),
        (
            Manner::Invalid,
            Fault::Terminal,
            "UNETLoader: Value not in list",
        ),
        (Manner::NoSocket, Fault::Provider, "websocket"),
        (Manner::Forgets, Fault::Provider, "restarted"),
        (Manner::Fails, Fault::Provider, "torch.OutOfMemoryError"),
        (Manner::Huge, Fault::Provider, "larger than"),
        (Manner::Page, Fault::Provider, "text/html where a picture"),
        (Manner::Empty, Fault::Provider, "gave no picture"),
    ] {
        let (_fake, config) = comfy(manner);
        let failure = edit(&config, PATIENCE).await.0.unwrap_err();
        assert_eq!(failure.fault, Some(fault), "{manner:?}: {failure}");
        assert!(failure.reason.contains(words), "{manner:?}: {failure}");
    }
}

#[actix_rt::test]
async fn a_server_that_is_away_or_says_nothing_is_given_up() {
    let away = config(Provider::Comfyui, "http://127.0.0.1:9");
    let failure = edit(&away, PATIENCE).await.0.unwrap_err();
    assert_eq!(failure.fault, Some(Fault::Provider));

    for manner in [comfyui::Manner::Stalls, comfyui::Manner::Queues] {
        let (_fake, mut config) = comfy(manner);
        config.calls.first_token_seconds = 0.3;
        let failure = edit(&config, PATIENCE).await.0.unwrap_err();
        assert_eq!(
            failure.fault,
            Some(Fault::Provider),
            "{manner:?}: {failure}"
        );
        assert!(
            failure.reason.contains("no answer"),
            "{manner:?}: {failure}"
        );
    }
    let (_fake, mut config) = comfy(comfyui::Manner::Hangs);
    config.calls.between_tokens_seconds = 0.3;
    let failure = edit(&config, PATIENCE).await.0.unwrap_err();
    assert!(failure.reason.contains("stalled"), "{failure}");
}

#[actix_rt::test]
async fn a_run_that_nobody_waits_for_is_taken_from_the_queue() {
    let (fake, config) = comfy(comfyui::Manner::Queues);
    fake.run_for_another();
    let failure = edit(&config, Duration::from_millis(500))
        .await
        .0
        .unwrap_err();
    assert_eq!(failure, CallFailure::late());
    eventually(|| {
        fake.server
            .asked("/queue")
            .iter()
            .any(|asked| asked.method == "POST")
    })
    .await;
    let id = fake.prompts()[0]["prompt_id"].clone();
    let deletion = fake.server.asked("/queue").pop().unwrap().json();
    assert_eq!(deletion["delete"][0], id);
    assert!(
        fake.server.asked("/interrupt").is_empty(),
        "another's run goes on"
    );
}

#[actix_rt::test]
async fn a_run_that_is_cancelled_is_interrupted_and_only_it() {
    let (fake, config) = comfy(comfyui::Manner::Hangs);
    let cancel = CancellationToken::new();
    let (answer, ()) = tokio::join!(edit_until(&config, PATIENCE, cancel.clone()), async {
        eventually(|| !fake.server.asked("/prompt").is_empty()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    });
    assert_eq!(answer.0.unwrap_err(), CallFailure::cancelled());
    eventually(|| !fake.server.asked("/interrupt").is_empty()).await;
    let interrupt = fake.server.asked("/interrupt").pop().unwrap().json();
    assert_eq!(interrupt["prompt_id"], fake.prompts()[0]["prompt_id"]);
}

#[actix_rt::test]
async fn a_server_is_asked_whether_it_can_run_the_workflow() {
    let (_fake, mut config) = comfy(comfyui::Manner::Good);
    let limits = || CallLimits {
        deadline: Instant::now() + PATIENCE,
        cancel: CancellationToken::new(),
        job: None,
    };
    let failure = model(&config).probe(limits()).await.unwrap_err();
    assert_eq!(failure.fault, Some(Fault::Terminal));
    assert!(
        failure.reason.contains("flux-2-klein-4b-fp8.safetensors"),
        "{failure}"
    );
    config.model = "other.safetensors".to_owned();
    let told = model(&config).probe(limits()).await.unwrap();
    assert!(
        told.contains("0.9.9") && told.contains("flux2-klein"),
        "{told}"
    );
}

fn images(manner: openai::Manner) -> (fakes::http::Server, ImagegenConfig) {
    let server = openai::start(manner, soft);
    let config = config(Provider::OpenAi, &format!("{}/v1", server.address));
    (server, config)
}

#[actix_rt::test]
async fn openai_gets_a_form_and_answers_in_the_text_or_with_a_link_to_itself() {
    let (server, mut config) = images(openai::Manner::Inline);
    config.price_per_picture = 0.04;
    let edited = edit(&config, PATIENCE).await.0.unwrap();
    assert_pictures(&edited, 2);
    assert!((edited.cost - 0.08).abs() < 1e-9);
    let asked = server.asked("/v1/images/edits").pop().unwrap();
    assert_eq!(asked.text("model"), "gpt-image-1.5");
    assert_eq!(asked.text("size"), "1024x1024");
    assert_eq!(asked.text("input_fidelity"), "high");
    assert_eq!(asked.text("prompt"), "a red square");
    assert_eq!(asked.field("response_format"), None);

    let (server, config) = images(openai::Manner::Links);
    assert_pictures(&edit(&config, PATIENCE).await.0.unwrap(), 1);
    assert_eq!(server.asked("/files/picture.png").len(), 1);
}

#[actix_rt::test]
async fn whatever_openai_does_the_right_one_is_blamed() {
    use openai::Manner;
    let busy = Fault::Busy {
        retry_after: Duration::from_secs(60),
    };
    for (manner, fault, words) in [
        (
            Manner::LinksElsewhere,
            Fault::Provider,
            "elsewhere.example.org",
        ),
        (Manner::Status(500), Fault::Provider, "something went wrong"),
        (Manner::Status(402), Fault::Terminal, "402"),
        (Manner::Busy, busy, "slow down"),
        (Manner::Exhausted, Fault::Terminal, "quota"),
        (Manner::Policy, Fault::Request, "safety system"),
        (Manner::Page, Fault::Provider, "malformed"),
        (Manner::Empty, Fault::Provider, "no picture"),
        (Manner::Huge, Fault::Provider, "larger than"),
        (Manner::HalfClosed, Fault::Provider, "broke off"),
        (Manner::Redirects, Fault::Terminal, "redirect"),
    ] {
        let (_server, config) = images(manner);
        let failure = edit(&config, PATIENCE).await.0.unwrap_err();
        assert_eq!(failure.fault, Some(fault), "{manner:?}: {failure}");
        assert!(failure.reason.contains(words), "{manner:?}: {failure}");
    }
    let (_server, mut config) = images(Manner::Stalls);
    config.calls.first_token_seconds = 0.3;
    let failure = edit(&config, PATIENCE).await.0.unwrap_err();
    assert_eq!(failure.fault, Some(Fault::Provider));
}

#[actix_rt::test]
async fn a_call_beyond_the_jobs_cost_budget_is_not_sent() {
    let (server, mut config) = images(openai::Manner::Inline);
    config.price_per_picture = 0.3;
    config.calls.max_cost_per_job = 0.5;
    let model = model(&config);
    let limits = CallLimits {
        deadline: Instant::now() + PATIENCE,
        cancel: CancellationToken::new(),
        job: Some(chat2svg_protocol::JobId(uuid::Uuid::from_u128(7))),
    };
    let asked = request(&config, &*model);
    let failure = model
        .edit(asked, limits, Arc::new(|_| {}))
        .await
        .unwrap_err();
    assert!(failure.reason.contains("cost budget"), "{failure}");
    assert!(server.asked("/v1/images/edits").is_empty());
}

fn web_ui(manner: automatic1111::Manner) -> (fakes::http::Server, ImagegenConfig) {
    let server = automatic1111::start(manner, soft);
    let config = config(Provider::Automatic1111, &server.address);
    (server, config)
}

#[actix_rt::test]
async fn automatic1111_gets_the_numbers_and_only_its_own_pictures_are_taken() {
    let (server, mut config) = web_ui(automatic1111::Manner::Good);
    config.control_model = "tile".to_owned();
    assert_pictures(&edit(&config, PATIENCE).await.0.unwrap(), 2);
    let body = server.asked("/sdapi/v1/img2img").pop().unwrap().json();
    assert_eq!(
        (&body["steps"], &body["cfg_scale"]),
        (&30.into(), &7.0.into())
    );
    assert_eq!(
        (&body["seed"], &body["batch_size"]),
        (&42.into(), &2.into())
    );
    assert_eq!(
        (&body["width"], &body["height"]),
        (&256.into(), &256.into())
    );
    let unit = &body["alwayson_scripts"]["controlnet"]["args"][0];
    assert_eq!(
        (&unit["model"], &unit["weight"]),
        (&"tile".into(), &0.5.into())
    );
    assert!(body.get("override_settings").is_none());
}

#[actix_rt::test]
async fn a_name_and_a_password_log_in() {
    let (server, mut config) = web_ui(automatic1111::Manner::Good);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ann:s3cret\n").unwrap();
    config.api_key_file = file.path().to_owned();
    edit(&config, PATIENCE).await.0.unwrap();
    let asked = server.asked("/sdapi/v1/img2img").pop().unwrap();
    assert_eq!(
        asked.header("authorization"),
        Some("Basic YW5uOnMzY3JldA==")
    );
}

#[actix_rt::test]
async fn automatic1111s_faults_are_told_apart() {
    for (manner, fault) in [
        (automatic1111::Manner::Fails, Fault::Provider),
        (automatic1111::Manner::Invalid, Fault::Request),
    ] {
        let (_server, config) = web_ui(manner);
        let failure = edit(&config, PATIENCE).await.0.unwrap_err();
        assert_eq!(failure.fault, Some(fault), "{manner:?}: {failure}");
    }
}

#[actix_rt::test]
async fn only_a_task_of_ours_is_interrupted() {
    for (manner, ours) in [
        (automatic1111::Manner::Hangs, true),
        (automatic1111::Manner::WorksForAnother, false),
    ] {
        let (server, config) = web_ui(manner);
        let (answer, told) = edit(&config, Duration::from_millis(1200)).await;
        assert_eq!(answer.unwrap_err(), CallFailure::late(), "{manner:?}");
        assert_eq!(!told.is_empty(), ours, "{manner:?}: {told:?}");
        let looks = server.asked("/sdapi/v1/progress").len();
        eventually(|| server.asked("/sdapi/v1/progress").len() > looks).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let interrupted = !server.asked("/sdapi/v1/interrupt").is_empty();
        assert_eq!(interrupted, ours, "{manner:?}");
    }
}

#[test]
fn openai_itself_is_not_set_up_without_a_key() {
    let mut config = config(Provider::OpenAi, "");
    config.api_key_env = "CHAT2SVG_TEST_NO_SUCH_KEY".to_owned();
    let error = image_model(&config, Arc::new(NoLedger))
        .err()
        .expect("no key");
    assert!(
        error.to_string().contains("CHAT2SVG_TEST_NO_SUCH_KEY"),
        "{error}"
    );
}
