//! Pictures from one layout to another.

use std::ops::Range;

use super::{Machine, rows};
use crate::isa::Isa;
use crate::picture::{Picture, RowAt};
use crate::share::each_row;

/// Copies channels of a picture, from `first` on, into another layout, rounding where that has less exact numbers; unused lanes
/// become zeros.
pub(crate) fn relayout(
    machine: Machine<'_>,
    [from, to]: &[Picture; 2],
    first: usize,
    source: &[f32],
    target: &mut [f32],
) {
    let isa = machine.isa;
    each_row(machine.pool, to, target, |at, row| {
        rows::write(isa, to, row, |row| {
            relayout_row(isa, [from, to], first, source, at, row)
        });
    });
}

/// One row of `to`.
fn relayout_row(
    isa: Isa,
    [from, to]: [&Picture; 2],
    first: usize,
    source: &[f32],
    at: RowAt,
    row: &mut [f32],
) {
    if from.lanes == to.lanes && first == 0 {
        return rows::read(isa, from, source, at, |line| row.copy_from_slice(line));
    }
    for lane in 0..to.lanes {
        let channel = at.block * to.lanes + lane;
        let out = row[lane..].iter_mut().step_by(to.lanes);
        if channel >= to.channels {
            out.for_each(|v| *v = 0.0);
            continue;
        }
        let channel = first + channel;
        let block = channel / from.lanes;
        rows::read(isa, from, source, RowAt { block, ..at }, |line| {
            let values = line[channel % from.lanes..].iter().step_by(from.lanes);
            out.zip(values).for_each(|(out, value)| *out = *value);
        });
    }
}

/// Copies `channels` of a picture to `[batch][rows][columns][channels]`.
pub(crate) fn channels_last(
    machine: Machine<'_>,
    from: &Picture,
    channels: &Range<usize>,
    source: &[f32],
    target: &mut [f32],
) {
    // All channels beside each other: one block of so many lanes.
    let to = Picture::new(
        [from.batch, channels.len(), from.height, from.width],
        channels.len(),
    );
    each_row(machine.pool, &to, target, |at, row| {
        for block in channels.start / from.lanes..channels.end.div_ceil(from.lanes) {
            let first = block * from.lanes;
            let wanted = channels.start.max(first)..channels.end.min(first + from.lanes);
            let lanes = wanted.start - first..wanted.end - first;
            let out = wanted.start - channels.start..wanted.end - channels.start;
            rows::read(machine.isa, from, source, RowAt { block, ..at }, |line| {
                let pixels = line.chunks_exact(from.lanes);
                for (to, pixel) in row.chunks_exact_mut(channels.len()).zip(pixels) {
                    to[out.clone()].copy_from_slice(&pixel[lanes.clone()]);
                }
            });
        }
    });
}

/// Joins pictures along their channels. All but the last must fill their blocks.
pub(crate) fn join<'a>(
    machine: Machine<'_>,
    from: &[Picture],
    to: &Picture,
    sources: impl Iterator<Item = &'a [f32]> + Clone + Sync,
    target: &mut [f32],
) {
    each_row(machine.pool, to, target, |at, row| {
        let mut block = at.block;
        for (picture, values) in from.iter().zip(sources.clone()) {
            if block < picture.blocks() {
                return row.copy_from_slice(picture.row(values, RowAt { block, ..at }));
            }
            block -= picture.blocks();
        }
    });
}
