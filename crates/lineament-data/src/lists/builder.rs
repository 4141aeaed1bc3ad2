//! The pairs of a list while it is read, each checked against those before it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::pairs::{Item, Pair, PairProtocol};
use crate::sets::Place;

/// What makes a pair the same as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SamePair {
    /// Both items.
    InEitherOrder,
    /// Both items, the first first.
    InThisOrder,
}

/// Collects items and pairs.
pub(super) struct PairBuilder {
    items: Vec<Item>,
    known: HashMap<String, usize>,
    pairs: Vec<Pair>,
    same: SamePair,
    max_pairs: u64,
    /// The lists that pairs came from.
    lists: Vec<PathBuf>,
    /// The list and line of every pair.
    seen: HashMap<(usize, usize), (usize, u64)>,
}

impl PairBuilder {
    pub(super) fn new(same: SamePair, max_pairs: u64) -> Self {
        Self {
            items: Vec::new(),
            known: HashMap::new(),
            pairs: Vec::new(),
            same,
            max_pairs,
            lists: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// The index of the item that the list calls `key`, which `make` makes at its first mention.
    pub(super) fn item(
        &mut self,
        key: &str,
        make: impl FnOnce() -> Result<Item, DataError>,
    ) -> Result<usize, DataError> {
        if let Some(&idx) = self.known.get(key) {
            return Ok(idx);
        }
        self.items.push(make()?);
        self.known.insert(key.to_owned(), self.items.len() - 1);
        Ok(self.items.len() - 1)
    }

    pub(super) fn person(&self, item: usize) -> Option<&str> {
        self.items[item].person.as_deref()
    }

    /// From now on the item shows nobody known.
    pub(super) fn forget_person(&mut self, item: usize) {
        self.items[item].person = None;
    }

    /// Adds the pair of two items.
    ///
    /// # Errors
    /// [`DataError::Line`] for one item twice, for people who contradict `mated`, and for a pair that
    /// was there before; [`DataError::Limit`].
    pub(super) fn add(
        &mut self,
        at: Place<'_>,
        [first, second]: [usize; 2],
        mated: bool,
        fold: usize,
    ) -> Result<(), DataError> {
        if first == second {
            return Err(at.error("two images", "one image twice"));
        }
        self.check_people(at, [first, second], mated)?;
        self.check_repetition(at, [first, second])?;
        if self.pairs.len() as u64 >= self.max_pairs {
            return Err(DataError::Limit {
                path: at.path.to_owned(),
                what: "pairs of a list",
                limit: self.max_pairs,
                got: self.pairs.len() as u64 + 1,
            });
        }
        self.pairs.push(Pair {
            first,
            second,
            mated,
            fold,
            line: at.line,
        });
        Ok(())
    }

    fn check_people(&self, at: Place<'_>, sides: [usize; 2], mated: bool) -> Result<(), DataError> {
        let [Some(a), Some(b)] = sides.map(|side| self.person(side)) else {
            return Ok(());
        };
        match mated {
            true if a != b => Err(at.error("one person in a mated pair", format!("{a} and {b}"))),
            false if a == b => Err(at.error("two people", format!("{a} twice"))),
            _ => Ok(()),
        }
    }

    fn check_repetition(
        &mut self,
        at: Place<'_>,
        [first, second]: [usize; 2],
    ) -> Result<(), DataError> {
        let list_idx = self.list_idx(at.path);
        let key = match self.same {
            SamePair::InEitherOrder => (first.min(second), first.max(second)),
            SamePair::InThisOrder => (first, second),
        };
        let Some((list, line)) = self.seen.insert(key, (list_idx, at.line)) else {
            return Ok(());
        };
        let place = match list == list_idx {
            true => format!("line {line}"),
            false => format!("{}, line {line},", self.lists[list].display()),
        };
        let expected = "a pair that is not in the list yet";
        Err(at.error(expected, format!("the pair of {place} again")))
    }

    fn list_idx(&mut self, list: &Path) -> usize {
        if self.lists.last().is_none_or(|last| last != list) {
            self.lists.push(list.to_owned());
        }
        self.lists.len() - 1
    }

    pub(super) fn n_pairs(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn finish(self, name: String, n_folds: usize) -> PairProtocol {
        PairProtocol {
            name,
            items: self.items,
            pairs: self.pairs,
            n_folds,
        }
    }
}
