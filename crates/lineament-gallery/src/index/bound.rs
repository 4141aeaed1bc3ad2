//! Vectors as integers, and how far an integer score can be from the exact one.
//!
//! A row x is kept as s·c with 8-bit integers c, and the residual ρ ≥ ‖x − s·c‖. A probe q becomes
//! t·p with integers p and σ ≥ ‖q − t·p‖. Then
//!
//! q·x = t·s·(p·c) + t·p·(x − s·c) + (q − t·p)·x,
//!
//! and by Cauchy and Schwarz the last two are at most ‖t·p‖·ρ + σ·‖x‖. The sum is an upper bound of
//! the exact score that costs one integer product. A probe is rounded twice: coarsely, for the pass over
//! all rows, and finely, for the rows that the coarse bound leaves. Sixteen bits make σ some 250 times
//! smaller than ρ.
//!
//! Before that, the row stands for s·(16·u − 120.5) with the upper halves u of c + 128, the middle of all codes that
//! have them, with a residual of its own: half as many bytes, for a bound that is some sixteen times wider.

use pulp::Simd;

use super::{COLUMNS, Index, ROWS};
use crate::vector::norm;

/// Greatest code of a row.
const ROW_MAX: f32 = 127.0;
/// Greatest code of a coarse probe: sixteen products with halves of stored codes, of at most 15, are summed in
/// 16 bits (16 · 15 · 127 < 2¹⁵).
const COARSE_MAX: f32 = 127.0;
/// What is added to the codes of rows, to store them without a sign.
pub(super) const ZERO: u8 = 128;
/// What an upper half u stands for is 16·u less this.
const UPPER_ZERO: f64 = 120.5;
/// No stored vector is longer (see `Precision::decode`).
const NORM_MAX: f64 = 1.02;
/// More than all roundings to 32 bits on the way to a bound or an exact score: eight of at most
/// 2⁻²⁴ relative, of numbers no greater than 1.3.
const ROUNDING: f64 = 2e-6;

/// A probe as integers, and what makes a bound of their product with a row.
pub(super) struct Rounded<T> {
    /// p.
    pub(super) codes: Vec<T>,
    /// t.
    pub(super) scale: f32,
    /// At least ‖t·p‖.
    pub(super) norm: f32,
    /// What the bound adds for every row alike.
    pub(super) allowance: f32,
}

impl<T: Copy + Default + Into<i16>> Rounded<T> {
    /// `values` as codes of at most `limit` in magnitude.
    fn new(values: &[f32], limit: f32, code: impl Fn(f32) -> T) -> Self {
        let scale = scale(values, limit);
        let codes: Vec<T> = values
            .iter()
            .map(|v| code((v / scale).round().clamp(-limit, limit)))
            .collect();
        let numbers = || codes.iter().map(|c| f32::from((*c).into()));
        let stood_for: Vec<f32> = numbers().collect();
        let missing = residual(values, scale, numbers().map(f64::from));
        Self {
            norm: up(f64::from(scale) * norm(&stood_for)),
            allowance: up(missing * NORM_MAX + ROUNDING),
            codes,
            scale,
        }
    }

    /// What makes the product with the codes of a row out of that with the codes plus 128.
    pub(super) fn zero(&self) -> i32 {
        self.total() * i32::from(ZERO)
    }

    /// Twice what makes the product with what upper halves stand for out of 16 times the product with them.
    pub(super) fn upper_zero(&self) -> i32 {
        self.total() * (2.0 * UPPER_ZERO) as i32
    }

    fn total(&self) -> i32 {
        self.codes
            .iter()
            .map(|code| i32::from((*code).into()))
            .sum()
    }

    /// The upper bound of the exact score from the product of the codes.
    #[inline(always)]
    pub(super) fn bound(&self, product: i32, row_scale: f32, residual: f32) -> f32 {
        product as f32 * (self.scale * row_scale) + self.norm * residual + self.allowance
    }

    /// [`bound`](Self::bound) for as many rows as a vector has lanes.
    #[inline(always)]
    pub(super) fn bounds<S: Simd>(
        &self,
        simd: S,
        products: S::f32s,
        row_scales: S::f32s,
        residuals: S::f32s,
    ) -> S::f32s {
        let scales = simd.mul_f32s(simd.splat_f32s(self.scale), row_scales);
        let of_codes = simd.mul_f32s(products, scales);
        let of_residuals = simd.mul_f32s(simd.splat_f32s(self.norm), residuals);
        let sum = simd.add_f32s(of_codes, of_residuals);
        simd.add_f32s(sum, simd.splat_f32s(self.allowance))
    }

    /// The lower bound that goes with an upper one: the two errors may as well have the other sign.
    #[inline(always)]
    pub(super) fn lower(&self, bound: f32, residual: f32) -> f32 {
        bound - 2.0 * (self.norm * residual + self.allowance)
    }
}

