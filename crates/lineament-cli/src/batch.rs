//! A run over many photos: parallel, in order, in bounded memory; one bad photo stops nothing.

use std::io::Write;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lineament::stream::map_in_order;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::Input;
use crate::interrupt::Interrupt;
use crate::pipeline::Threads;
use crate::progress::{Count, Level, Progress, Watcher, plural};
use crate::record::{FaceRow, PhotoRecord};
use crate::results::Results;
use crate::settings::{BatchSettings, Style};
use crate::trouble::{Trouble, WorkError};

/// What a run over photos needs to know.
pub(crate) struct Batch<'a> {
    pub(crate) threads: Threads,
    pub(crate) watcher: Watcher,
    pub(crate) interrupt: &'a Interrupt,
    /// What the progress of the run is called.
    pub(crate) stage: &'static str,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) count: Count,
    /// Photos that an earlier run had done, and those of them that failed.
    pub(crate) before: Before,
    pub(crate) interrupted: bool,
}

/// What an earlier run left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Before {
    pub(crate) done: usize,
    pub(crate) failed: usize,
}

impl Batch<'_> {
    /// Gives every input to `work` on several threads, and what comes of it to `sink`, in order.
    /// `sink` returns the number of faces. Ends early when asked to, after the inputs in flight.
    ///
    /// # Errors
    /// The first fatal error of `work` or error of `sink`.
    pub(crate) fn for_each<I: Sync, T: Send>(
        &self,
        inputs: &[I],
        work: impl Fn(&I) -> Result<T, WorkError> + Sync,
        mut sink: impl FnMut(&mut Progress, &I, Result<T, Trouble>) -> Result<usize, Failure>,
    ) -> Result<Count, Failure> {
        let mut progress = Progress::new(self.watcher, self.stage, inputs.len());
        let mut failure = None;
        let guarded = |input: &I| {
            catch_unwind(AssertUnwindSafe(|| work(input)))
                .unwrap_or_else(|_| Err(WorkError::Photo(Trouble::panicked())))
        };
        map_in_order(
            inputs.iter().take_while(|_| !self.interrupt.is_set()),
            self.threads.photos,
            |input| (input, guarded(input)),
            |(input, result)| {
                let result = match result {
                    Ok(value) => Ok(value),
                    Err(WorkError::Photo(trouble)) => Err(trouble),
                    Err(WorkError::Fatal(fatal)) => {
                        failure = Some(fatal);
                        return ControlFlow::Break(());
                    }
                };
                let failed = result.is_err();
                match sink(&mut progress, input, result) {
                    Ok(n_faces) => progress.photo((!failed).then_some(n_faces)),
                    Err(error) => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            },
        );
        let count = progress.finish();
        failure.map_or(Ok(count), Err)
    }

    /// Writes the record of every photo to `results`, and what failed also to standard error
    /// unless a program reads the records there and then.
    pub(crate) fn record<F: FaceRow>(
        &self,
        inputs: &[Input],
        results: &mut Results,
        work: impl Fn(&Input) -> Result<PhotoRecord<F>, WorkError> + Sync,
    ) -> Result<Outcome, Failure> {
        let open: Vec<&Input> = inputs.iter().filter(|input| !results.has(input)).collect();
        let before = Before {
            done: inputs.len() - open.len(),
            failed: results.n_failed_before(),
        };
        let work = |input: &&Input| work(input);
        let count = self.for_each(&open, work, |progress, input, result| {
            let record = match result {
                Ok(record) => record,
                Err(trouble) => {
                    if results.tells_people() {
                        progress.tell(Level::Error, &trouble.about(&input.shown));
                    }
                    PhotoRecord::failed(&input.shown, trouble)
                }
            };
            progress.aside(|| results.write(&record))?;
            Ok(record.n_faces())
        })?;
        results.sync()?;
        Ok(Outcome {
            count,
            before,
            interrupted: count.done < open.len(),
        })
    }
}

impl Outcome {
    /// The exit code of the run.
    pub(crate) fn exit(&self) -> Exit {
        let n_failed = self.count.failed + self.before.failed;
        if self.interrupted {
            Exit::Interrupted
        } else if n_failed == 0 {
            Exit::Success
        } else if n_failed == self.count.done + self.before.done {
            Exit::BadInput
        } else {
            Exit::SomeFailed
        }
    }

    /// Says on standard error how a run ended that was cut short, to people also how it went.
    /// `kept` is where its results are.
    pub(crate) fn tell(&self, settings: &BatchSettings, kept: Option<&Path>) {
        if self.interrupted {
            let total = self.count.total + self.before.done;
            let done = self.count.done + self.before.done;
            let advice = match kept {
                Some(path) => format!(
                    "{} has what was done; run the same command with --resume to go on",
                    path.display()
                ),
                None => "a run with --out can be gone on with by --resume".to_owned(),
            };
            say(&format!(
                "interrupted after {done} of {total} photos; {advice}"
            ));
        } else if settings.style == Style::People && settings.watcher != Watcher::Json {
            say(&self.in_words());
        }
    }

    fn in_words(&self) -> String {
        let mut words = format!(
            "{}, {}",
            plural(self.count.done, "photo", "photos"),
            plural(self.count.faces, "face", "faces")
        );
        if self.count.failed > 0 {
            words += &format!(", {} failed", self.count.failed);
        }
        if self.before.done > 0 {
            words += &format!(" ({} done before", self.before.done);
            if self.before.failed > 0 {
                words += &format!(", {} of them failed", self.before.failed);
            }
            words += ")";
        }
        words
    }
}

/// Writes a line to standard error. When that fails there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(done: usize, failed: usize, before: (usize, usize)) -> Outcome {
        Outcome {
            count: Count {
                done,
                total: done,
                failed,
                faces: 0,
            },
            before: Before {
                done: before.0,
                failed: before.1,
            },
            interrupted: false,
        }
    }

    #[test]
    fn the_exit_code_counts_earlier_failures() {
        assert_eq!(outcome(3, 0, (0, 0)).exit(), Exit::Success);
        assert_eq!(outcome(3, 1, (0, 0)).exit(), Exit::SomeFailed);
        assert_eq!(outcome(3, 3, (0, 0)).exit(), Exit::BadInput);
        assert_eq!(outcome(0, 0, (4, 1)).exit(), Exit::SomeFailed);
        assert_eq!(outcome(1, 1, (4, 0)).exit(), Exit::SomeFailed);
    }

    #[test]
    fn the_summary_is_one_sentence() {
        let words = outcome(3, 1, (4, 2)).in_words();
        assert_eq!(
            words,
            "3 photos, 0 faces, 1 failed (4 done before, 2 of them failed)"
        );
    }
}
