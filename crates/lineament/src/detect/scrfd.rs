//! SCRFD: distances from anchor centres at strides 8, 16 and 32, with or without landmarks.
//!
//! Source: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection",
//! ICLR 2022; the decoding is that of its public ONNX files.

use lineament_core::{Landmarks, Point, Rect};

use super::Detection;
use super::heads::Heads;
use crate::error::Error;

/// Detections of at least `min_score`, before suppression, in input pixels.
///
/// Roles `score_S` `[rows·columns·anchors, 1]`, `bbox_S` `[…, 4]` (left, top, right, bottom
/// distances in strides) and, where the manifest names them, `kps_S` `[…, 10]`, for the strides S.
/// All anchors of a cell lie at its top-left corner.
pub(super) fn decode(
    heads: &Heads<'_>,
    min_score: f32,
    anchors_per_cell: usize,
) -> Result<Vec<Detection>, Error> {
    let mut found = Vec::new();
    for stride in [8u32, 16, 32] {
        let (columns, rows) = heads.cells(stride);
        let n_anchors = columns * rows * anchors_per_cell;
        let scores = heads.values(&format!("score_{stride}"), n_anchors, 1)?;
        let boxes = heads.values(&format!("bbox_{stride}"), n_anchors, 4)?;
        let points_role = format!("kps_{stride}");
        let points = match heads.has(&points_role) {
            true => Some(heads.values(&points_role, n_anchors, 10)?),
            false => None,
        };
        for (anchor, &score) in scores.iter().enumerate() {
            if score >= min_score {
                let cell = anchor / anchors_per_cell;
                let stride = stride as f32;
                let center = Point::new(
                    (cell % columns) as f32 * stride,
                    (cell / columns) as f32 * stride,
                );
                found.push(Detection {
                    rect: around(center, stride, &boxes[4 * anchor..][..4]),
                    landmarks: points.map(|p| offsets(center, stride, &p[10 * anchor..][..10])),
                    score,
                });
            }
        }
    }
    Ok(found)
}

fn around(center: Point, stride: f32, distances: &[f32]) -> Rect {
    Rect::from_corners(
        center.x - distances[0] * stride,
        center.y - distances[1] * stride,
        center.x + distances[2] * stride,
        center.y + distances[3] * stride,
    )
}

fn offsets(center: Point, stride: f32, values: &[f32]) -> Landmarks {
    Landmarks::from_array(std::array::from_fn(|i| {
        Point::new(
            center.x + values[2 * i] * stride,
            center.y + values[2 * i + 1] * stride,
        )
    }))
}