/// A probe: its numbers, and their coarse and fine codes.
pub(crate) struct Probe {
    /// q.
    pub(crate) values: Vec<f32>,
    /// Codes of at most 127 in magnitude, filled up with zeros to a multiple of [`COLUMNS`].
    pub(super) coarse: Rounded<i8>,
    /// Codes of up to 16 bits.
    pub(super) fine: Rounded<i16>,
}

impl Probe {
    pub(crate) fn new(values: &[f32]) -> Self {
        // No sum of products overflows: 127 · limit · dimension < 2³¹.
        let limit = (i32::MAX / (ROW_MAX as i32) / values.len().max(1) as i32).min(32_767) as f32;
        let mut coarse = Rounded::new(values, COARSE_MAX, |v| v as i8);
        let n_columns = values.len().next_multiple_of(COLUMNS);
        coarse.codes.resize(n_columns, 0);
        Self {
            values: values.to_vec(),
            coarse,
            fine: Rounded::new(values, limit, |v| v as i16),
        }
    }

    /// The finer upper bound of the score of a row.
    pub(super) fn fine_bound(&self, index: &Index, row: usize) -> f32 {
        let (bundle, lane) = (row / ROWS, row % ROWS);
        let products = self.fine.codes.iter().zip(index.codes(row));
        let product = products.map(|(p, c)| i32::from(*p) * (i32::from(c) - i32::from(ZERO)));
        let (scale, residual) = (index.scales[bundle][lane], index.residuals[bundle][lane]);
        self.fine.bound(product.sum(), scale, residual)
    }
}

/// A row as integers.
pub(super) struct Quantized {
    /// c + 128.
    pub(super) codes: Vec<u8>,
    /// s.
    pub(super) scale: f32,
    /// ρ.
    pub(super) residual: f32,
    /// ρ of the upper halves.
    pub(super) upper_residual: f32,
}

pub(super) fn quantize(values: &[f32]) -> Quantized {
    let scale = scale(values, ROW_MAX);
    let code = |v: &f32| (v / scale).round().clamp(-ROW_MAX, ROW_MAX) as i8;
    let codes: Vec<u8> = values
        .iter()
        .map(|v| code(v).wrapping_add(-128).cast_unsigned())
        .collect();
    let numbers = codes.iter().map(|c| f64::from(*c) - f64::from(ZERO));
    let upper = codes.iter().map(|c| 16.0 * f64::from(c >> 4) - UPPER_ZERO);
    Quantized {
        residual: up(residual(values, scale, numbers)),
        upper_residual: up(residual(values, scale, upper)),
        codes,
        scale,
    }
}

/// Brings the greatest magnitude of `values` to `limit`.
fn scale(values: &[f32], limit: f32) -> f32 {
    let greatest = values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
    (greatest / limit).max(f32::MIN_POSITIVE)
}

fn residual(values: &[f32], scale: f32, codes: impl Iterator<Item = f64>) -> f64 {
    let squares = values
        .iter()
        .zip(codes)
        .map(|(v, c)| (f64::from(*v) - f64::from(scale) * c).powi(2));
    squares.sum::<f64>().sqrt()
}

/// A 32-bit float that is no less than `value`.
fn up(value: f64) -> f32 {
    (value as f32).next_up()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, WithSimd};

    /// All bounds of [`ROWS`] rows by vectors.
    struct InVectors<'a> {
        probe: &'a Rounded<i8>,
        products: [f32; ROWS],
        scales: [f32; ROWS],
        residuals: [f32; ROWS],
    }

    impl WithSimd for InVectors<'_> {
        type Output = Vec<f32>;

        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let (products, _) = S::as_simd_f32s(&self.products);
            let (scales, _) = S::as_simd_f32s(&self.scales);
            let (residuals, _) = S::as_simd_f32s(&self.residuals);
            let rows = products.iter().zip(scales).zip(residuals);
            let bounds: Vec<S::f32s> = rows
                .map(|((p, s), r)| self.probe.bounds(simd, *p, *s, *r))
                .collect();
            bounds
                .iter()
                .flat_map(|b| {
                    pulp::bytemuck::cast_slice::<_, f32>(std::slice::from_ref(b)).to_vec()
                })
                .collect()
        }
    }

    #[test]
    fn vectors_of_rows_have_the_bounds_of_rows() {
        let probe = Probe::new(&[0.6, -0.0, 0.64, -0.48]).coarse;
        let row = |i: usize| (i as f32 * 0.37).sin();
        let products: [f32; ROWS] = std::array::from_fn(|i| (20_000.0 * row(i)).round());
        let scales: [f32; ROWS] = std::array::from_fn(|i| 0.008 + 0.001 * row(i + 1));
        let residuals: [f32; ROWS] = std::array::from_fn(|i| 0.01 + 0.005 * row(i + 2));
        let found = Arch::new().dispatch(InVectors {
            probe: &probe,
            products,
            scales,
            residuals,
        });
        assert_eq!(found.len(), ROWS);
        for i in 0..ROWS {
            let expected = probe.bound(products[i] as i32, scales[i], residuals[i]);
            assert!(
                (found[i] - expected).abs() < 1e-6,
                "{i}: {} {expected}",
                found[i]
            );
        }
    }
}
