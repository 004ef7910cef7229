//! Actors that panic, stop or hang come back, and lines to them work again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::ThreadId,
    time::Duration,
};

use actix::prelude::*;
use chat2svg_supervision::{AskError, Line, Slot, Watchdog, WatchdogPolicy, answers_polls};

/// Long enough that only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Message)]
#[rtype(result = "u32")]
struct Count;

#[derive(Message)]
#[rtype(result = "()")]
struct Panic;

#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

#[derive(Message)]
#[rtype(result = "ThreadId")]
struct Where;

/// Blocks the actor's thread until the sender is dropped.
#[derive(Message)]
#[rtype(result = "()")]
struct Freeze(mpsc::Receiver<()>);

struct Counter(u32);

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Count> for Counter {
    type Result = u32;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> u32 {
        self.0 += 1;
        self.0
    }
}

impl Handler<Panic> for Counter {
    type Result = ();

    #[expect(clippy::panic, reason = "it is what the message asks for")]
    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("as the test asked");
    }
}

impl Handler<Stop> for Counter {
    type Result = ();

    fn handle(&mut self, _: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

impl Handler<Where> for Counter {
    type Result = MessageResult<Where>;

    fn handle(&mut self, _: Where, _: &mut Self::Context) -> Self::Result {
        MessageResult(std::thread::current().id())
    }
}

impl Handler<Freeze> for Counter {
    type Result = ();

    fn handle(&mut self, freeze: Freeze, _: &mut Self::Context) {
        let _ = freeze.0.recv();
    }
}

answers_polls!(Counter);

fn policy() -> WatchdogPolicy {
    WatchdogPolicy {
        poll_interval_ms: 20,
        poll_timeout_ms: 200,
        backoff_min_ms: 1,
        backoff_max_ms: 50,
    }
}

fn watched() -> (Slot<Counter>, Watchdog) {
    let slot = Slot::new("counter");
    let watchdog = Watchdog::new(policy());
    watchdog.start(&slot, &Arbiter::new().handle(), || Counter(0));
    (slot, watchdog)
}

async fn restarts(slot: &Slot<Counter>, at_least: u64) {
    while slot.health().restarts < at_least || !slot.health().alive {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A dying incarnation takes messages until its mailbox is closed, and drops them.
async fn answer_of_the_next(line: &Line<Count>) -> Result<u32, AskError> {
    loop {
        let answer = line.ask(Count, PATIENCE).await;
        if answer != Err(AskError::Closed("counter")) {
            return answer;
        }
    }
}

#[actix_rt::test]
async fn a_panic_in_a_handler_is_followed_by_a_fresh_start() {
    let (slot, watchdog) = watched();
    let count = slot.line::<Count>();
    assert_eq!(count.ask(Count, PATIENCE).await, Ok(1));
    assert_eq!(count.ask(Count, PATIENCE).await, Ok(2));

    let outcome = slot.line().ask(Panic, PATIENCE).await;
    assert_eq!(outcome, Err(AskError::Closed("counter")));

    assert_eq!(answer_of_the_next(&count).await, Ok(1));
    let health = watchdog.health();
    assert_eq!(health.len(), 1);
    assert_eq!(health[0].name, "counter");
    assert!(health[0].alive);
    assert_eq!(health[0].restarts, 1);
}

#[actix_rt::test]
async fn an_injected_panic_is_followed_by_a_fresh_start() {
    let (slot, _watchdog) = watched();
    let count = slot.line::<Count>();
    assert_eq!(count.ask(Count, PATIENCE).await, Ok(1));
    for round in 1..=3 {
        slot.inject_panic();
        restarts(&slot, round).await;
        assert_eq!(count.ask(Count, PATIENCE).await, Ok(1));
    }
}

#[actix_rt::test]
async fn an_actor_that_stops_itself_is_started_again() {
    let (slot, _watchdog) = watched();
    slot.line().ask(Stop, PATIENCE).await.unwrap();
    restarts(&slot, 1).await;
    assert_eq!(slot.line().ask(Count, PATIENCE).await, Ok(1));
}

#[actix_rt::test]
async fn a_factory_that_panics_is_tried_again() {
    let slot = Slot::new("counter");
    let watchdog = Watchdog::new(policy());
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    watchdog.start(&slot, &Arbiter::new().handle(), move || {
        let made = counted.fetch_add(1, Ordering::SeqCst);
        assert!(made >= 2, "not yet");
        Counter(made)
    });
    assert_eq!(answer_of_the_next(&slot.line()).await, Ok(3));
    assert_eq!(slot.health().restarts, 2);
}

#[actix_rt::test]
async fn an_actor_that_hangs_is_replaced_on_another_thread() {
    let (slot, _watchdog) = watched();
    let home = slot.line().ask(Where, PATIENCE).await.unwrap();
    let (thaw, frozen) = mpsc::channel();
    slot.line().tell(Freeze(frozen));
    restarts(&slot, 1).await;
    assert_ne!(slot.line().ask(Where, PATIENCE).await.unwrap(), home);
    drop(thaw);
}

#[actix_rt::test]
async fn an_actor_whose_arbiter_ended_gets_a_new_one() {
    let slot = Slot::new("counter");
    let watchdog = Watchdog::new(policy());
    let arbiter = Arbiter::new();
    watchdog.start(&slot, &arbiter.handle(), || Counter(0));
    let home = slot.line().ask(Where, PATIENCE).await.unwrap();
    arbiter.stop();
    arbiter.join().unwrap();
    restarts(&slot, 1).await;
    assert_ne!(slot.line().ask(Where, PATIENCE).await.unwrap(), home);
}

#[actix_rt::test]
async fn neighbours_of_an_actor_that_panics_live_on() {
    let (first, second) = (Slot::new("first"), Slot::new("second"));
    let watchdog = Watchdog::new(policy());
    let arbiter = Arbiter::new().handle();
    watchdog.start(&first, &arbiter, || Counter(0));
    watchdog.start(&second, &arbiter, || Counter(10));
    assert_eq!(second.line().ask(Count, PATIENCE).await, Ok(11));
    first.inject_panic();
    restarts(&first, 1).await;
    assert_eq!(first.line().ask(Count, PATIENCE).await, Ok(1));
    assert_eq!(second.line().ask(Count, PATIENCE).await, Ok(12));
    assert_eq!(second.health().restarts, 0);
}

#[actix_rt::test]
async fn after_the_watchdog_stopped_a_dead_actor_is_reported_as_closed() {
    let (slot, watchdog) = watched();
    let count = slot.line::<Count>();
    assert_eq!(count.ask(Count, PATIENCE).await, Ok(1));
    watchdog.stop();
    assert_eq!(count.ask(Count, PATIENCE).await, Ok(2));
    let _ = slot.line().ask(Panic, PATIENCE).await;
    assert_eq!(
        count.ask(Count, PATIENCE).await,
        Err(AskError::Closed("counter"))
    );
    assert!(!slot.health().alive);
    assert_eq!(slot.health().restarts, 0);
}

#[actix_rt::test]
async fn a_question_without_an_answer_times_out() {
    let (slot, _watchdog) = watched();
    let (thaw, frozen) = mpsc::channel();
    slot.line().tell(Freeze(frozen));
    let answer = slot.line().ask(Count, Duration::from_millis(20)).await;
    assert_eq!(answer, Err(AskError::Timeout("counter")));
    drop(thaw);
}

#[actix_rt::test]
async fn a_line_can_be_made_from_any_recipient() {
    let line = Line::from_recipient("plain", Counter(4).start().recipient::<Count>());
    assert_eq!(line.ask(Count, PATIENCE).await, Ok(5));
    line.tell(Count);
    assert_eq!(line.ask(Count, PATIENCE).await, Ok(7));
    assert_eq!(line.name(), "plain");
}

#[actix_rt::test]
async fn factories_may_hold_lines_to_actors_that_start_later() {
    let watchdog = Watchdog::new(policy());
    let (first, second) = (Slot::new("first"), Slot::new("second"));
    let answers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&answers);
    let line = second.line::<Count>();
    watchdog.start(&first, &Arbiter::current(), move || {
        let (line, seen) = (line.clone(), Arc::clone(&seen));
        actix_rt::spawn(async move {
            let answer = line.ask(Count, PATIENCE).await;
            seen.lock().unwrap().push(answer);
        });
        Counter(0)
    });
    assert_eq!(first.line().ask(Count, PATIENCE).await, Ok(1));
    watchdog.start(&second, &Arbiter::current(), || Counter(0));
    while answers.lock().unwrap().is_empty() {
        actix_rt::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(*answers.lock().unwrap(), [Ok(1)]);
}
