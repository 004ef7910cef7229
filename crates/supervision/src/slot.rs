//! Where the current incarnation of an actor is found.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use chat2svg_protocol::ActorHealth;
use tokio::sync::{Notify, watch};

use crate::line::{Line, Resolving, Target};

/// Who is in a slot.
#[derive(Debug)]
pub(crate) enum Occupant<A: Actor> {
    /// Nobody yet, or nobody until the restart.
    Awaited,
    /// An incarnation, which may have died since.
    Present(Addr<A>),
}

/// What a slot, its lines and its watchdog share.
pub(crate) struct Seat<A: Actor> {
    pub(crate) name: &'static str,
    occupant: watch::Sender<Occupant<A>>,
    /// Whether no further incarnation will come.
    retired: AtomicBool,
    restarts: AtomicU64,
    alive: AtomicBool,
    inject_panic: AtomicBool,
    /// Wakes the watchdog before its next regular poll.
    pub(crate) look: Notify,
}

impl<A: Actor<Context = Context<A>>> Seat<A> {
    pub(crate) fn fill(&self, address: Addr<A>) {
        // In this order: whoever finds the incarnation finds it alive.
        self.set_alive(true);
        self.occupant.send_replace(Occupant::Present(address));
    }

    pub(crate) fn empty(&self) {
        self.set_alive(false);
        self.occupant.send_replace(Occupant::Awaited);
    }

    /// No restart will follow. An incarnation that lives keeps its place.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        // Wakes those who wait for the next incarnation.
        self.occupant.send_modify(|_| ());
    }

    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_alive(&self, alive: bool) {
        self.alive.store(alive, Ordering::Relaxed);
    }

    pub(crate) fn take_injected_panic(&self) -> bool {
        self.inject_panic.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn health(&self) -> ActorHealth {
        ActorHealth {
            name: self.name.to_owned(),
            alive: self.alive.load(Ordering::Relaxed) && self.address().is_some(),
            restarts: self.restarts.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn address(&self) -> Option<Addr<A>> {
        match &*self.occupant.borrow() {
            Occupant::Present(address) if address.connected() => Some(address.clone()),
            _ => None,
        }
    }
}

impl<A, M> Target<M> for Seat<A>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn current(&self) -> Option<Recipient<M>> {
        self.address().map(Addr::recipient)
    }

    fn resolve(&self) -> Resolving<'_, M> {
        Box::pin(async {
            let mut occupants = self.occupant.subscribe();
            if self.address().is_none() {
                self.look.notify_one();
            }
            let settled = occupants.wait_for(|occupant| {
                let lives = matches!(occupant, Occupant::Present(address) if address.connected());
                lives || self.retired.load(Ordering::Acquire)
            });
            match &*settled.await.ok()? {
                Occupant::Present(address) => Some(address.clone().recipient()),
                Occupant::Awaited => None,
            }
        })
    }

    fn suspect(&self) {
        self.look.notify_one();
    }
}

/// Where the current incarnation of actor `A` is found. It is made before the actor starts, so that
/// actors can be wired in a circle.
pub struct Slot<A: Actor> {
    pub(crate) seat: Arc<Seat<A>>,
}

impl<A: Actor<Context = Context<A>>> Slot<A> {
    /// An empty slot for the actor of this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            seat: Arc::new(Seat {
                name,
                occupant: watch::Sender::new(Occupant::Awaited),
                retired: AtomicBool::new(false),
                restarts: AtomicU64::new(0),
                alive: AtomicBool::new(false),
                inject_panic: AtomicBool::new(false),
                look: Notify::new(),
            }),
        }
    }

    /// A line for messages `M` to whichever incarnation is in the slot.
    pub fn line<M>(&self) -> Line<M>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let seat: Arc<Seat<A>> = Arc::clone(&self.seat);
        Line::new(seat)
    }

    /// How the actor stands.
    pub fn health(&self) -> ActorHealth {
        self.seat.health()
    }

    /// For tests: makes the actor panic at its next poll, which comes at once.
    pub fn inject_panic(&self) {
        self.seat.inject_panic.store(true, Ordering::Relaxed);
        self.seat.look.notify_one();
    }
}

impl<A: Actor> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self {
            seat: Arc::clone(&self.seat),
        }
    }
}
