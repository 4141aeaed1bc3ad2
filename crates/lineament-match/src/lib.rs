//! Verification back ends: learned metrics between features, fitted, scored, saved.
//!
//! It takes feature vectors and labels, fits the matchers of the literature on them and gives
//! scores, where greater is closer; around them it pools templates, normalises and calibrates
//! scores, and rejects the unknown. It deliberately does not know images, models, embedding
//! spaces, galleries, data sets or protocols: which features go together, which rows are for
//! training and what accuracy a score reaches is for the crates above. Nothing is random: the same
//! material gives the same matcher.
//!
//! ```
//! use lineament_match::{Features, FitOptions, Matcher, MatcherKind, Training, Whitening, fit};
//!
//! # fn main() -> Result<(), lineament_match::MatchError> {
//! let rows = [[0.9, 0.1, 0.2], [0.8, 0.2, 0.1], [0.1, 0.9, 0.3], [0.3, 0.8, 0.1], [0.2, 0.7, 0.2]];
//! let features = Features::from_rows(&rows)?;
//! let identities = [0, 0, 1, 1, 1];
//! let training = Training { features: &features, identities: Some(&identities), pairs: &[] };
//! let options = FitOptions { kind: MatcherKind::Lda, pca: Some(2), whiten: Whitening::No };
//! let matcher = fit(&options, &training)?;
//! let mated = matcher.score(features.row(0), features.row(1))?;
//! assert!(mated > matcher.score(features.row(0), features.row(2))?);
//! # Ok(())
//! # }
//! ```

pub mod calibration;
pub mod chi_squared;
mod decomposition;
pub mod error;
pub mod features;
pub mod fit;
pub mod joint_bayesian;
mod joint_bayesian_em;
pub mod kernel_sum;
pub mod lda;
mod logistic;
pub mod matcher;
pub mod matrix;
pub mod normalize;
pub mod open_set;
pub mod pca;
pub mod placement;
pub mod pooling;
pub mod selection;
pub mod siamese;
mod store;
pub mod svm;
pub mod weibull;

pub use calibration::{OperatingThreshold, Platt, RateInterval, threshold_at_fmr};
pub use chi_squared::{ChiSquared, FeatureSign};
pub use error::MatchError;
pub use features::{Features, Training, TrainingPair};
pub use fit::{FitOptions, MatcherKind, fit};
pub use joint_bayesian::{
    FactoredJointBayesian, JointBayesian, JointBayesianFit, JointBayesianOptions,
    JointBayesianUpdate,
};
pub use kernel_sum::KernelSum;
pub use lda::Lda;
pub use matcher::{FittedMatcher, Matcher};
pub use matrix::Matrix;
pub use normalize::{CohortStatistics, s_norm};
pub use open_set::{OpenMax, OpenMaxOptions, OpenMaxProbabilities, probe_tail_confidence};
pub use pca::{Pca, Whitening};
pub use placement::Placement;
pub use pooling::{Pooling, pool};
pub use selection::{Selection, SelectionMove, SelectionStep, forward_backward};
pub use siamese::{Siamese, SiameseOptions};
pub use svm::{LinearSvm, SvmOptions};
pub use weibull::WeibullTail;
