//! An allocator that counts, for tests of what a renderer asks for.
#![allow(
    unsafe_code,
    reason = "an allocator has to implement an unsafe trait; this one only passes on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// To be a test binary's `#[global_allocator]`.
pub(crate) struct Counting;

/// Allocations of all threads.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Bytes that this thread has allocated and not freed, and the most there were.
    static LIVE: Cell<[isize; 2]> = const { Cell::new([0; 2]) };
}

fn add(bytes: isize) {
    LIVE.with(|live| {
        let [now, most] = live.get();
        live.set([now + bytes, most.max(now + bytes)]);
    });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        add(layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What `work` makes, and how often memory is allocated meanwhile by any thread.
pub(crate) fn allocations<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.load(Relaxed);
    let made = work();
    (made, COUNT.load(Relaxed) - before)
}

/// What `work` makes, and the most bytes beyond those before that this thread
/// holds during it.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.with(|live| {
        let [now, _] = live.get();
        live.set([now, now]);
        now
    });
    let made = work();
    let most = LIVE.with(|live| live.get()[1]);
    (made, (most - before).unsigned_abs())
}
