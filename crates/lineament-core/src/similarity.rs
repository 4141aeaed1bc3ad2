//! The similarity transform that carries a face's landmarks onto a template.

use crate::error::CoreError;
use crate::geometry::Point;

/// Rotation, uniform scale and translation of the plane, without reflection:
/// `(x, y) ↦ (a·x − b·y + tx, b·x + a·y + ty)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the cosine of the rotation.
    pub a: f64,
    /// Scale times the sine of the rotation.
    pub b: f64,
    /// Shift to the right, in pixels.
    pub tx: f64,
    /// Shift down, in pixels.
    pub ty: f64,
}

impl Similarity {
    /// The transform that changes nothing.
    pub const IDENTITY: Self = Self {
        a: 1.0,
        b: 0.0,
        tx: 0.0,
        ty: 0.0,
    };

    /// The least-squares similarity that carries `from[i]` to `to[i]`.
    ///
    /// Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    /// patterns", PAMI 1991, eqs. 40–42, reflections excluded. In the plane his singular value
    /// decomposition has a closed form: with both sets centred and read as complex numbers,
    /// `a + ib = Σ conj(from)·to / Σ |from|²`.
    ///
    /// # Errors
    /// [`CoreError::DegenerateLandmarks`] when a coordinate is not finite, or when either set
    /// lies in one place, so that scale and rotation are undefined.
    pub fn estimate<const N: usize>(from: &[Point; N], to: &[Point; N]) -> Result<Self, CoreError> {
        let (from_mean, to_mean) = (mean(from), mean(to));
        let (mut real, mut imaginary, mut variance) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (f64::from(p.x) - from_mean.0, f64::from(p.y) - from_mean.1);
            let (qx, qy) = (f64::from(q.x) - to_mean.0, f64::from(q.y) - to_mean.1);
            real += px * qx + py * qy;
            imaginary += px * qy - py * qx;
            variance += px * px + py * py;
        }
        let (a, b) = (real / variance, imaginary / variance);
        let scale = a.hypot(b);
        if !scale.is_finite() || scale < 1e-9 {
            return Err(CoreError::DegenerateLandmarks);
        }
        Ok(Self {
            a,
            b,
            tx: to_mean.0 - (a * from_mean.0 - b * from_mean.1),
            ty: to_mean.1 - (b * from_mean.0 + a * from_mean.1),
        })
    }

    /// Where (`x`, `y`) goes.
    #[must_use]
    pub fn apply_xy(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.a * x - self.b * y + self.tx,
            self.b * x + self.a * y + self.ty,
        )
    }

    /// Where `point` goes.
    #[must_use]
    pub fn apply(&self, point: Point) -> Point {
        let (x, y) = self.apply_xy(f64::from(point.x), f64::from(point.y));
        Point::new(x as f32, y as f32)
    }

    /// The factor by which lengths grow.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    /// The transform that undoes this one. Not finite if the scale is 0, which
    /// [`estimate`](Self::estimate) never returns.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let norm = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / norm, -self.b / norm);
        Self {
            a,
            b,
            tx: -(a * self.tx - b * self.ty),
            ty: -(b * self.tx + a * self.ty),
        }
    }
}

fn mean(points: &[Point]) -> (f64, f64) {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| {
        (x + f64::from(p.x), y + f64::from(p.y))
    });
    (x / n, y / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POINTS: [Point; 4] = [
        Point::new(10.0, 20.0),
        Point::new(40.0, 22.0),
        Point::new(25.0, 60.0),
        Point::new(12.0, 44.0),
    ];

    proptest! {
        #[test]
        fn an_exact_similarity_is_recovered_and_inverted(
            angle in -3.1f64..3.1,
            scale in 0.05f64..20.0,
            tx in -500.0f64..500.0,
            ty in -500.0f64..500.0,
        ) {
            let truth = Similarity { a: scale * angle.cos(), b: scale * angle.sin(), tx, ty };
            let found = Similarity::estimate(&POINTS, &POINTS.map(|p| truth.apply(p))).unwrap();
            prop_assert!((found.scale() / scale - 1.0).abs() < 1e-3);
            for p in POINTS {
                let back = found.inverse().apply(found.apply(p));
                prop_assert!(back.distance(p) < 1e-3);
                prop_assert!(found.apply(p).distance(truth.apply(p)) < 2e-3 * scale.max(1.0) as f32);
            }
        }
    }

    #[test]
    fn one_place_or_nan_is_refused() {
        let same = [Point::new(3.0, 3.0); 4];
        let mut broken = POINTS;
        broken[2].x = f32::NAN;
        for from in [same, broken] {
            let error = Similarity::estimate(&from, &POINTS).unwrap_err();
            assert_eq!(error, CoreError::DegenerateLandmarks);
        }
    }
}
