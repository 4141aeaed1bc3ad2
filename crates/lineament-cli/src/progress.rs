//! How far a run is: a bar for people, JSON Lines for programs, or nothing.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// The shortest time between two progress events.
const EVENT_INTERVAL: Duration = Duration::from_millis(500);

/// Who watches the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Watcher {
    /// A bar when standard error is a terminal, else nothing.
    Auto,
    /// One JSON object a line on standard error.
    Json,
    /// Nothing.
    Off,
}

/// Counts what is done and shows it.
pub(crate) struct Progress {
    display: Display,
    stage: &'static str,
    started: Instant,
    count: Count,
    counts_faces: bool,
}

/// How bad something is that does not stop the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Something to know.
    Warning,
    /// A photo or a person is missing from the results.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What is done of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// Photos that this run has been through.
    pub(crate) done: usize,
    /// Photos that this run has to go through.
    pub(crate) total: usize,
    /// Those of `done` that failed.
    pub(crate) failed: usize,
    /// Faces found in the others.
    pub(crate) faces: usize,
}

enum Display {
    Bar(ProgressBar),
    Json { last_event: Option<Instant> },
    Nothing,
}

#[derive(Serialize)]
struct Event {
    event: &'static str,
    stage: &'static str,
    #[serde(flatten)]
    count: Count,
    photos_per_s: f64,
}

impl Progress {
    /// The progress of `total` photos, in the stage of this name.
    pub(crate) fn new(watcher: Watcher, stage: &'static str, total: usize) -> Self {
        let display = match watcher {
            Watcher::Auto if io::stderr().is_terminal() => Display::Bar(bar(stage, total)),
            Watcher::Json => Display::Json { last_event: None },
            Watcher::Auto | Watcher::Off => Display::Nothing,
        };
        Self {
            display,
            stage,
            started: Instant::now(),
            count: Count {
                total,
                ..Count::default()
            },
            counts_faces: true,
        }
    }

    /// The progress of a run that does not look for faces.
    pub(crate) fn without_faces(self) -> Self {
        Self {
            counts_faces: false,
            ..self
        }
    }

    /// One more photo is done; `n_faces` is `None` when it failed.
    pub(crate) fn photo(&mut self, n_faces: Option<usize>) {
        self.count.done += 1;
        match n_faces {
            Some(n_faces) => self.count.faces += n_faces,
            None => self.count.failed += 1,
        }
        let photos_per_s = self.photos_per_s();
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_position(self.count.done as u64);
                let words = in_words(&self.count, self.counts_faces);
                bar.set_message(format!("{words}{photos_per_s:.1} photos/s"));
            }
            Display::Json { last_event } => {
                if last_event.is_none_or(|last| last.elapsed() >= EVENT_INTERVAL) {
                    *last_event = Some(Instant::now());
                    self.emit("progress");
                }
            }
            Display::Nothing => {}
        }
    }

    /// Does `write` while the bar is out of the way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.display {
            Display::Bar(bar) => bar.suspend(write),
            Display::Json { .. } | Display::Nothing => write(),
        }
    }

    /// Tells of something that does not stop the run.
    pub(crate) fn tell(&self, level: Level, message: &str) {
        let line = match &self.display {
            Display::Json { .. } => {
                serde_json::json!({"event": level.name(), "message": message}).to_string()
            }
            Display::Bar(_) | Display::Nothing => format!("{}: {message}", level.name()),
        };
        // A reader that has gone away does not stop the run.
        self.aside(|| {
            let _ = writeln!(io::stderr().lock(), "{line}");
        });
    }

    /// Takes the bar away and returns what was done.
    pub(crate) fn finish(self) -> Count {
        match &self.display {
            Display::Bar(bar) => bar.finish_and_clear(),
            Display::Json { .. } => self.emit("finished"),
            Display::Nothing => {}
        }
        self.count
    }

    fn photos_per_s(&self) -> f64 {
        self.count.done as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// Writes an event. A reader that has gone away does not stop the run.
    fn emit(&self, event: &'static str) {
        let event = Event {
            event,
            stage: self.stage,
            count: self.count,
            photos_per_s: (self.photos_per_s() * 100.0).round() / 100.0,
        };
        if let Ok(line) = serde_json::to_string(&event) {
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }
}

/// A bar for work that is not photos; `None` unless people watch a terminal.
pub(crate) fn plain_bar(
    watcher: Watcher,
    stage: &'static str,
    total: usize,
) -> Option<ProgressBar> {
    let is_watched = watcher == Watcher::Auto && io::stderr().is_terminal();
    is_watched.then(|| bar(stage, total))
}

fn bar(stage: &'static str, total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let template = "{prefix} {wide_bar} {pos}/{len} · {eta} left · {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_prefix(stage);
    bar
}

/// What there is to tell besides the number of photos, each with a dot behind it.
fn in_words(count: &Count, counts_faces: bool) -> String {
    let faces = counts_faces.then(|| plural(count.faces, "face", "faces"));
    let failed = (count.failed > 0).then(|| format!("{} failed", count.failed));
    let told = faces.into_iter().chain(failed);
    told.map(|words| words + " · ").collect()
}

/// `n` of something, in words: `1 face`, `2 faces`.
pub(crate) fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let mut progress = Progress::new(Watcher::Off, "photos", 3);
        progress.photo(Some(2));
        progress.photo(None);
        let count = progress.finish();
        assert_eq!(
            count,
            Count {
                done: 2,
                total: 3,
                failed: 1,
                faces: 2
            }
        );
        assert_eq!(in_words(&count, true), "2 faces · 1 failed · ");
        assert_eq!(in_words(&count, false), "1 failed · ");
    }
}
