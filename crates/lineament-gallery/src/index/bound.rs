//! Vectors as integers, and how far an integer score can be from the exact one.
//!
//! A row x is kept as s·c with 8-bit integers c, and the residual ρ ≥ ‖x − s·c‖. A probe q becomes
//! t·p with 16-bit integers p and σ ≥ ‖q − t·p‖. Then
//!
//! q·x = t·s·(p·c) + t·p·(x − s·c) + (q − t·p)·x,
//!
//! and by Cauchy and Schwarz the last two are at most ‖t·p‖·ρ + σ·‖x‖. The sum is an upper bound of
//! the exact score that costs one integer product. Sixteen bits make σ some 250 times smaller than ρ.

use crate::vector::norm;

/// Greatest code of a row.
const ROW_MAX: f32 = 127.0;
/// No stored vector is longer (see `Precision::decode`).
const NORM_MAX: f64 = 1.02;
/// More than all roundings to 32 bits on the way to a bound or an exact score: eight of at most
/// 2⁻²⁴ relative, of numbers no greater than 1.1.
const ROUNDING: f64 = 2e-6;

/// A probe as integers.
pub(crate) struct Probe {
    /// p.
    pub(super) codes: Vec<i16>,
    /// t.
    pub(super) scale: f32,
    /// At least ‖t·p‖.
    pub(super) norm: f32,
    /// What the bound adds for every row alike.
    pub(super) allowance: f32,
    /// q.
    pub(crate) values: Vec<f32>,
}

impl Probe {
    pub(crate) fn new(values: &[f32]) -> Self {
        // No sum of products overflows: 127 · limit · dimension < 2³¹.
        let limit = (i32::MAX / (ROW_MAX as i32) / values.len().max(1) as i32).min(32_767) as f32;
        let scale = scale(values, limit);
        let codes: Vec<i16> = values
            .iter()
            .map(|v| (v / scale).round().clamp(-limit, limit) as i16)
            .collect();
        let stood_for: Vec<f32> = codes.iter().map(|c| f32::from(*c)).collect();
        let missing = residual(values, scale, codes.iter().map(|c| f64::from(*c)));
        Self {
            norm: up(f64::from(scale) * norm(&stood_for)),
            allowance: up(missing * NORM_MAX + ROUNDING),
            codes,
            scale,
            values: values.to_vec(),
        }
    }
}

/// Appends the codes of a row; its scale and residual.
pub(super) fn quantize(values: &[f32], codes: &mut Vec<i8>) -> (f32, f32) {
    let scale = scale(values, ROW_MAX);
    let start = codes.len();
    let code = |v: &f32| (v / scale).round().clamp(-ROW_MAX, ROW_MAX) as i8;
    codes.extend(values.iter().map(code));
    let row = codes[start..].iter().map(|c| f64::from(*c));
    (scale, up(residual(values, scale, row)))
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
