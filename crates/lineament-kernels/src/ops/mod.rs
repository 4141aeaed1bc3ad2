//! The operators, typed: what a node does, without its tensors.

mod read;
mod sigmoid;
mod window;

pub(crate) use window::{Pads, Slide, Window};

use std::sync::Arc;

use crate::constant::Constant;

/// What a node does.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Constant(Constant),
    Identity,
    Shape {
        start: i64,
        end: Option<i64>,
    },
    ConstantOfShape(Constant),
    Gather {
        axis: i64,
    },
    /// Axes from the attribute (opset < 13), else from the second input.
    Unsqueeze {
        axes: Option<Vec<i64>>,
    },
    Squeeze {
        axes: Option<Vec<i64>>,
    },
    /// Bounds from attributes (opset < 10), else from inputs.
    Slice(Option<SliceBounds>),
    CastToInt,
    CastToFloat,
    Concat {
        axis: i64,
    },
    Reshape,
    Flatten {
        axis: i64,
    },
    Transpose {
        order: Option<Vec<usize>>,
    },
    Conv {
        window: Window,
        n_groups: usize,
    },
    BatchNorm {
        epsilon: f32,
    },
    PRelu,
    /// Bounds from attributes (opset < 11), else from inputs.
    Clip {
        bounds: Option<(f32, f32)>,
    },
    Map(Activation),
    Binary(Binary),
    MaxPool(Window),
    AveragePool {
        window: Window,
        counts_padding: bool,
    },
    GlobalAveragePool,
    Resize(Resize),
    Gemm {
        alpha: f32,
        beta: f32,
        transposed: [bool; 2],
    },
    MatMul,
    Softmax {
        axis: i64,
        scope: SoftmaxScope,
    },
    /// Division by a norm along an axis.
    LpNormalization {
        axis: i64,
        norm: Norm,
    },
    Reduce {
        how: Reduction,
        axes: Option<Vec<i64>>,
        keeps: bool,
    },
}

/// The bounds of a `Slice`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SliceBounds {
    pub(crate) starts: Vec<i64>,
    pub(crate) ends: Vec<i64>,
    pub(crate) axes: Option<Vec<i64>>,
}

/// What a softmax sums over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoftmaxScope {
    /// One axis (opset ≥ 13).
    Axis,
    /// That axis and all after it (opset < 13).
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    /// The sum of amounts.
    L1,
    /// The Euclidean norm.
    L2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    Mean,
    Sum,
    /// The Euclidean norm.
    L2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

impl Binary {
    pub(crate) fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Pow => a.powf(b),
        }
    }

    pub(crate) fn apply_ints(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div(b),
            Self::Pow => a.checked_pow(u32::try_from(b).ok()?),
        }
    }
}

/// A function of one number, or of one number and its channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Activation {
    Identity,
    Relu,
    Clip {
        low: f32,
        high: f32,
    },
    /// Negative numbers times the slope of their channel; one slope serves all channels.
    PRelu(Arc<[f32]>),
    Sigmoid,
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    /// x · clip(x/6 + 1/2, 0, 1).
    HardSwish,
    /// x · sigmoid(x).
    Silu,
    Tanh,
    Exp,
    Sqrt,
    Neg,
    Abs,
}

impl Activation {
    /// The function of `x`; `slope` is its channel's, for [`PRelu`](Self::PRelu).
    #[inline(always)]
    pub(crate) fn apply(&self, x: f32, slope: f32) -> f32 {
        match *self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Clip { low, high } => x.max(low).min(high),
            Self::PRelu(_) => {
                if x < 0.0 {
                    x * slope
                } else {
                    x
                }
            }
            Self::Sigmoid => sigmoid::sigmoid(x),
            Self::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Silu => x * sigmoid::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Exp => x.exp(),
            Self::Sqrt => x.sqrt(),
            Self::Neg => -x,
            Self::Abs => x.abs(),
        }
    }

    /// Whether it gives no negative numbers.
    pub(crate) fn is_non_negative(&self) -> bool {
        match self {
            Self::Relu | Self::Sigmoid | Self::Abs | Self::Exp | Self::HardSigmoid { .. } => true,
            Self::Clip { low, .. } => *low >= 0.0,
            _ => false,
        }
    }

    /// The slope of `channel`, where there are any.
    pub(crate) fn slope(&self, channel: usize) -> f32 {
        match self {
            Self::PRelu(slopes) if slopes.len() == 1 => slopes[0],
            Self::PRelu(slopes) => slopes.get(channel).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// Whether the convolution kernels have it among their last steps.
    pub(crate) fn fuses(&self) -> bool {
        !matches!(
            self,
            Self::Tanh | Self::Exp | Self::Sqrt | Self::Neg | Self::Abs
        )
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::Clip { .. } => "clip",
            Self::PRelu(_) => "prelu",
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid { .. } => "hardsigmoid",
            Self::HardSwish => "hardswish",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Neg => "neg",
            Self::Abs => "abs",
        }
    }
}

/// How a picture changes its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resize {
    pub(crate) sampling: Sampling,
    pub(crate) coordinates: Coordinates,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sampling {
    Nearest(Nearest),
    Linear,
}

/// Which neighbour is the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nearest {
    Floor,
    Ceil,
    RoundPreferFloor,
    RoundPreferCeil,
}

/// Where an output pixel lies in the input, for a scale s = output / input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coordinates {
    /// (x + ½)/s − ½.
    HalfPixel,
    /// The same, and 0 when the output has one pixel.
    PytorchHalfPixel,
    /// x/s.
    Asymmetric,
    /// x·(input − 1)/(output − 1).
    AlignCorners,
}
