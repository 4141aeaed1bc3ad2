//! Embeddings that know their space, and the score of two of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::CoreError;

/// The name of the space in which a model's embeddings can be compared: the model and how it is
/// used (`mobilefacenet-ms1m@b7120c09/flip-sum`, say). Embeddings of equal names are comparable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmbeddingSpace(Arc<str>);

impl EmbeddingSpace {
    /// The space called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmbeddingSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Cosine similarity of two embeddings, −1 to 1; greater is more alike.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(f32);

impl Score {
    /// The score of this value, cut to −1…1; NaN becomes −1, so that it never passes a threshold.
    #[must_use]
    pub fn new(value: f32) -> Self {
        Self(if value.is_nan() {
            -1.0
        } else {
            value.clamp(-1.0, 1.0)
        })
    }

    /// The value, −1 to 1.
    #[must_use]
    pub fn value(self) -> f32 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// A face as a vector of unit norm in a named space.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    space: EmbeddingSpace,
    values: Vec<f32>,
}

impl Embedding {
    /// The embedding in the direction of `values`, brought to unit norm.
    ///
    /// # Errors
    /// [`CoreError::DegenerateEmbedding`] when a value is not finite or all are zero.
    pub fn from_raw(space: EmbeddingSpace, mut values: Vec<f32>) -> Result<Self, CoreError> {
        let norm = values
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        if !norm.is_finite() || norm <= f64::from(f32::MIN_POSITIVE) {
            return Err(CoreError::DegenerateEmbedding {
                n_values: values.len(),
                norm: norm as f32,
            });
        }
        for value in &mut values {
            *value = (f64::from(*value) / norm) as f32;
        }
        Ok(Self { space, values })
    }

    /// The space it belongs to.
    #[must_use]
    pub fn space(&self) -> &EmbeddingSpace {
        &self.space
    }

    /// Its coordinates, of unit norm.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Cosine similarity to `other`: the inner product, both being of unit norm.
    ///
    /// # Errors
    /// [`CoreError::SpaceMismatch`] when the two belong to different spaces or differ in length.
    pub fn score(&self, other: &Self) -> Result<Score, CoreError> {
        if self.space != other.space || self.values.len() != other.values.len() {
            return Err(CoreError::SpaceMismatch {
                left: self.space.clone(),
                right: other.space.clone(),
            });
        }
        let dot = self
            .values
            .iter()
            .zip(&other.values)
            .map(|(a, b)| a * b)
            .sum();
        Ok(Score::new(dot))
    }
}

impl fmt::Debug for Embedding {
    /// Space and dimension only: values of people's faces do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({}, {}-d)", self.space, self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn embedding(values: Vec<f32>) -> Embedding {
        Embedding::from_raw(EmbeddingSpace::new("test"), values).unwrap()
    }

    proptest! {
        #[test]
        fn unit_norm_and_symmetric_score(
            a in prop::collection::vec(0.01f32..10.0, 8),
            b in prop::collection::vec(-10.0f32..-0.01, 8),
        ) {
            let (a, b) = (embedding(a), embedding(b));
            let norm: f32 = a.values().iter().map(|v| v * v).sum();
            prop_assert!((norm - 1.0).abs() < 1e-5);
            prop_assert_eq!(a.score(&b).unwrap(), b.score(&a).unwrap());
            prop_assert!((a.score(&a).unwrap().value() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn nothing_comes_of_zero_or_nan() {
        let space = EmbeddingSpace::new("test");
        assert!(Embedding::from_raw(space.clone(), vec![0.0; 4]).is_err());
        assert!(Embedding::from_raw(space.clone(), vec![]).is_err());
        assert!(Embedding::from_raw(space, vec![1.0, f32::NAN]).is_err());
        assert_eq!(Score::new(f32::NAN).value(), -1.0);
    }

    #[test]
    fn other_spaces_are_refused() {
        let a = embedding(vec![1.0, 0.0]);
        let b = Embedding::from_raw(EmbeddingSpace::new("other"), vec![1.0, 0.0]).unwrap();
        let error = a.score(&b).unwrap_err();
        assert!(error.to_string().contains("test and other"), "{error}");
    }
}
