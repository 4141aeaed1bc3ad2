//! Weights in the order in which kernels use them, made once for all shapes of input.

use std::collections::HashMap;
use std::sync::Arc;

use super::fuse::Product;
use crate::aligned::Aligned;
use crate::error::KernelError;
use crate::kernels::dense::Packed;
use crate::kernels::winograd::{self, AREA};

/// Most weights of a grouped convolution that is widened to one group.
const MAX_WIDENED: usize = 1 << 24;

/// The weights that were packed before, by their node and the lanes of its input.
#[derive(Debug, Default)]
pub(crate) struct PackedWeights {
    dense: HashMap<(usize, usize), Arc<Packed>>,
    depthwise: HashMap<usize, Arc<Aligned>>,
    winograd: HashMap<usize, Arc<Packed>>,
}

impl PackedWeights {
    /// For a product whose source has `source_lanes`, and whose target `lanes`.
    pub(crate) fn dense(
        &mut self,
        product: &Product,
        source_lanes: usize,
        lanes: usize,
    ) -> Arc<Packed> {
        let key = (product.node, source_lanes);
        let packed = self.dense.entry(key);
        Arc::clone(packed.or_insert_with(|| Arc::new(pack(product, source_lanes, lanes))))
    }

    pub(crate) fn depthwise(&mut self, product: &Product, lanes: usize) -> Arc<Aligned> {
        let packed = self.depthwise.entry(product.node);
        Arc::clone(packed.or_insert_with(|| Arc::new(pack_depthwise(product, lanes))))
    }

    /// For a 3x3 convolution by tiles.
    pub(crate) fn winograd(&mut self, product: &Product, lanes: usize) -> Arc<Packed> {
        let packed = self.winograd.entry(product.node);
        Arc::clone(packed.or_insert_with(|| Arc::new(pack_winograd(product, lanes))))
    }
}

fn pack(product: &Product, source_lanes: usize, lanes: usize) -> Packed {
    let [outputs, inputs, height, width] = product.dims;
    let area = height * width;
    let block_stride = inputs * area * lanes;
    let mut weights = Aligned::zeroed(outputs.div_ceil(lanes) * block_stride);
    for output in 0..outputs {
        let block = &mut weights[output / lanes * block_stride..][..block_stride];
        let own = &product.weights[output * inputs * area..(output + 1) * inputs * area];
        // Taps go block by block of input channels, within one place by place, then channels.
        for input in 0..inputs {
            let first = input / source_lanes * source_lanes;
            let count = source_lanes.min(inputs - first);
            for place in 0..area {
                let at = first * area + place * count + input - first;
                block[at * lanes + output % lanes] = own[input * area + place];
            }
        }
    }
    Packed {
        weights,
        block_stride,
    }
}

fn pack_depthwise(product: &Product, lanes: usize) -> Aligned {
    let [channels, _, height, width] = product.dims;
    let area = height * width;
    let mut weights = Aligned::zeroed(channels.next_multiple_of(lanes) * area);
    for channel in 0..channels {
        for place in 0..area {
            let at = (channel / lanes * area + place) * lanes + channel % lanes;
            weights[at] = product.weights[channel * area + place];
        }
    }
    weights
}

fn pack_winograd(product: &Product, lanes: usize) -> Packed {
    let [outputs, inputs, ..] = product.dims;
    let block_stride = AREA * inputs * lanes;
    let mut weights = Aligned::zeroed(outputs.div_ceil(lanes) * block_stride);
    let (filters, _) = product.weights.as_chunks::<9>();
    let blocks = weights.chunks_exact_mut(block_stride.max(1));
    for (block, of_outputs) in blocks.zip(filters.chunks((inputs * lanes).max(1))) {
        // Input by input, so that neighbouring lanes are written one after another.
        for input in 0..inputs {
            let of_lanes = of_outputs.iter().skip(input).step_by(inputs);
            for (lane, filter) in of_lanes.enumerate() {
                for (number, value) in winograd::filter(filter).into_iter().enumerate() {
                    block[(number * inputs + input) * lanes + lane] = value;
                }
            }
        }
    }
    Packed {
        weights,
        block_stride,
    }
}

/// Numbers of each channel, with zeros for the lanes that no channel uses.
pub(crate) fn by_channel(values: &[f32], lanes: usize) -> Aligned {
    let mut padded = Aligned::zeroed(values.len().next_multiple_of(lanes));
    padded[..values.len()].copy_from_slice(values);
    padded
}

/// A grouped convolution as one of a single group, with zeros between the groups.
pub(crate) fn widen(product: &mut Product, n_groups: usize) -> Result<(), KernelError> {
    let [outputs, inputs, height, width] = product.dims;
    let all = inputs * n_groups;
    let each = inputs * height * width;
    let n = outputs * all * height * width;
    if n > MAX_WIDENED {
        return Err(KernelError::Limit {
            what: "a grouped convolution with a number of weights",
            limit: MAX_WIDENED,
            got: n,
        });
    }
    let mut wide = vec![0.0; n];
    for output in 0..outputs {
        let group = output / (outputs / n_groups);
        let start = output * all * height * width + group * each;
        let own = &product.weights[output * each..(output + 1) * each];
        wide[start..start + each].copy_from_slice(own);
    }
    product.weights = wide.into();
    product.dims = [outputs, all, height, width];
    Ok(())
}
