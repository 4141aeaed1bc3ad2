//! YuNet: anchor-free, one cell a position, strides 8, 16 and 32.
//!
//! Source: Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", MIR 2023, §3; the
//! decoding is that of its public ONNX files.

use lineament_core::{Landmarks, Point, Rect};

use super::Detection;
use super::heads::Heads;
use crate::error::Error;

/// Detections of at least `min_score`, before suppression, in input pixels.
///
/// Roles `cls_S`, `obj_S` `[rows·columns, 1]`, `bbox_S` `[…, 4]`, `kps_S` `[…, 10]` for the strides
/// S. The score is √(cls·obj), both cut to 0…1; a box is (centre offset, log size) in cells.
pub(super) fn decode(heads: &Heads<'_>, min_score: f32) -> Result<Vec<Detection>, Error> {
    let mut found = Vec::new();
    for stride in [8u32, 16, 32] {
        let (columns, rows) = heads.cells(stride);
        let n_cells = columns * rows;
        let cls = heads.values(&format!("cls_{stride}"), n_cells, 1)?;
        let obj = heads.values(&format!("obj_{stride}"), n_cells, 1)?;
        let boxes = heads.values(&format!("bbox_{stride}"), n_cells, 4)?;
        let points = heads.values(&format!("kps_{stride}"), n_cells, 10)?;
        for cell in 0..n_cells {
            let score = (cls[cell].clamp(0.0, 1.0) * obj[cell].clamp(0.0, 1.0)).sqrt();
            if score >= min_score {
                let at = ((cell % columns) as f32, (cell / columns) as f32);
                let stride = stride as f32;
                found.push(Detection {
                    rect: cell_box(at, stride, &boxes[4 * cell..][..4]),
                    landmarks: Some(cell_landmarks(at, stride, &points[10 * cell..][..10])),
                    score,
                });
            }
        }
    }
    Ok(found)
}

fn cell_box((column, row): (f32, f32), stride: f32, values: &[f32]) -> Rect {
    let (width, height) = (values[2].exp() * stride, values[3].exp() * stride);
    Rect {
        x: (column + values[0]) * stride - width / 2.0,
        y: (row + values[1]) * stride - height / 2.0,
        width,
        height,
    }
}

fn cell_landmarks((column, row): (f32, f32), stride: f32, values: &[f32]) -> Landmarks {
    Landmarks::from_array(std::array::from_fn(|i| {
        Point::new(
            (column + values[2 * i]) * stride,
            (row + values[2 * i + 1]) * stride,
        )
    }))
}
