//! What decides whether a probe's person is enrolled at all.

use super::top::{Candidate, TopCandidates};
use crate::error::EvalError;
use lineament_match::{OpenMax, probe_tail_confidence};
use serde::{Serialize, Serializer};

/// What is compared with the threshold of an open-set search.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejecter {
    /// The candidates' scores.
    Score,
    /// How far the best score stands out of the so many next, as
    /// [`lineament_match::probe_tail_confidence`] says; a search is accepted or refused as a whole.
    ProbeTail {
        /// The next best scores that the tail is fitted to.
        tail_size: usize,
    },
    /// The candidates' probabilities by OpenMax, whose classes are the persons of the gallery in
    /// order. Its activations are the scores times `scale`: softmax of cosines alone is nearly
    /// flat.
    OpenMax {
        /// Fitted on such activations.
        model: OpenMax,
        /// What scores are multiplied by; 64 where ArcFace's loss has s = 64.
        scale: f64,
    },
}

impl Serialize for Rejecter {
    /// Its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a rejecter makes of a probe's candidates.
pub(super) enum Decision {
    /// A number for every candidate.
    Each(Vec<f64>),
    /// One for all of them.
    All(f64),
}

impl Rejecter {
    /// Name for reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::ProbeTail { .. } => "probe-tail",
            Self::OpenMax { .. } => "open-max",
        }
    }

    /// Of a probe's scores against the gallery, `[gallery]`.
    pub(super) fn decide(&self, scores: &[f64]) -> Result<Decision, EvalError> {
        Ok(match self {
            Self::Score => Decision::Each(scores.to_vec()),
            Self::ProbeTail { tail_size } => {
                let mut top = TopCandidates::new(tail_size.saturating_add(1));
                let candidates = scores.iter().enumerate();
                candidates.for_each(|(entry, score)| {
                    top.add(Candidate {
                        entry,
                        score: *score,
                    })
                });
                let top: Vec<f64> = top.into_sorted().iter().map(|c| c.score).collect();
                Decision::All(probe_tail_confidence(&top, *tail_size)?)
            }
            Self::OpenMax { model, scale } => {
                let activations: Vec<f64> = scores.iter().map(|s| s * scale).collect();
                Decision::Each(model.probabilities(&activations)?.known)
            }
        })
    }
}

impl Decision {
    pub(super) fn of(&self, entry: usize) -> f64 {
        match self {
            Self::Each(all) => all[entry],
            Self::All(one) => *one,
        }
    }

    pub(super) fn greatest(&self) -> f64 {
        match self {
            Self::Each(all) => all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::All(one) => *one,
        }
    }
}
