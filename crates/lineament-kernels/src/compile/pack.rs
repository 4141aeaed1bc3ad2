//! Weights in the order in which kernels use them, made once for all shapes of input.

use std::collections::HashMap;
use std::sync::Arc;

use super::fuse::Product;
use crate::aligned::Aligned;
use crate::error::{KernelError, within};
use crate::kernels::dense::Packed;
use crate::kernels::winograd::{self, AREA};
use crate::numbers::{Numbers, bytes, bytes_of, halves, pair};
use crate::picture::Picture;

/// Most weights of a grouped convolution that is widened to one group.
const MAX_WIDENED: usize = 1 << 24;

/// Most weights of matrix products at places, with those that fill blocks: 512 MiB of `f32`.
const MAX_PADDED: usize = 1 << 27;

/// The weights that were packed before, by their node and what their words go with: the lanes and
/// numbers of its input.
#[derive(Debug, Default)]
pub(crate) struct PackedWeights {
    dense: HashMap<(usize, usize, Numbers), Arc<Packed>>,
    depthwise: HashMap<usize, Arc<Aligned>>,
    winograd: HashMap<(usize, Numbers), Arc<Packed>>,
}

impl PackedWeights {
    /// For a product of `source`, whose target has `lanes`.
    pub(crate) fn dense(
        &mut self,
        product: &Product,
        source: &Picture,
        lanes: usize,
    ) -> Arc<Packed> {
        let key = (product.node, source.lanes, source.numbers);
        let packed = self.dense.entry(key);
        Arc::clone(packed.or_insert_with(|| Arc::new(pack(product, source, lanes))))
    }

    pub(crate) fn depthwise(&mut self, product: &Product, lanes: usize) -> Arc<Aligned> {
        let packed = self.depthwise.entry(product.node);
        Arc::clone(packed.or_insert_with(|| Arc::new(pack_depthwise(product, lanes))))
    }

    /// For a 3x3 convolution by tiles of a source of `numbers`.
    pub(crate) fn winograd(
        &mut self,
        product: &Product,
        numbers: Numbers,
        lanes: usize,
    ) -> Arc<Packed> {
        let packed = self.winograd.entry((product.node, numbers));
        Arc::clone(packed.or_insert_with(|| Arc::new(pack_winograd(product, numbers, lanes))))
    }
}

/// Puts a weight at a place of a vector of words: number `at` of those that `lane` has there. Where the
/// words hold steps, `per_weight` is how many there are for each 1.
fn put(
    words: &mut [f32],
    numbers: Numbers,
    [at, lane, lanes]: [usize; 3],
    (weight, per_weight): (f32, f32),
) {
    let per_word = numbers.per_word();
    let word = &mut words[at / per_word * lanes + lane];
    *word = match (numbers, at % per_word) {
        (Numbers::F32, _) => weight,
        (Numbers::Bf16, 0) => pair([weight, halves(*word)[1]]),
        (Numbers::Bf16, _) => pair([halves(*word)[0], weight]),
        (Numbers::U8 { .. }, place) => {
            let mut steps = bytes_of(*word);
            steps[place] = step(weight, per_weight).cast_unsigned();
            bytes(steps)
        }
    };
}

/// The nearest step, of which there are `per_weight` for each 1.
fn step(weight: f32, per_weight: f32) -> i8 {
    (weight * per_weight).round_ties_even() as i8
}

/// Steps for each 1 of the weights of one output, of which the greatest becomes 127.
fn steps_per_weight(weights: &[f32]) -> f32 {
    let greatest = weights
        .iter()
        .fold(0f32, |greatest, w| greatest.max(w.abs()));
    if greatest > 0.0 {
        127.0 / greatest
    } else {
        1.0
    }
}

