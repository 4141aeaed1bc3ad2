//! Batches, made ahead of time on threads.

mod plan;
mod worker;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tch::{Kind, Tensor};

use super::augment::Augment;
use super::sampler::Sampler;
use super::set::TrainSet;
use super::target::Target;
use crate::error::TrainError;
use plan::{Finished, Queue};
pub(crate) use worker::append_planes;
use worker::{Inputs, work};

/// Batches that are ready or being made, besides the one that is wanted.
const AHEAD: usize = 3;

/// What one step is trained on.
#[derive(Debug)]
pub struct Batch {
    /// `[n, 3, height, width]`, u8, RGB.
    pub images: Tensor,
    /// `[n]`, i64; −1 where nobody says who an image shows, and where it is mixed with another.
    pub labels: Tensor,
    /// Which images of the set these are.
    pub indices: Vec<usize>,
    /// `[n, dimension]`, f32: what the teacher says of each image. Of features, those of the image without
    /// augmentation, or of its mirror image where it is mirrored; a teacher's model says it of the
    /// very pixels in `images`.
    pub teacher: Option<Tensor>,
    /// How many images stand in for others that cannot be decoded.
    pub n_replaced: usize,
}

/// Makes batches. The same ones whatever the number of threads, and at whatever step it starts.
///
/// An image that cannot be decoded is replaced by the next one of its person, else by the next of the
/// set, with that one's label.
#[derive(Debug)]
pub struct Loader {
    inputs: Arc<Inputs>,
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Loader {
    /// A loader of `set`'s images, which `sampler` was made for. Nothing is loaded before the first
    /// batch is asked for.
    ///
    /// # Errors
    /// [`TrainError::Io`] when a thread cannot be started.
    pub fn new(
        set: Arc<TrainSet>,
        sampler: Sampler,
        augment: Augment,
        target: Target,
        n_threads: NonZeroUsize,
    ) -> Result<Self, TrainError> {
        let inputs = Arc::new(Inputs {
            set,
            sampler,
            augment,
            target,
        });
        let queue = Arc::new(Queue::new(AHEAD));
        let mut loader = Self {
            inputs: inputs.clone(),
            queue: queue.clone(),
            threads: Vec::new(),
        };
        for number in 0..n_threads.get() {
            let (inputs, queue) = (inputs.clone(), queue.clone());
            let thread = thread::Builder::new()
                .name(format!("loader-{number}"))
                .spawn(move || work(&inputs, &queue));
            let started = thread.map_err(|source| TrainError::io("a thread".as_ref(), source))?;
            loader.threads.push(started);
        }
        Ok(loader)
    }

    /// The batch of a step, waiting for it where it is not ready. Meanwhile, and afterwards, those that
    /// follow are made.
    ///
    /// # Errors
    /// [`TrainError::NoImages`] when no image of the set can be decoded; [`TrainError::Io`] of a packed
    /// file; [`TrainError::Core`] for a target without size or scale.
    pub fn batch(&self, step: u64) -> Result<Batch, TrainError> {
        self.inputs.assemble(self.queue.wait_for(step)?)
    }

    /// The sampler, for the length of an epoch.
    #[must_use]
    pub fn sampler(&self) -> &Sampler {
        &self.inputs.sampler
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            drop(thread.join());
        }
    }
}

impl Inputs {
    fn assemble(&self, finished: Finished) -> Result<Batch, TrainError> {
        let Target { width, height, .. } = self.target;
        let n = finished.n_images();
        let shape = [n as i64, 3, i64::from(height), i64::from(width)];
        let images = Tensor::f_from_data_size(&finished.pixels(), &shape, Kind::Uint8)?;
        let indices = finished.indices();
        let teacher = self.set.teacher().map(|teacher| {
            let features = Tensor::f_from_slice(&finished.teacher())?;
            features.f_reshape([n as i64, teacher.dimension() as i64])
        });
        Ok(Batch {
            images,
            labels: Tensor::f_from_slice(&finished.labels())?,
            n_replaced: finished.n_replaced(),
            indices,
            teacher: teacher.transpose()?,
        })
    }
}
