//! Upper bounds of the scores of many rows: the loop that a search spends its time in.

use super::bound::Rounded;
use super::products::{Eight, products};
use super::{Index, ROWS};

/// Bundles of rows whose halves of codes (64 KiB at 512 dimensions) stay in the nearest caches while every
/// probe passes over them.
pub(super) const BUNDLES: usize = 16;

/// Probes whose codes are multiplied with a bundle while it is in registers.
pub(super) const PROBES: usize = 4;

/// Adds to `peaks`, for each probe, what no score of a row of a bundle exceeds, by the upper halves of its codes; of
/// [`BUNDLES`] bundles, or as many as there are, from `first` on.
pub(super) fn peaks<const P: usize>(
    arch: pulp::Arch,
    index: &Index,
    first: usize,
    probes: [&Rounded<i8>; P],
    peaks: [&mut Vec<f32>; P],
) {
    let last = (first + BUNDLES).min(index.scales.len());
    let groups = &index.upper[index.groups(first).start..index.groups(last).start];
    let mut sums = [[[0; ROWS]; BUNDLES]; P];
    products(arch, groups, probes.map(codes), &mut sums);
    for ((probe, sums), peaks) in probes.iter().zip(&sums).zip(peaks) {
        let zero = probe.upper_zero();
        let (scales, residuals) = (
            &index.scales[first..last],
            &index.upper_residuals[first..last],
        );
        let bundles = sums.iter().zip(scales).zip(residuals);
        peaks.extend(bundles.map(|((sums, scales), residuals)| {
            let mut greatest = f32::NEG_INFINITY;
            for lane in 0..ROWS {
                // Twice the product, and half the scale.
                let product = 32 * sums[lane] - zero;
                let bound = probe.bound(product, 0.5 * scales[lane], residuals[lane]);
                greatest = if bound > greatest { bound } else { greatest };
            }
            greatest
        }));
    }
}

/// Upper bounds of the scores of the rows of a bundle, by their whole codes.
pub(super) fn bounds(
    arch: pulp::Arch,
    index: &Index,
    bundle: usize,
    probe: &Rounded<i8>,
) -> [f32; ROWS] {
    let (mut upper, mut lower) = ([[[0; ROWS]; 1]; 1], [[[0; ROWS]; 1]; 1]);
    let groups = index.groups(bundle);
    products(
        arch,
        &index.upper[groups.clone()],
        [codes(probe)],
        &mut upper,
    );
    products(arch, &index.lower[groups], [codes(probe)], &mut lower);
    let ([[upper]], [[lower]], zero) = (upper, lower, probe.zero());
    let (scales, residuals) = (&index.scales[bundle], &index.residuals[bundle]);
    std::array::from_fn(|lane| {
        let product = 16 * upper[lane] + lower[lane] - zero;
        probe.bound(product, scales[lane], residuals[lane])
    })
}

fn codes(probe: &Rounded<i8>) -> &[Eight] {
    probe.codes.as_chunks().0.as_chunks().0
}