fn pack(product: &Product, source: &Picture, lanes: usize) -> Packed {
    let [outputs, inputs, height, width] = product.dims;
    let (area, per_word) = (height * width, source.numbers.per_word());
    // Each tap begins with a word of its own.
    let room = |channels: usize| channels.next_multiple_of(per_word);
    let whole_blocks = inputs / source.lanes * source.lanes;
    let n_inputs = whole_blocks / source.lanes * room(source.lanes) + room(inputs - whole_blocks);
    let block_stride = n_inputs / per_word * area * lanes;
    let mut weights = Aligned::zeroed(outputs.div_ceil(lanes) * block_stride);
    let steps = steps(product, source.numbers, lanes);
    for output in 0..outputs {
        let block = &mut weights[output / lanes * block_stride..][..block_stride];
        let own = &product.weights[output * inputs * area..(output + 1) * inputs * area];
        let per_weight = steps.scales.get(output).map_or(1.0, |scale| 1.0 / scale);
        // Taps go block by block of input channels, within one place by place, then channels.
        for input in 0..inputs {
            let first = input / source.lanes * source.lanes;
            let count = room(source.lanes.min(inputs - first));
            let before = first / source.lanes * room(source.lanes) * area;
            for place in 0..area {
                let at = before + place * count + input - first;
                let weight = (own[input * area + place], per_weight);
                put(block, source.numbers, [at, output % lanes, lanes], weight);
            }
        }
    }
    Packed {
        weights,
        block_stride,
        ..steps
    }
}

/// What goes with weights as steps, where `numbers` are steps: no weights yet.
fn steps(product: &Product, numbers: Numbers, lanes: usize) -> Packed {
    let mut packed = Packed::default();
    let Numbers::U8 { zero } = numbers else {
        return packed;
    };
    let [outputs, inputs, height, width] = product.dims;
    let n = outputs.next_multiple_of(lanes);
    (packed.scales, packed.starts) = (Aligned::zeroed(n), Aligned::zeroed(n));
    let of_outputs = product
        .weights
        .chunks_exact((inputs * height * width).max(1));
    for (output, weights) in of_outputs.enumerate() {
        let scale = 1.0 / steps_per_weight(weights);
        let steps = weights.iter().map(|&w| i32::from(step(w, 1.0 / scale)));
        let start = -i32::from(zero) * steps.sum::<i32>();
        packed.scales[output] = scale;
        packed.starts[output] = f32::from_bits(start.cast_unsigned());
    }
    packed
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

fn pack_winograd(product: &Product, numbers: Numbers, lanes: usize) -> Packed {
    let [outputs, inputs, ..] = product.dims;
    // Inputs fill their blocks, and so their words.
    let block_stride = AREA * inputs / numbers.per_word() * lanes;
    let mut weights = Aligned::zeroed(outputs.div_ceil(lanes) * block_stride);
    let (filters, _) = product.weights.as_chunks::<9>();
    let blocks = weights.chunks_exact_mut(block_stride.max(1));
    for (block, of_outputs) in blocks.zip(filters.chunks((inputs * lanes).max(1))) {
        // Input by input, so that neighbouring lanes are written one after another.
        for input in 0..inputs {
            let of_lanes = of_outputs.iter().skip(input).step_by(inputs);
            for (lane, filter) in of_lanes.enumerate() {
                for (number, value) in winograd::filter(filter).into_iter().enumerate() {
                    put(
                        block,
                        numbers,
                        [number * inputs + input, lane, lanes],
                        (value, 1.0),
                    );
                }
            }
        }
    }
    Packed {
        weights,
        block_stride,
        ..Packed::default()
    }
}

/// Numbers of each channel, with zeros for the lanes that no channel uses.
pub(crate) fn by_channel(values: &[f32], lanes: usize) -> Aligned {
    let mut padded = Aligned::zeroed(values.len().next_multiple_of(lanes));
    padded[..values.len()].copy_from_slice(values);
    padded
}

/// Matrix products at places with outputs of zeros behind those of each place, so that each begins with a block of lanes.
pub(crate) fn pad_places(
    product: &mut Product,
    n_places: usize,
    lanes: usize,
) -> Result<(), KernelError> {
    let [outputs, inputs, ..] = product.dims;
    let own = outputs / n_places;
    let padded = own.next_multiple_of(lanes);
    if n_places == 1 || own == padded {
        return Ok(());
    }
    let n = padded.saturating_mul(n_places).saturating_mul(inputs);
    within("matrices with weights", n, MAX_PADDED)?;
    let spread = |values: &[f32], of_output: usize| {
        let mut wide = vec![0.0; n_places * padded * of_output];
        let places = wide.chunks_exact_mut(padded * of_output);
        for (wide, values) in places.zip(values.chunks_exact(own * of_output)) {
            wide[..values.len()].copy_from_slice(values);
        }
        wide
    };
    product.weights = spread(&product.weights, inputs).into();
    product.bias = spread(&product.bias, 1);
    product.dims[0] = n_places * padded;
    Ok(())
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
