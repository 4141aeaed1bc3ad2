//! The best rows, proved: bounds first, exact scores for whatever could be among the best.

use std::num::NonZeroUsize;
use std::ops::Range;

use lineament_core::Score;

use super::scan::{BUNDLES, PROBES, bounds, peaks};
use super::{Index, Probe, ROWS};
use crate::error::GalleryError;
use crate::ids::{FaceId, PersonId};

/// Fewest rows that are worth a thread of their own: a millisecond's work.
const ROWS_PER_THREAD: usize = 32_768;
/// Candidates beyond those asked for, at first. Grown when they prove too few.
const SPARE_CANDIDATES: usize = 256;
const GROWTH: usize = 8;
/// Bundles that are looked at first beyond those that hold as many rows as are wanted.
const FIRST_BUNDLES: usize = 3;
/// Probes whose peaks are kept at once: 16 MiB of them among a million rows.
const PROBES_AT_ONCE: usize = 64;
/// Most rows wanted for which the best lower bounds are kept as well.
const MOST_LOWER: usize = 64;

/// What is searched for.
pub(crate) struct Query<'a> {
    /// Rows wanted.
    pub(crate) k: usize,
    /// Whether a person's best row stands for them all.
    pub(crate) best_per_person: bool,
    /// Rows that count; all where this is `None`.
    pub(crate) allowed: Option<&'a [bool]>,
    /// Threads to use.
    pub(crate) threads: NonZeroUsize,
}

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub(crate) score: Score,
    pub(crate) face: Option<FaceId>,
    pub(crate) person: PersonId,
}

impl Row {
    /// Greater scores first, then smaller numbers: an order without ties.
    fn precedes(&self, other: &Self) -> bool {
        let key = |row: &Self| (row.face, row.person);
        self.score > other.score || (self.score == other.score && key(self) < key(other))
    }
}

/// Gives the exact score of a probe and a row of the index.
pub(crate) type Exact<'a> = dyn FnMut(&Probe, usize) -> Result<Score, GalleryError> + 'a;

/// The best rows for each probe, best first; scores are exact.
///
/// The rows of greatest coarse bounds come in falling order. A row whose fine bound is below the k-th
/// exact score cannot enter; when the next coarse bound is, no later row can, and the result is that of
/// comparing with every row. Where the list ends before that, a longer one is made.
pub(crate) fn search(
    index: &Index,
    probes: &[Probe],
    query: &Query<'_>,
    exact: &mut Exact<'_>,
) -> Result<Vec<Vec<Row>>, GalleryError> {
    let mut results = vec![Vec::new(); probes.len()];
    if query.k == 0 {
        return Ok(results);
    }
    let mut open: Vec<usize> = (0..probes.len()).collect();
    let mut room = query.k.saturating_add(SPARE_CANDIDATES);
    while !open.is_empty() {
        let wanted: Vec<&Probe> = open.iter().map(|i| &probes[*i]).collect();
        let lists = candidates(index, &wanted, query, room);
        let mut unproved = Vec::new();
        for (i, list) in open.into_iter().zip(lists) {
            match proved(index, &probes[i], query, list, exact)? {
                Some(rows) => results[i] = rows,
                None => unproved.push(i),
            }
        }
        open = unproved;
        room = room.saturating_mul(GROWTH);
    }
    Ok(results)
}

/// The best of `candidates`, if no row outside them can be among the best.
fn proved(
    index: &Index,
    probe: &Probe,
    query: &Query<'_>,
    mut candidates: Candidates,
    exact: &mut Exact<'_>,
) -> Result<Option<Vec<Row>>, GalleryError> {
    candidates.list.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = Best::new(query);
    for (coarse, row) in candidates.list {
        if best.excludes(coarse) {
            return Ok(Some(best.rows));
        }
        let row = row as usize;
        if best.excludes(probe.fine_bound(index, row)) {
            continue;
        }
        best.offer(Row {
            score: exact(probe, row)?,
            face: index.face(row),
            person: index.person(row),
        });
    }
    let complete = candidates.dropped.is_none_or(|bound| best.excludes(bound));
    Ok(complete.then_some(best.rows))
}

/// The best rows so far.
pub(crate) struct Best {
    k: usize,
    best_per_person: bool,
    rows: Vec<Row>,
}

impl Best {
    pub(crate) fn new(query: &Query<'_>) -> Self {
        Self {
            k: query.k,
            best_per_person: query.best_per_person,
            rows: Vec::new(),
        }
    }

    /// True when no row of a score up to `bound` can enter.
    pub(crate) fn excludes(&self, bound: f32) -> bool {
        self.is_full()
            && self
                .rows
                .last()
                .is_some_and(|last| bound < last.score.value())
    }

