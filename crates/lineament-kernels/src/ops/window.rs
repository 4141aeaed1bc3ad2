//! Windows that slide over pictures: convolutions and pools.

/// A window, height before width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its size; `None` where the weights tell.
    pub(crate) kernel: Option<[usize; 2]>,
    pub(crate) strides: [usize; 2],
    pub(crate) dilations: [usize; 2],
    pub(crate) pads: Pads,
    /// Whether a last, partial window counts.
    pub(crate) rounds_up: bool,
}

/// What lies around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pads {
    /// Rows and columns before (top, left) and after (bottom, right).
    Explicit {
        before: [usize; 2],
        after: [usize; 2],
    },
    /// So many that a stride of 1 keeps the size, an odd one after.
    SameUpper,
    /// The same, an odd one before.
    SameLower,
}

/// A window over a picture of known size, along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slide {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Padding before the picture.
    pub(crate) before: usize,
    /// Padding after it, as the file says; windows may reach further when rounding up.
    pub(crate) after: usize,
    pub(crate) output: usize,
}

impl Slide {
    /// How far beyond the picture of `length` the last window reaches.
    pub(crate) fn overhang(&self, length: usize) -> usize {
        let reach = (self.output - 1) * self.stride + (self.kernel - 1) * self.dilation + 1;
        reach.saturating_sub(self.before + length)
    }
}

impl Window {
    /// Along `axis` (0 height, 1 width) of a picture of `length`; `None` when it does not fit.
    pub(crate) fn slide(&self, axis: usize, length: usize, kernel: usize) -> Option<Slide> {
        let (stride, dilation) = (self.strides[axis], self.dilations[axis]);
        let extent = kernel
            .checked_sub(1)?
            .checked_mul(dilation)?
            .checked_add(1)?;
        let (before, after) = match self.pads {
            Pads::Explicit { before, after } => (before[axis], after[axis]),
            Pads::SameUpper | Pads::SameLower => {
                let output = length.div_ceil(stride);
                let total = ((output.checked_sub(1)?) * stride + extent).saturating_sub(length);
                match self.pads {
                    Pads::SameLower => (total.div_ceil(2), total / 2),
                    _ => (total / 2, total.div_ceil(2)),
                }
            }
        };
        let room = length
            .checked_add(before)?
            .checked_add(after)?
            .checked_sub(extent)?;
        let mut output = room / stride + 1;
        // A last window must begin inside the picture or the padding before it.
        if self.rounds_up && room % stride != 0 && output * stride < length + before {
            output += 1;
        }
        Some(Slide {
            kernel,
            stride,
            dilation,
            before,
            after,
            output,
        })
    }
}
