//! One mate among a million others (MegaFace, challenge 1).

use super::distractor_report::{DistractorOptions, DistractorReport, RankOne, Searches};
use crate::about::About;
use crate::error::{EvalError, check_at_least};
use crate::labelled::LabelledSet;
use crate::pair_report::{AtFmr, rate_key};
use crate::stream::ScoreStream;
use lineament_cluster::{ScanPlan, UnitRows, fold_scores, map_scores};
use std::collections::BTreeMap;

/// Probes that meet distractors block by block.
///
/// Memory is for the probes, one block, a number per probe and size, and the scores that rates
/// need; not for the distractors, nor for their scores.
#[derive(Debug)]
pub struct DistractorSearch<'a> {
    set: LabelledSet<'a>,
    options: DistractorOptions,
    /// Probes with a template, and what they are in the set.
    rows: UnitRows,
    item_of: Vec<usize>,
    /// Greatest score of each probe with the distractors of each stretch between two sizes, and
    /// beyond the last: `[sizes + 1, rows]`.
    greatest: Vec<Vec<f32>>,
    n_distractors: usize,
    n_distractors_failed: usize,
    stream: ScoreStream,
}

impl<'a> DistractorSearch<'a> {
    /// Probes that have met nobody yet. `n_expected` is about how many distractors will come: the
    /// greatest of the sizes, mostly. If more come, the smallest rates cannot be told.
    ///
    /// # Errors
    /// Templates that do not fit together, none at all, sizes that do not rise, targets outside
    /// (0, 1).
    pub fn new(
        set: LabelledSet<'a>,
        options: DistractorOptions,
        n_expected: usize,
    ) -> Result<Self, EvalError> {
        set.check()?;
        if !options.sizes.is_sorted_by(|a, b| a < b) {
            return Err(EvalError::OutOfRange {
                what: "a number of distractors",
                expected: "above the one before it",
                got: options.sizes.last().map_or(0.0, |s| *s as f64),
            });
        }
        let has_template = |i: &usize| set.templates[*i].is_some();
        let item_of: Vec<usize> = (0..set.names.len()).filter(has_template).collect();
        let rows: Vec<&[f32]> = set.templates.iter().flatten().map(Vec::as_slice).collect();
        check_at_least("probes with a template", 1, rows.len())?;
        let greatest_target = options.fmr_targets.iter().copied().reduce(f64::max);
        let n_non_mated = set.names.len().saturating_mul(n_expected);
        Ok(Self {
            set,
            greatest: vec![vec![f32::NEG_INFINITY; rows.len()]; options.sizes.len() + 1],
            rows: UnitRows::from_rows(&rows)?,
            item_of,
            n_distractors: 0,
            n_distractors_failed: 0,
            stream: ScoreStream::new(greatest_target.unwrap_or(1e-6), n_non_mated)?,
            options,
        })
    }

    /// Meets the next distractors, `None` for one without a template.
    ///
    /// # Errors
    /// Templates of another length than the probes', or without a direction.
    pub fn add(&mut self, block: &[Option<Vec<f32>>]) -> Result<(), EvalError> {
        let mut templates = UnitRows::new(self.rows.n_columns())?;
        let mut stretch_of = Vec::new();
        for (i, template) in block.iter().enumerate() {
            let Some(template) = template else { continue };
            templates.push(template)?;
            let place = self.n_distractors + i;
            let sizes = &self.options.sizes;
            stretch_of.push(sizes.partition_point(|size| *size <= place));
        }
        let empty = (
            vec![vec![f32::NEG_INFINITY; self.rows.n_rows()]; self.greatest.len()],
            self.stream.emptied(),
        );
        let meet =
            |(greatest, stream): &mut (Vec<Vec<f32>>, ScoreStream), i: usize, scores: &[f32]| {
                raise(&mut greatest[stretch_of[i]], scores);
                scores.iter().for_each(|s| stream.add(f64::from(*s), false));
            };
        let plan = ScanPlan::default();
        for (greatest, stream) in
            fold_scores(&templates, &self.rows, &plan, || empty.clone(), meet)?
        {
            let mine = self.greatest.iter_mut();
            mine.zip(&greatest)
                .for_each(|(mine, found)| raise(mine, found));
            self.stream.merge(stream)?;
        }
        let n_made = templates.n_rows() * self.rows.n_rows();
        let n_all = block.len() * self.set.names.len();
        self.stream.add_failed(n_all - n_made, false);
        self.n_distractors += block.len();
        self.n_distractors_failed += block.len() - templates.n_rows();
        Ok(())
    }

