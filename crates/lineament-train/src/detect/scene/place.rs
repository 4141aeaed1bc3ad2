//! Where faces come to lie when a photo is moved.

use super::{Face, Marks};
use lineament_core::{Landmarks, Point, Rect, Similarity};

/// A face is known where so much of its box is seen; cut off further, it is ignored.
const KNOWN_SHARE: f32 = 0.7;
/// What is seen of less is not there.
const SEEN_SHARE: f32 = 0.1;

/// The similarity that scales and turns about `from`, which comes to `to`.
pub(super) fn about(from: Point, to: Point, scale: f64, angle_rad: f64) -> Similarity {
    let (a, b) = (scale * angle_rad.cos(), scale * angle_rad.sin());
    let (x, y) = (f64::from(from.x), f64::from(from.y));
    Similarity {
        a,
        b,
        tx: f64::from(to.x) - (a * x - b * y),
        ty: f64::from(to.y) - (b * x + a * y),
    }
}

/// The box around the ellipse of `rect`, moved: a turned head fills no more than that.
pub(super) fn moved_rect(rect: &Rect, by: &Similarity) -> Rect {
    let centre = by.apply(rect.center());
    let half = (f64::from(rect.width) / 2.0, f64::from(rect.height) / 2.0);
    let width = 2.0 * (half.0 * by.a).hypot(half.1 * by.b);
    let height = 2.0 * (half.0 * by.b).hypot(half.1 * by.a);
    let (width, height) = (width as f32, height as f32);
    Rect {
        x: centre.x - width / 2.0,
        y: centre.y - height / 2.0,
        width,
        height,
    }
}

impl Face {
    pub(super) fn moved(&self, by: &Similarity) -> Self {
        Self {
            rect: moved_rect(&self.rect, by),
            landmarks: self.landmarks.map(|l| l.map(|p| by.apply(p))),
        }
    }

    /// √(width · height).
    pub(super) fn size(&self) -> f64 {
        f64::from(self.rect.area()).sqrt()
    }

    /// In a picture of this width whose left and right are exchanged.
    pub(super) fn mirrored(&self, width: u32) -> Self {
        let across = |landmarks: Landmarks| {
            let [left, right, nose, mouth_left, mouth_right] = landmarks
                .map(|p| Point::new(width as f32 - 1.0 - p.x, p.y))
                .to_array();
            Landmarks::from_array([right, left, nose, mouth_right, mouth_left])
        };
        Self {
            rect: mirrored_rect(&self.rect, width),
            landmarks: self.landmarks.map(across),
        }
    }
}

pub(super) fn mirrored_rect(rect: &Rect, width: u32) -> Rect {
    Rect {
        x: width as f32 - 1.0 - rect.right(),
        ..*rect
    }
}

impl Marks {
    /// Adds a face of which what lies in `window` is seen.
    pub(super) fn add(&mut self, face: Face, window: &Rect, least_px: f64) {
        let seen = face.rect.intersection(window) / face.rect.area();
        if face.size() >= least_px && seen >= KNOWN_SHARE {
            self.faces.push(face);
        } else if seen >= SEEN_SHARE {
            self.ignored.push(face.rect);
        }
    }

    /// Adds what is known of a photo that was moved and of which what lies in `window` is seen.
    pub(super) fn add_moved(
        &mut self,
        marks: &Self,
        by: &Similarity,
        window: &Rect,
        least_px: f64,
    ) {
        for face in &marks.faces {
            self.add(face.moved(by), window, least_px);
        }
        let ignored = marks.ignored.iter().map(|rect| moved_rect(rect, by));
        let seen = ignored.filter(|rect| rect.intersection(window) > 0.0);
        self.ignored.extend(seen);
    }

    /// Whether `rect` leaves everything that is marked as it is, but for a twentieth.
    pub(super) fn is_free(&self, rect: &Rect) -> bool {
        let marked = self.faces.iter().map(|f| &f.rect).chain(&self.ignored);
        let covers = |other: &Rect| {
            let smaller = rect.area().min(other.area());
            rect.intersection(other) > 0.05 * smaller
        };
        !marked.into_iter().any(covers)
    }

    pub(super) fn mirrored(&self, width: u32) -> Self {
        Self {
            faces: self.faces.iter().map(|f| f.mirrored(width)).collect(),
            ignored: self
                .ignored
                .iter()
                .map(|r| mirrored_rect(r, width))
                .collect(),
        }
    }
}
