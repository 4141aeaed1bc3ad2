//! Which cell answers for which face.

use super::cells::{Cells, N_NUMBERS};
use super::scene::Face;
use lineament_core::Rect;

/// A cell that a face lies far from may answer for it within this many strides of its centre.
const RADIUS: f32 = 2.5;
/// Overlaps that are summed to the number of cells that answer for a face.
const TOP: usize = 10;
/// Weight of the overlap beside that of the score.
const OVERLAP_WEIGHT: f32 = 3.0;
/// What a cell costs that is not both in the box and near its centre.
const OUTSIDE: f32 = 1e5;

/// A cell that answers for a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The cell.
    pub cell: usize,
    /// The face.
    pub face: usize,
    /// Intersection over union of the cell's box and the face's.
    pub iou: f32,
}

/// What a detector says of each cell.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Where the cells are.
    pub cells: &'a Cells,
    /// Their numbers, 16 each: logits of class and object, box, landmarks.
    pub numbers: &'a [f32],
}

impl Said<'_> {
    fn of(&self, cell: usize) -> &[f32] {
        let n = N_NUMBERS as usize;
        &self.numbers[cell * n..][..n]
    }

    fn rect(&self, cell: usize) -> Rect {
        let (x, y, stride) = self.cells.middle(cell);
        let numbers = &self.of(cell)[2..6];
        let side = |log: f32| log.min(10.0).exp() * stride;
        let (width, height) = (side(numbers[2]), side(numbers[3]));
        Rect {
            x: x + (numbers[0] - 0.5) * stride - width / 2.0,
            y: y + (numbers[1] - 0.5) * stride - height / 2.0,
            width,
            height,
        }
    }

    /// −ln of the detection score √(class · object).
    fn score_cost(&self, cell: usize) -> f32 {
        let numbers = self.of(cell);
        (softplus(-numbers[0]) + softplus(-numbers[1])) / 2.0
    }
}

/// ln(1 + exp(x)), which is −ln of the sigmoid of −x.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The cells that answer for `faces`, by cell: those that do best already, as many for each face as
/// its ten best overlaps add up to, at least one.
///
/// SimOTA (Ge et al., "YOLOX", 2021, section 2.3, after their "OTA", CVPR 2021) with YuNet's numbers
/// (Wu, Peng, Yu, MIR 2023, section 3.3): within 2.5 strides of the centre, cost −ln score − 3 ln IoU.
#[must_use]
pub fn assign(said: &Said<'_>, faces: &[Face]) -> Vec<Answer> {
    let candidates: Vec<usize> = (0..said.cells.len())
        .filter(|&cell| {
            faces
                .iter()
                .any(|face| Place::of(said, cell, face).is_near())
        })
        .collect();
    let rects: Vec<Rect> = candidates.iter().map(|&cell| said.rect(cell)).collect();
    // Of each candidate, the face that it costs least to answer for.
    let mut taken: Vec<Option<(f32, Answer)>> = vec![None; candidates.len()];
    for (face_idx, face) in faces.iter().enumerate() {
        let ious: Vec<f32> = rects.iter().map(|rect| rect.iou(&face.rect)).collect();
        let cost = |idx: usize| {
            let outside = match Place::of(said, candidates[idx], face).is_inside_and_near() {
                true => 0.0,
                false => OUTSIDE,
            };
            let overlap = OVERLAP_WEIGHT * (ious[idx] + 1e-8).ln();
            said.score_cost(candidates[idx]) - overlap + outside
        };
        let mut costs: Vec<(f32, usize)> = (0..candidates.len()).map(|i| (cost(i), i)).collect();
        costs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (cost, idx) in costs.into_iter().take(n_answers(&ious)) {
            if taken[idx].is_none_or(|(least, _)| cost < least) {
                let answer = Answer {
                    cell: candidates[idx],
                    face: face_idx,
                    iou: ious[idx],
                };
                taken[idx] = Some((cost, answer));
            }
        }
    }
    taken.into_iter().flatten().map(|(_, a)| a).collect()
}

/// The whole part of the sum of the greatest overlaps, at least 1.
fn n_answers(ious: &[f32]) -> usize {
    let mut sorted = ious.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    (sorted.iter().take(TOP).sum::<f32>() as usize).max(1)
}

/// Where a cell's middle is, seen from a face.
struct Place {
    is_in_box: bool,
    is_at_centre: bool,
}

impl Place {
    fn of(said: &Said<'_>, cell: usize, face: &Face) -> Self {
        let (x, y, stride) = said.cells.middle(cell);
        let (rect, centre) = (&face.rect, face.rect.center());
        let is_within = |value: f32, low: f32, high: f32| low < value && value < high;
        let radius = RADIUS * stride;
        Self {
            is_in_box: is_within(x, rect.x, rect.right()) && is_within(y, rect.y, rect.bottom()),
            is_at_centre: (x - centre.x).abs() < radius && (y - centre.y).abs() < radius,
        }
    }

    fn is_near(&self) -> bool {
        self.is_in_box || self.is_at_centre
    }

    fn is_inside_and_near(&self) -> bool {
        self.is_in_box && self.is_at_centre
    }
}
