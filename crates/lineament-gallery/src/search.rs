//! Search: whom a face is most like, exactly.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lineament_core::{Embedding, Score};
use rusqlite::Connection;
use serde::Serialize;

use crate::error::GalleryError;
use crate::faces::read_vector;
use crate::gallery::{Gallery, Stamp, read_stamp};
use crate::ids::{FaceId, PersonId};
use crate::index::{
    Index, Indexes, Probe, Query, pooled, read_snapshot, search, snapshot_path, templates,
    write_snapshot,
};
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

/// How to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOptions {
    /// Matches wanted, best first.
    pub k: usize,
    /// What stands for a person.
    pub by: SearchBy,
    /// Who may be found.
    pub filter: Filter,
    /// Threads to use; few faces use fewer.
    pub threads: NonZeroUsize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            by: SearchBy::default(),
            filter: Filter::default(),
            threads: NonZeroUsize::MIN,
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

impl Gallery {
    /// Those whom the probe is most like, best first; of equal scores, the smaller number first.
    ///
    /// The result is that of comparing with everybody: integers give each face an upper bound of its
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
        probes.iter().try_for_each(|p| self.options.check(p))?;
        let probes: Vec<Probe> = probes.iter().map(|p| Probe::new(p.values())).collect();
        let mut indexes = std::mem::take(&mut self.indexes);
        let found = self.read(|db| {
            // One state of the file for the index and the exact scores.
            let snapshot = db.unchecked_transaction()?;
            self.refresh(&snapshot, &mut indexes, options.by)?;
            self.search_in(&snapshot, &indexes, &probes, options)
        });
        self.indexes = indexes;
        found
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

    /// Writes the index beside the file, so that the next process need not make it again. True when
    /// there was something new to write. An encrypted gallery has none: it is made anew, in memory alone.
    ///
    /// # Errors
    /// [`GalleryError::Io`], and as [`search`](Self::search).
    pub fn save_index(&mut self) -> Result<bool, GalleryError> {
        if self.vault.is_sealed() {
            return Ok(false);
        }
        let mut indexes = std::mem::take(&mut self.indexes);
        let done = self.read(|db| {
            let snapshot = db.unchecked_transaction()?;
            self.refresh(&snapshot, &mut indexes, SearchBy::Face)
        });
        self.indexes = indexes;
        done?;
        let Some((stamp, index)) = &self.indexes.faces else {
            return Ok(false);
        };
        if self.indexes.saved == Some(*stamp) {
            return Ok(false);
        }
        let path = snapshot_path(&self.path);
        write_snapshot(&path, index, stamp).map_err(|error| GalleryError::io(&path, error))?;
        self.indexes.saved = Some(*stamp);
        Ok(true)
    }

    /// Brings the index that a search needs to the state that `db` sees.
    fn refresh(
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
            index.catch_up(db, self.codec())?;
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
        let to_match = |row: crate::index::Row| Match {
            person: row.person,
            face: row.face,
            score: row.score,
        };
        let matches = |rows: Vec<_>| rows.into_iter().map(to_match).collect();
        Ok(found.into_iter().map(matches).collect())
    }

    /// The people in their own right that a filter lets through; `None` for everybody.
    fn allowed_people(
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
    let sql = "SELECT count(*) FROM history WHERE generation = ?1 AND sha256 = ?2";
    let n: i64 = db
        .prepare_cached(sql)?
        .query_row(rusqlite::params![then.generation, then.history], |row| {
            row.get(0)
        })?;
    Ok(n == 1)
}
