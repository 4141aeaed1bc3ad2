//! Every image once in each epoch.

use super::check_positive;
use crate::data::random::Permutation;
use crate::error::TrainError;

/// Epochs follow each other without a gap: a batch may hold the end of one and the start of the next.
#[derive(Debug, Clone)]
pub(super) struct Uniform {
    n_images: usize,
    batch: usize,
    seed: u64,
}

impl Uniform {
    pub(super) fn new(n_images: usize, batch: usize, seed: u64) -> Result<Self, TrainError> {
        check_positive("images a step", batch)?;
        if n_images == 0 {
            return Err(TrainError::NoImages {
                what: "the set".to_owned(),
                why: "it is empty".to_owned(),
            });
        }
        Ok(Self {
            n_images,
            batch,
            seed,
        })
    }

    pub(super) fn batch(&self, step: u64) -> Vec<usize> {
        let n = self.n_images as u64;
        let first = step * self.batch as u64;
        let mut order = (first / n, self.order(first / n));
        let places = first..first + self.batch as u64;
        let image_at = |place: u64| {
            if place / n != order.0 {
                order = (place / n, self.order(place / n));
            }
            order.1.at((place % n) as usize)
        };
        places.map(image_at).collect()
    }

    fn order(&self, epoch: u64) -> Permutation {
        Permutation::new(self.n_images, self.seed, &[epoch])
    }

    pub(super) fn batch_size(&self) -> usize {
        self.batch
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.n_images.div_ceil(self.batch) as u64
    }
}
