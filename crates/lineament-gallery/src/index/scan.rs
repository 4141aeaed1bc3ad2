//! Upper bounds of the scores of many rows: the loop that a search spends its time in.

use pulp::{Simd, WithSimd};

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
    let (scales, residuals) = (
        &index.scales[first..last],
        &index.upper_residuals[first..last],
    );
    for ((probe, sums), peaks) in probes.into_iter().zip(&sums).zip(peaks) {
        let from = peaks.len();
        peaks.resize(from + scales.len(), 0.0);
        arch.dispatch(Greatest {
            probe,
            sums,
            scales,
            residuals,
            peaks: &mut peaks[from..],
        });
    }
}

/// Finds the greatest bound of each of some bundles from the products with the upper halves of their codes.
struct Greatest<'a> {
    probe: &'a Rounded<i8>,
    sums: &'a [[i32; ROWS]],
    scales: &'a [[f32; ROWS]],
    residuals: &'a [[f32; ROWS]],
    peaks: &'a mut [f32],
}

impl WithSimd for Greatest<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = self.probe.upper_zero();
        let bundles = self.sums.iter().zip(self.scales).zip(self.residuals);
        for (((sums, scales), residuals), peak) in bundles.zip(self.peaks) {
            // Twice the products.
            let mut products = [0.0; ROWS];
            for lane in 0..ROWS {
                products[lane] = (32 * sums[lane] - zero) as f32;
            }
            let (products, _) = S::as_simd_f32s(&products);
            let (scales, _) = S::as_simd_f32s(scales);
            let (residuals, _) = S::as_simd_f32s(residuals);
            let mut greatest = simd.splat_f32s(f32::NEG_INFINITY);
            for ((products, scales), residuals) in products.iter().zip(scales).zip(residuals) {
                let scales = simd.mul_f32s(simd.splat_f32s(0.5), *scales);
                let bounds = self.probe.bounds(simd, *products, scales, *residuals);
                greatest = simd.max_f32s(greatest, bounds);
            }
            *peak = simd.reduce_max_f32s(greatest);
        }
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
