//! Embeddings as bytes, and their exact score.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::error::GalleryError;

/// How the numbers of an embedding are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats: the embedding as it was given.
    #[default]
    F32,
    /// 16-bit floats: half the space; scores move by less than 0.001.
    F16,
}

impl Precision {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::F32, Self::F16]
            .into_iter()
            .find(|p| p.name() == name)
    }

    /// Bytes of one number.
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// `values`, little-endian.
    pub(crate) fn encode(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::F16 => values
                .iter()
                .flat_map(|v| f16::from_f32(*v).to_le_bytes())
                .collect(),
        }
    }

    /// The unit vector in `bytes`. 16-bit values are brought back to unit norm; 32-bit values are
    /// returned as they are.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`] for another length, values that are not finite, or a norm that is
    /// not 1.
    pub(crate) fn decode(self, bytes: &[u8], dimension: usize) -> Result<Vec<f32>, GalleryError> {
        if bytes.len() != dimension * self.width() {
            return Err(GalleryError::damaged(format!(
                "an embedding has {} bytes, not {}",
                bytes.len(),
                dimension * self.width()
            )));
        }
        let (fours, _) = bytes.as_chunks::<4>();
        let (pairs, _) = bytes.as_chunks::<2>();
        let mut values: Vec<f32> = match self {
            Self::F32 => fours.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Self::F16 => pairs
                .iter()
                .map(|b| f16::from_le_bytes(*b).to_f32())
                .collect(),
        };
        let norm = norm(&values);
        // The largest rounding of unit vectors in 16 bits moves the norm by less.
        if !(0.99..=1.01).contains(&norm) {
            return Err(GalleryError::damaged(format!(
                "an embedding has norm {norm}, not 1"
            )));
        }
        if self == Self::F16 {
            let scale = 1.0 / norm;
            values
                .iter_mut()
                .for_each(|v| *v = (f64::from(*v) * scale) as f32);
        }
        Ok(values)
    }
}

/// Euclidean norm.
pub(crate) fn norm(values: &[f32]) -> f64 {
    dot(values, values).sqrt()
}

/// Inner product, summed in 64 bits: what "exact" means for scores here.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    // Independent sums let the processor add in parallel; their order is fixed.
    const LANES: usize = 8;
    let mut sums = [0.0f64; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    let rest: f64 = rest.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(values: &[f32]) -> Vec<f32> {
        let norm = norm(values);
        values
            .iter()
            .map(|v| (f64::from(*v) / norm) as f32)
            .collect()
    }

    proptest! {
        #[test]
        fn bytes_give_the_embedding_back(raw in prop::collection::vec(-1.0f32..1.0, 1..40)) {
            prop_assume!(norm(&raw) > 1e-3);
            let values = unit(&raw);
            let f32_bytes = Precision::F32.encode(&values);
            prop_assert_eq!(&Precision::F32.decode(&f32_bytes, values.len()).unwrap(), &values);
            let f16_bytes = Precision::F16.encode(&values);
            let halved = Precision::F16.decode(&f16_bytes, values.len()).unwrap();
            prop_assert!((dot(&values, &halved) - 1.0).abs() < 1e-3);
            prop_assert!((norm(&halved) - 1.0).abs() < 1e-6);
        }

        #[test]
        fn any_bytes_are_an_embedding_or_an_error(bytes in prop::collection::vec(any::<u8>(), 16)) {
            for precision in [Precision::F32, Precision::F16] {
                let dimension = 16 / precision.width();
                if let Ok(values) = precision.decode(&bytes, dimension) {
                    prop_assert!((norm(&values) - 1.0).abs() < 0.011);
                }
            }
        }
    }

    #[test]
    fn another_length_is_damage() {
        let error = Precision::F32.decode(&[0; 8], 3).unwrap_err();
        assert!(error.to_string().contains("8 bytes, not 12"), "{error}");
    }
}
