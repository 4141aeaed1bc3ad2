//! What a run over the photos came to, kept so that names can be given without looking again.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PAGE;
use crate::album::groups::Numbering;
use crate::album::library::{FaceRef, Library};
use crate::album::page::{self, Place};
use crate::album::people::{self, Likeness, People, Rules};
use crate::album::seen::PhotoId;
use crate::album::store::Store;
use crate::evaluation::command_line::quoted;
use crate::exit::Exit;
use crate::failure::Failure;

/// What runs and the numbers of strangers are kept under.
const RUN: &str = "run";
const NUMBERS: &str = "numbers";

/// The photos of a run and whom the faces are like. One place for each photo; copies have their own.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) photos: Vec<Option<PhotoId>>,
    pub(super) places: Vec<Place>,
    pub(super) likenesses: Vec<(FaceRef, Likeness)>,
    pub(super) rules: Rules,
    pub(super) n_failed: usize,
}

impl Run {
    /// The last run of the album.
    pub(super) fn last(store: &Store) -> Result<Self, Failure> {
        let unfinished = || {
            Failure::new(Exit::BadInput, "the album has not been made to its end yet")
                .help("run `lineament album` with its photos first")
        };
        store.note(RUN)?.ok_or_else(unfinished)
    }

    pub(super) fn keep(&self, store: &Store) -> Result<(), Failure> {
        store.put_note(RUN, self)
    }

    /// Whose the faces are, by the names that the user gave so far.
    pub(super) fn people(&self, store: &Store, library: &Library) -> Result<People, Failure> {
        let mut numbering: Numbering = store.note(NUMBERS)?.unwrap_or_default();
        let likenesses: HashMap<FaceRef, Likeness> = self.likenesses.iter().cloned().collect();
        let names = store.names()?;
        let people = people::find(library, &names, &likenesses, self.rules, &mut numbering)?;
        store.put_note(NUMBERS, &numbering)?;
        Ok(people)
    }

    /// Writes the page, and returns who is in it.
    pub(super) fn show(
        &self,
        out: &Path,
        store: &Store,
        library: &Library,
    ) -> Result<People, Failure> {
        let people = self.people(store, library)?;
        // Whole, for it is run where the browser has put the names.
        let folder = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
        let apply = format!(
            "lineament album apply {} names.json",
            quoted(&folder.to_string_lossy())
        );
        page::write(
            &out.join(PAGE),
            apply,
            library,
            &self.places,
            &people,
            self.n_failed,
        )?;
        Ok(people)
    }
}
