//! Going through the images of a set: in order, on several threads, in bounded memory.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lineament::stream::map_in_order;
use lineament_data::{DataError, LabelledSet, Sample};

use crate::args::dataset::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::{Level, Progress, Watcher, plural};
use crate::settings;
use crate::trouble::Trouble;

/// How a command goes through a set.
pub(super) struct Run<'a> {
    threads: NonZeroUsize,
    watcher: Watcher,
    interrupt: &'a Interrupt,
}

/// An image of a set that was gone through.
pub(super) struct Seen {
    /// Which one, counted from 0, those that could not be read included.
    pub(super) idx: u64,
    pub(super) sample: Sample,
}

impl<'a> Run<'a> {
    pub(super) fn new(shown: &Shown, interrupt: &'a Interrupt) -> Self {
        Self {
            threads: settings::threads(shown.threads),
            watcher: shown.progress,
            interrupt,
        }
    }

    /// Gives every image of `set` to `work`, and what comes of it to `sink`, in order; a line of the
    /// set that makes no sense comes as its error. `sink` returns whether all is well.
    ///
    /// # Errors
    /// The first error of `sink`; [`Exit::Interrupted`].
    pub(super) fn for_each<T: Send>(
        &self,
        set: &LabelledSet,
        stage: &'static str,
        work: impl Fn(&Seen) -> T + Sync,
        sink: impl FnMut(&Progress, Result<(Seen, T), DataError>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let total = set.len_hint().map_or(0, |n| n as usize);
        let progress = Progress::new(self.watcher, stage, total).without_faces();
        let seen = |(idx, sample): (u64, Result<Sample, DataError>)| {
            sample.map(|sample| Seen { idx, sample })
        };
        self.for_each_of((0..).zip(set.samples()).map(seen), progress, work, sink)
    }

    /// As [`Self::for_each`], of images that were read before.
    pub(super) fn for_each_again<T: Send>(
        &self,
        images: Vec<Seen>,
        stage: &'static str,
        work: impl Fn(&Seen) -> T + Sync,
        sink: impl FnMut(&Progress, Result<(Seen, T), DataError>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let progress = Progress::new(self.watcher, stage, images.len()).without_faces();
        self.for_each_of(images.into_iter().map(Ok), progress, work, sink)
    }

    fn for_each_of<T: Send>(
        &self,
        images: impl Iterator<Item = Result<Seen, DataError>> + Send,
        mut progress: Progress,
        work: impl Fn(&Seen) -> T + Sync,
        mut sink: impl FnMut(&Progress, Result<(Seen, T), DataError>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let mut failure = None;
        let is_wanted = |_: &Result<Seen, DataError>| !self.interrupt.is_set();
        let work = |seen: Result<Seen, DataError>| {
            let seen = seen?;
            let result = catch_unwind(AssertUnwindSafe(|| work(&seen)));
            Ok((seen, result))
        };
        map_in_order(images.take_while(is_wanted), self.threads, work, |result| {
            let told = match result {
                Ok((seen, Ok(value))) => sink(&progress, Ok((seen, value))),
                Ok((seen, Err(_))) => Err(defect(&seen)),
                Err(error) => sink(&progress, Err(error)),
            };
            match told {
                Ok(is_well) => {
                    progress.photo(is_well.then_some(0));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        let count = progress.finish();
        if let Some(failure) = failure {
            return Err(failure);
        }
        if self.interrupt.is_set() {
            return Err(interrupted(count.done));
        }
        Ok(())
    }

    /// Goes through a set that was gone through before, whose bad lines were told of then.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub(super) fn read_again(
        &self,
        set: &LabelledSet,
        mut sink: impl FnMut(Seen) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.for_each(
            set,
            "reading",
            |_| (),
            |_, result| match result {
                Ok((seen, ())) => sink(seen).map(|()| true),
                Err(_) => Ok(false),
            },
        )
    }

    /// Gives every image of `set` to `sink`; lines that make no sense are told of. Returns how many
    /// these were.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub(super) fn read(
        &self,
        set: &LabelledSet,
        mut sink: impl FnMut(Seen) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let mut n_bad = 0;
        self.for_each(
            set,
            "reading",
            |_| (),
            |progress, result| match result {
                Ok((seen, ())) => sink(seen).map(|()| true),
                Err(error) => {
                    progress.tell(Level::Error, &error.to_string());
                    n_bad += 1;
                    Ok(false)
                }
            },
        )?;
        Ok(n_bad)
    }
}

/// The exit code of a run in which so many images of so many could not be used.
pub(super) fn exit_of(n_failed: u64, n_images: u64) -> Exit {
    match n_failed {
        0 => Exit::Success,
        n if n >= n_images => Exit::BadInput,
        _ => Exit::SomeFailed,
    }
}

fn defect(seen: &Seen) -> Failure {
    let message = Trouble::panicked().about(&seen.sample.name);
    Failure::new(Exit::Internal, message)
}

fn interrupted(n_done: usize) -> Failure {
    let done = plural(n_done, "image", "images");
    Failure::new(Exit::Interrupted, format!("interrupted after {done}"))
}
