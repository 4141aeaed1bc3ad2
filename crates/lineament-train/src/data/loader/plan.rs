//! Which batch is made of what, by whom, and when: the queue between the threads and their user.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::TrainError;

/// Images that a thread makes at a time: batches of any size are shared by all threads.
const CHUNK: usize = 16;

/// Part of a batch for a thread to make.
pub(super) struct Task {
    /// Which of the batches that were begun.
    number: u64,
    pub(super) step: u64,
    /// Which images the batch takes.
    pub(super) wanted: Arc<[usize]>,
    chunk: usize,
}

impl Task {
    /// The places in the batch that are to be made.
    pub(super) fn slots(&self) -> std::ops::Range<usize> {
        let first = self.chunk * CHUNK;
        first..(first + CHUNK).min(self.wanted.len())
    }
}

/// Some images of a batch.
#[derive(Default)]
pub(super) struct Made {
    /// `[n, 3, height, width]`.
    pub(super) pixels: Vec<u8>,
    /// The images that are shown.
    pub(super) indices: Vec<usize>,
    /// Who they show.
    pub(super) labels: Vec<i64>,
    pub(super) n_replaced: usize,
    /// `[n, dimension]`; nothing without a teacher.
    pub(super) teacher: Vec<f32>,
}

/// A whole batch, in parts.
pub(super) struct Finished(Vec<Made>);

impl Finished {
    pub(super) fn n_images(&self) -> usize {
        self.0.iter().map(|made| made.indices.len()).sum()
    }

    pub(super) fn pixels(&self) -> Vec<u8> {
        let parts: Vec<&[u8]> = self.0.iter().map(|made| &made.pixels[..]).collect();
        parts.concat()
    }

    pub(super) fn labels(&self) -> Vec<i64> {
        let parts = self.0.iter().map(|made| &made.labels[..]);
        parts.collect::<Vec<_>>().concat()
    }

    pub(super) fn indices(&self) -> Vec<usize> {
        self.0
            .iter()
            .flat_map(|made| made.indices.iter().copied())
            .collect()
    }

    pub(super) fn teacher(&self) -> Vec<f32> {
        self.0
            .iter()
            .flat_map(|made| made.teacher.iter().copied())
            .collect()
    }

    pub(super) fn n_replaced(&self) -> usize {
        self.0.iter().map(|made| made.n_replaced).sum()
    }
}

/// A batch that was begun.
struct Begun {
    number: u64,
    step: u64,
    wanted: Arc<[usize]>,
    n_given: usize,
    made: Vec<Option<Made>>,
    failed: Option<TrainError>,
}

impl Begun {
    fn is_done(&self) -> bool {
        self.failed.is_some() || self.made.iter().all(Option::is_some)
    }

    fn into_finished(self) -> Result<Finished, TrainError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(Finished(self.made.into_iter().flatten().collect())),
        }
    }
}

/// The batches from the next one on.
#[derive(Default)]
struct State {
    /// The step that is next to be given out; `None` before the first was asked for.
    next: Option<u64>,
    /// The batches of that step and of those that follow it.
    begun: VecDeque<Begun>,
    n_begun: u64,
    is_closed: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    /// There may be something to make.
    work: Condvar,
    /// There may be something finished.
    done: Condvar,
    ahead: usize,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} ahead)", self.ahead)
    }
}

impl Queue {
    pub(super) fn new(ahead: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            ahead,
        }
    }

    /// The next thing to make, waiting for one; `None` once there will be none. `sample` says what a
    /// step takes.
    pub(super) fn next_task(&self, sample: impl Fn(u64) -> Vec<usize>) -> Option<Task> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(task) = state.task() {
                return Some(task);
            }
            match state.next {
                Some(next) if state.begun.len() <= self.ahead => {
                    let step = next + state.begun.len() as u64;
                    state.begin(step, sample(step));
                }
                _ => state = wait(&self.work, state),
            }
        }
    }

    /// Takes what was made of `task`. It is dropped when nobody waits for that batch any more.
    pub(super) fn put(&self, task: &Task, made: Result<Made, TrainError>) {
        let mut state = self.lock();
        if let Some(batch) = state.begun.iter_mut().find(|b| b.number == task.number) {
            match made {
                Ok(made) => batch.made[task.chunk] = Some(made),
                Err(error) => batch.failed = Some(error),
            }
            if batch.is_done() {
                self.done.notify_all();
            }
        }
    }

    /// The batch of `step`. What was made for other steps is kept only where it comes next.
    pub(super) fn wait_for(&self, step: u64) -> Result<Finished, TrainError> {
        let mut state = self.lock();
        state.turn_to(step);
        self.work.notify_all();
        loop {
            if state.begun.front().is_some_and(Begun::is_done)
                && let Some(batch) = state.begun.pop_front()
            {
                state.next = Some(step + 1);
                self.work.notify_all();
                return batch.into_finished();
            }
            if state.is_closed {
                return Err(TrainError::Stopped);
            }
            state = wait(&self.done, state);
        }
    }

    /// Ends all waiting.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
        self.done.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    condition
        .wait(state)
        .unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn task(&mut self) -> Option<Task> {
        let is_open =
            |batch: &&mut Begun| batch.failed.is_none() && batch.n_given < batch.made.len();
        let batch = self.begun.iter_mut().find(is_open)?;
        let chunk = batch.n_given;
        batch.n_given += 1;
        Some(Task {
            number: batch.number,
            step: batch.step,
            wanted: batch.wanted.clone(),
            chunk,
        })
    }

    fn begin(&mut self, step: u64, wanted: Vec<usize>) {
        let n_chunks = wanted.len().div_ceil(CHUNK);
        self.begun.push_back(Begun {
            number: self.n_begun,
            step,
            wanted: wanted.into(),
            n_given: 0,
            made: (0..n_chunks).map(|_| None).collect(),
            failed: None,
        });
        self.n_begun += 1;
    }

    fn turn_to(&mut self, step: u64) {
        while self.begun.front().is_some_and(|batch| batch.step < step) {
            self.begun.pop_front();
        }
        if self.begun.front().is_some_and(|batch| batch.step != step) {
            self.begun.clear();
        }
        self.next = Some(step);
    }
}
