//! What a detector is trained with.

use super::assign::{Said, assign};
use super::cells::{Cells, N_NUMBERS, decode_boxes, decode_landmarks};
use super::scene::Marks;
use crate::error::TrainError;
use lineament_core::Rect;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Weights of the parts, which are means over the cells that answer for a face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorLoss {
    /// Of the object score, binary cross-entropy over all cells.
    pub object: f64,
    /// Of the class score, binary cross-entropy to the overlap of the cell's box.
    pub class: f64,
    /// Of the box, EIoU.
    pub rect: f64,
    /// Of the landmarks, smooth L1 in shares of the face's size.
    pub landmarks: f64,
    /// Errors of landmarks, in those shares, below which the loss is a parabola.
    pub landmark_bend: f64,
}

impl Default for DetectorLoss {
    fn default() -> Self {
        Self {
            object: 1.0,
            class: 1.0,
            rect: 5.0,
            landmarks: 10.0,
            landmark_bend: 0.02,
        }
    }
}

/// What the cells of a batch should say.
#[derive(Debug)]
pub struct Targets {
    /// `[p]`, i64: which of the batch's cells answer for a face, picture by picture.
    pub cells: Tensor,
    /// `[p]`: the overlap that their boxes have already.
    pub ious: Tensor,
    /// `[p, 4]`: centre and size of the faces.
    pub boxes: Tensor,
    /// `[p, 10]`: landmarks; 0 where a face has none.
    pub landmarks: Tensor,
    /// `[p]`: whether it has, 1 or 0.
    pub has_landmarks: Tensor,
    /// `[n · cells]`: 1 for the cells that answer for a face.
    pub object: Tensor,
    /// `[n · cells]`: 0 for those about which nobody knows, else 1.
    pub counts: Tensor,
}

impl Targets {
    /// What `rows` `[n, cells, 16]` should say about pictures with these marks, in `kind`.
    ///
    /// # Errors
    /// [`TrainError::Torch`].
    pub fn of(
        rows: &Tensor,
        cells: &Cells,
        marks: &[Marks],
        kind: Kind,
    ) -> Result<Self, TrainError> {
        let numbers = rows.f_detach()?.f_to_device(Device::Cpu)?;
        let numbers = numbers.f_to_kind(Kind::Float)?.f_reshape([-1])?;
        let numbers = Vec::<f32>::try_from(numbers)?;
        let per_picture = cells.len() * N_NUMBERS as usize;
        let mut lists = Lists::new(cells.len() * marks.len());
        for (n, (marks, numbers)) in marks.iter().zip(numbers.chunks(per_picture)).enumerate() {
            lists.add(n * cells.len(), &Said { cells, numbers }, marks);
        }
        lists.into_targets(kind, rows.device())
    }
}

/// [`Targets`] while they grow.
struct Lists {
    cells: Vec<i64>,
    ious: Vec<f32>,
    boxes: Vec<f32>,
    landmarks: Vec<f32>,
    has_landmarks: Vec<f32>,
    object: Vec<f32>,
    counts: Vec<f32>,
}

impl Lists {
    fn new(n_cells: usize) -> Self {
        Self {
            cells: Vec::new(),
            ious: Vec::new(),
            boxes: Vec::new(),
            landmarks: Vec::new(),
            has_landmarks: Vec::new(),
            object: vec![0.0; n_cells],
            counts: vec![1.0; n_cells],
        }
    }

    /// Adds a picture whose first cell is `first`.
    fn add(&mut self, first: usize, said: &Said<'_>, marks: &Marks) {
        for rect in &marks.ignored {
            let cells = (0..said.cells.len()).filter(|&cell| is_in(rect, said.cells.middle(cell)));
            cells.for_each(|cell| self.counts[first + cell] = 0.0);
        }
        for answer in assign(said, &marks.faces) {
            let (face, cell) = (&marks.faces[answer.face], first + answer.cell);
            let centre = face.rect.center();
            self.cells.push(cell as i64);
            self.ious.push(answer.iou);
            let size = [face.rect.width, face.rect.height];
            self.boxes
                .extend([[centre.x, centre.y], size].as_flattened());
            let points = face.landmarks.map(|l| l.to_array().map(|p| [p.x, p.y]));
            self.has_landmarks
                .push(f32::from(u8::from(points.is_some())));
            self.landmarks
                .extend(points.unwrap_or_default().as_flattened());
            (self.object[cell], self.counts[cell]) = (1.0, 1.0);
        }
    }

    fn into_targets(self, kind: Kind, device: Device) -> Result<Targets, TrainError> {
        let tensor = |values: &[f32]| -> Result<Tensor, TrainError> {
            Ok(Tensor::f_from_slice(values)?
                .f_to(device)?
                .f_to_kind(kind)?)
        };
        Ok(Targets {
            cells: Tensor::f_from_slice(&self.cells)?.f_to(device)?,
            ious: tensor(&self.ious)?,
            boxes: tensor(&self.boxes)?.f_reshape([-1, 4])?,
            landmarks: tensor(&self.landmarks)?.f_reshape([-1, 10])?,
            has_landmarks: tensor(&self.has_landmarks)?,
            object: tensor(&self.object)?,
            counts: tensor(&self.counts)?,
        })
    }
}

fn is_in(rect: &Rect, (x, y, _): (f32, f32, f32)) -> bool {
    rect.x <= x && x <= rect.right() && rect.y <= y && y <= rect.bottom()
}

