//! Search: whom a face is most like.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lineament_core::{Embedding, Score};
use rusqlite::Connection;
use serde::Serialize;

use crate::approximate::Answer;
use crate::error::GalleryError;
use crate::faces::read_vector;
use crate::gallery::{Gallery, Stamp, read_stamp};
use crate::ids::{FaceId, PersonId};
use crate::index::{
    Index, Indexes, Probe, Query, Row, pooled, read_snapshot, search, snapshot_path, templates,
};
use crate::lock::check_lock;
use crate::people::Roots;
use crate::reembed::check_model;
use crate::vector::dot;

/// What stands for a person in a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchBy {
    /// Nothing: every face is found for itself.
    Face,
    /// Their face that is most like the probe.
    #[default]
    Person,
    /// Their template: the mean of their faces, brought to unit norm.
    Template,
}

/// Who may be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Filter {
    /// Everybody.
    #[default]
    Everybody,
    /// People with this tag.
    Tag(String),
    /// These people.
    People(Vec<PersonId>),
}

/// Who is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Everybody: nobody is missed.
    #[default]
    Exact,
    /// Those whom the approximate index leads to, so that somebody may be missed: see
    /// [`build_approximate_index`](Gallery::build_approximate_index). Where there is no such index, or it leads
    /// to fewer than are wanted, everybody.
    Approximate {
        /// Faces that are kept on the way through the index, 1 or more: with more, fewer are missed and a
        /// search takes longer. [`USUAL_BREADTH`](crate::approximate::USUAL_BREADTH) is what the program takes.
        breadth: NonZeroUsize,
    },
}

/// How to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOptions {
    /// Matches wanted, best first.
    pub k: usize,
    /// What stands for a person.
    pub by: SearchBy,
    /// Who may be found.
    pub filter: Filter,
    /// Threads to use; few faces use fewer, and the approximate index uses one.
    pub threads: NonZeroUsize,
    /// Who is compared with.
    pub mode: SearchMode,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            by: SearchBy::default(),
            filter: Filter::default(),
            threads: NonZeroUsize::MIN,
            mode: SearchMode::default(),
        }
    }
}

/// Somebody that a probe is like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Match {
    /// Who.
    pub person: PersonId,
    /// Their face that was compared; `None` for a template.
    pub face: Option<FaceId>,
    /// Cosine similarity, computed from the stored embedding in 64 bits.
    pub score: Score,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Found {
    /// Those whom the probe is most like, best first.
    pub matches: Vec<Match>,
    /// Whether they come from the approximate index, so that somebody may have been missed.
    pub is_approximate: bool,
}

impl From<Row> for Match {
    fn from(row: Row) -> Self {
        Self {
            person: row.person,
            face: row.face,
            score: row.score,
        }
    }
}

impl Gallery {
    /// Those whom the probe is most like, best first; of equal scores, the smaller number first.
    ///
    /// Unless the options say otherwise, the result is that of comparing with everybody: integers give each face an upper bound of its
    /// score, and every face whose bound reaches the k-th exact score is compared exactly.
    ///
    /// # Errors
    /// [`GalleryError::SpaceMismatch`], [`GalleryError::Dimension`], [`GalleryError::Damaged`],
    /// [`GalleryError::Storage`].
    pub fn search(
        &mut self,
        probe: &Embedding,
        options: &SearchOptions,
    ) -> Result<Vec<Match>, GalleryError> {
        let mut all = self.search_all(std::slice::from_ref(probe), options)?;
        Ok(all.pop().unwrap_or_default())
    }

