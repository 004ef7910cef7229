//! Memory for request bodies: one budget over all connections, taken as bytes arrive and not as
//! they are announced, so that many unfinished bodies cannot fill the machine.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// Least bytes by which a body grows.
const STEP: usize = 16 << 10;

/// The budget. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct BodyMemory {
    free: Arc<Semaphore>,
}

/// Bytes of the budget that are in use until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct HeldMemory(Option<OwnedSemaphorePermit>);

impl HeldMemory {
    /// None of it.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(permit),
            None => self.0 = Some(permit),
        }
    }

    /// Adds what another holds.
    pub(crate) fn absorb(&mut self, other: Self) {
        if let Some(permit) = other.0 {
            self.add(permit);
        }
    }
}

impl BodyMemory {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// An empty body.
    pub(crate) fn body(&self) -> Body {
        Body {
            memory: self.clone(),
            bytes: Vec::new(),
            held: HeldMemory::default(),
        }
    }

    /// Bytes that are not in use.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }

    fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes).ok()?;
        Arc::clone(&self.free).try_acquire_many_owned(permits).ok()
    }
}

/// A body, or a part of one, as far as it has arrived.
#[derive(Debug)]
pub(crate) struct Body {
    memory: BodyMemory,
    bytes: Vec<u8>,
    held: HeldMemory,
}

impl Body {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds what arrived; refused when the budget is spent.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        let wanted = self.bytes.len().saturating_add(chunk.len());
        let capacity = self.bytes.capacity();
        if wanted > capacity {
            // In steps that grow with the body, or moving it would take all of the time.
            let roomy = wanted.max(capacity + (capacity / 4).max(STEP));
            let room = [roomy, wanted].into_iter().find_map(|room| {
                let permit = self.memory.acquire(room - capacity)?;
                self.held.add(permit);
                Some(room)
            });
            let room = room.ok_or_else(spent)?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The bytes, and their share of the budget.
    pub(crate) fn into_parts(self) -> (Vec<u8>, HeldMemory) {
        (self.bytes, self.held)
    }
}

fn spent() -> Problem {
    Problem::new(
        Code::Overloaded,
        "requests that are arriving take up all the memory that there is for them: try again in a moment",
    )
    .retry_after(Duration::from_secs(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bodies_share_one_budget_and_give_it_back() {
        let memory = BodyMemory::new(100_000);
        let mut first = memory.body();
        first.push(&[1; 60_000]).unwrap();
        let mut second = memory.body();
        second.push(&[2; 30_000]).unwrap();
        let refused = second.push(&[2; 20_000]).unwrap_err();
        assert_eq!(refused.code, Code::Overloaded);
        let (bytes, held) = first.into_parts();
        drop(bytes);
        assert!(second.push(&[2; 20_000]).is_err(), "the share is held on");
        drop(held);
        second.push(&[2; 20_000]).unwrap();
        drop(second);
        assert_eq!(memory.free(), 100_000);
    }

    #[test]
    fn nothing_is_taken_for_what_has_not_arrived() {
        let memory = BodyMemory::new(100_000);
        let _announced = memory.body();
        assert_eq!(memory.free(), 100_000);
    }

    proptest! {
        #[test]
        fn what_is_held_covers_what_is_allocated(chunks in prop::collection::vec(0_usize..50_000, 1..40)) {
            let memory = BodyMemory::new(1 << 20);
            let mut body = memory.body();
            let mut total = 0;
            for length in chunks {
                if body.push(&vec![0; length]).is_err() {
                    prop_assert!(total + length + body.bytes.capacity() / 4 > 1 << 19);
                    break;
                }
                total += length;
                prop_assert_eq!(body.len(), total);
                prop_assert!((1 << 20) - memory.free() >= body.bytes.capacity());
                prop_assert!(body.bytes.capacity() <= total + (total / 4).max(STEP) + STEP);
            }
        }
    }
}
