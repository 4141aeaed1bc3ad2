//! The material and the options of a pair protocol.

use crate::error::{EvalError, check_at_least, check_index, check_length};
use crate::intervals::Bootstrap;
use crate::thresholds::Thresholds;
use lineament_match::{FitOptions, FittedMatcher};
use serde::Serialize;

/// One comparison of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the first item.
    pub first: usize,
    /// Index of the second item.
    pub second: usize,
    /// One person (mated), or two.
    pub mated: bool,
    /// Fold, from 0.
    pub fold: usize,
}

/// What is compared with what.
#[derive(Debug, Clone, Copy)]
pub struct PairList<'a> {
    /// Name of every item.
    pub names: &'a [String],
    /// Person of every item, where the list says so; any numbers, equal where the person is.
    pub persons: Option<&'a [usize]>,
    /// The comparisons.
    pub pairs: &'a [Pair],
}

/// A list and the features of its items.
#[derive(Debug, Clone, Copy)]
pub struct PairMaterial<'a> {
    /// The comparisons.
    pub list: PairList<'a>,
    /// Template of every item, all of one length; `None` where no face was found or the image
    /// could not be read: a failure to enrol. [`crate::FlipMode::combine`] gives them unit norm,
    /// which a grid of thresholds takes for granted.
    pub templates: &'a [Option<Vec<f32>>],
}

/// What gives a pair its score.
#[derive(Debug, Clone, PartialEq)]
pub enum PairMatcher {
    /// Fitted anew for every fold, on the others. What learns from identities sees every item of
    /// the other folds' pairs once, what learns from pairs sees those pairs. The options' own PCA
    /// is part of the matcher: nothing is brought to unit norm after it.
    Learned(FitOptions),
    /// Fitted elsewhere.
    Fixed(FittedMatcher),
}

/// Whether features are moved to the mean of those that a fold may learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Centering {
    /// As they are.
    Off,
    /// Less the mean over both sides of all pairs of the other folds: an item counts as often as
    /// it is compared, as in SphereFace's public code. Deviation: that code takes the mean of
    /// features of any norm, this one of the templates given.
    Folds,
}

/// How a protocol is run.
#[derive(Debug, Clone, PartialEq)]
pub struct PairOptions {
    /// What gives the scores.
    pub matcher: PairMatcher,
    /// Centring, before anything else.
    pub center: Centering,
    /// Principal components kept, fitted after centring on both sides of all pairs of the other
    /// folds (InsightFace). After centring or projection, features are of unit norm again.
    pub pca: Option<usize>,
    /// What is made of the scores.
    pub judging: Judging,
}

/// What is made of the scores of a protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Judging {
    /// Where a fold's threshold is looked for.
    pub thresholds: Thresholds,
    /// False match rates at which the true acceptance is wanted.
    pub fmr_targets: Vec<f64>,
    /// Draws for the intervals by identity, made where persons are known.
    pub bootstrap: Bootstrap,
}

impl Default for Judging {
    /// Exact thresholds, TAR at FMR 1e-2 and 1e-3, 1000 replicates of seed 0.
    fn default() -> Self {
        Self {
            thresholds: Thresholds::Exact,
            fmr_targets: vec![1e-2, 1e-3],
            bootstrap: Bootstrap {
                n_replicates: 1000,
                seed: 0,
            },
        }
    }
}

impl PairList<'_> {
    /// Number of folds.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.pairs.iter().map(|p| p.fold + 1).max().unwrap_or(0)
    }

    /// Refuses indices that point nowhere, folds without pairs, and persons that contradict the
    /// pairs.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        let n = self.names.len();
        if let Some(persons) = self.persons {
            check_length("persons of items", n, persons.len())?;
        }
        let mut n_in_fold = vec![0; self.n_folds().min(self.pairs.len())];
        for pair in self.pairs {
            check_index("the item of a pair", n, pair.first.max(pair.second))?;
            // With more folds than pairs, one of them is empty.
            check_index("the fold of a pair", n_in_fold.len(), pair.fold)?;
            n_in_fold[pair.fold] += 1;
            self.check_persons(pair)?;
        }
        n_in_fold
            .into_iter()
            .try_for_each(|n| check_at_least("pairs in a fold", 1, n))
    }

    fn check_persons(&self, pair: &Pair) -> Result<(), EvalError> {
        let same = |persons: &[usize]| persons[pair.first] == persons[pair.second];
        match self.persons.map(same) {
            Some(same) if same != pair.mated => Err(EvalError::PersonsContradict {
                first: self.names[pair.first].clone(),
                second: self.names[pair.second].clone(),
                list: kind(pair.mated),
                persons: kind(same),
            }),
            _ => Ok(()),
        }
    }
}

/// The word for it.
pub(crate) fn kind(mated: bool) -> &'static str {
    match mated {
        true => "mated",
        false => "non-mated",
    }
}
