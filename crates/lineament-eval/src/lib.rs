//! Protocols and rates: from scores to figures that can be trusted.

pub mod about;
pub mod all_pairs;
pub mod blufr;
pub mod calibration;
pub mod clusters;
mod compared;
mod comparison;
pub mod curve;
pub mod detection;
pub mod error;
pub mod fairness;
pub mod flip;
pub mod folds;
pub mod identification;
mod identity_intervals;
pub mod intervals;
pub mod labelled;
mod learned;
pub mod pair_report;
pub mod pairs;
mod parallel;
pub mod published;
pub mod rates;
pub mod report;
mod runs;
pub mod scores;
pub mod stream;
pub mod templates;
pub mod thresholds;

pub use about::{About, Declaration, ModelIdentity, OutsideData};
pub use all_pairs::{Population, compare_all};
pub use blufr::evaluate_blufr;
pub use calibration::{CalibratedThreshold, Calibration, calibrate};
pub use clusters::evaluate_clusters;
pub use curve::{Curve, CurvePoint, EqualErrorRate};
pub use detection::evaluate_detections;
pub use error::EvalError;
pub use fairness::evaluate_fairness;
pub use flip::FlipMode;
pub use folds::{evaluate, evaluate_scores, evaluate_view1, fit_matcher, held_out_scores};
pub use identification::{IdentificationOptions, IdentificationReport, identify};
pub use intervals::{
    Bootstrap, Interval, Proportion, bootstrap_by_identity, mean_and_standard_error,
};
pub use labelled::LabelledSet;
pub use lineament_cluster::Seeded;
pub use pair_report::{
    AtFmr, BestOnTest, ByIdentity, FoldFigures, PairOutcome, PairReport, rate_key,
};
pub use pairs::{Centering, Judging, Pair, PairList, PairMatcher, PairMaterial, PairOptions};
pub use rates::TarAtFmr;
pub use scores::{Histogram, ScoreSet, Scores};
pub use stream::{ScoreStream, StreamedScores};
pub use templates::{evaluate_matches, pool_media};
pub use thresholds::{BestThreshold, Thresholds};
