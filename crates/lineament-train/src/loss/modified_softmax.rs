//! Modified softmax.

use super::cosine_head::{Angles, Judged, Margin};
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "modified_softmax";

/// Options of [`LossConfig::ModifiedSoftmax`](super::LossConfig::ModifiedSoftmax): none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModifiedSoftmaxOptions {}

/// Softmax over ‖x‖ cos θ_j: class weights of length 1 and no bias.
///
/// Source: Liu et al., CVPR 2017, eq. 4.
pub(super) struct ModifiedSoftmax;

impl Margin for ModifiedSoftmax {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        (&angles.cosines * angles.lengths.unsqueeze(1)).into()
    }
}
