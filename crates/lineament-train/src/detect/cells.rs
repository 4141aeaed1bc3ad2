//! Where the cells of a detector stand, and what the numbers of a cell mean.

use crate::error::TrainError;
use crate::nets::DETECTOR_STRIDES;
use tch::{Kind, Tensor};

/// Numbers of a cell: logits of class and object, box, landmarks.
pub const N_NUMBERS: i64 = 16;

/// All cells of a picture's levels: level by level, rows from the top, from the left.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// Column, row and stride of each.
    places: Vec<[f32; 3]>,
}

impl Cells {
    /// The cells of pictures of this size, whose sides are multiples of 32.
    #[must_use]
    pub fn of(width: u32, height: u32) -> Self {
        let level = |stride: u32| {
            let (columns, rows) = (width / stride, height / stride);
            let place = move |row, column| [column as f32, row as f32, stride as f32];
            (0..rows).flat_map(move |row| (0..columns).map(move |column| place(row, column)))
        };
        Self {
            places: DETECTOR_STRIDES.into_iter().flat_map(level).collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The middle of a cell and its stride, in pixels.
    #[must_use]
    pub fn middle(&self, cell: usize) -> (f32, f32, f32) {
        let [column, row, stride] = self.places[cell];
        ((column + 0.5) * stride, (row + 0.5) * stride, stride)
    }

    /// `[cells, 3]`: column, row and stride.
    pub(super) fn tensor(&self) -> Result<Tensor, TrainError> {
        let flat = self.places.as_flattened();
        Ok(Tensor::f_from_slice(flat)?.f_reshape([-1, 3])?)
    }

    /// What a [`crate::nets::detector`] returned for `n` pictures, as `[n, cells, 16]`: logits of
    /// class and object, box, landmarks.
    ///
    /// # Errors
    /// [`TrainError::Torch`] for outputs that are not the detector's.
    pub fn rows(outputs: &[Tensor]) -> Result<Tensor, TrainError> {
        let level = |maps: &Tensor| -> Result<Tensor, TrainError> {
            let rows = maps.f_permute([0, 2, 3, 1])?;
            Ok(rows.f_reshape([maps.size()[0], -1, N_NUMBERS])?)
        };
        let levels: Result<Vec<Tensor>, TrainError> = outputs.iter().map(level).collect();
        let rows = Tensor::f_cat(&levels?, 1)?;
        // Losses are computed in the numbers of the targets, 32 bits or more.
        Ok(match rows.kind() {
            Kind::BFloat16 => rows.f_to_kind(Kind::Float)?,
            _ => rows,
        })
    }
}

/// Boxes `[n, 4]` as centre and size in pixels, of the cells' numbers `[n, 4]` and `at` `[n, 3]`:
/// (cell + offset)·stride, exp(size)·stride.
pub(super) fn decode_boxes(numbers: &Tensor, at: &Tensor) -> Result<Tensor, TrainError> {
    let stride = at.f_narrow(1, 2, 1)?;
    let centre = numbers.f_narrow(1, 0, 2)?.f_add(&at.f_narrow(1, 0, 2)?)?;
    let size = numbers.f_narrow(1, 2, 2)?.f_clamp_max(MOST_LOG_SIZE)?;
    let size = size.f_exp()?;
    Ok(Tensor::f_cat(&[centre, size], 1)?.f_mul(&stride)?)
}

/// The logarithm of the greatest side in cells: 22026, beyond any picture and within all numbers.
const MOST_LOG_SIZE: f64 = 10.0;

/// Landmarks `[n, 10]` in pixels, as x and y in turns: (cell + offset)·stride.
pub(super) fn decode_landmarks(numbers: &Tensor, at: &Tensor) -> Result<Tensor, TrainError> {
    let cell = at.f_narrow(1, 0, 2)?.f_repeat([1, 5])?;
    Ok(numbers.f_add(&cell)?.f_mul(&at.f_narrow(1, 2, 1)?)?)
}
