//! Upper bounds of the scores of many rows: the loop that a search spends its time in.

use std::ops::Range;

use super::{Index, Probe};

/// Rows of a block: with their codes (128 KiB at 512 dimensions) they stay in the nearest caches while
/// every probe passes over them.
pub(super) const BLOCK: usize = 256;

/// Writes an upper bound of the score of each row in `rows` and the probe to `bounds`, of which
/// there are as many.
pub(super) fn bounds(
    arch: pulp::Arch,
    index: &Index,
    rows: Range<usize>,
    probe: &Probe,
    bounds: &mut [f32],
) {
    let dimension = index.dimension;
    arch.dispatch(Bounds {
        codes: &index.codes[rows.start * dimension..rows.end * dimension],
        scales: &index.scales[rows.clone()],
        residuals: &index.residuals[rows],
        probe,
        bounds,
    });
}

/// Compiled several times, for the vectors of several generations of processors.
struct Bounds<'a> {
    codes: &'a [i8],
    scales: &'a [f32],
    residuals: &'a [f32],
    probe: &'a Probe,
    bounds: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Bounds<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Probe {
            codes: probe,
            scale,
            norm,
            allowance,
            ..
        } = self.probe;
        let rows = self.codes.chunks_exact(probe.len());
        let columns = self.scales.iter().zip(self.residuals).zip(self.bounds);
        for (row, ((row_scale, residual), bound)) in rows.zip(columns) {
            let product = integer_product(row, probe) as f32 * (scale * row_scale);
            *bound = product + norm * residual + allowance;
        }
    }
}

/// Σ row · probe. Multiplications of 16-bit integers that are added in pairs to 32 bits: one
/// instruction for 16 to 32 of them.
#[inline(always)]
fn integer_product(row: &[i8], probe: &[i16]) -> i32 {
    let pairs = row.iter().zip(probe);
    pairs.map(|(r, p)| i32::from(*r) * i32::from(*p)).sum()
}
