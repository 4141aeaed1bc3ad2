//! Which rows of a batch are compared with which.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// How a batch becomes pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Rows 0 and 1, 2 and 3, …, as a sampler of pairs lays them; a last odd row is left alone.
    #[default]
    Neighbours,
    /// Every row with every other, once.
    All,
}

/// Pairs of rows, p of them, in ascending order.
pub(super) struct Pairs {
    /// `[p]`, i64.
    pub(super) first: Tensor,
    /// `[p]`, i64.
    pub(super) second: Tensor,
    /// Whether the two show one person, `[p]`, bool.
    pub(super) same: Tensor,
}

impl Pairs {
    /// The pairs of a batch whose rows both show somebody known; `labels` are `[n]`.
    pub(super) fn of(labels: &Tensor, pairing: Pairing) -> Self {
        let n_rows = labels.size()[0];
        let options = (Kind::Int64, labels.device());
        let (first, second) = match pairing {
            Pairing::Neighbours => {
                let first = Tensor::arange(n_rows / 2, options) * 2;
                let second = &first + 1;
                (first, second)
            }
            Pairing::All => {
                let both = Tensor::triu_indices(n_rows, n_rows, 1, options);
                (both.get(0), both.get(1))
            }
        };
        Self::labelled(labels, &first, &second)
    }

    fn labelled(labels: &Tensor, first: &Tensor, second: &Tensor) -> Self {
        let [a, b] = [first, second].map(|rows| labels.index_select(0, rows));
        let known = a.ge(0).logical_and(&b.ge(0));
        Self {
            first: first.masked_select(&known),
            second: second.masked_select(&known),
            same: a.eq_tensor(&b).masked_select(&known),
        }
    }

    /// The rows of `features` `[n, d]` at both ends, `[p, d]` each.
    pub(super) fn ends(&self, features: &Tensor) -> (Tensor, Tensor) {
        (
            features.index_select(0, &self.first),
            features.index_select(0, &self.second),
        )
    }

    /// The mean of a value `[p]` of each pair; 0 without pairs.
    pub(super) fn mean(&self, values: &Tensor) -> Tensor {
        values.sum(None::<Kind>) / self.same.size()[0].max(1) as f64
    }
}

/// How an anchor and a positive get their negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negatives {
    /// The nearest of those farther than the positive by less than the margin; a pair without one
    /// makes no triplet.
    #[default]
    SemiHard,
    /// The nearest.
    Hard,
    /// Each that is not farther than the positive by the margin.
    All,
}

/// The triplets (anchor, positive, negative) of a batch that are not satisfied: those with
/// d(a, p) + margin > d(a, n). Anchor and positive are any two rows of one person, in both orders.
///
/// A hinge is linear where it is not 0. The sum over triplets, and its gradient, are therefore those
/// of Σ positive·d − Σ negative·d + n·margin, which takes `[n, n]` memory, not `[n, n, n]`.
pub(super) struct Triplets {
    /// In how many triplets (i, j) are anchor and positive, `[n, n]`.
    pub(super) positive: Tensor,
    /// In how many triplets (i, j) are anchor and negative, `[n, n]`.
    pub(super) negative: Tensor,
    /// How many there are.
    pub(super) n_triplets: f64,
}

impl Triplets {
    /// Triplets among rows with `distances` `[n, n]`, without gradient, and `labels` `[n]` of known
    /// people. Of equally near negatives the lowest row is taken.
    pub(super) fn mine(
        distances: &Tensor,
        labels: &Tensor,
        negatives: Negatives,
        margin: f64,
    ) -> Self {
        let same = labels.unsqueeze(1).eq_tensor(&labels.unsqueeze(0));
        let itself = Tensor::eye(labels.size()[0], (Kind::Bool, labels.device()));
        let rows = Rows {
            reach: distances + margin,
            is_pair: same.logical_and(&itself.logical_not()),
            same,
            distances,
        };
        match negatives {
            Negatives::All => rows.with_every_negative(),
            Negatives::Hard => rows.with_negative_at(|_| labels.zeros_like().unsqueeze(1)),
            // The first that is farther than the positive.
            Negatives::SemiHard => {
                rows.with_negative_at(|sorted| count(sorted, Side::UpTo, distances))
            }
        }
    }

    fn counted(positive: Tensor, negative: Tensor) -> Self {
        Self {
            n_triplets: positive.sum(Kind::Double).double_value(&[]),
            positive,
            negative,
        }
    }
}

/// All that is known of a batch's rows, `[n, n]` each.
struct Rows<'a> {
    distances: &'a Tensor,
    /// Distances plus the margin.
    reach: Tensor,
    /// Whether two rows show one person.
    same: Tensor,
    /// The same, but for a row with itself.
    is_pair: Tensor,
}

impl Rows<'_> {
    /// Each anchor's negatives, nearest first, and then infinities; and which rows they are.
    fn negatives(&self) -> (Tensor, Tensor) {
        let only = self.distances.masked_fill(&self.same, f64::INFINITY);
        only.sort_stable(true, 1, false)
    }

    /// One negative a pair: the one at a place, `[n, n]` or `[n, 1]`, of the anchor's sorted ones.
    fn with_negative_at(&self, place: impl Fn(&Tensor) -> Tensor) -> Triplets {
        let (sorted, rows) = self.negatives();
        // Past the end only where a distance is no number, which the loss then shows.
        let place = place(&sorted)
            .expand_as(&self.reach)
            .clamp_max(self.reach.size()[0] - 1);
        let is_open = sorted.gather(1, &place, false).lt_tensor(&self.reach);
        let positive = self.numbers(&is_open.logical_and(&self.is_pair));
        let none = self.reach.zeros_like();
        let negative = none.scatter_add(1, &rows.gather(1, &place, false), &positive);
        Triplets::counted(positive, negative)
    }

    fn with_every_negative(&self) -> Triplets {
        let (sorted, _) = self.negatives();
        let nearer = self.numbers(&count(&sorted, Side::Below, &self.reach));
        let no_pair = self.is_pair.logical_not();
        let (reaches, _) = self
            .reach
            .masked_fill(&no_pair, f64::INFINITY)
            .sort(1, false);
        let n_positives = self.is_pair.sum_dim_intlist(1, true, Kind::Int64);
        let beyond = n_positives - count(&reaches, Side::UpTo, self.distances);
        Triplets::counted(
            nearer * self.numbers(&self.is_pair),
            self.numbers(&beyond) * self.numbers(&self.same.logical_not()),
        )
    }

    fn numbers(&self, counts: &Tensor) -> Tensor {
        counts.to_kind(self.reach.kind())
    }
}

/// Which of some sorted numbers are counted.
#[derive(Clone, Copy)]
enum Side {
    /// Those below a value.
    Below,
    /// Those not above it.
    UpTo,
}

/// How many of a row of `sorted` `[n, n]` lie on that side of each value of that row, `[n, n]`.
fn count(sorted: &Tensor, side: Side, values: &Tensor) -> Tensor {
    let (right, side) = match side {
        Side::Below => (false, "left"),
        Side::UpTo => (true, "right"),
    };
    let values = values.contiguous();
    values.searchsorted::<Tensor>(&sorted.contiguous(), false, right, side, None)
}
