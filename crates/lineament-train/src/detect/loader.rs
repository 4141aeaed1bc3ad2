//! Batches of scenes, made ahead of time on threads.

use super::scene::{Marks, Scenes};
use crate::data::loader::append_planes;
use crate::error::TrainError;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use tch::{Kind, Tensor};

/// Batches that a thread makes before the last is taken.
const AHEAD: usize = 2;

/// What one step is trained on.
#[derive(Debug)]
pub struct Batch {
    /// `[n, 3, height, width]`, u8, RGB.
    pub images: Tensor,
    /// What is known of the faces of each.
    pub marks: Vec<Marks>,
}

/// The scenes of a batch before they are a tensor, which threads do not share.
struct Made {
    planes: Vec<u8>,
    marks: Vec<Marks>,
}

/// Makes batches, the same ones whatever the number of threads.
#[derive(Debug)]
pub struct SceneLoader {
    size: (u32, u32),
    next: u64,
    /// Of each thread; the first makes the batches `first`, `first` + threads and so on.
    receivers: Vec<Receiver<Result<Made, TrainError>>>,
    first: u64,
    threads: Vec<JoinHandle<()>>,
}

impl SceneLoader {
    /// Batches of `batch` scenes from the number `first` on.
    ///
    /// # Errors
    /// [`TrainError::Io`] where a thread cannot be started.
    pub fn new(
        scenes: Arc<Scenes>,
        batch: usize,
        first: u64,
        n_threads: NonZeroUsize,
    ) -> Result<Self, TrainError> {
        let mut loader = Self {
            size: scenes.size(),
            next: first,
            receivers: Vec::new(),
            first,
            threads: Vec::new(),
        };
        let n = n_threads.get() as u64;
        for number in 0..n {
            let (sender, receiver) = sync_channel(AHEAD);
            let scenes = scenes.clone();
            let steps = (first + number..).step_by(n_threads.get());
            let thread = thread::Builder::new()
                .name(format!("scenes-{number}"))
                .spawn(move || work(&scenes, batch, steps, &sender));
            let started = thread.map_err(|e| TrainError::io("a thread".as_ref(), e))?;
            loader.threads.push(started);
            loader.receivers.push(receiver);
        }
        Ok(loader)
    }

    /// The next batch.
    ///
    /// # Errors
    /// Those of [`Scenes::scene`]; [`TrainError::Stopped`] where a thread ended.
    pub fn batch(&mut self) -> Result<Batch, TrainError> {
        let thread = (self.next - self.first) % self.receivers.len() as u64;
        let made = self.receivers[thread as usize].recv();
        let Made { planes, marks } = made.map_err(|_| TrainError::Stopped)??;
        self.next += 1;
        let shape = [
            marks.len() as i64,
            3,
            i64::from(self.size.1),
            i64::from(self.size.0),
        ];
        Ok(Batch {
            images: Tensor::f_from_data_size(&planes, &shape, Kind::Uint8)?,
            marks,
        })
    }
}

impl Drop for SceneLoader {
    fn drop(&mut self) {
        // Whoever waits to send is refused, and ends.
        self.receivers.clear();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            drop(thread.join());
        }
    }
}

fn work(
    scenes: &Scenes,
    batch: usize,
    steps: impl Iterator<Item = u64>,
    sender: &SyncSender<Result<Made, TrainError>>,
) {
    for step in steps {
        if sender.send(make(scenes, batch, step)).is_err() {
            return;
        }
    }
}

fn make(scenes: &Scenes, batch: usize, step: u64) -> Result<Made, TrainError> {
    let mut made = Made {
        planes: Vec::new(),
        marks: Vec::with_capacity(batch),
    };
    for slot in 0..batch {
        let scene = scenes.scene(step, slot)?;
        append_planes(&scene.image, &mut made.planes);
        made.marks.push(scene.marks);
    }
    Ok(made)
}
