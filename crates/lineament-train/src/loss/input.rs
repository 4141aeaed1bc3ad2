//! What a loss is given, and what it gives.

use crate::TrainError;
use tch::{Kind, Tensor};

/// One batch, seen by a network.
#[derive(Debug, Clone, Copy)]
pub struct LossInput<'a> {
    /// What the network gave, the embedding first: `[n, d]` each, not normalised.
    pub outputs: &'a [Tensor],
    /// Who each row shows, `[n]` i64; −1 where nobody known.
    pub labels: &'a Tensor,
    /// Steps of the optimiser before this one.
    pub step: u64,
    /// What another network sees in the rows, `[n, d']`.
    pub teacher: Option<&'a Tensor>,
}

/// A loss of one batch.
#[derive(Debug)]
pub struct LossOutput {
    /// What to differentiate: a scalar.
    pub total: Tensor,
    /// What to show: the terms of the loss, before weights, and what it remembers.
    pub parts: Vec<(&'static str, f64)>,
    /// Scores of all classes before any margin, `[m, n_classes]`, without gradient, one row for
    /// each of the m labelled rows in their order.
    pub logits: Option<Tensor>,
}

/// The rows of a batch that show somebody known.
pub(super) struct Labelled {
    /// `[m, d]`.
    pub(super) features: Tensor,
    /// `[m]`, i64.
    pub(super) labels: Tensor,
}

impl LossInput<'_> {
    /// The first output, `[n, dim]`, once it is known to be that.
    pub(super) fn features(&self, dim: i64) -> Result<&Tensor, TrainError> {
        let n_rows = self.labels.size().first().copied().unwrap_or(0);
        let size = self.outputs.first().map_or(vec![], Tensor::size);
        match self.outputs.first() {
            Some(features) if size == [n_rows, dim] && self.labels.dim() == 1 => Ok(features),
            _ => Err(TrainError::LossShape {
                what: "the network's output",
                expected: vec![n_rows, dim],
                got: size,
            }),
        }
    }

    /// Whether every label is a class, or none.
    pub(super) fn check_labels(&self, n_classes: i64) -> Result<(), TrainError> {
        if self.labels.numel() == 0 {
            return Ok(());
        }
        let (least, greatest) = self.labels.aminmax(None, false);
        let ends = [least.int64_value(&[]), greatest.int64_value(&[])];
        match ends.into_iter().find(|got| !(-1..n_classes).contains(got)) {
            Some(got) => Err(TrainError::Label { got, n_classes }),
            None => Ok(()),
        }
    }

    /// The labelled rows of the first output.
    pub(super) fn labelled(&self, dim: i64, n_classes: i64) -> Result<Labelled, TrainError> {
        let features = self.features(dim)?;
        self.check_labels(n_classes)?;
        let known = self.labels.ge(0).nonzero().squeeze_dim(1);
        Ok(Labelled {
            features: features.index_select(0, &known),
            labels: self.labels.index_select(0, &known),
        })
    }
}

impl LossOutput {
    /// A loss of one term.
    pub(super) fn of(name: &'static str, total: Tensor, logits: Option<Tensor>) -> Self {
        Self {
            parts: vec![(name, total.double_value(&[]))],
            total,
            logits: logits.map(|logits| logits.detach()),
        }
    }

    /// The share of labelled rows whose own class has the greatest score; `None` without scores or
    /// without such rows. `labels` are the batch's.
    #[must_use]
    pub fn accuracy(&self, labels: &Tensor) -> Option<f64> {
        let logits = self.logits.as_ref().filter(|logits| logits.size()[0] > 0)?;
        let known = labels.masked_select(&labels.ge(0));
        let hits = logits.argmax(1, false).eq_tensor(&known);
        Some(hits.to_kind(Kind::Double).mean(None).double_value(&[]))
    }
}
