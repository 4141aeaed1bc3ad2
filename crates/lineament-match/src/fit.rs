//! From training material to a fitted matcher.

use crate::chi_squared::ChiSquared;
use crate::error::MatchError;
use crate::features::Training;
use crate::joint_bayesian::{JointBayesian, JointBayesianOptions};
use crate::lda::Lda;
use crate::matcher::FittedMatcher;
use crate::pca::{Pca, Whitening};
use crate::siamese::{Siamese, SiameseOptions};
use crate::svm::SvmOptions;

/// Which matcher to fit, and what it learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatcherKind {
    /// Learns nothing.
    Cosine,
    /// Learns nothing.
    SquaredEuclidean,
    /// Learns from pairs.
    ChiSquared,
    /// Learns from pairs.
    Siamese,
    /// Learns from identities.
    Lda,
    /// Learns from identities.
    JointBayesian,
}

impl MatcherKind {
    /// Name for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::SquaredEuclidean => "squared-euclidean",
            Self::ChiSquared => "chi-squared",
            Self::Siamese => "siamese",
            Self::Lda => "lda",
            Self::JointBayesian => "joint-bayesian",
        }
    }
}

/// What to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitOptions {
    /// The metric.
    pub kind: MatcherKind,
    /// Principal components to keep in front of it; `None` leaves the features as they are.
    pub pca: Option<usize>,
    /// Whether the components are scaled to unit variance. Without `pca` it keeps every column,
    /// and the features must then vary in all of them.
    pub whiten: Whitening,
}

/// The matcher, fitted with the documented options of its own module.
///
/// # Errors
/// Material that the matcher needs and is not there, too little of it, or a fit that fails.
pub fn fit(options: &FitOptions, training: &Training<'_>) -> Result<FittedMatcher, MatchError> {
    let n_columns = training.features.n_columns();
    let n_components = match (options.pca, options.whiten) {
        (None, Whitening::No) => return fit_metric(options.kind, training),
        (None, Whitening::Yes) => n_columns,
        (Some(n_components), _) => n_components,
    };
    let projection = Pca::fit(training.features, n_components, options.whiten)?;
    let features = projection.transform_all(training.features)?;
    let projected = Training {
        features: &features,
        ..*training
    };
    let metric = Box::new(fit_metric(options.kind, &projected)?);
    Ok(FittedMatcher::Pipeline { projection, metric })
}

fn fit_metric(kind: MatcherKind, training: &Training<'_>) -> Result<FittedMatcher, MatchError> {
    Ok(match kind {
        MatcherKind::Cosine => FittedMatcher::Cosine,
        MatcherKind::SquaredEuclidean => FittedMatcher::SquaredEuclidean,
        MatcherKind::ChiSquared => {
            FittedMatcher::ChiSquared(ChiSquared::fit(training, &SvmOptions::default())?)
        }
        MatcherKind::Siamese => {
            FittedMatcher::Siamese(Siamese::fit(training, &SiameseOptions::default())?)
        }
        MatcherKind::Lda => FittedMatcher::Lda(Lda::fit(training)?),
        MatcherKind::JointBayesian => {
            let fit = JointBayesian::fit(training, &JointBayesianOptions::default())?;
            FittedMatcher::JointBayesian(fit.model)
        }
    })
}
