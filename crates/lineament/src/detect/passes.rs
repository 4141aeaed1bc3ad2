//! The looks taken at one photo: the whole, the whole made small, tiles of it, and what is not certain from
//! near.

use lineament_core::{Border, CoreError, Letterbox, Point, Rect, RgbView, Similarity, warp};
use lineament_runtime::InputSize;

use super::{Detection, Detector, suppress};
use crate::error::Error;

/// Whether a second, reduced and padded look is taken for faces that fill the frame, which
/// detectors miss because they never saw a face without its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseUp {
    /// Taken: it costs an input of 192×192.
    Look,
    /// Not taken.
    Skip,
}

/// How faces are searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionOptions {
    /// A photo is shrunk until its longer side is at most this many pixels (networks of a fixed
    /// input size ignore it). At least 32.
    pub max_side_px: u32,
    /// Find faces down to this short side, in photo pixels, by looking at tiles where the whole
    /// photo would be shrunk too far. `None`: no tiles.
    pub min_face_px: Option<f32>,
    /// Drop detections below this score, 0 to 1; `None`: the model's own threshold.
    pub score_threshold: Option<f32>,
    /// Greatest intersection over union of two faces, 0 to 1; `None`: the model's own.
    pub nms_iou: Option<f32>,
    /// The look for faces that fill the frame.
    pub close_up: CloseUp,
}

impl Default for DetectionOptions {
    fn default() -> Self {
        Self {
            max_side_px: 640,
            min_face_px: None,
            score_threshold: None,
            nms_iou: None,
            close_up: CloseUp::Look,
        }
    }
}

impl DetectionOptions {
    /// These options, if every number is in its range.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] naming the first that is not.
    pub fn validated(self) -> Result<Self, CoreError> {
        let share = |what, value: Option<f32>| match value {
            Some(v) if !(0.0..=1.0).contains(&v) => Err(CoreError::OutOfRange {
                what,
                expected: "from 0 to 1",
                got: f64::from(v),
            }),
            _ => Ok(()),
        };
        share("the detection score threshold", self.score_threshold)?;
        share("the suppression threshold", self.nms_iou)?;
        if !(32..=16_384).contains(&self.max_side_px) {
            return Err(CoreError::OutOfRange {
                what: "the longest side for detection",
                expected: "from 32 to 16384 pixels",
                got: f64::from(self.max_side_px),
            });
        }
        match self.min_face_px {
            Some(px) if !(px.is_finite() && px >= 4.0) => Err(CoreError::OutOfRange {
                what: "the smallest face to find",
                expected: "at least 4 pixels",
                got: f64::from(px),
            }),
            _ => Ok(self),
        }
    }
}

/// Short side, as a share of the photo's, from which a face counts as filling the frame.
const CLOSE_UP_SHARE: f32 = 0.4;
/// A tile is enlarged at most this much: beyond, there is nothing left to see.
const MAX_ENLARGEMENT: f32 = 2.0;
/// The input of a look from near, and the side of the face in it, √(width · height).
const NEAR_SIDE: u32 = 128;
const NEAR_FACE_PX: f32 = 48.0;
/// A face that is rolled by more is looked at upright too, in degrees.
const ROLLED_DEG: f32 = 20.0;
/// What is found there again overlaps so much.
const NEAR_IOU: f32 = 0.4;
/// Two looks saw one face when this share of the smaller box lies in the other.
const SAME_FACE_SHARE: f32 = 0.6;

pub(super) fn detect(
    detector: &Detector,
    photo: RgbView<'_>,
    options: &DetectionOptions,
) -> Result<Vec<Detection>, Error> {
    let whole = whole_fit(detector.size, photo, options.max_side_px)?;
    let mut faces = detector.look(photo, &whole, options)?;
    if options.close_up == CloseUp::Look {
        let near = detector.look(photo, &close_up_fit(detector.size, photo)?, options)?;
        add_close_ups(&mut faces, near, photo);
    }
    if let Some(min_face_px) = options.min_face_px {
        let max_iou = options.nms_iou.unwrap_or(detector.settings.nms_iou);
        for tile in tiles(detector, photo, &whole, min_face_px, options.max_side_px) {
            let found = look_at_tile(detector, photo, &tile, options)?;
            add_unseen(&mut faces, found, max_iou);
        }
        faces.retain(|face| face.rect.short_side() >= min_face_px);
    }
    if let Some(certain) = detector.settings.certain_score {
        let mut kept = Vec::with_capacity(faces.len());
        for face in faces {
            let is_kept = face.score >= certain
                || is_seen_from_near(detector, photo, &face, options)?
                || is_certain_upright(detector, photo, &face, certain, options)?;
            kept.extend(is_kept.then_some(face));
        }
        faces = kept;
    }
    Ok(suppress(faces, 1.0))
}

