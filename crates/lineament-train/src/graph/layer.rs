//! The layers that networks are made of.

/// How the weights of a layer start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Normal with the variance 2 / fan-in (He et al., 2015).
    He,
    /// Uniform with the variance 1 / fan-in, Caffe's default form of Glorot and Bengio (2010).
    Xavier,
    /// Normal with this standard deviation.
    Normal(f64),
}

/// Where a kernel stands: its size, its steps, the zeros around the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Steps, in rows and in columns.
    pub stride: usize,
    /// Rows and columns added on both sides.
    pub padding: [usize; 2],
    /// Whether the last window may stand over the edge (pooling only), as Caffe's does.
    pub ceil: bool,
}

impl Window {
    /// A square of `kernel` in steps of `stride`, without padding.
    #[must_use]
    pub fn new(kernel: usize, stride: usize) -> Self {
        Self {
            kernel: [kernel; 2],
            stride,
            padding: [0; 2],
            ceil: false,
        }
    }

    /// With `padding` on all sides.
    #[must_use]
    pub fn pad(self, padding: usize) -> Self {
        Self {
            padding: [padding; 2],
            ..self
        }
    }

    /// With the last window over the edge.
    #[must_use]
    pub fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }
}

/// A convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conv {
    /// Channels that come out.
    pub out_channels: usize,
    /// Where the kernel stands.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Whether a number is added to each channel.
    pub bias: bool,
    /// How the weights start.
    pub init: Init,
    /// What the biases start at.
    pub bias_start: f64,
}

impl Conv {
    /// A square kernel that keeps the size of the maps at stride 1; without bias, He's start.
    #[must_use]
    pub fn new(out_channels: usize, kernel: usize, stride: usize) -> Self {
        Self {
            out_channels,
            window: Window::new(kernel, stride).pad(kernel / 2),
            groups: 1,
            bias: false,
            init: Init::He,
            bias_start: 0.0,
        }
    }

    /// Standing in this window instead.
    #[must_use]
    pub fn window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// In `groups`.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// With a bias.
    #[must_use]
    pub fn bias(self) -> Self {
        Self { bias: true, ..self }
    }

    /// Starting so.
    #[must_use]
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

/// A locally connected layer: a convolution with weights of its own at every place, or at every
/// block of places. Always with bias, one for each channel and place (block).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalConv {
    /// Channels that come out.
    pub out_channels: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Steps.
    pub stride: usize,
    /// Rows and columns of places that share weights; 1 for none. Divides the output's size.
    pub share: usize,
    /// How the weights start.
    pub init: Init,
    /// What the biases start at.
    pub bias_start: f64,
}

/// A fully connected layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Numbers that come out.
    pub out: usize,
    /// Whether a number is added to each.
    pub bias: bool,
    /// How the weights start.
    pub init: Init,
    /// What the biases start at.
    pub bias_start: f64,
}

impl Linear {
    /// With bias, starting as Caffe's.
    #[must_use]
    pub fn new(out: usize) -> Self {
        Self {
            out,
            bias: true,
            init: Init::Xavier,
            bias_start: 0.0,
        }
    }

    /// Without bias.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self {
            bias: false,
            ..self
        }
    }

    /// Starting so.
    #[must_use]
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }
}

/// What batch normalisation multiplies by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// A learned number a channel.
    Learned,
    /// Always 1, as at the end of insightface's networks.
    One,
}

/// What a window is reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The greatest.
    Max,
    /// The mean; zeros of the padding count.
    Mean,
    /// The root of the sum of the squares, zeros of the padding counted ("L2 pooling" of
    /// FaceNet's networks). Deviation: not below 1e-6, so that the gradient is finite.
    L2,
}

/// Functions of single numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rectifier {
    /// max(x, 0).
    Relu,
    /// max(x, 0), at most 6.
    Relu6,
    /// x, times a learned slope a channel where it is negative (He et al., 2015); starts at 0.25.
    PRelu,
    /// max(0, min(1, x/6 + 1/2)).
    HardSigmoid,
}

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layer {
    /// The preprocessed picture, RGB.
    Input,
    /// RGB to one channel, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    Grey,
    /// A convolution.
    Conv(Conv),
    /// A convolution without sharing.
    LocalConv(LocalConv),
    /// Batch normalisation over channels or over a vector's places (Ioffe and Szegedy, 2015).
    BatchNorm {
        /// Added to the variance.
        eps: f64,
        /// What multiplies.
        scale: Scale,
    },
    /// A function of single numbers.
    Rectifier(Rectifier),
    /// Pooling in windows.
    Pool(Pool, Window),
    /// Every place twice along and twice down: maps of twice the height and the width.
    Upsample,
    /// The mean of each channel, as a map of one place.
    GlobalMean,
    /// Normalisation by the `size` neighbouring channels (Krizhevsky et al., 2012, section 3.3):
    /// x / (k + alpha/size · Σ x²)^beta.
    LocalResponse {
        /// Channels in a neighbourhood.
        size: usize,
        /// Weight of the sum.
        alpha: f64,
        /// Exponent.
        beta: f64,
        /// Added to it.
        k: f64,
    },
    /// Maps as one vector, channels outermost.
    Flatten,
    /// A fully connected layer.
    Linear(Linear),
    /// The greatest of `pieces` neighbours each (Goodfellow et al., 2013).
    Maxout {
        /// Neighbours.
        pieces: usize,
    },
    /// Numbers set to 0 with this probability while training, the others scaled up.
    Dropout(f64),
    /// The sum of two tensors of one shape.
    Add,
    /// The first tensor times the second, a map of one place.
    Gate,
    /// Times a constant.
    Times(f64),
    /// Channels or places of several tensors one after the other.
    Concat,
}
