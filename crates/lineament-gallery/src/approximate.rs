//! Approximate search: an index among many faces that finds nearly all in a fraction of the time.
//!
//! The index is a file beside the gallery, `FILE.graph`, derived and never the truth. It proposes faces; who
//! they are and how much they score is read from the gallery, so that a face that is gone is nobody's match.
//! Faces that came after it are searched exactly. Whatever removes a face removes the file.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use lineament_core::Score;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::error::GalleryError;
use crate::faces::{read_owned_vector, read_vector};
use crate::forget::remove_derived;
use crate::gallery::{Gallery, Stamp, read_stamp};
use crate::ids::{FaceId, PersonId};
use crate::index::graph::{self, Graph, Unfit, Walker};
use crate::index::{
    Best, GraphAtHand, GraphWithTail, Index, NoGraph, Probe, Query, Row, graph_rows, pooled, search,
};
use crate::lock::check_lock;
use crate::people::Roots;
use crate::reembed::check_model;
use crate::saving::keep_writers_out;
use crate::search::{Match, SearchBy, SearchOptions, is_of_history};
use crate::vector::dot;

/// Faces that are kept on the way, where no other number is wanted: twice what finds the nearest of 99 in 100
/// among a million faces (BENCHMARKS.md).
pub const USUAL_BREADTH: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

/// Fewer faces are not worth an index that nobody asked for: an exact search among as many takes about a
/// millisecond (BENCHMARKS.md), less than making the embedding that is searched for, and building the index
/// as much as tens of thousands of searches.
pub const PAYS_FROM: usize = 250_000;

/// A search that leads to too few people is repeated with this many times the breadth, so often.
const GROWTH: usize = 4;
const TRIES: usize = 3;
/// People whose templates are compared, for each that is wanted and in all: their best face is not as good
/// as their template says.
const NOMINEES_PER_MATCH: usize = 4;
const SPARE_NOMINEES: usize = 16;

/// The approximate index of a gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// It is in use.
    Ready(IndexStats),
    /// There is none.
    Missing,
    /// There is a file, but it is damaged or of another layout.
    Damaged,
    /// There is a file, but it is of another gallery or of other embeddings.
    Foreign,
    /// The gallery is encrypted and has none.
    Encrypted,
}

/// Numbers about an approximate index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IndexStats {
    /// Faces in it, also such as were removed since.
    pub n_faces: usize,
    /// Faces that came later and are compared one by one.
    pub n_newer: usize,
}

/// Those whom a probe is most like; `None` when the index leads to too few.
pub(crate) type Answer = Option<Vec<Match>>;

impl Gallery {
    /// Builds the approximate index anew, in memory and beside the file. `watch` is told how many faces of how
    /// many are done, and may break it off.
    ///
    /// # Errors
    /// [`GalleryError::NoIndexOfEncrypted`]; [`GalleryError::Cancelled`];
    /// [`GalleryError::RemovedMeanwhile`] when another process removes faces; [`GalleryError::Busy`],
    /// [`GalleryError::Io`], and as [`search`](Self::search).
    pub fn build_approximate_index(
        &mut self,
        threads: NonZeroUsize,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<IndexStats, GalleryError> {
        if self.vault.is_sealed() {
            let path = self.path.clone();
            return Err(GalleryError::NoIndexOfEncrypted { path });
        }
        let (stamp, faces, rows) = self.read(|db| {
            let state = db.unchecked_transaction()?;
            check_model(&state, &self.options)?;
            let (faces, rows) = graph_rows(&state, self.codec())?;
            Ok((read_stamp(&state)?, faces, rows))
        })?;
        let n_faces = faces.len();
        let graph = graph::build(faces, rows, threads, &mut |done| watch(done, n_faces));
        let graph = graph.ok_or(GalleryError::Cancelled)?;
        self.save_graph(&graph, &stamp)?;
        self.indexes.graph = GraphAtHand::Here(Box::new(self.with_tail(graph, stamp)));
        Ok(IndexStats {
            n_faces,
            n_newer: 0,
        })
    }

    /// Removes the approximate index. Whether there was one.
    ///
    /// # Errors
    /// [`GalleryError::Busy`] while another process writes, [`GalleryError::Io`].
    pub fn drop_approximate_index(&mut self) -> Result<bool, GalleryError> {
        self.indexes.graph = GraphAtHand::Unknown;
        self.look(|db| {
            let _nobody_writes = keep_writers_out(db)?;
            remove_derived(&graph::path_of(&self.path))
        })
    }

    /// Whether there is an approximate index to search with.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn approximate_index(&mut self) -> Result<IndexState, GalleryError> {
        let mut known = std::mem::take(&mut self.indexes.graph);
        let done = self.read(|db| {
            let state = db.unchecked_transaction()?;
            self.refresh_graph(&state, &mut known)
        });
        self.indexes.graph = known;
        done?;
        Ok(match &self.indexes.graph {
            GraphAtHand::Here(here) => IndexState::Ready(IndexStats {
                n_faces: here.graph.len(),
                n_newer: here.tail.len(),
            }),
            GraphAtHand::Unknown | GraphAtHand::None(NoGraph::Unfit(Unfit::Missing)) => {
                IndexState::Missing
            }
            GraphAtHand::None(NoGraph::Unfit(Unfit::Broken)) => IndexState::Damaged,
            GraphAtHand::None(NoGraph::Unfit(Unfit::Foreign) | NoGraph::OtherHistory) => {
                IndexState::Foreign
            }
            GraphAtHand::None(NoGraph::Encrypted) => IndexState::Encrypted,
        })
    }

