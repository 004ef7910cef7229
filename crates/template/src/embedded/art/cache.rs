//! Pictures that are parsed when they are first drawn, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Values by their keys, each made once; also remembers what could not be made.
pub(crate) struct Cache<T> {
    made: Mutex<BTreeMap<String, Option<Arc<T>>>>,
}

impl<T> Cache<T> {
    pub(crate) const fn new() -> Self {
        Self {
            made: Mutex::new(BTreeMap::new()),
        }
    }

    /// The value of a key. Two threads may both make it; others need not wait for that.
    pub(crate) fn get(&self, key: &str, make: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made().get(key).cloned();
        known.unwrap_or_else(|| {
            let value = make().map(Arc::new);
            made().insert(key.to_owned(), value.clone());
            value
        })
    }
}