/// Whether the network finds a face again in a mirror image of its surroundings in which it has a size
/// that the network knows well. What only looks like a face at one size seldom does so at two.
fn is_seen_from_near(
    detector: &Detector,
    photo: RgbView<'_>,
    face: &Detection,
    options: &DetectionOptions,
) -> Result<bool, Error> {
    let Some((around, fit)) = near_fit(detector.size, photo, &face.rect)? else {
        return Ok(true);
    };
    let part = photo.cropped(around.x, around.y, around.width, around.height)?;
    let found = detector.look(part.view().mirrored().view(), &fit, options)?;
    let wanted = Rect {
        x: around.width as f32 - 1.0 - (face.rect.right() - around.x as f32),
        y: face.rect.y - around.y as f32,
        ..face.rect
    };
    Ok(found.iter().any(|f| f.rect.iou(&wanted) > NEAR_IOU))
}

/// Whether the network is certain of a rolled face where it is turned upright, at a size that the network
/// knows well: it has seen fewer rolled faces, and is less certain of them.
fn is_certain_upright(
    detector: &Detector,
    photo: RgbView<'_>,
    face: &Detection,
    certain: f32,
    options: &DetectionOptions,
) -> Result<bool, Error> {
    let input = near_input(detector.size);
    let Some(upright) = upright(face, input) else {
        return Ok(false);
    };
    let part = warp(photo, &upright, input, Border::Black)?;
    let found = detector.look(
        part.view(),
        &Letterbox::centered(input, input, input)?,
        options,
    )?;
    let scale = upright.scale() as f32;
    let (width, height) = (face.rect.width * scale, face.rect.height * scale);
    let wanted = Rect {
        x: (input.0 as f32 - 1.0 - width) / 2.0,
        y: (input.1 as f32 - 1.0 - height) / 2.0,
        width,
        height,
    };
    let is_it = |f: &Detection| f.score >= certain && f.rect.iou(&wanted) > NEAR_IOU;
    Ok(found.iter().any(is_it))
}

/// From the photo to an input in the middle of which the face is upright and as large as in a look from
/// near; nothing for a face that is hardly rolled, without landmarks or without size.
fn upright(face: &Detection, input: (u32, u32)) -> Option<Similarity> {
    let landmarks = face.landmarks?;
    let (dx, dy) = (
        landmarks.right_eye.x - landmarks.left_eye.x,
        landmarks.right_eye.y - landmarks.left_eye.y,
    );
    let roll = dy.atan2(dx);
    let scale = f64::from(NEAR_FACE_PX / face.rect.area().sqrt());
    let is_rolled = roll.to_degrees().abs() > ROLLED_DEG;
    if !is_rolled || !scale.is_finite() {
        return None;
    }
    let (sin, cos) = f64::from(-roll).sin_cos();
    let (a, b) = (scale * cos, scale * sin);
    let middle = face.rect.center();
    let (x, y) = (f64::from(middle.x), f64::from(middle.y));
    let to = |side: u32| (f64::from(side) - 1.0) / 2.0;
    Some(Similarity {
        a,
        b,
        tx: to(input.0) - (a * x - b * y),
        ty: to(input.1) - (b * x + a * y),
    })
}

/// The input of a look from near.
fn near_input(size: InputSize) -> (u32, u32) {
    match size {
        InputSize::Fixed { width, height } => (width, height),
        InputSize::MultipleOf(multiple) => {
            let side = NEAR_SIDE.div_ceil(multiple).saturating_mul(multiple);
            (side, side)
        }
    }
}