    /// Writes the graph beside the file, unless a face of it is gone. Nobody can remove one meanwhile.
    fn save_graph(&self, graph: &Graph, stamp: &Stamp) -> Result<(), GalleryError> {
        let run = || -> Result<(), GalleryError> {
            let nobody_writes = keep_writers_out(&self.db)?;
            check_lock(&nobody_writes, &self.vault)?;
            check_model(&nobody_writes, &self.options)?;
            if !is_of_present(&nobody_writes, graph, stamp)? {
                let path = self.path.clone();
                return Err(GalleryError::RemovedMeanwhile { path });
            }
            let path = graph::path_of(&self.path);
            graph::write(&path, graph, &self.options, stamp)
                .map_err(|error| GalleryError::io(&path, error))
        };
        run().map_err(|error| error.at(&self.path))
    }

    fn with_tail(&self, graph: Graph, stamp: Stamp) -> GraphWithTail {
        GraphWithTail {
            graph,
            walker: Walker::default(),
            tail: Index::new(self.options.dimension),
            stamp,
        }
    }

    /// Looks for the graph where that was not done yet, and brings its tail to the state that `db` sees.
    fn refresh_graph(&self, db: &Connection, known: &mut GraphAtHand) -> Result<(), GalleryError> {
        if self.vault.is_sealed() {
            *known = GraphAtHand::None(NoGraph::Encrypted);
        }
        if matches!(known, GraphAtHand::Unknown) {
            *known = match graph::read(&graph::path_of(&self.path), &self.options) {
                Ok((stamp, graph)) => GraphAtHand::Here(Box::new(self.with_tail(graph, stamp))),
                Err(unfit) => GraphAtHand::None(NoGraph::Unfit(unfit)),
            };
        }
        let GraphAtHand::Here(here) = known else {
            return Ok(());
        };
        let now = read_stamp(db)?;
        if here.stamp == now {
            return Ok(());
        }
        if !is_of_history(db, &here.stamp)? {
            *known = GraphAtHand::None(NoGraph::OtherHistory);
            return Ok(());
        }
        check_model(db, &self.options)?;
        if here.stamp.epoch != now.epoch {
            here.tail = Index::new(self.options.dimension);
        }
        here.tail
            .catch_up(db, self.codec(), here.graph.last_face())?;
        here.stamp = now;
        Ok(())
    }

    /// An answer for each probe that the graph has one for, and the other probes.
    pub(crate) fn search_graph(
        &self,
        db: &Connection,
        known: &mut GraphAtHand,
        probes: Vec<Probe>,
        options: &SearchOptions,
        breadth: NonZeroUsize,
    ) -> Result<(Vec<Answer>, Vec<Probe>), GalleryError> {
        self.refresh_graph(db, known)?;
        let GraphAtHand::Here(here) = known else {
            return Ok((vec![None; probes.len()], probes));
        };
        let people = self.allowed_people(db, &options.filter)?;
        let mut search = GraphSearch {
            gallery: self,
            db,
            roots: Roots::read(db)?,
            people,
            options,
            breadth: breadth.get(),
        };
        let (mut answers, mut unanswered) = (Vec::new(), Vec::new());
        for probe in probes {
            let rows = search.answer(here, &probe)?;
            if rows.is_none() {
                unanswered.push(probe);
            }
            answers.push(rows.map(|rows| rows.into_iter().map(Match::from).collect()));
        }
        Ok((answers, unanswered))
    }
}

/// Whether the gallery was in the state `stamp` once, and no face of the graph was removed since.
pub(crate) fn is_of_present(
    db: &Connection,
    graph: &Graph,
    stamp: &Stamp,
) -> Result<bool, GalleryError> {
    let sql = "SELECT count(*) FROM embedding WHERE face BETWEEN 1 AND ?1";
    let last = params![graph.last_face()];
    let n_left: usize = db.query_row(sql, last, |row| row.get(0))?;
    Ok(n_left == graph.len() && is_of_history(db, stamp)?)
}

