//! What convolutions do to a result before it leaves the registers.

use std::sync::Arc;

use crate::aligned::Aligned;
use crate::isa::Isa;
use crate::ops::Activation;

/// Bias, activation, residual and another activation, in this order.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    /// One a channel, with zeros for unused lanes.
    pub(crate) bias: Arc<Aligned>,
    /// Simple enough to be applied in registers.
    pub(crate) before: InRegister,
    /// Whether a picture of the output's shape is added.
    pub(crate) adds: bool,
    pub(crate) after: InRegister,
    /// Applied to whole rows while they are in the nearest cache.
    pub(crate) last: Option<Activation>,
}

/// The activations of a few instructions.
#[derive(Debug, Clone)]
pub(crate) enum InRegister {
    Identity,
    Relu,
    Clip {
        low: f32,
        high: f32,
    },
    /// One slope a channel, with zeros for unused lanes.
    PRelu(Arc<Aligned>),
}

impl InRegister {
    /// `activation` for `channels` in blocks of `lanes`, unless it is not one of these.
    pub(crate) fn of(activation: &Activation, channels: usize, lanes: usize) -> Option<Self> {
        match activation {
            Activation::Identity => Some(Self::Identity),
            Activation::Relu => Some(Self::Relu),
            &Activation::Clip { low, high } => Some(Self::Clip { low, high }),
            Activation::PRelu(_) => {
                let mut slopes = Aligned::zeroed(channels.next_multiple_of(lanes));
                for (channel, slope) in slopes[..channels].iter_mut().enumerate() {
                    *slope = activation.slope(channel);
                }
                Some(Self::PRelu(Arc::new(slopes)))
            }
            _ => None,
        }
    }

    /// The function of `x`, of this channel among all lanes.
    #[inline(always)]
    pub(crate) fn apply(&self, x: f32, channel: usize) -> f32 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Clip { low, high } => x.max(*low).min(*high),
            Self::PRelu(slopes) => x.max(0.0) + x.min(0.0) * slopes[channel],
        }
    }
}

impl Finish {
    /// The value `sum` of `channel`, with the residual's `addend`.
    #[inline(always)]
    pub(crate) fn apply(&self, sum: f32, channel: usize, addend: f32) -> f32 {
        let value = self.before.apply(sum, channel);
        self.after.apply(value + addend, channel)
    }

    /// Applies what is left to a finished row of `block`.
    pub(crate) fn finish_row(&self, isa: Isa, row: &mut [f32], block: usize) {
        if let Some(last) = &self.last {
            let lanes = isa.lanes();
            isa.vectorize(|| super::pointwise::activate_row(last, row, lanes, block * lanes));
        }
    }
}
