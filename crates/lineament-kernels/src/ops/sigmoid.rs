//! The logistic function without calls and branches, so that loops over it become vectors.

/// Added and taken away again, it rounds a small number to an integer, which then stands in its
/// lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// ln 2 in two parts, the first exact in products with small integers (Cody and Waite 1980).
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// eˣ for |x| ≤ 87, beyond which x is held: within 2 units in the last place. The polynomial is
/// that of Cephes' `expf` (Moshier 1989).
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    (p * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_exact_as_floats_are() {
        for i in -870..=870 {
            let x = i as f32 / 10.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 2.5e-7, "{x}: {error}");
        }
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e9), 1.0);
        assert!(sigmoid(-1e9) < 1e-37);
        assert!(sigmoid(f32::NEG_INFINITY) < 1e-37);
    }
}