/// The part of the photo around a face, and how it is looked at; nothing for a face that has no size or
/// lies outside.
fn near_fit(
    size: InputSize,
    photo: RgbView<'_>,
    face: &Rect,
) -> Result<Option<(Tile, Letterbox)>, Error> {
    let input = near_input(size);
    let scale = NEAR_FACE_PX / face.area().sqrt();
    let reach = input.0.min(input.1) as f32 / scale / 2.0;
    let middle = face.center();
    // The casts saturate at 0.
    let along = |middle: f32, side: u32| {
        let start = ((middle - reach).max(0.0) as u32).min(side);
        let end = ((middle + reach).ceil().max(0.0) as u32).min(side);
        (start, end - start.min(end))
    };
    let (x, width) = along(middle.x, photo.width());
    let (y, height) = along(middle.y, photo.height());
    if width == 0 || height == 0 || !scale.is_finite() {
        return Ok(None);
    }
    let side = |length: u32, most: u32| ((length as f32 * scale).round() as u32).clamp(1, most);
    let frame = (side(width, input.0), side(height, input.1));
    let around = Tile {
        x,
        y,
        width,
        height,
        scaled_side: frame.0.max(frame.1),
    };
    let fit = Letterbox::centered((width, height), frame, input)?;
    Ok(Some((around, fit)))
}

fn whole_fit(size: InputSize, photo: RgbView<'_>, max_side_px: u32) -> Result<Letterbox, Error> {
    let photo = (photo.width(), photo.height());
    Ok(match size {
        InputSize::Fixed { width, height } => Letterbox::into_fixed(photo, (width, height))?,
        InputSize::MultipleOf(multiple) => Letterbox::at_most(photo, max_side_px, multiple)?,
    })
}

/// The photo at half the size of a small input, in its middle.
fn close_up_fit(size: InputSize, photo: RgbView<'_>) -> Result<Letterbox, Error> {
    let input = match size {
        InputSize::Fixed { width, height } => (width, height),
        InputSize::MultipleOf(multiple) => {
            let side = 192u32.div_ceil(multiple).saturating_mul(multiple);
            (side, side)
        }
    };
    let frame = (input.0 / 2, input.1 / 2);
    Ok(Letterbox::centered(
        (photo.width(), photo.height()),
        frame,
        input,
    )?)
}

/// Adds faces that fill the frame and that no box covers yet. A less certain, much smaller box
/// inside such a face (a nose taken for a face) goes.
fn add_close_ups(faces: &mut Vec<Detection>, near: Vec<Detection>, photo: RgbView<'_>) {
    let least = CLOSE_UP_SHARE * photo.width().min(photo.height()) as f32;
    for large in near.into_iter().filter(|d| d.rect.short_side() >= least) {
        let part_of_it = |face: &Detection| {
            face.score < large.score
                && face.rect.area() < 0.25 * large.rect.area()
                && face.rect.intersection(&large.rect) > 0.9 * face.rect.area()
        };
        if faces.iter().all(|face| face.rect.iou(&large.rect) < 0.3) {
            faces.retain(|face| !part_of_it(face));
            faces.push(large);
        }
    }
}

/// Adds faces that are not among `faces` yet.
fn add_unseen(faces: &mut Vec<Detection>, found: Vec<Detection>, max_iou: f32) {
    for new in found {
        let same = |face: &Detection| {
            let smaller = face.rect.area().min(new.rect.area());
            face.rect.iou(&new.rect) > max_iou
                || face.rect.intersection(&new.rect) > SAME_FACE_SHARE * smaller
        };
        if !faces.iter().any(same) {
            faces.push(new);
        }
    }
}

/// A part of the photo, in whole pixels, and the size at which it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tile {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    scaled_side: u32,
}

/// Tiles that overlap by the largest face that the whole look may miss; none when the whole look
/// is fine enough already.
fn tiles(
    detector: &Detector,
    photo: RgbView<'_>,
    whole: &Letterbox,
    min_face_px: f32,
    max_side_px: u32,
) -> Vec<Tile> {
    let smallest = detector.settings.smallest_face_px;
    let whole_scale = whole.scale.0.min(whole.scale.1);
    let scale = (smallest / min_face_px).min(MAX_ENLARGEMENT);
    if scale <= whole_scale * 1.05 {
        return Vec::new();
    }
    let input_side = match detector.size {
        InputSize::Fixed { width, height } => width.min(height),
        InputSize::MultipleOf(_) => max_side_px,
    };
    let side = ((input_side as f32 / scale) as u32).max(16);
    let overlap = ((1.5 * smallest / whole_scale).ceil() as u32).min(side / 2);
    let (width, height) = (photo.width(), photo.height());
    let columns = starts(width, side, overlap);
    starts(height, side, overlap)
        .into_iter()
        .flat_map(|y| columns.iter().map(move |&x| (x, y)))
        .map(|(x, y)| {
            let (width, height) = (side.min(width - x), side.min(height - y));
            let scaled = width.max(height) as f32 * scale;
            Tile {
                x,
                y,
                width,
                height,
                scaled_side: (scaled.round() as u32).max(1),
            }
        })
        .collect()
}