    /// Whether there are as many as are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() == self.k
    }

    pub(crate) fn holds(&self, face: FaceId) -> bool {
        self.rows.iter().any(|row| row.face == Some(face))
    }

    /// Best first.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    pub(crate) fn offer(&mut self, row: Row) {
        if self.best_per_person
            && let Some(i) = self.rows.iter().position(|r| r.person == row.person)
        {
            if !row.precedes(&self.rows[i]) {
                return;
            }
            self.rows.remove(i);
        }
        let place = self.rows.partition_point(|r| r.precedes(&row));
        self.rows.insert(place, row);
        self.rows.truncate(self.k);
    }
}

/// The rows of greatest bounds.
struct Candidates {
    /// Bound and row.
    list: Vec<(f32, u32)>,
    room: usize,
    /// No row that is neither in the list nor surely not among the best has a greater bound; `None` when there is none.
    dropped: Option<f32>,
    /// The greatest lower bounds of rows, as many as are wanted, the greatest first: what is below all of them is surely
    /// not among the best. With whose row each is, where one stands for all of a person: no two are of one then.
    lower: Vec<(f32, Option<PersonId>)>,
    n_lower: usize,
    /// What a row's bound must be above.
    floor: f32,
}

impl Candidates {
    fn new(room: usize, query: &Query<'_>) -> Self {
        Self {
            list: Vec::new(),
            room,
            dropped: None,
            lower: Vec::new(),
            n_lower: if query.k <= MOST_LOWER { query.k } else { 0 },
            floor: f32::NEG_INFINITY,
        }
    }

    /// Offers the rows of the bundles from `first` on whose `peaks` are above the floor: those of the highest first, since
    /// they raise it.
    fn gather(
        &mut self,
        arch: pulp::Arch,
        index: &Index,
        first: usize,
        probe: &Probe,
        query: &Query<'_>,
        peaks: &[f32],
    ) {
        let wanted = match self.n_lower {
            0 => self.room.saturating_mul(2),
            n => n,
        };
        let n_first = (wanted / ROWS + FIRST_BUNDLES).min(peaks.len());
        let high = nth_greatest(peaks, n_first);
        for is_first in [true, false] {
            for (bundle, peak) in (first..).zip(peaks) {
                if *peak > self.floor && (*peak >= high) == is_first {
                    self.offer_bundle(arch, index, bundle, probe, query);
                }
            }
        }
    }

    fn offer_bundle(
        &mut self,
        arch: pulp::Arch,
        index: &Index,
        bundle: usize,
        probe: &Probe,
        query: &Query<'_>,
    ) {
        let bounds = bounds(arch, index, bundle, &probe.coarse);
        let rows = bundle * ROWS..index.len();
        for (row, (bound, residual)) in rows.zip(bounds.iter().zip(&index.residuals[bundle])) {
            let counts = query.allowed.is_none_or(|allowed| allowed[row]);
            if counts && *bound > self.floor {
                let person = query.best_per_person.then(|| index.person(row));
                let lower = probe.coarse.lower(*bound, *residual);
                self.offer(*bound, lower, person, row as u32);
            }
        }
    }

    /// Takes a row whose upper bound is above the floor; with its person where one row stands for all of theirs.
    fn offer(&mut self, bound: f32, lower: f32, person: Option<PersonId>, row: u32) {
        self.list.push((bound, row));
        self.raise(lower, person);
        if self.list.len() >= self.room.saturating_mul(2) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let (_, (bound, _), _) = self
            .list
            .select_nth_unstable_by(self.room, |a, b| b.0.total_cmp(&a.0));
        self.dropped = Some(*bound);
        self.floor = self.floor.max(*bound);
        self.list.truncate(self.room);
    }

