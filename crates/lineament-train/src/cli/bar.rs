//! How far a run is: a bar on a terminal, else a line for each line of metrics.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use lineament_train::run::metrics::{DetectionMetrics, StepMetrics, ValidationMetrics};
use lineament_train::run::{Event, Watch};

use super::interrupt::Interrupt;

/// Shows a run on standard error.
pub(crate) struct Bar {
    interrupt: Interrupt,
    is_drawn: bool,
    bar: ProgressBar,
    n_steps: u64,
    n_images_per_step: u64,
}

impl Bar {
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            is_drawn: io::stderr().is_terminal(),
            bar: ProgressBar::hidden(),
            n_steps: 0,
            n_images_per_step: 1,
        }
    }

    /// Lines only, from now on.
    pub(crate) fn plain(&mut self) {
        self.is_drawn = false;
    }

    pub(crate) fn say(&self, text: &str) {
        // A reader that has gone away does not stop the run.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr().lock(), "{text}");
        });
    }

    fn begin(&mut self, total: u64, done: u64, template: &str) {
        if self.is_drawn {
            self.bar = ProgressBar::new(total).with_position(done);
            // The time left is that of the steps that this process makes.
            self.bar.reset_eta();
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("━╸─"));
            }
        }
    }

    fn left(&self, metrics: &StepMetrics) -> String {
        let n_left = self.n_steps.saturating_sub(metrics.step) * self.n_images_per_step;
        let minutes = n_left as f64 / metrics.images_per_s.max(1e-9) / 60.0;
        match minutes < 90.0 {
            true => format!("{minutes:.0} min left"),
            false => format!("{:.1} h left", minutes / 60.0),
        }
    }

    fn logged(&self, metrics: &StepMetrics) {
        let accuracy = metrics
            .accuracy
            .map(|a| format!(" · accuracy {:.1} %", a * 100.0));
        let text = format!(
            "epoch {:.2} · loss {:.4}{} · {:.1} images/s · {:.0} % waiting",
            metrics.epoch,
            metrics.loss,
            accuracy.unwrap_or_default(),
            metrics.images_per_s,
            metrics.waiting * 100.0,
        );
        match self.is_drawn {
            true => self.bar.set_message(text),
            false => {
                let left = self.left(metrics);
                self.say(&format!(
                    "step {}/{} · {text} · {left}",
                    metrics.step, self.n_steps
                ));
            }
        }
    }

    fn validated(&self, metrics: &ValidationMetrics) {
        let rates = metrics.tar_at_fmr.iter();
        let rates: String = rates
            .filter_map(|(rate, tar)| Some(format!(" · TAR@{rate} {:.1} %", (*tar)? * 100.0)))
            .collect();
        self.say(&format!(
            "epoch {:.2} · {}: accuracy {:.2} % ± {:.2}{rates} · {:.0} s",
            metrics.epoch,
            metrics.protocol,
            metrics.accuracy * 100.0,
            metrics.accuracy_se * 100.0,
            metrics.seconds,
        ));
    }

    fn detected(&self, metrics: &DetectionMetrics) {
        let error = metrics.landmark_error;
        self.say(&format!(
            "epoch {:.2}, {} held-out faces: AP {:.2} % · found {:.2} % · {:.2} false a photo · landmarks {:.2} % of the \
             eyes' distance · {:.0} s",
            metrics.epoch,
            metrics.n_faces,
            metrics.ap * 100.0,
            metrics.found * 100.0,
            metrics.n_false_per_photo,
            error.unwrap_or(f64::NAN) * 100.0,
            metrics.seconds,
        ));
    }
}

impl Watch for Bar {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Prepared { what, done, total } => {
                if self.bar.length() != Some(*total as u64) {
                    self.begin(
                        *total as u64,
                        0,
                        "{prefix} {wide_bar} {pos}/{len} · {eta} left",
                    );
                    self.bar.set_prefix((*what).to_owned());
                }
                self.bar.set_position(*done as u64);
            }
            Event::Started {
                step,
                n_steps,
                n_images_per_step,
            } => {
                self.bar.finish_and_clear();
                (self.n_steps, self.n_images_per_step) = (*n_steps, *n_images_per_step);
                self.begin(
                    *n_steps,
                    *step,
                    "{wide_bar} {pos}/{len} · {eta} left\n{msg}",
                );
            }
            Event::Stepped { step, .. } => self.bar.set_position(*step),
            Event::Logged(metrics) => self.logged(metrics),
            Event::Validated(metrics) => self.validated(metrics),
            Event::Detected(metrics) => self.detected(metrics),
            Event::Saved(path) => {
                if !self.is_drawn {
                    self.say(&format!("saved {}", path.display()));
                }
            }
            Event::Note(text) => self.say(text),
            Event::Warning(text) => self.say(&format!("warning: {text}")),
        }
    }

    fn stops(&self) -> bool {
        self.interrupt.is_set()
    }
}