/// First pixels of the tiles along one side: evenly spread, the last ending at the edge.
fn starts(length: u32, side: u32, overlap: u32) -> Vec<u32> {
    if length <= side {
        return vec![0];
    }
    let n_steps = (length - side).div_ceil(side - overlap).max(1);
    (0..=n_steps)
        .map(|i| (u64::from(length - side) * u64::from(i) / u64::from(n_steps)) as u32)
        .collect()
}

fn look_at_tile(
    detector: &Detector,
    photo: RgbView<'_>,
    tile: &Tile,
    options: &DetectionOptions,
) -> Result<Vec<Detection>, Error> {
    let part = photo.cropped(tile.x, tile.y, tile.width, tile.height)?;
    let fit = tile_fit(detector.size, tile)?;
    let shift = |p: Point| Point::new(p.x + tile.x as f32, p.y + tile.y as f32);
    let found = detector.look(part.view(), &fit, options)?;
    Ok(found
        .into_iter()
        .map(|face| Detection {
            rect: Rect {
                x: face.rect.x + tile.x as f32,
                y: face.rect.y + tile.y as f32,
                ..face.rect
            },
            landmarks: face.landmarks.map(|l| l.map(shift)),
            ..face
        })
        .filter(|face| !cut_by_tile(&face.rect, tile, photo))
        .collect())
}

fn tile_fit(size: InputSize, tile: &Tile) -> Result<Letterbox, Error> {
    let part = (tile.width, tile.height);
    Ok(match size {
        InputSize::Fixed { width, height } => Letterbox::into_fixed(part, (width, height))?,
        InputSize::MultipleOf(multiple) => {
            let input = tile.scaled_side.div_ceil(multiple).saturating_mul(multiple);
            let frame = (tile.scaled_side, tile.scaled_side);
            Letterbox::centered(part, frame, (input, input))?
        }
    })
}