    /// Notes a lower bound: a row whose upper bound is below as many of them as are wanted does not count.
    fn raise(&mut self, lower: f32, person: Option<PersonId>) {
        let is_full = self.lower.len() == self.n_lower;
        if is_full && self.lower.last().is_none_or(|(least, _)| lower <= *least) {
            return;
        }
        let is_theirs = |(_, other): &(f32, Option<PersonId>)| person.is_some() && *other == person;
        if let Some(known) = self.lower.iter().position(is_theirs) {
            if self.lower[known].0 >= lower {
                return;
            }
            self.lower.remove(known);
        }
        let place = self.lower.partition_point(|(other, _)| *other >= lower);
        self.lower.insert(place, (lower, person));
        self.lower.truncate(self.n_lower);
        if let Some((least, _)) = self.lower.get(self.n_lower - 1) {
            self.floor = self.floor.max(least.next_down());
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        self.dropped = match (self.dropped, other.dropped) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self
    }
}

/// The `n`-th greatest of `values`, of which there are as many; nothing is greater than that of none.
fn nth_greatest(values: &[f32], n: usize) -> f32 {
    let mut greatest = vec![f32::NEG_INFINITY; n];
    let mut least = greatest.last().copied().unwrap_or(f32::INFINITY);
    for value in values {
        if *value > least {
            let place = greatest.partition_point(|other| other >= value);
            greatest[place..].rotate_right(1);
            greatest[place] = *value;
            least = greatest[n - 1];
        }
    }
    least
}

/// Candidates for each probe, gathered on several threads.
fn candidates(index: &Index, probes: &[&Probe], query: &Query<'_>, room: usize) -> Vec<Candidates> {
    let n_threads = query
        .threads
        .get()
        .min(index.len() / ROWS_PER_THREAD)
        .max(1);
    let rows_each = index.len().div_ceil(n_threads);
    let rows_each = rows_each.next_multiple_of(BUNDLES * ROWS);
    let part = |thread: usize| {
        let rows = thread * rows_each..((thread + 1) * rows_each).min(index.len());
        gather(index, probes, query, room, rows)
    };
    std::thread::scope(|scope| {
        let part = &part;
        let others: Vec<_> = (1..n_threads)
            .map(|thread| scope.spawn(move || part(thread)))
            .collect();
        let mut all = part(0);
        for other in others {
            match other.join() {
                Ok(lists) => all = all.into_iter().zip(lists).map(|(a, b)| a.join(b)).collect(),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

fn gather(
    index: &Index,
    probes: &[&Probe],
    query: &Query<'_>,
    room: usize,
    rows: Range<usize>,
) -> Vec<Candidates> {
    let arch = pulp::Arch::new();
    let bundles = rows.start / ROWS..rows.end.div_ceil(ROWS);
    let mut lists = Vec::with_capacity(probes.len());
    for probes in probes.chunks(PROBES_AT_ONCE) {
        let room_for_all = || Vec::with_capacity(bundles.len());
        let mut all: Vec<Vec<f32>> = probes.iter().map(|_| room_for_all()).collect();
        for first in bundles.clone().step_by(BUNDLES) {
            peaks_of_block(arch, index, first, probes, &mut all);
        }
        for (probe, peaks) in probes.iter().zip(&all) {
            let mut list = Candidates::new(room, query);
            list.gather(arch, index, bundles.start, probe, query, peaks);
            lists.push(list);
        }
    }
    lists
}

/// [`peaks`] for any number of probes.
fn peaks_of_block(
    arch: pulp::Arch,
    index: &Index,
    first: usize,
    probes: &[&Probe],
    all: &mut [Vec<f32>],
) {
    let (fours, rest) = probes.as_chunks::<PROBES>();
    let (peaks_of_fours, peaks_of_rest) = all.as_chunks_mut::<PROBES>();
    for (four, to) in fours.iter().zip(peaks_of_fours) {
        let coarse = four.map(|probe| &probe.coarse);
        peaks(arch, index, first, coarse, to.each_mut());
    }
    for (probe, to) in rest.iter().zip(peaks_of_rest) {
        peaks(arch, index, first, [&probe.coarse], [to]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{dot, norm};
    use proptest::prelude::*;

    const DIMENSION: usize = 24;

    /// Vectors in bundles, so that many scores lie within the error bound of each other, some twice.
    fn rows(n: usize, spread: f32, seed: u64) -> Vec<Vec<f32>> {
        let mut state = seed | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        let centres: Vec<Vec<f32>> = (0..4)
            .map(|_| (0..DIMENSION).map(|_| next()).collect())
            .collect();
        let mut rows: Vec<Vec<f32>> = Vec::new();
        for i in 0..n {
            if i % 7 == 6 {
                rows.push(rows[i - 1].clone());
                continue;
            }
            let raw: Vec<f32> = centres[i % 4].iter().map(|c| c + spread * next()).collect();
            let norm = norm(&raw);
            rows.push(raw.iter().map(|v| (f64::from(*v) / norm) as f32).collect());
        }
        rows
    }

    fn index_of(rows: &[Vec<f32>]) -> Index {
        let mut index = Index::new(DIMENSION);
        for (i, row) in rows.iter().enumerate() {
            let number = i as i64 + 1;
            index.push(Some(FaceId(number)), PersonId(1 + number % 17), row);
        }
        index
    }

    /// Every row, compared and sorted.
    fn brute_force(index: &Index, rows: &[Vec<f32>], probe: &[f32], query: &Query<'_>) -> Vec<Row> {
        let mut all: Vec<Row> = rows
            .iter()
            .enumerate()
            .filter(|(i, _)| query.allowed.is_none_or(|allowed| allowed[*i]))
            .map(|(i, row)| Row {
                score: Score::new(dot(probe, row) as f32),
                face: index.face(i),
                person: index.person(i),
            })
            .collect();
        all.sort_by(|a, b| {
            let scores = b.score.value().total_cmp(&a.score.value());
            scores.then(a.face.cmp(&b.face))
        });
        let mut seen = std::collections::HashSet::new();
        all.retain(|row| !query.best_per_person || seen.insert(row.person));
        all.truncate(query.k);
        all
    }

    proptest! {
        #[test]
        fn a_search_finds_what_comparing_with_everything_finds(
            n in 1usize..900,
            spread in prop::sample::select(vec![1.0f32, 0.05, 1e-3, 0.0]),
            seed in any::<u64>(),
            k in prop::sample::select(vec![1usize, 2, 10, 200]),
            best_per_person: bool,
            filtered: bool,
        ) {
            let rows = rows(n, spread, seed);
            let index = index_of(&rows);
            let allowed: Vec<bool> = (0..n).map(|i| i % 3 != 1).collect();
            let query = Query {
                k,
                best_per_person,
                allowed: filtered.then_some(&allowed),
                threads: NonZeroUsize::MIN,
            };
            let probes: Vec<Probe> = rows.iter().rev().take(3).map(|row| Probe::new(row)).collect();
            let mut exact = |probe: &Probe, row: usize| {
                Ok(Score::new(dot(&probe.values, &rows[row]) as f32))
            };
            let found = search(&index, &probes, &query, &mut exact).unwrap();
            for (probe, found) in probes.iter().zip(found) {
                prop_assert_eq!(found, brute_force(&index, &rows, &probe.values, &query));
            }
        }

        #[test]
        fn exact_scores_lie_within_their_bounds(seed in any::<u64>(), spread in 0.0f32..3.0) {
            let rows = rows(64, spread, seed);
            let index = index_of(&rows);
            let probe = Probe::new(&rows[63]);
            let arch = pulp::Arch::new();
            let mut by_halves = Vec::new();
            peaks(arch, &index, 0, [&probe.coarse], [&mut by_halves]);
            for (i, row) in rows.iter().enumerate() {
                let exact = dot(&rows[63], row) as f32;
                let (bundle, lane) = (i / ROWS, i % ROWS);
                let peak = by_halves[bundle];
                let coarse = bounds(arch, &index, bundle, &probe.coarse)[lane];
                let fine = probe.fine_bound(&index, i);
                prop_assert!(exact <= fine && exact <= coarse && exact <= peak, "{exact}, {fine}, {coarse}, {peak}");
                let lower = probe.coarse.lower(coarse, index.residuals[bundle][lane]);
                prop_assert!(lower <= exact && exact - lower < 0.1, "{lower}, {exact}");
                // A bound that says nothing would also be true.
                prop_assert!(fine - exact < 0.05 && coarse - exact < 0.1, "{exact}, {fine}, {coarse}");
            }
            for (rows_of_bundle, peak) in rows.chunks(ROWS).zip(by_halves) {
                let exact = rows_of_bundle.iter().map(|row| dot(&rows[63], row) as f32);
                let highest = exact.fold(f32::NEG_INFINITY, f32::max);
                prop_assert!(peak - highest < 0.4, "{highest}, {peak}");
            }
        }
    }

    #[test]
    fn many_probes_find_what_each_finds_alone() {
        let rows = rows(300, 0.5, 9);
        let index = index_of(&rows);
        let probes: Vec<Probe> = (0..PROBES_AT_ONCE + 7)
            .map(|i| Probe::new(&rows[i]))
            .collect();
        let query = Query {
            k: 4,
            best_per_person: true,
            allowed: None,
            threads: NonZeroUsize::MIN,
        };
        let mut exact =
            |probe: &Probe, row: usize| Ok(Score::new(dot(&probe.values, &rows[row]) as f32));
        let together = search(&index, &probes, &query, &mut exact).unwrap();
        for (probe, found) in probes.iter().zip(together) {
            let alone = search(&index, std::slice::from_ref(probe), &query, &mut exact);
            assert_eq!(alone.unwrap(), [found]);
        }
    }

    #[test]
    fn threads_change_nothing() {
        let rows = rows(2 * ROWS_PER_THREAD + 77, 0.5, 3);
        let index = index_of(&rows);
        let probes = [Probe::new(&rows[5]), Probe::new(&rows[70_000 - 5_000])];
        let mut exact =
            |probe: &Probe, row: usize| Ok(Score::new(dot(&probe.values, &rows[row]) as f32));
        let mut found = |threads: usize| {
            let query = Query {
                k: 20,
                best_per_person: false,
                allowed: None,
                threads: NonZeroUsize::new(threads).unwrap(),
            };
            search(&index, &probes, &query, &mut exact).unwrap()
        };
        let alone = found(1);
        assert_eq!(alone[0].len(), 20);
        assert_eq!(alone, found(2));
    }
}
