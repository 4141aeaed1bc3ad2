//! What a protocol does to features before they are compared: centring and projection.

use crate::error::{MatchError, check_finite, check_length};
use crate::features::Features;
use crate::matrix::dot;
use crate::pca::Pca;
use serde::{Deserialize, Serialize};

/// Features less a mean and on principal components, where there are these, and of unit norm again.
///
/// Sources: the mean as in SphereFace's public code, the components as in InsightFace's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    mean: Option<Vec<f64>>,
    projection: Option<Pca>,
}

impl Placement {
    /// Subtracts `mean`, then projects.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a mean of another length than the projection takes.
    pub fn new(mean: Option<Vec<f64>>, projection: Option<Pca>) -> Result<Self, MatchError> {
        if let (Some(mean), Some(projection)) = (&mean, &projection) {
            check_length("the mean of features", projection.n_columns(), mean.len())?;
        }
        Ok(Self { mean, projection })
    }

    /// Every row in its place, of unit norm.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length, [`MatchError::NoDirection`] for one
    /// that is at the centre there.
    pub fn transform_all(&self, features: &Features) -> Result<Features, MatchError> {
        let centred = match &self.mean {
            None => features.clone(),
            Some(mean) => features.less(mean)?,
        };
        let placed = match &self.projection {
            None => centred,
            Some(projection) => projection.transform_all(&centred)?,
        };
        let mut values = Vec::with_capacity(placed.n_rows() * placed.n_columns());
        for (row, feature) in placed.rows().enumerate() {
            let norm = dot(feature, feature).sqrt();
            if norm == 0.0 {
                return Err(MatchError::NoDirection { row });
            }
            values.extend(feature.iter().map(|v| v / norm));
        }
        Features::new(placed.n_columns(), values)
    }

    /// One feature in its place.
    ///
    /// # Errors
    /// As [`Self::transform_all`].
    pub fn transform(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        let placed = self.transform_all(&Features::new(feature.len(), feature.to_vec())?)?;
        Ok(placed.row(0).to_vec())
    }

    /// Length of the features it takes; `None` where any will do.
    #[must_use]
    pub fn n_columns(&self) -> Option<usize> {
        let mean = self.mean.as_ref().map(Vec::len);
        mean.or(self.projection.as_ref().map(Pca::n_columns))
    }

    /// Length of what it gives; `None` where that is what it gets.
    #[must_use]
    pub fn n_components(&self) -> Option<usize> {
        let projection = self.projection.as_ref().map(Pca::n_components);
        projection.or(self.mean.as_ref().map(Vec::len))
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        if let Some(mean) = &self.mean {
            check_finite("the mean of features", mean)?;
        }
        let Some(projection) = &self.projection else {
            return Ok(());
        };
        projection.validate()?;
        let expected = projection.n_columns();
        let got = self.mean.as_ref().map_or(expected, Vec::len);
        check_length("the mean of features", expected, got)
    }
}
