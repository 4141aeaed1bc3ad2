//! Protocols and rates: from scores to figures that can be trusted.

pub mod about;
pub mod all_pairs;
pub mod calibration;
mod compared;
pub mod curve;
pub mod error;
pub mod flip;
pub mod folds;
mod identity_intervals;
pub mod intervals;
mod learned;
pub mod pair_report;
pub mod pairs;
mod parallel;
pub mod rates;
pub mod report;
pub mod scores;
pub mod seeded;
pub mod stream;
pub mod thresholds;

pub use about::{About, Declaration, ModelIdentity, OutsideData};
pub use all_pairs::{Population, compare_all};
pub use calibration::{CalibratedThreshold, Calibration, calibrate};
pub use curve::{Curve, CurvePoint, EqualErrorRate};
pub use error::EvalError;
pub use flip::FlipMode;
pub use folds::{evaluate, evaluate_scores, evaluate_view1};
pub use intervals::{
    Bootstrap, Interval, Proportion, bootstrap_by_identity, mean_and_standard_error,
};
pub use pair_report::{
    AtFmr, BestOnTest, ByIdentity, FoldFigures, PairOutcome, PairReport, rate_key,
};
pub use pairs::{Centering, Judging, Pair, PairList, PairMatcher, PairMaterial, PairOptions};
pub use rates::TarAtFmr;
pub use scores::{Histogram, ScoreSet, Scores};
pub use seeded::Seeded;
pub use stream::{ScoreStream, StreamedScores};
pub use thresholds::{BestThreshold, Thresholds};