/// What the searches for several probes share.
struct GraphSearch<'a> {
    gallery: &'a Gallery,
    db: &'a Connection,
    roots: Roots,
    /// Who may be found; everybody where this is `None`.
    people: Option<HashSet<PersonId>>,
    options: &'a SearchOptions,
    breadth: usize,
}

impl GraphSearch<'_> {
    /// The best for a probe; `None` when the graph leads to too few.
    fn answer(
        &mut self,
        here: &mut GraphWithTail,
        probe: &Probe,
    ) -> Result<Option<Vec<Row>>, GalleryError> {
        let k = self.options.k;
        if k == 0 {
            return Ok(Some(Vec::new()));
        }
        match self.options.by {
            SearchBy::Face => self.faces(here, probe, &self.query(k, false)),
            SearchBy::Person => self.faces(here, probe, &self.query(k, true)),
            SearchBy::Template => {
                let n_nominees = k.saturating_mul(NOMINEES_PER_MATCH) + SPARE_NOMINEES;
                let nominees = self.faces(here, probe, &self.query(n_nominees, true))?;
                let templates = nominees.map(|nominees| self.templates(probe, &nominees));
                templates.transpose()
            }
        }
    }

    fn query(&self, k: usize, best_per_person: bool) -> Query<'static> {
        Query {
            k,
            best_per_person,
            allowed: None,
            threads: NonZeroUsize::MIN,
        }
    }

    /// The best of the faces that the graph leads to and of those that it does not know.
    fn faces(
        &self,
        here: &mut GraphWithTail,
        probe: &Probe,
        query: &Query<'_>,
    ) -> Result<Option<Vec<Row>>, GalleryError> {
        let mut breadth = self.breadth.max(query.k);
        for _ in 0..TRIES {
            let reached = here.graph.nearest(&mut here.walker, probe, breadth);
            let mut best = Best::new(query);
            self.score(probe, &reached, &mut best)?;
            if best.is_full() || reached.len() == here.graph.len() {
                for row in self.newer(&here.tail, probe, query)? {
                    best.offer(row);
                }
                return Ok(Some(best.into_rows()));
            }
            breadth = breadth.saturating_mul(GROWTH);
        }
        Ok(None)
    }

    /// Offers those of the faces, which come by falling bounds, that are there and may be found, with their
    /// exact scores.
    fn score(
        &self,
        probe: &Probe,
        reached: &[(f32, i64)],
        best: &mut Best,
    ) -> Result<(), GalleryError> {
        for (bound, face) in reached {
            if best.excludes(*bound) {
                break;
            }
            let face = FaceId(*face);
            // An index that somebody made up may hold a face twice.
            if best.holds(face) {
                continue;
            }
            let found = read_owned_vector(self.db, self.gallery.codec(), face)?;
            let Some((person, values)) = found else {
                continue;
            };
            let person = self.roots.root(person);
            if self.people.as_ref().is_none_or(|p| p.contains(&person)) {
                best.offer(Row {
                    score: Score::new(dot(&probe.values, &values) as f32),
                    face: Some(face),
                    person,
                });
            }
        }
        Ok(())
    }

    /// The best of the faces that came after the graph, exactly.
    fn newer(
        &self,
        tail: &Index,
        probe: &Probe,
        query: &Query<'_>,
    ) -> Result<Vec<Row>, GalleryError> {
        let people = self.people.as_ref();
        let allowed: Option<Vec<bool>> = people.map(|people| {
            let rows = 0..tail.len();
            rows.map(|row| people.contains(&tail.person(row))).collect()
        });
        let query = Query {
            allowed: allowed.as_deref(),
            ..*query
        };
        let mut exact = |probe: &Probe, row: usize| {
            // Rows of a tail are faces.
            let face = tail.face(row).unwrap_or(FaceId(0));
            let values = read_vector(self.db, self.gallery.codec(), face)?;
            Ok(Score::new(dot(&probe.values, &values) as f32))
        };
        let mut found = search(tail, std::slice::from_ref(probe), &query, &mut exact)?;
        Ok(found.pop().unwrap_or_default())
    }

    /// Those nominated whose templates are the best.
    fn templates(&self, probe: &Probe, nominees: &[Row]) -> Result<Vec<Row>, GalleryError> {
        let mut best = Best::new(&self.query(self.options.k, true));
        for nominee in nominees {
            let person = nominee.person;
            let values = pooled(self.db, self.gallery.codec(), &self.roots, person)?;
            best.offer(Row {
                score: Score::new(dot(&probe.values, &values) as f32),
                face: None,
                person,
            });
        }
        Ok(best.into_rows())
    }
}
