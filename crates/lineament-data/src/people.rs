//! Names that occur many times, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Hands out one shared copy of every text it is given.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    known: HashSet<Arc<str>>,
}

impl Interner {
    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.known.insert(shared.clone());
        shared
    }

    /// The shared copy, or `None` for a text that says nothing.
    pub(crate) fn get_some(&mut self, text: &str) -> Option<Arc<str>> {
        (!text.is_empty()).then(|| self.get(text))
    }
}
