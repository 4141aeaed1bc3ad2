//! Annotated copies of photos: boxes, landmarks and labels that read on any background.

pub(crate) mod canvas;
pub(crate) mod encode;
pub(crate) mod text;

use lineament::{Landmarks, Point, Rect, RgbImage};

use self::canvas::{Canvas, Paint};
use self::text::Typeface;

const HALO: Paint = Paint {
    rgb: [0, 0, 0],
    opacity: 0.5,
};
const INK: Paint = Paint::solid([16, 20, 24]);
const DOT: Paint = Paint::solid([255, 255, 255]);

/// What a face is to the reader of the photo; each has its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A face that was found.
    Found,
    /// A face of someone known.
    Known,
    /// A face of nobody known.
    Unknown,
}

impl Role {
    const fn paint(self) -> Paint {
        Paint::solid(match self {
            Self::Found => [92, 212, 255],
            Self::Known => [110, 231, 135],
            Self::Unknown => [255, 190, 70],
        })
    }
}

/// What is drawn for one face, in pixels of the photo.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) rect: Rect,
    pub(crate) landmarks: Option<Landmarks>,
    /// Whose face it is, or nothing.
    pub(crate) name: String,
    /// A number to go with it.
    pub(crate) number: String,
    pub(crate) role: Role,
}

/// `image` with `marks` drawn on it; labels stay inside the frame and come last, on top.
pub(crate) fn annotate(image: RgbImage, marks: &[Mark], typeface: &Typeface) -> RgbImage {
    let mut canvas = Canvas::new(image);
    let (width, height) = canvas.size();
    let stroke = (width.min(height) / 240.0).clamp(1.5, 12.0);
    for mark in marks {
        outline(&mut canvas, mark, stroke);
    }
    for mark in marks {
        label(&mut canvas, mark, stroke, typeface);
    }
    canvas.into_image()
}

fn outline(canvas: &mut Canvas, mark: &Mark, stroke: f32) {
    let rect = snapped(&mark.rect, stroke);
    let radius = (0.06 * rect.short_side()).min(4.0 * stroke);
    canvas.outline_rect(&rect, radius, stroke + 2.0_f32.max(0.7 * stroke), HALO);
    canvas.outline_rect(&rect, radius, stroke, mark.role.paint());
    let Some(landmarks) = &mark.landmarks else {
        return;
    };
    let dot = (0.018 * mark.rect.short_side()).clamp(1.2, 1.5 * stroke);
    for landmark in landmarks.to_array() {
        // Landmarks count from the centre of the top-left pixel, the canvas from its corner.
        let center = Point::new(landmark.x + 0.5, landmark.y + 0.5);
        canvas.fill_disc(center, dot + 1.0_f32.max(0.5 * dot), HALO);
        canvas.fill_disc(center, dot, DOT);
    }
}

/// The box moved by less than a pixel, so that the outer edge of its outline falls between pixels.
fn snapped(rect: &Rect, stroke: f32) -> Rect {
    let half = 0.5 * stroke;
    let snap = |edge: f32| (edge + half).round() - half;
    Rect::from_corners(
        snap(rect.x),
        snap(rect.y),
        snap(rect.right()),
        snap(rect.bottom()),
    )
}

fn label(canvas: &mut Canvas, mark: &Mark, stroke: f32, typeface: &Typeface) {
    let (width, height) = canvas.size();
    let frame_side = width.min(height);
    let largest = frame_side / 22.0;
    let size_px = (0.16 * mark.rect.width).clamp((frame_side / 45.0).max(13.0), largest.max(13.0));
    let padding = Point::new(0.45 * size_px, 0.34 * size_px);
    let longest = width.min((3.0 * mark.rect.width).max(16.0 * size_px)) - 2.0 * padding.x - 2.0;
    let line = typeface.line(&mark.name, &mark.number, size_px, longest);
    if line.width <= 0.0 {
        return;
    }
    let plate = place_plate(
        &mark.rect,
        (
            line.width + 2.0 * padding.x,
            line.cap_height + 2.0 * padding.y,
        ),
        (width, height),
        stroke,
    );
    let radius = 0.28 * plate.height;
    canvas.outline_rect(&plate, radius, 0.7 * stroke, HALO);
    canvas.fill_rect(&plate, radius, mark.role.paint());
    let baseline = Point::new(plate.x + padding.x, plate.bottom() - padding.y);
    typeface.draw(canvas, &line, baseline, INK);
}

/// The plate above the face, else below it, else at the top of the frame; always inside the frame.
fn place_plate(
    face: &Rect,
    (width, height): (f32, f32),
    (frame_width, frame_height): (f32, f32),
    stroke: f32,
) -> Rect {
    let above = face.y - height - 1.5 * stroke;
    let below = face.bottom() + 1.5 * stroke;
    let y = if above >= 1.0 {
        above
    } else if below + height + 1.0 <= frame_height {
        below
    } else {
        face.y.max(0.0) + 2.0 * stroke
    };
    let inside = |at: f32, length: f32, frame: f32| at.min(frame - length - 1.0).max(1.0).round();
    let x = inside(face.x - 0.5 * stroke, width, frame_width);
    let y = inside(y, height, frame_height);
    Rect::from_corners(x, y, x + width.ceil(), y + height.ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_stay_inside_the_frame() {
        let frame = (200.0, 100.0);
        for face in [
            Rect::from_corners(20.0, 50.0, 60.0, 90.0),
            Rect::from_corners(-30.0, -20.0, 10.0, 40.0),
            Rect::from_corners(180.0, 0.0, 240.0, 140.0),
            Rect::from_corners(-50.0, -50.0, 300.0, 300.0),
        ] {
            let plate = place_plate(&face, (80.4, 16.2), frame, 2.0);
            assert!(plate.x >= 0.0 && plate.y >= 0.0, "{plate:?}");
            assert!(
                plate.right() <= 200.0 && plate.bottom() <= 100.0,
                "{plate:?}"
            );
        }
    }

    #[test]
    fn a_photo_without_faces_stays_as_it_is() {
        let image = RgbImage::filled(40, 30, [10, 20, 30]);
        let typeface = Typeface::new().unwrap();
        assert_eq!(annotate(image.clone(), &[], &typeface), image);
    }
}