/// Whether a box reaches over an edge of the tile that is not an edge of the photo: a neighbour
/// sees that face whole.
fn cut_by_tile(rect: &Rect, tile: &Tile, photo: RgbView<'_>) -> bool {
    let (left, top) = (tile.x as f32, tile.y as f32);
    let (right, bottom) = ((tile.x + tile.width) as f32, (tile.y + tile.height) as f32);
    (tile.x > 0 && rect.x < left + 1.0)
        || (tile.y > 0 && rect.y < top + 1.0)
        || (tile.x + tile.width < photo.width() && rect.right() > right - 1.0)
        || (tile.y + tile.height < photo.height() && rect.bottom() > bottom - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_core::Landmarks;
    use proptest::prelude::*;

    fn face(rect: Rect, score: f32) -> Detection {
        Detection {
            rect,
            landmarks: None,
            score,
        }
    }

    proptest! {
        #[test]
        fn tiles_cover_the_side_and_overlap(length in 1u32..9000, side in 16u32..900, share in 0.0f32..0.5) {
            let overlap = (share * side as f32) as u32;
            let starts = starts(length, side, overlap);
            prop_assert_eq!(starts[0], 0);
            let last = starts[starts.len() - 1];
            prop_assert!(last + side >= length);
            prop_assert!(length <= side || last + side == length);
            for pair in starts.windows(2) {
                prop_assert!(pair[1] + overlap <= pair[0] + side);
            }
        }
    }

    #[test]
    fn a_nose_inside_a_face_that_fills_the_frame_goes() {
        let photo = lineament_core::RgbImage::filled(100, 100, [0; 3]);
        let nose = face(Rect::from_corners(45.0, 45.0, 60.0, 60.0), 0.6);
        let beside = face(Rect::from_corners(0.0, 0.0, 12.0, 12.0), 0.6);
        let large = face(Rect::from_corners(10.0, 5.0, 90.0, 95.0), 0.9);
        let mut faces = vec![nose, beside];
        add_close_ups(&mut faces, vec![large], photo.view());
        assert_eq!(faces, [beside, large]);
        add_close_ups(&mut faces, vec![large], photo.view());
        assert_eq!(faces.len(), 2);
        let small = face(Rect::from_corners(50.0, 0.0, 70.0, 30.0), 0.9);
        add_close_ups(&mut faces, vec![small], photo.view());
        assert_eq!(faces.len(), 2);
    }

    #[test]
    fn a_face_seen_by_two_tiles_counts_once() {
        let rect = Rect::from_corners(10.0, 10.0, 30.0, 30.0);
        let part = Rect::from_corners(10.0, 10.0, 30.0, 22.0);
        let mut faces = vec![face(rect, 0.7)];
        add_unseen(&mut faces, vec![face(rect, 0.8), face(part, 0.9)], 0.3);
        assert_eq!(faces.len(), 1);
    }

    #[test]
    fn from_near_a_face_has_the_same_size_wherever_it_is() {
        let photo = lineament_core::RgbImage::filled(300, 200, [0; 3]);
        for (rect, is_inside) in [
            (Rect::from_corners(100.0, 80.0, 112.0, 96.0), true),
            (Rect::from_corners(0.0, 0.0, 150.0, 190.0), true),
            (Rect::from_corners(290.0, 150.0, 320.0, 190.0), true),
            (Rect::from_corners(5000.0, 0.0, 5010.0, 10.0), false),
            (Rect::from_corners(10.0, 10.0, 10.0, 10.0), false),
        ] {
            let near = near_fit(InputSize::MultipleOf(32), photo.view(), &rect).unwrap();
            assert_eq!(near.is_some(), is_inside, "{rect:?}");
            if let Some((around, fit)) = near {
                assert_eq!(fit.input, (128, 128));
                assert!(around.x + around.width <= 300 && around.y + around.height <= 200);
                let side = rect.area().sqrt() * fit.scale.0.min(fit.scale.1);
                assert!((side - NEAR_FACE_PX).abs() < 3.0, "{rect:?}: {side}");
            }
        }
    }

    #[test]
    fn a_rolled_face_is_turned_upright_about_its_middle() {
        let rolled = |degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            // Offsets from the middle of the box, turned.
            let at =
                |x: f32, y: f32| Point::new(200.0 + cos * x - sin * y, 150.0 + sin * x + cos * y);
            let landmarks = Landmarks::from_array([
                at(-20.0, -15.0),
                at(20.0, -15.0),
                at(0.0, 5.0),
                at(-15.0, 25.0),
                at(15.0, 25.0),
            ]);
            Detection {
                rect: Rect::from_corners(152.0, 102.0, 248.0, 198.0),
                landmarks: Some(landmarks),
                score: 0.8,
            }
        };
        for degrees in [-170.0, -45.0, -21.0, 21.0, 45.0, 90.0] {
            let face = rolled(degrees);
            let turned = upright(&face, (128, 128)).unwrap();
            let middle = turned.apply(face.rect.center());
            assert!((middle.x - 63.5).abs() < 1e-3 && (middle.y - 63.5).abs() < 1e-3);
            let seen = face.landmarks.unwrap().map(|p| turned.apply(p));
            // Half the size: the box of 96 pixels comes to 48.
            let expected = Point::new(63.5 - 10.0, 63.5 - 7.5);
            assert!(
                seen.left_eye.distance(expected) < 1e-2,
                "{degrees}: {seen:?}"
            );
            assert!((seen.left_eye.y - seen.right_eye.y).abs() < 1e-2);
            assert!(seen.mouth_left.y > seen.nose.y && seen.nose.y > seen.left_eye.y);
        }
        assert!(upright(&rolled(19.0), (128, 128)).is_none());
        assert!(upright(&rolled(f32::NAN), (128, 128)).is_none());
        let flat = Rect::from_corners(152.0, 102.0, 152.0, 198.0);
        let without_size = Detection {
            rect: flat,
            ..rolled(45.0)
        };
        assert!(upright(&without_size, (128, 128)).is_none());
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let options = DetectionOptions {
            score_threshold: Some(1.5),
            ..DetectionOptions::default()
        };
        let error = options.validated().unwrap_err().to_string();
        assert!(
            error.contains("score threshold must be from 0 to 1, got 1.5"),
            "{error}"
        );
    }
}
