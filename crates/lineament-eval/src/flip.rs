//! One feature from the embeddings of an image and of its mirror image.

use crate::error::{EvalError, check_length};
use serde::Serialize;

/// How the two are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlipMode {
    /// The mirror image is not used.
    Off,
    /// Added as the network gives them (InsightFace).
    Sum,
    /// One after the other as the network gives them, `[2 d]` (SphereFace).
    Concat,
}

impl FlipMode {
    /// The feature of unit norm, `[d]` or `[2 d]`, of the embedding `plain`, `[d]`, and that of the
    /// mirror image, `[d]`.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] for embeddings of different lengths, [`EvalError::OutOfRange`]
    /// where the joined one has no finite norm above 0 and so no direction.
    pub fn combine(self, plain: &[f32], mirrored: &[f32]) -> Result<Vec<f32>, EvalError> {
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        if self != Self::Off {
            check_length(
                "the embedding of a mirror image",
                plain.len(),
                mirrored.len(),
            )?;
        }
        let pairs = plain.iter().zip(mirrored);
        unit(&match self {
            Self::Off => wide(plain),
            Self::Sum => pairs.map(|(p, m)| f64::from(*p) + f64::from(*m)).collect(),
            Self::Concat => [wide(plain), wide(mirrored)].concat(),
        })
    }
}

fn unit(values: &[f64]) -> Result<Vec<f32>, EvalError> {
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    match norm.is_finite() && norm > 0.0 {
        true => Ok(values.iter().map(|v| (v / norm) as f32).collect()),
        false => Err(EvalError::OutOfRange {
            what: "the norm of an embedding",
            expected: "finite and above 0",
            got: norm,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_has_unit_norm_and_its_direction() {
        let (plain, mirrored) = ([3.0, 0.0], [0.0, 4.0]);
        let combine = |mode: FlipMode| mode.combine(&plain, &mirrored).unwrap();
        assert_eq!(combine(FlipMode::Off), [1.0, 0.0]);
        assert_eq!(combine(FlipMode::Sum), [0.6, 0.8]);
        assert_eq!(combine(FlipMode::Concat), [0.6, 0.0, 0.0, 0.8]);
        assert_eq!(
            FlipMode::Off.combine(&[0.0, -2.0], &[]).unwrap(),
            [0.0, -1.0]
        );
    }

    #[test]
    fn embeddings_without_a_direction_are_refused() {
        for (plain, mirrored) in [([1.0, 0.0], [-1.0, 0.0]), ([f32::NAN, 1.0], [0.0, 1.0])] {
            let error = FlipMode::Sum.combine(&plain, &mirrored).unwrap_err();
            assert!(matches!(error, EvalError::OutOfRange { .. }), "{error}");
        }
        let error = FlipMode::Concat.combine(&[1.0], &[1.0, 2.0]).unwrap_err();
        assert!(matches!(
            error,
            EvalError::Dimension {
                expected: 1,
                got: 2,
                ..
            }
        ));
    }
}