    /// [`search`](Self::search) for many probes at once, which is several times faster for each: a
    /// block of faces stays in the caches while all probes pass over it.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_all(
        &mut self,
        probes: &[Embedding],
        options: &SearchOptions,
    ) -> Result<Vec<Vec<Match>>, GalleryError> {
        let found = self.find_all(probes, options)?.into_iter();
        Ok(found.map(|found| found.matches).collect())
    }

    /// [`search_all`](Self::search_all), and whether each answer is approximate.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn find_all(
        &mut self,
        probes: &[Embedding],
        options: &SearchOptions,
    ) -> Result<Vec<Found>, GalleryError> {
        probes.iter().try_for_each(|p| self.options.check(p))?;
        let probes: Vec<Probe> = probes.iter().map(|p| Probe::new(p.values())).collect();
        let mut indexes = std::mem::take(&mut self.indexes);
        let found = self.look(|db| {
            // One state of the file for the indexes, the exact scores and the lock.
            let snapshot = db.unchecked_transaction()?;
            let found = self.find_in(&snapshot, &mut indexes, probes, options);
            check_lock(&snapshot, &self.vault)?;
            found
        });
        self.indexes = indexes;
        found
    }

    /// [`find_all`](Self::find_all), in the state that `db` sees.
    fn find_in(
        &self,
        db: &Connection,
        indexes: &mut Indexes,
        probes: Vec<Probe>,
        options: &SearchOptions,
    ) -> Result<Vec<Found>, GalleryError> {
        let (found, unanswered) = match options.mode {
            SearchMode::Exact => (vec![None; probes.len()], probes),
            SearchMode::Approximate { breadth } => {
                self.search_graph(db, &mut indexes.graph, probes, options, breadth)?
            }
        };
        let mut exact = Vec::new();
        if !unanswered.is_empty() {
            self.refresh(db, indexes, options.by)?;
            exact = self.search_in(db, indexes, &unanswered, options)?;
        }
        let mut exact = exact.into_iter();
        let whole = |matches: Answer| Found {
            is_approximate: matches.is_some(),
            matches: matches.or_else(|| exact.next()).unwrap_or_default(),
        };
        Ok(found.into_iter().map(whole).collect())
    }

    /// Faces that a search compares a probe with: what a false positive rate depends on.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn n_compared(&self, options: &SearchOptions) -> Result<usize, GalleryError> {
        let allowed = self.read(|db| self.allowed_people(db, &options.filter))?;
        let people = self.people()?;
        let counted = people
            .iter()
            .filter(|person| allowed.as_ref().is_none_or(|a| a.contains(&person.id)));
        Ok(match options.by {
            SearchBy::Face | SearchBy::Person => counted.map(|person| person.n_faces).sum(),
            SearchBy::Template => counted.filter(|person| person.n_faces > 0).count(),
        })
    }

    /// Brings the index that a search needs to the state that `db` sees.
    pub(crate) fn refresh(
        &self,
        db: &Connection,
        indexes: &mut Indexes,
        by: SearchBy,
    ) -> Result<(), GalleryError> {
        let now = read_stamp(db)?;
        if by == SearchBy::Template {
            if indexes
                .templates
                .as_ref()
                .is_none_or(|(stamp, _)| *stamp != now)
            {
                check_model(db, &self.options)?;
                indexes.templates = Some((now, templates(db, self.codec())?));
            }
            return Ok(());
        }
        if indexes.faces.is_none() && !self.vault.is_sealed() {
            let path = snapshot_path(&self.path);
            indexes.faces = read_snapshot(&path, self.options.dimension);
            indexes.saved = indexes.faces.as_ref().map(|(stamp, _)| *stamp);
        }
        let (then, mut index) = match indexes.faces.take() {
            Some((then, index)) if grew_from(db, &then, &now)? => (then, index),
            _ => {
                check_model(db, &self.options)?;
                indexes.saved = None;
                (now, Index::new(self.options.dimension))
            }
        };
        if then != now || index.len() == 0 {
            index.catch_up(db, self.codec(), 0)?;
        }
        indexes.faces = Some((now, index));
        Ok(())
    }

    fn search_in(
        &self,
        db: &Connection,
        indexes: &Indexes,
        probes: &[Probe],
        options: &SearchOptions,
    ) -> Result<Vec<Vec<Match>>, GalleryError> {
        let index = match options.by {
            SearchBy::Template => &indexes.templates,
            SearchBy::Face | SearchBy::Person => &indexes.faces,
        };
        let Some((_, index)) = index else {
            return Ok(vec![Vec::new(); probes.len()]);
        };
        let people = self.allowed_people(db, &options.filter)?;
        let allowed: Option<Vec<bool>> = people.map(|people| {
            (0..index.len())
                .map(|row| people.contains(&index.person(row)))
                .collect()
        });
        let query = Query {
            k: options.k,
            best_per_person: options.by == SearchBy::Person,
            allowed: allowed.as_deref(),
            threads: options.threads,
        };
        let roots = Roots::read(db)?;
        let mut exact = |probe: &Probe, row: usize| {
            let values = match index.face(row) {
                Some(face) => read_vector(db, self.codec(), face)?,
                None => pooled(db, self.codec(), &roots, index.person(row))?,
            };
            Ok(Score::new(dot(&probe.values, &values) as f32))
        };
        let found = search(index, probes, &query, &mut exact)?;
        let matches = |rows: Vec<Row>| rows.into_iter().map(Match::from).collect();
        Ok(found.into_iter().map(matches).collect())
    }

    /// The people in their own right that a filter lets through; `None` for everybody.
    pub(crate) fn allowed_people(
        &self,
        db: &Connection,
        filter: &Filter,
    ) -> Result<Option<HashSet<PersonId>>, GalleryError> {
        match filter {
            Filter::Everybody => Ok(None),
            Filter::People(people) => {
                let roots = Roots::read(db)?;
                Ok(Some(people.iter().map(|p| roots.root(*p)).collect()))
            }
            // The tags of an encrypted gallery are for no query to read.
            Filter::Tag(tag) if self.vault.is_sealed() => {
                let people = self.all_people()?.into_iter();
                let tagged = people.filter(|p| p.merged_into.is_none() && p.tags.contains(tag));
                Ok(Some(tagged.map(|person| person.id).collect()))
            }
            Filter::Tag(tag) => {
                let sql = "SELECT person.id FROM person, json_each(person.tags) AS tag \
                           WHERE merged_into IS NULL AND tag.value = ?1";
                let mut statement = db.prepare_cached(sql)?;
                let ids = statement.query_map([tag], |row| Ok(PersonId(row.get(0)?)))?;
                Ok(Some(ids.collect::<Result<_, _>>()?))
            }
        }
    }
}

/// True when the state `now` is `then` with faces added, or the same.
fn grew_from(db: &Connection, then: &Stamp, now: &Stamp) -> Result<bool, GalleryError> {
    if then.epoch != now.epoch || then.generation > now.generation {
        return Ok(false);
    }
    is_of_history(db, then)
}

/// True when the gallery was in the state `then` once.
pub(crate) fn is_of_history(db: &Connection, then: &Stamp) -> Result<bool, GalleryError> {
    let sql = "SELECT count(*) FROM history WHERE generation = ?1 AND sha256 = ?2";
    let n: i64 = db
        .prepare_cached(sql)?
        .query_row(rusqlite::params![then.generation, then.history], |row| {
            row.get(0)
        })?;
    Ok(n == 1)
}
