//! Upper bounds of the scores of many rows: the loop that a search spends its time in.

use super::bound::{Rounded, ZERO};
use super::products::products;
use super::{COLUMNS, Index, ROWS};

/// Bundles of rows whose codes (128 KiB at 512 dimensions) stay in the nearest caches while every probe
/// passes over them.
pub(super) const BUNDLES: usize = 16;

/// Probes whose codes are multiplied with a bundle while it is in registers.
pub(super) const PROBES: usize = 4;

/// Writes upper bounds of the scores of the rows in [`BUNDLES`] bundles, or as many as there are, from
/// `first` on.
pub(super) fn bounds<const P: usize>(
    arch: pulp::Arch,
    index: &Index,
    first: usize,
    probes: [&Rounded<i8>; P],
    bounds: &mut [[[f32; ROWS]; BUNDLES]; P],
) {
    let n_groups = index.n_groups();
    let last = (first + BUNDLES).min(index.scales.len());
    let mut sums = [[[0i32; ROWS]; BUNDLES]; P];
    let bundles = &index.codes[first * n_groups..last * n_groups];
    let codes = probes.map(|probe| probe.codes.as_chunks::<COLUMNS>().0);
    products(arch, bundles, codes, &mut sums);
    for ((probe, sums), bounds) in probes.iter().zip(&sums).zip(bounds) {
        let total: i32 = probe.codes.iter().map(|c| i32::from(*c)).sum();
        let zero = total * i32::from(ZERO);
        let scales = &index.scales[first..last];
        let columns = scales.iter().zip(&index.residuals[first..last]);
        for ((sums, bounds), (scales, residuals)) in sums.iter().zip(bounds).zip(columns) {
            for lane in 0..ROWS {
                bounds[lane] =
                    probe.bound(sums[lane].wrapping_sub(zero), scales[lane], residuals[lane]);
            }
        }
    }
}
