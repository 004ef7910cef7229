//! Jobs before the circuit of the pipeline as a whole.

use chat2svg_protocol::{
    Circuit, CircuitChange, CircuitState, Fault, OpenReason, StageStatus, messages::CircuitChanged,
};
use jiff::Timestamp;

use super::*;

fn shut() -> PipelineOpen {
    PipelineOpen {
        because: OpenReason::Failures,
        retry_after: Some(Duration::from_millis(41_200)),
    }
}

/// How the job came out, once it was told.
async fn came_out(play: &Playhouse) -> CallEnd {
    loop {
        if let Some(end) = play.world.lock().left.pop() {
            return end;
        }
        tokio::task::yield_now().await;
    }
}

#[actix_rt::test]
async fn an_open_gate_has_prompts_composed_and_other_jobs_fail_with_a_time_to_come_back() {
    let world = Shared::default();
    world.lock().gate = Some(shut());
    let play = start(world);
    let job = play.generate(20_000).await;
    let events = play.events(job).await;
    let told = events.iter().find_map(|event| match &event.kind {
        JobEventKind::TurnedAway { reason } => Some(reason.clone()),
        _ => None,
    });
    let reason = "the pipeline's circuit is open after repeated failures; \
                  it lets a probe through in 41.2 s";
    assert_eq!(told.as_deref(), Some(reason));
    let view = play.ended(job).await;
    let metadata = view.metadata.unwrap();
    assert_eq!(
        (view.state, metadata.tier),
        (JobState::Degraded, Tier::Fallback)
    );
    assert!(metadata.fallback_reason.unwrap().contains(reason));
    assert!(
        metadata
            .stages
            .iter()
            .all(|stage| stage.status == StageStatus::Skipped)
    );
    assert!(play.served(job).contains("composed"));

    let file = Attachment {
        role: AttachmentRole::Target,
        bytes: Arc::from(*b"whatever"),
    };
    let job = play.vectorize(file).await;
    let failure = play.ended(job).await.failure.unwrap();
    assert_eq!(failure.code, FailureCode::CircuitOpen);
    assert_eq!(failure.retry_after_seconds, Some(42));
    // Who did not get through says nothing of the pipeline.
    assert_eq!(play.world.lock().left, []);
}

#[actix_rt::test]
async fn each_end_is_told_once_with_whose_fault_it_was() {
    let play = start(Shared::default());
    let job = play.generate(20_000).await;
    play.ended(job).await;
    assert_eq!(came_out(&play).await, CallEnd::Served);

    for stage in Stage::ALL {
        play.world.lock().manner.insert(stage, Manner::Fails);
    }
    let job = play.generate(20_000).await;
    assert_eq!(play.ended(job).await.metadata.unwrap().tier, Tier::Fallback);
    assert_eq!(came_out(&play).await, CallEnd::Failed(Fault::Provider));

    // A file that is none is its sender's fault.
    let file = Attachment {
        role: AttachmentRole::Target,
        bytes: Arc::from(*b"whatever"),
    };
    let job = play.vectorize(file).await;
    assert_eq!(
        play.ended(job).await.failure.unwrap().code,
        FailureCode::BadInput
    );
    assert_eq!(came_out(&play).await, CallEnd::Failed(Fault::Request));

    play.world
        .lock()
        .manner
        .insert(Stage::Template, Manner::Hangs);
    let job = play.generate(20_000).await;
    while play
        .controller
        .send(JobQuery { job })
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .stage
        .is_none()
    {
        tokio::task::yield_now().await;
    }
    play.controller.send(Cancel { job }).await.unwrap();
    play.ended(job).await;
    assert_eq!(came_out(&play).await, CallEnd::Failed(Fault::Caller));
    assert_eq!(play.world.lock().left, []);
}

#[actix_rt::test]
async fn a_circuit_on_a_jobs_way_is_among_its_events() {
    let play = start(Shared::default());
    play.world
        .lock()
        .manner
        .insert(Stage::Detail, Manner::Hangs);
    let job = play.generate(20_000).await;
    loop {
        let view = play
            .controller
            .send(JobQuery { job })
            .await
            .unwrap()
            .unwrap();
        if view.is_some_and(|view| view.stage == Some(Stage::Detail)) {
            break;
        }
        tokio::task::yield_now().await;
    }
    for stage in [Stage::Template, Stage::Detail] {
        let changed = CircuitChanged {
            circuit: Some(Circuit {
                stage,
                backend: BackendId::EMBEDDED,
            }),
            change: CircuitChange {
                at: Timestamp::UNIX_EPOCH,
                from: CircuitState::Closed,
                to: CircuitState::Open,
                because: Some(OpenReason::Failures),
            },
        };
        play.controller.send(changed).await.unwrap();
    }
    play.controller.send(Cancel { job }).await.unwrap();
    let told: Vec<_> = play
        .events(job)
        .await
        .into_iter()
        .filter_map(|event| match event.kind {
            JobEventKind::CircuitChanged { stage, change, .. } => Some((stage, change.to)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(Some(Stage::Detail), CircuitState::Open)]);
}
