//! What a thread of the loader does: read, change, arrange.

use std::sync::Arc;

use lineament_core::RgbImage;

use super::plan::{Made, Queue, Task};
use crate::data::augment::Augment;
use crate::data::sampler::Sampler;
use crate::data::set::TrainSet;
use crate::data::target::Target;
use crate::data::teacher::View;
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
        for slot in task.slots() {
            let wanted = task.wanted[slot];
            let (idx, crop) = self.readable(wanted)?;
            let seen = self.augment.apply(&crop, &self.target, task.step, slot)?;
            append_planes(&seen.image, &mut made.pixels);
            if let Some(teacher) = self.set.teacher() {
                let view = if seen.is_mirrored {
                    View::Mirrored
                } else {
                    View::Plain
                };
                made.teacher.extend(teacher.read(self.set.row(idx), view)?);
            }
            made.n_replaced += usize::from(idx != wanted);
            made.indices.push(idx);
        }
        Ok(made)
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