    /// The figures.
    ///
    /// # Errors
    /// No distractors, and no two probes of one person.
    pub fn finish(mut self, about: About) -> Result<DistractorReport, EvalError> {
        check_at_least("distractors", 1, self.n_distractors)?;
        for i in 1..self.greatest.len() {
            let (before, rest) = self.greatest.split_at_mut(i);
            raise(&mut rest[0], &before[i - 1]);
        }
        let searches = self.searches()?;
        let options = &self.options;
        let met = options.sizes.iter();
        let met: Vec<usize> = met.copied().filter(|s| *s <= self.n_distractors).collect();
        let rank_1 = RankOne::new(&searches, &met, options.bootstrap)?;
        let scores = self.stream.finish()?;
        let mut at_fmr = AtFmr::default();
        for target in &options.fmr_targets {
            at_fmr.add(rate_key(*target), scores.tar_where_measurable(*target)?);
        }
        let failures = self.set.failures(0..self.set.names.len());
        Ok(DistractorReport {
            about,
            n_probes: self.set.names.len(),
            n_people: searches.len(),
            n_searches: searches.iter().map(|s| s.n).sum(),
            n_failed: failures.len(),
            failures,
            n_distractors: self.n_distractors,
            n_distractors_failed: self.n_distractors_failed,
            rank_1,
            by_person: options.bootstrap,
            at_fmr,
            scores,
        })
    }

    /// The searches of every person; their scores go into the stream.
    fn searches(&mut self) -> Result<Vec<Searches>, EvalError> {
        let persons = self.set.persons;
        let mut n_of = BTreeMap::<usize, usize>::new();
        persons
            .iter()
            .for_each(|p| *n_of.entry(*p).or_default() += 1);
        let n_sizes = self.options.sizes.len();
        let mut searches: BTreeMap<usize, Searches> = n_of
            .iter()
            .map(|(person, n)| {
                (
                    *person,
                    Searches {
                        n: n * (n - 1),
                        n_found: vec![0; n_sizes],
                    },
                )
            })
            .collect();
        let person_of = |row: usize| persons[self.item_of[row]];
        let mates = map_scores(&self.rows, &self.rows, &ScanPlan::default(), |i, scores| {
            let others = scores.iter().enumerate();
            let mates = others.filter(|(j, _)| *j != i && person_of(*j) == person_of(i));
            mates.map(|(j, score)| (j, *score)).collect::<Vec<_>>()
        })?;
        let mut n_compared = 0;
        for (i, mates) in mates.iter().enumerate() {
            let Some(of_person) = searches.get_mut(&person_of(i)) else {
                continue;
            };
            for (j, score) in mates {
                for (n_found, greatest) in of_person.n_found.iter_mut().zip(&self.greatest) {
                    *n_found += usize::from(*score > greatest[i]);
                }
                if *j < i {
                    self.stream.add(f64::from(*score), true);
                    n_compared += 1;
                }
            }
        }
        let n_pairs: usize = searches.values().map(|s| s.n / 2).sum();
        self.stream.add_failed(n_pairs - n_compared, true);
        Ok(searches.into_values().collect())
    }
}

/// Each number or the other one, whichever is greater.
fn raise(numbers: &mut [f32], others: &[f32]) {
    for (number, other) in numbers.iter_mut().zip(others) {
        *number = number.max(*other);
    }
}
