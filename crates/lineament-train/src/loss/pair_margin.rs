//! The margin of a verification loss, and how it follows the distances of recent pairs.

use super::checked::number;
use super::memory::{Memory, kept};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};

/// Where a margin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum MarginRule {
    /// It stays.
    Fixed {
        /// The margin.
        value: f64,
    },
    /// After every so many pairs it is set to the distance that best separates those pairs.
    Recent {
        /// The margin until then.
        initial: f64,
        /// How many pairs.
        n_pairs: u32,
    },
}

impl Default for MarginRule {
    /// DeepID2's 200 000 pairs; the start is open.
    fn default() -> Self {
        Self::Recent {
            initial: 1.0,
            n_pairs: 200_000,
        }
    }
}

/// A margin and the pairs that the next one is taken from.
///
/// Source: Sun et al., NIPS 2014, section 2: m is not learned by gradient, but set to the threshold
/// with the least verification error on the recent pairs. Deviation: the shares of wrong pairs of
/// either kind are averaged, so that a batch with few pairs of one person does not lead to 0.
pub(super) struct PairMargin {
    margin: Memory,
    recent: Option<Recent>,
}

struct Recent {
    /// How many of the pairs are there.
    n_seen: Memory,
    /// `[n_pairs]`.
    distances: Tensor,
    /// `[n_pairs]`, 1 for pairs of one person.
    same: Tensor,
}

impl PairMargin {
    pub(super) fn new(
        path: &Path<'_>,
        loss: &'static str,
        rule: MarginRule,
    ) -> Result<Self, TrainError> {
        let (initial, n_pairs) = match rule {
            MarginRule::Fixed { value } => (value, None),
            MarginRule::Recent { initial, n_pairs } => (initial, Some(n_pairs)),
        };
        number(loss, "margin", initial).above_zero()?;
        if let Some(n_pairs) = n_pairs {
            number(loss, "margin.n_pairs", f64::from(n_pairs)).above_zero()?;
        }
        Ok(Self {
            margin: Memory::new(path, "margin", initial),
            recent: n_pairs.map(|n_pairs| Recent::new(path, i64::from(n_pairs))),
        })
    }

    pub(super) fn value(&self) -> f64 {
        self.margin.value()
    }

    /// Takes the distances of a batch's pairs in, `[p]` with `same` `[p]`.
    pub(super) fn observe(&mut self, distances: &Tensor, same: &Tensor) -> Result<(), TrainError> {
        let Some(recent) = &mut self.recent else {
            return Ok(());
        };
        let n_new = distances.size()[0];
        let mut taken = 0;
        while taken < n_new {
            taken += recent.take(
                &distances.slice(0, taken, n_new, 1),
                &same.slice(0, taken, n_new, 1),
            );
            let threshold = recent
                .full()?
                .and_then(|mut pairs| best_threshold(&mut pairs));
            if let Some(threshold) = threshold {
                self.margin.set(threshold);
            }
        }
        Ok(())
    }
}

impl Recent {
    fn new(path: &Path<'_>, n_pairs: i64) -> Self {
        Self {
            n_seen: Memory::new(path, "n_recent", 0.0),
            distances: kept(path, "recent_distances", &[n_pairs], 0.0),
            same: kept(path, "recent_same", &[n_pairs], 0.0),
        }
    }

    /// Keeps as many of these as there is room for, and says how many.
    fn take(&mut self, distances: &Tensor, same: &Tensor) -> i64 {
        let n_seen = self.n_seen.value() as i64;
        let n_taken = distances.size()[0].min(self.distances.size()[0] - n_seen);
        for (kept, new) in [(&self.distances, distances), (&self.same, same)] {
            let mut room = kept.narrow(0, n_seen, n_taken);
            room.copy_(&new.narrow(0, 0, n_taken));
        }
        self.n_seen.set((n_seen + n_taken) as f64);
        n_taken
    }

    /// All pairs, once there is no more room; they are forgotten then.
    fn full(&mut self) -> Result<Option<Vec<(f64, bool)>>, TrainError> {
        if self.n_seen.value() < self.distances.size()[0] as f64 {
            return Ok(None);
        }
        self.n_seen.set(0.0);
        let distances = Vec::<f64>::try_from(self.distances.to_kind(Kind::Double))?;
        let same = Vec::<f64>::try_from(self.same.to_kind(Kind::Double))?;
        let same = same.into_iter().map(|same| same > 0.5);
        Ok(Some(distances.into_iter().zip(same).collect()))
    }
}

/// The distance below which pairs are best said to show one person: halfway between the two
/// distances where the mean of both shares of wrong pairs is least, the lowest of equals. `None`
/// where all pairs are of one kind, or all distances 0.
fn best_threshold(pairs: &mut [(f64, bool)]) -> Option<f64> {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n_same = pairs.iter().filter(|pair| pair.1).count();
    let n_different = pairs.len() - n_same;
    if n_same == 0 || n_different == 0 {
        return None;
    }
    let (same_weight, different_weight) = (1.0 / n_same as f64, 1.0 / n_different as f64);
    // Of all pairs below the threshold: the share of different ones less that of same ones.
    let mut error = 0.0;
    let mut best: Option<(f64, f64)> = None;
    for (idx, (distance, same)) in pairs.iter().enumerate() {
        error += if *same {
            -same_weight
        } else {
            different_weight
        };
        let next = pairs.get(idx + 1).map_or(*distance, |pair| pair.0);
        let is_last = idx + 1 == pairs.len();
        let is_better = best.is_none_or(|(least, _)| error < least);
        if (next > *distance || is_last) && is_better {
            best = Some((error, (distance + next) / 2.0));
        }
    }
    best.map(|(_, threshold)| threshold)
        .filter(|threshold| *threshold > 0.0)
}
