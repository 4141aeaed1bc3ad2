//! Cross-entropy against classes.

use tch::{Reduction, Tensor};

/// Label that no row has.
const NONE: i64 = -100;

/// The mean over rows of −Σ_j q_j log softmax(z)_j with q = (1 − ε)·onehot(label) + ε/C; 0 without
/// rows. `logits` are `[m, C]`, `labels` `[m]`.
pub(super) fn cross_entropy(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Tensor {
    let sum = logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::Sum, NONE, smoothing);
    sum / labels.size()[0].max(1) as f64
}
