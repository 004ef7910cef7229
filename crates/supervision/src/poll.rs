//! The question "are you there?" that the watchdog puts to every actor.

use actix::Message;

/// watchdog → any actor: are you there? Actors implement it with
/// [`answers_polls!`](crate::answers_polls).
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Poll {
    pub(crate) panics: bool,
}

impl Poll {
    /// Answers, unless [`Slot::inject_panic`](crate::Slot::inject_panic) asked for a panic.
    ///
    /// # Panics
    /// When a panic was injected.
    pub fn answer(&self) {
        #[expect(
            clippy::panic,
            reason = "the panic is what was asked for: it shows that the actor comes back"
        )]
        if self.panics {
            panic!("a panic was injected into this actor");
        }
    }
}

/// Lets an actor answer the watchdog's polls: `answers_polls!(MyActor);`
#[macro_export]
macro_rules! answers_polls {
    ($actor:ty) => {
        impl ::actix::Handler<$crate::Poll> for $actor {
            type Result = ();

            fn handle(&mut self, poll: $crate::Poll, _: &mut Self::Context) {
                poll.answer();
            }
        }
    };
}
