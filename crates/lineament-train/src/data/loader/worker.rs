//! What a thread of the loader does: read, change, arrange.

use std::sync::Arc;

use lineament_core::RgbImage;

use super::plan::{Made, Queue, Task};
use crate::data::augment::{Augment, Augmented};
use crate::data::sampler::Sampler;
use crate::data::set::{NO_IDENTITY, TrainSet};
use crate::data::target::Target;
use crate::data::teacher::{Teacher, View};
use crate::error::TrainError;

/// What batches are made of.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) set: Arc<TrainSet>,
    pub(super) sampler: Sampler,
    pub(super) augment: Augment,
    pub(super) target: Target,
}

/// Wakes whoever waits for a batch when a thread panics, who would wait for ever.
struct CloseOnPanic<'a>(&'a Queue);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

/// Makes what there is to make until the queue is closed.
pub(super) fn work(inputs: &Inputs, queue: &Queue) {
    let _closed_on_panic = CloseOnPanic(queue);
    while let Some(task) = queue.next_task(|step| inputs.sampler.batch(step)) {
        queue.put(&task, inputs.make(&task));
    }
}

impl Inputs {
    fn make(&self, task: &Task) -> Result<Made, TrainError> {
        let mut made = Made::default();
        let mut images = Vec::new();
        for slot in task.slots() {
            let (idx, mut seen) = self.seen(task, slot)?;
            let mixed = self.augment.mixed(task.step, slot, task.wanted.len());
            if let Some(mixed) = mixed {
                // The other place may be another thread's: it is made twice rather than waited for.
                let (_, other) = self.seen(task, mixed.slot)?;
                mixed.blend(&mut seen.image, &other.image);
            }
            append_planes(&seen.image, &mut made.pixels);
            if let Some(Teacher::Features(features)) = self.set.teacher() {
                let view = if seen.is_mirrored {
                    View::Mirrored
                } else {
                    View::Plain
                };
                let views = self.set.target_views();
                let told = features.target(self.set.row(idx), view, views)?;
                made.teacher.extend(told);
            }
            made.n_replaced += usize::from(idx != task.wanted[slot]);
            made.indices.push(idx);
            made.labels.push(match mixed {
                None => self.set.labels()[idx],
                Some(_) => NO_IDENTITY,
            });
            images.push(seen.image);
        }
        if let Some(Teacher::Model(model)) = self.set.teacher() {
            made.teacher = model.ask(&images, self.set.target_views())?;
        }
        Ok(made)
    }

    /// Which image stands in a place of the batch, and what is seen of it before it is mixed.
    fn seen(&self, task: &Task, slot: usize) -> Result<(usize, Augmented), TrainError> {
        let (idx, crop) = self.readable(task.wanted[slot])?;
        let seen = self.augment.apply(&crop, &self.target, task.step, slot)?;
        Ok((idx, seen))
    }

    /// The image `wanted`, or the one that stands in for it.
    fn readable(&self, wanted: usize) -> Result<(usize, RgbImage), TrainError> {
        let (labels, n) = (self.set.labels(), self.set.len());
        let following = || (0..n).map(|distance| (wanted + distance) % n);
        let same = following().filter(|&idx| labels[idx] == labels[wanted]);
        let other = following().filter(|&idx| labels[idx] != labels[wanted]);
        for idx in same.chain(other) {
            if let Some(crop) = self.set.read(idx)? {
                return Ok((idx, crop));
            }
        }
        Err(TrainError::NoImages {
            what: "the set".to_owned(),
            why: format!("none of its {n} images can be decoded"),
        })
    }
}

/// Puts the red, the green and the blue plane of `image` behind `planes`.
pub(crate) fn append_planes(image: &RgbImage, planes: &mut Vec<u8>) {
    for channel in 0..3 {
        planes.extend(image.pixels().iter().skip(channel).step_by(3));
    }
}
