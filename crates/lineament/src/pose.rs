//! Head pose from five landmarks.

use lineament_core::Landmarks;
use serde::Serialize;

/// Which way a head is turned, as the viewer sees it, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pose {
    /// Positive: turned to the viewer's right, the nose moves to larger x. −90 to 90.
    pub yaw_deg: f32,
    /// Positive: looking up, the nose moves to smaller y. −180 to 180.
    pub pitch_deg: f32,
    /// Positive: tilted clockwise, the eye on the viewer's right is lower. −180 to 180.
    pub roll_deg: f32,
}

/// Five points of a mean adult face as detectors mark it, in millimetres: x right, y down, z away from
/// the camera. Pupils 63 apart; the other x and y are medians of the landmarks that YuNet finds in 26,868
/// nearly frontal training crops, where mouths mostly smile: corners 56 apart and 62 below the pupils, the
/// nose tip 37.5 below them. Depths are rounded anthropometric means.
const FACE_MM: [[f64; 3]; 5] = [
    [-31.5, -33.0, 0.0],
    [31.5, -33.0, 0.0],
    [0.0, 4.5, -30.0],
    [-28.0, 29.0, -4.0],
    [28.0, 29.0, -4.0],
];

impl Pose {
    /// The pose whose scaled-orthographic projection of a mean face lies nearest `landmarks`;
    /// `None` when the landmarks are not finite or lie on one line.
    ///
    /// Source: DeMenthon & Davis, "Model-based object pose in 25 lines of code", IJCV 1995, the
    /// scaled-orthographic first step: least-squares rows, then the nearest pair of orthonormal
    /// rows (polar decomposition). The angles are those of R = Rz(roll)·Ry(yaw)·Rx(pitch).
    #[must_use]
    pub fn from_landmarks(landmarks: &Landmarks) -> Option<Self> {
        let [first, second] = orthonormal_rows(affine_rows(landmarks)?)?;
        let third = cross(first, second);
        let pose = Self {
            yaw_deg: third[0].clamp(-1.0, 1.0).asin().to_degrees() as f32,
            pitch_deg: (-third[1]).atan2(third[2]).to_degrees() as f32,
            roll_deg: second[0].atan2(first[0]).to_degrees() as f32,
        };
        pose.yaw_deg.is_finite().then_some(pose)
    }
}

/// The 2×3 matrix that carries the centred face nearest to the centred landmarks.
fn affine_rows(landmarks: &Landmarks) -> Option<[[f64; 3]; 2]> {
    let face = centered(FACE_MM);
    let points = centered(
        landmarks
            .to_array()
            .map(|p| [f64::from(p.x), f64::from(p.y)]),
    );
    let moments: [[f64; 3]; 3] =
        std::array::from_fn(|i| std::array::from_fn(|j| face.iter().map(|p| p[i] * p[j]).sum()));
    let inverse = inverse(moments)?;
    Some(std::array::from_fn(|axis| {
        let mixed: [f64; 3] =
            std::array::from_fn(|j| face.iter().zip(&points).map(|(p, q)| q[axis] * p[j]).sum());
        std::array::from_fn(|j| (0..3).map(|k| mixed[k] * inverse[k][j]).sum())
    }))
}

/// `(M·Mᵀ)^(−1/2)·M`: the rows of unit length and at right angles that lie nearest those of M,
/// up to scale.
fn orthonormal_rows([u, v]: [[f64; 3]; 2]) -> Option<[[f64; 3]; 2]> {
    let (a, b, c) = (dot(u, u), dot(u, v), dot(v, v));
    // The square root of a 2×2 symmetric matrix S is (S + s·I)/t, s = √det S, t = √(tr S + 2s).
    let s = (a * c - b * b).sqrt();
    let t = (a + c + 2.0 * s).sqrt();
    if !(s.is_finite() && s > 1e-12 * (a + c)) {
        return None;
    }
    let (p, q, r) = ((a + s) / t, b / t, (c + s) / t);
    let determinant = p * r - q * q;
    let row = |x: f64, y: f64| std::array::from_fn(|i| (x * u[i] + y * v[i]) / determinant);
    Some([row(r, -q), row(-q, p)])
}

fn centered<const D: usize>(points: [[f64; D]; 5]) -> [[f64; D]; 5] {
    let mean: [f64; D] = std::array::from_fn(|i| points.iter().map(|p| p[i]).sum::<f64>() / 5.0);
    points.map(|p| std::array::from_fn(|i| p[i] - mean[i]))
}

fn inverse(m: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let columns = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
    let determinant = dot(m[0], columns[0]);
    (determinant.abs() > 1e-9)
        .then(|| std::array::from_fn(|i| std::array::from_fn(|j| columns[j][i] / determinant)))
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_core::Point;

    #[test]
    fn landmarks_on_a_line_or_nan_have_no_pose() {
        let line = Landmarks::from_array(std::array::from_fn(|i| Point::new(i as f32, 2.0)));
        assert_eq!(Pose::from_landmarks(&line), None);
        let nan = line.map(|p| Point::new(p.x, f32::NAN));
        assert_eq!(Pose::from_landmarks(&nan), None);
    }
}
