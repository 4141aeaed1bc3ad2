//! One template from several features of one person.

use crate::error::{MatchError, check_at_least, check_length};
use crate::features::Features;
use crate::matrix::dot;
use std::collections::BTreeMap;

/// How the features are weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pooling<'a> {
    /// Every feature alike.
    Mean,
    /// By a quality per feature, not below 0 and not all 0.
    QualityWeighted(&'a [f64]),
    /// By the feature's own norm, which networks trained without normalisation make a quality.
    NormWeighted,
    /// The features of one medium (a video, a photo) are averaged first, then the media, so that
    /// a long video does not outvote a photo (IJB protocols, Klare et al. 2015). One index of a
    /// medium per feature.
    MediaThenTemplate(&'a [usize]),
}

/// The template, of unit norm, `[d]`: a weighted sum of the features' directions.
///
/// # Errors
/// No features, one of norm 0, weights that do not fit, and features that cancel out.
pub fn pool(features: &Features, pooling: Pooling<'_>) -> Result<Vec<f64>, MatchError> {
    check_at_least("features to pool", 1, features.n_rows())?;
    let mut template = vec![0.0; features.n_columns()];
    for (row, weight) in features.rows().zip(weights(features, pooling)?) {
        let scale = weight / positive_norm(row)?;
        template
            .iter_mut()
            .zip(row)
            .for_each(|(t, v)| *t += scale * v);
    }
    let norm = positive_norm(&template)?;
    template.iter_mut().for_each(|t| *t /= norm);
    Ok(template)
}

fn weights(features: &Features, pooling: Pooling<'_>) -> Result<Vec<f64>, MatchError> {
    let n = features.n_rows();
    match pooling {
        Pooling::Mean => Ok(vec![1.0; n]),
        Pooling::QualityWeighted(qualities) => {
            check_length("qualities", n, qualities.len())?;
            qualities.iter().try_for_each(|q| check_quality(*q))?;
            Ok(qualities.to_vec())
        }
        Pooling::NormWeighted => Ok(features.rows().map(|row| dot(row, row).sqrt()).collect()),
        Pooling::MediaThenTemplate(media) => {
            check_length("media", n, media.len())?;
            let mut n_of = BTreeMap::<usize, f64>::new();
            media
                .iter()
                .for_each(|m| *n_of.entry(*m).or_default() += 1.0);
            Ok(media.iter().map(|m| n_of[m].recip()).collect())
        }
    }
}

fn check_quality(got: f64) -> Result<(), MatchError> {
    match got.is_finite() && got >= 0.0 {
        true => Ok(()),
        false => Err(MatchError::OutOfRange {
            what: "a quality",
            expected: "finite and not below 0",
            got,
        }),
    }
}

fn positive_norm(row: &[f64]) -> Result<f64, MatchError> {
    let norm = dot(row, row).sqrt();
    match norm > 0.0 {
        true => Ok(norm),
        false => Err(MatchError::ZeroNorm),
    }
}
