//! Lengths, directions and angles, with gradients that stay finite.

use tch::Tensor;

/// Least 1 − cos² that an angle's sine is taken from: sines change infinitely fast at 0 and π,
/// and rounding brings cosines there.
const LEAST_SQUARED_SINE: f64 = 1e-12;

/// ‖x‖₂ of each row, `[n, 1]`; the gradient of a row of zeros is 0.
pub(super) fn lengths(rows: &Tensor) -> Tensor {
    rows.norm_scalaropt_dim(2.0, [1_i64].as_slice(), true)
}

/// Rows of length 1. A row of zeros has no direction: it stays zeros, and its gradient is 0.
pub(super) fn unit_rows(rows: &Tensor) -> Tensor {
    let lengths = lengths(rows);
    let nothing = lengths.eq(0.0);
    let inverse = lengths.masked_fill(&nothing, 1.0).reciprocal();
    rows * inverse.masked_fill(&nothing, 0.0)
}

/// sin θ ≥ 0 of cos θ.
pub(super) fn sine(cosine: &Tensor) -> Tensor {
    (-cosine.square() + 1.0)
        .clamp_min(LEAST_SQUARED_SINE)
        .sqrt()
}

/// θ of cos θ, at least 1e-6 away from 0 and π.
pub(super) fn angle(cosine: &Tensor) -> Tensor {
    sine(cosine).atan2(cosine)
}

/// cos(θ + m).
pub(super) fn plain_cosine_of_sum(cosine: &Tensor, margin: &Tensor) -> Tensor {
    cosine * margin.cos() - sine(cosine) * margin.sin()
}

/// cos(θ + m) where θ + m ≤ π, and cos θ − m sin m beyond, where cos(θ + m) would rise again.
///
/// Source: the code of Deng et al., CVPR 2019. The two do not meet at π − m.
pub(super) fn cosine_of_sum(cosine: &Tensor, margin: &Tensor) -> Tensor {
    let sum = plain_cosine_of_sum(cosine, margin);
    let beyond = cosine - margin * margin.sin();
    sum.where_self(&cosine.gt_tensor(&-margin.cos()), &beyond)
}
