//! Who a face is, or that it is nobody known: open-set identification.

use lineament_core::{Embedding, Score};
use serde::Serialize;

use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::ids::PersonId;
use crate::search::{Found, Match, SearchOptions};

/// The answer to a search with a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identification {
    /// Who it is; `None` is "unknown": nobody reached the threshold.
    pub person: Option<PersonId>,
    /// Those whom the face is most like, best first, whether or not they reach the threshold.
    pub candidates: Vec<Match>,
    /// How much the best score is above the second; `None` for fewer than two candidates.
    pub margin: Option<f32>,
    /// Whether they come from the approximate index, so that somebody may have been missed.
    pub is_approximate: bool,
}

impl Gallery {
    /// Who the probe is, if anybody reaches the `threshold`.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn identify(
        &mut self,
        probe: &Embedding,
        threshold: Score,
        options: &SearchOptions,
    ) -> Result<Identification, GalleryError> {
        let mut found = self.find_all(std::slice::from_ref(probe), options)?;
        let Found {
            matches: candidates,
            is_approximate,
        } = found.pop().unwrap_or_default();
        let best = candidates.first().filter(|best| best.score >= threshold);
        let margin = match candidates.as_slice() {
            [best, second, ..] => Some(best.score.value() - second.score.value()),
            _ => None,
        };
        Ok(Identification {
            person: best.map(|best| best.person),
            margin,
            candidates,
            is_approximate,
        })
    }
}

/// The false-positive identification rate (FPIR, ISO/IEC 19795-1) of a search among `n_compared` faces
/// at a threshold of false-match rate `fmr`: the chance that a stranger is taken for somebody,
/// 1 − (1 − FMR)ᴺ. It takes comparisons for independent, so it is above the true rate where faces of one
/// person are alike.
/// Source: Daugman, "Biometric decision landscapes", UCAM-CL-TR-482, 2000, eq. 3.
#[must_use]
pub fn fpir_of(fmr: f64, n_compared: usize) -> f64 {
    -(n_compared as f64 * (-fmr).ln_1p()).exp_m1()
}

/// The false-match rate at which a search among `n_compared` faces has this FPIR: the inverse of
/// [`fpir_of`], 1 − (1 − FPIR)^(1/N). An empty gallery counts as one face.
#[must_use]
pub fn fmr_for(fpir: f64, n_compared: usize) -> f64 {
    -((-fpir).ln_1p() / n_compared.max(1) as f64).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rates_come_back(fpir in 1e-6f64..0.9, n in 1usize..10_000_000) {
            let back = fpir_of(fmr_for(fpir, n), n);
            prop_assert!((back - fpir).abs() < 1e-9 * fpir.max(1e-3), "{back}");
        }

        #[test]
        fn more_faces_need_stricter_thresholds(n in 1usize..1_000_000) {
            prop_assert!(fmr_for(0.01, n + 1) < fmr_for(0.01, n));
        }
    }

    #[test]
    fn small_rates_add_up() {
        assert!((fpir_of(1e-6, 1000) - 1e-3).abs() < 1e-6);
        assert_eq!(fpir_of(0.3, 1), 0.3);
        assert_eq!(fpir_of(0.3, 0), 0.0);
    }
}
