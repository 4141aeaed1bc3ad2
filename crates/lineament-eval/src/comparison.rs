//! Many templates compared with many others.

use crate::error::EvalError;
use crate::parallel;
use lineament_cluster::{ScanPlan, UnitRows, fold_scores};
use lineament_match::{Features, FittedMatcher, JointBayesian, Matcher};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Probes and a gallery, in the form in which a matcher compares them fastest.
pub(crate) enum Comparison {
    /// Scores are cosines.
    Cosines { probes: UnitRows, gallery: UnitRows },
    /// Scores are inner products.
    Products { probes: Features, gallery: Features },
    /// Scores are the matcher's.
    Matched {
        probes: Features,
        gallery: Features,
        matcher: FittedMatcher,
    },
}

impl Comparison {
    /// Of templates of one length, at least one on either side.
    pub(crate) fn new<R: AsRef<[f32]>>(
        probes: &[R],
        gallery: &[R],
        matcher: &FittedMatcher,
    ) -> Result<Self, EvalError> {
        if *matcher == FittedMatcher::Cosine {
            return Ok(Self::Cosines {
                probes: UnitRows::from_rows(probes)?,
                gallery: UnitRows::from_rows(gallery)?,
            });
        }
        let (metric, probes) = matcher.prepare(Features::from_rows(probes)?)?;
        let (_, gallery) = matcher.prepare(Features::from_rows(gallery)?)?;
        Ok(match metric {
            FittedMatcher::JointBayesian(model) => products(&probes, &gallery, model)?,
            metric => Self::Matched {
                probes,
                gallery,
                matcher: metric.clone(),
            },
        })
    }

    /// What `add` gathered of every probe's scores against the whole gallery, `[gallery]`: one
    /// gathering a thread, of which probes differs from run to run.
    pub(crate) fn fold<A: Send>(
        &self,
        start: impl Fn() -> A + Sync,
        add: impl Fn(&mut A, usize, &[f64]) + Sync,
    ) -> Result<Vec<A>, EvalError> {
        match self {
            Self::Cosines { probes, gallery } => {
                let wide = |(gathered, wide): &mut (A, Vec<f64>), i: usize, scores: &[f32]| {
                    wide.clear();
                    wide.extend(scores.iter().map(|s| f64::from(*s)));
                    add(gathered, i, wide);
                };
                let start = || (start(), Vec::new());
                let parts = fold_scores(probes, gallery, &ScanPlan::default(), start, wide)?;
                Ok(parts.into_iter().map(|(gathered, _)| gathered).collect())
            }
            Self::Products { probes, gallery } => {
                let score = |a: &[f64], b: &[f64]| Ok(a.iter().zip(b).map(|(a, b)| a * b).sum());
                fold_pairs(probes, gallery, score, start, add)
            }
            Self::Matched {
                probes,
                gallery,
                matcher,
            } => {
                let score = |a: &[f64], b: &[f64]| Ok(matcher.score(a, b)?);
                fold_pairs(probes, gallery, score, start, add)
            }
        }
    }
}

fn products(
    probes: &Features,
    gallery: &Features,
    model: &JointBayesian,
) -> Result<Comparison, EvalError> {
    let model = model.factored();
    let (mut of_probes, mut of_gallery) = (Vec::new(), Vec::new());
    for row in probes.rows() {
        of_probes.extend(model.probe_vector(row)?);
    }
    for row in gallery.rows() {
        of_gallery.extend(model.gallery_vector(row)?);
    }
    let n_columns = of_probes.len() / probes.n_rows().max(1);
    Ok(Comparison::Products {
        probes: Features::new(n_columns, of_probes)?,
        gallery: Features::new(n_columns, of_gallery)?,
    })
}

fn fold_pairs<A: Send>(
    probes: &Features,
    gallery: &Features,
    score: impl Fn(&[f64], &[f64]) -> Result<f64, EvalError> + Sync,
    start: impl Fn() -> A + Sync,
    add: impl Fn(&mut A, usize, &[f64]) + Sync,
) -> Result<Vec<A>, EvalError> {
    let job = |(gathered, failure): &mut (A, Result<(), EvalError>), i: usize| {
        let scores = gallery.rows().map(|row| score(probes.row(i), row));
        match scores.collect::<Result<Vec<f64>, _>>() {
            Ok(scores) => add(gathered, i, &scores),
            Err(error) => *failure = Err(error),
        }
    };
    let n_threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let parts = parallel::fold(n_threads, probes.n_rows(), || (start(), Ok(())), job);
    let parts = parts
        .into_iter()
        .map(|(gathered, ended)| ended.map(|()| gathered));
    parts.collect()
}