/// The parts of a loss, weighted; each a number.
#[derive(Debug)]
pub struct Parts {
    /// With their names.
    pub parts: [(&'static str, Tensor); 4],
}

impl Parts {
    /// Their sum.
    pub fn total(&self) -> Tensor {
        let [first, rest @ ..] = &self.parts;
        rest.iter()
            .fold(first.1.shallow_clone(), |sum, (_, part)| sum + part)
    }
}

impl DetectorLoss {
    /// How far `rows` `[n, cells, 16]` are from `targets`.
    ///
    /// # Errors
    /// [`TrainError::Torch`] for targets of another batch.
    pub fn compute(
        &self,
        rows: &Tensor,
        cells: &Cells,
        targets: &Targets,
    ) -> Result<Parts, TrainError> {
        let n = rows.size()[0];
        let rows = rows.f_reshape([-1, N_NUMBERS])?;
        let n_answers = targets.cells.size()[0].max(1) as f64;
        let object = cross_entropy(&rows.f_select(1, 1)?, &targets.object)?;
        let object = object.f_mul(&targets.counts)?;
        let answers = rows.f_index_select(0, &targets.cells)?;
        let class = cross_entropy(&answers.f_select(1, 0)?, &targets.ious)?;
        let at = cells
            .tensor()?
            .f_to(rows.device())?
            .f_to_kind(rows.kind())?;
        let at = at.f_repeat([n, 1])?.f_index_select(0, &targets.cells)?;
        let boxes = decode_boxes(&answers.f_narrow(1, 2, 4)?, &at)?;
        let rect = eiou(&boxes, &targets.boxes)?;
        let points = decode_landmarks(&answers.f_narrow(1, 6, 10)?, &at)?;
        let landmarks = self.landmark_errors(&points, targets)?;
        let mean = |part: Tensor, weight: f64| -> Result<Tensor, TrainError> {
            Ok(part.f_sum(rows.kind())?.f_mul_scalar(weight / n_answers)?)
        };
        Ok(Parts {
            parts: [
                ("object", mean(object, self.object)?),
                ("class", mean(class, self.class)?),
                ("box", mean(rect, self.rect)?),
                ("landmarks", mean(landmarks, self.landmarks)?),
            ],
        })
    }

    /// `[p]`: smooth L1 (Girshick, "Fast R-CNN", ICCV 2015, equation 3) of each face's landmarks, the
    /// mean of ten, in shares of √(width · height).
    fn landmark_errors(&self, points: &Tensor, targets: &Targets) -> Result<Tensor, TrainError> {
        let size = targets
            .boxes
            .f_narrow(1, 2, 2)?
            .f_prod_dim_int(1, true, None)?;
        let size = size.f_sqrt()?;
        let (found, wanted) = (points.f_div(&size)?, targets.landmarks.f_div(&size)?);
        let each = found.f_smooth_l1_loss(&wanted, tch::Reduction::None, self.landmark_bend)?;
        let mean = each.f_mean_dim(&[1_i64][..], false, None)?;
        Ok(mean.f_mul(&targets.has_landmarks)?)
    }
}

/// Binary cross-entropy of logits, each by itself.
fn cross_entropy(logits: &Tensor, wanted: &Tensor) -> Result<Tensor, TrainError> {
    let (none, each) = (None::<Tensor>, tch::Reduction::None);
    Ok(logits.f_binary_cross_entropy_with_logits(wanted, none.as_ref(), None, each)?)
}

/// `[p]`: 1 − IoU + ρ²(centres)/c² + Δwidth²/c_w² + Δheight²/c_h² of boxes `[p, 4]` of centre and
/// size, c the diagonal and c_w, c_h the sides of the box around both (Zhang et al., "Focal and
/// efficient IOU loss", Neurocomputing 2022, equation 8).
fn eiou(found: &Tensor, wanted: &Tensor) -> Result<Tensor, TrainError> {
    let halves = |boxes: &Tensor| -> Result<(Tensor, Tensor, Tensor), TrainError> {
        let (centre, size) = (boxes.f_narrow(1, 0, 2)?, boxes.f_narrow(1, 2, 2)?);
        let half = size.f_mul_scalar(0.5)?;
        Ok((centre.f_sub(&half)?, centre.f_add(&half)?, size))
    };
    let ((low_a, high_a, size_a), (low_b, high_b, size_b)) = (halves(found)?, halves(wanted)?);
    let common = high_a
        .f_minimum(&high_b)?
        .f_sub(&low_a.f_maximum(&low_b)?)?;
    let area = |sides: &Tensor| sides.f_prod_dim_int(1, false, None);
    let common = area(&common.f_clamp_min(0.0)?)?;
    let joined = area(&size_a)?.f_add(&area(&size_b)?)?.f_sub(&common)?;
    let around = high_a
        .f_maximum(&high_b)?
        .f_sub(&low_a.f_minimum(&low_b)?)?;
    let squares = |t: &Tensor| -> Result<Tensor, TrainError> {
        Ok(t.f_square()?.f_sum_dim_intlist(&[1_i64][..], false, None)?)
    };
    let apart = found.f_narrow(1, 0, 2)?.f_sub(&wanted.f_narrow(1, 0, 2)?)?;
    let apart = squares(&apart)?.f_div(&squares(&around)?)?;
    let sides = squares(&size_a.f_sub(&size_b)?.f_div(&around)?)?;
    let overlap = common.f_div(&joined)?;
    Ok(apart.f_add(&sides)?.f_sub(&overlap)?.f_add_scalar(1.0)?)
}
