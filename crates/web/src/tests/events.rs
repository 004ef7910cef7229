//! Event streams.

use actix_web::{body::BoxBody, test::TestRequest};
use chat2svg_protocol::{JobEventKind, JobId, JobState, Stage};
use serde_json::json;

use super::{Front, controller::Happen, front, front_with, next_chunk};

async fn start(front: &Front, prompt: &str) -> JobId {
    let request = TestRequest::post()
        .uri("/v1/svg")
        .insert_header(("prefer", "respond-async"))
        .set_json(json!({ "prompt": prompt }));
    let answer = front.send(request).await.json();
    answer["id"].as_str().unwrap().parse().unwrap()
}

fn follow(job: JobId) -> TestRequest {
    TestRequest::get().uri(&format!("/v1/jobs/{job}/events"))
}

/// Names of the events in a text of frames.
fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect()
}

async fn read(body: &mut BoxBody) -> String {
    String::from_utf8(next_chunk(body).await.unwrap()).unwrap()
}

#[actix_web::test]
async fn an_ended_job_is_told_from_the_start_and_the_stream_ends() {
    let front = front();
    let job = start(&front, "x").await;
    let answer = front.send(follow(job)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(names(answer.text()), ["queued", "started", "done"]);
    assert!(answer.text().contains("id: 3\nevent: done\n"));
}

#[actix_web::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let front = front();
    let job = start(&front, "x").await;
    let answer = front
        .send(follow(job).insert_header(("last-event-id", "2")))
        .await;
    assert_eq!(names(answer.text()), ["done"]);
    let spent = front
        .send(follow(job).insert_header(("last-event-id", "3")))
        .await;
    assert_eq!(spent.status, 204);
}

#[actix_web::test]
async fn events_come_as_they_happen() {
    let front = front();
    let job = start(&front, "wait").await;
    let (answer, mut body) = front.open(follow(job)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(names(&read(&mut body).await), ["queued"]);
    let stage = Stage::Template;
    let happened = [
        JobEventKind::Progress {
            stage,
            fraction: 0.5,
        },
        JobEventKind::Preview {
            stage,
            svg: "<svg/>".into(),
        },
        JobEventKind::Done {
            state: JobState::Succeeded,
        },
    ];
    for kind in happened {
        front.controller.send(Happen(job, kind)).await.unwrap();
    }
    assert_eq!(names(&read(&mut body).await), ["progress"]);
    let preview = read(&mut body).await;
    assert!(preview.contains(r#""svg":"<svg/>""#), "{preview}");
    assert_eq!(names(&read(&mut body).await), ["done"]);
    assert!(next_chunk(&mut body).await.is_none());
}

#[actix_web::test]
async fn a_slow_reader_misses_nothing() {
    let front = front();
    let job = start(&front, "wait").await;
    let (_, mut body) = front.open(follow(job)).await;
    read(&mut body).await;
    // More than the channel holds.
    for step in 0..20 {
        let kind = JobEventKind::Progress {
            stage: Stage::Detail,
            fraction: step as f32 / 20.0,
        };
        front.controller.send(Happen(job, kind)).await.unwrap();
    }
    for sequence in 2..22 {
        let frame = read(&mut body).await;
        assert!(frame.starts_with(&format!("id: {sequence}\n")), "{frame}");
    }
}

#[actix_web::test]
async fn silence_is_filled_with_heartbeats() {
    tokio::time::pause();
    let front = front_with(|config| config.heartbeat_seconds = 15);
    let job = start(&front, "wait").await;
    let (_, mut body) = front.open(follow(job)).await;
    read(&mut body).await;
    assert_eq!(read(&mut body).await, ": still here\n\n");
    assert_eq!(read(&mut body).await, ": still here\n\n");
}

#[actix_web::test]
async fn streams_end_when_the_service_goes_down() {
    let front = front();
    let job = start(&front, "wait").await;
    let (_, mut of_job) = front.open(follow(job)).await;
    let (_, mut of_system) = front
        .open(TestRequest::get().uri("/v1/system/events"))
        .await;
    read(&mut of_job).await;
    read(&mut of_system).await;
    front.shared.stopping.cancel();
    for body in [&mut of_job, &mut of_system] {
        assert!(read(body).await.contains("going down"));
        assert!(next_chunk(body).await.is_none());
    }
}

#[actix_web::test]
async fn followers_of_the_system_get_what_is_sent_out() {
    let front = front();
    let (answer, mut body) = front
        .open(TestRequest::get().uri("/v1/system/events"))
        .await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert!(read(&mut body).await.contains(r#""ready":true"#));
    front.shared.admission.close();
    let status = front.shared.look().await;
    front.shared.system.send_replace(Some(status.into()));
    assert!(read(&mut body).await.contains(r#""ready":false"#));
}
