//! The figures of a run, as JSON Lines.

use crate::error::TrainError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Line {
    /// Steps since the line before.
    Steps(StepMetrics),
    /// A validation.
    Validation(ValidationMetrics),
    /// A validation of a detector.
    Detection(DetectionMetrics),
}

/// Means over the steps since the last line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Steps done.
    pub step: u64,
    /// Passes over the set done.
    pub epoch: f64,
    /// The sum of all losses.
    pub loss: f64,
    /// What each loss tells of itself.
    pub parts: BTreeMap<String, f64>,
    /// Share of labelled images whose own person had the greatest score, margins aside.
    pub accuracy: Option<f64>,
    /// The learning rate of the last step.
    pub rate: f64,
    /// L2 norm of all gradients, where they are clipped.
    pub gradient_norm: Option<f64>,
    /// Images a second, loading and all.
    pub images_per_s: f64,
    /// Share of the time in which the trainer waited for images.
    pub waiting: f64,
    /// Images that stood in for unreadable ones.
    pub n_replaced: u64,
}

/// What a validation gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationMetrics {
    /// Steps done.
    pub step: u64,
    /// Passes over the set done.
    pub epoch: f64,
    /// What was compared.
    pub protocol: String,
    /// Comparisons.
    pub n_pairs: usize,
    /// Mean over folds, each at the others' best threshold.
    pub accuracy: f64,
    /// Its standard error.
    pub accuracy_se: f64,
    /// Area under the ROC.
    pub auc: f64,
    /// Equal error rate.
    pub eer: Option<f64>,
    /// True acceptance by false match rate.
    pub tar_at_fmr: BTreeMap<String, Option<f64>>,
    /// The accuracy of every fold; none in files of before these were kept.
    #[serde(default)]
    pub folds: Vec<f64>,
    /// Seconds it took.
    pub seconds: f64,
}

/// What a validation of a detector gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionMetrics {
    /// Steps done.
    pub step: u64,
    /// As many scenes seen as there are photos.
    pub epoch: f64,
    /// Photos looked at.
    pub n_photos: usize,
    /// Faces to be found.
    pub n_faces: usize,
    /// Average precision at an overlap of a half.
    pub ap: f64,
    /// Share of the faces that are found with a score of at least a half.
    pub found: f64,
    /// Found faces with such a score that are none, a photo.
    pub n_false_per_photo: f64,
    /// Mean distance of landmarks from where they should be, in distances of the eyes.
    pub landmark_error: Option<f64>,
    /// Seconds it took.
    pub seconds: f64,
}

impl Line {
    /// After how many steps it was written.
    #[must_use]
    pub const fn step(&self) -> u64 {
        match self {
            Self::Steps(m) => m.step,
            Self::Validation(m) => m.step,
            Self::Detection(m) => m.step,
        }
    }
}

/// Appends lines to the file.
pub struct MetricsFile {
    path: PathBuf,
    file: File,
}

impl MetricsFile {
    /// Goes on after `step`: lines of later steps, which will be made again, are cut off, and so is
    /// a line that a crash left half-written.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn open(path: &Path, step: u64) -> Result<Self, TrainError> {
        Self::open_io(path, step).map_err(|e| TrainError::io(path, e))
    }

    fn open_io(path: &Path, step: u64) -> io::Result<Self> {
        let kept: Vec<Line> = match path.exists() {
            true => lines(&fs::read_to_string(path)?),
            false => Vec::new(),
        };
        let kept = kept.into_iter().take_while(|l| l.step() <= step);
        let texts: Result<Vec<String>, _> = kept.map(|l| serde_json::to_string(&l)).collect();
        let text: String = texts?.into_iter().map(|l| l + "\n").collect();
        let temporary = path.with_extension("new");
        fs::write(&temporary, text)?;
        fs::rename(&temporary, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: OpenOptions::new().append(true).open(path)?,
        })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn add(&mut self, line: &Line) -> Result<(), TrainError> {
        let written = serde_json::to_string(line)
            .map_err(io::Error::other)
            .and_then(|text| self.file.write_all((text + "\n").as_bytes()));
        written.map_err(|e| TrainError::io(&self.path, e))
    }
}

/// The lines of a file of metrics, up to the first that is none.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    let parsed = text.lines().map(serde_json::from_str);
    parsed.map_while(Result::ok).collect()
}

/// Gathers what a line of metrics tells.
pub(crate) struct Meter {
    started: Instant,
    waited: Duration,
    n_steps: u64,
    n_images: u64,
    n_replaced: u64,
    loss: f64,
    parts: BTreeMap<String, f64>,
    accuracy: (f64, f64),
}

/// What one step adds.
pub(crate) struct Made {
    pub(crate) loss: f64,
    pub(crate) parts: BTreeMap<String, f64>,
    /// Share, and of how many labelled images.
    pub(crate) accuracy: Option<(f64, f64)>,
    pub(crate) n_images: u64,
    pub(crate) n_replaced: u64,
    pub(crate) waited: Duration,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            waited: Duration::ZERO,
            n_steps: 0,
            n_images: 0,
            n_replaced: 0,
            loss: 0.0,
            parts: BTreeMap::new(),
            accuracy: (0.0, 0.0),
        }
    }

    pub(crate) fn add(&mut self, made: Made) {
        self.n_steps += 1;
        self.n_images += made.n_images;
        self.n_replaced += made.n_replaced;
        self.waited += made.waited;
        self.loss += made.loss;
        for (name, value) in made.parts {
            *self.parts.entry(name).or_default() += value;
        }
        if let Some((share, n)) = made.accuracy {
            self.accuracy.0 += share * n;
            self.accuracy.1 += n;
        }
    }

    /// Time that was no training, a validation say.
    pub(crate) fn pause(&mut self, time: Duration) {
        self.started += time;
    }

    /// The means so far; begins anew.
    pub(crate) fn take(&mut self, step: u64, epoch: f64, rate: f64) -> StepMetrics {
        let this = std::mem::replace(self, Self::new());
        let n = this.n_steps.max(1) as f64;
        let seconds = this.started.elapsed().as_secs_f64().max(1e-9);
        let parts = this.parts.into_iter();
        let (hits, n_labelled) = this.accuracy;
        StepMetrics {
            step,
            epoch,
            loss: this.loss / n,
            parts: parts.map(|(name, sum)| (name, sum / n)).collect(),
            accuracy: (n_labelled > 0.0).then_some(hits / n_labelled),
            rate,
            gradient_norm: None,
            images_per_s: this.n_images as f64 / seconds,
            waiting: this.waited.as_secs_f64() / seconds,
            n_replaced: this.n_replaced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64) -> Line {
        let mut meter = Meter::new();
        meter.add(Made {
            loss: 2.0,
            parts: BTreeMap::from([("softmax".to_owned(), 2.0)]),
            accuracy: Some((0.5, 4.0)),
            n_images: 4,
            n_replaced: 0,
            waited: Duration::ZERO,
        });
        Line::Steps(meter.take(step, 0.5, 0.1))
    }

    #[test]
    fn going_on_cuts_what_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut file = MetricsFile::open(&path, 0).unwrap();
        for step in [20, 40, 60] {
            file.add(&line(step)).unwrap();
        }
        // As a crash leaves it.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"event\":\"ste")).unwrap();
        let mut file = MetricsFile::open(&path, 40).unwrap();
        file.add(&line(60)).unwrap();
        let kept = lines(&fs::read_to_string(&path).unwrap());
        let steps: Vec<u64> = kept.iter().map(Line::step).collect();
        assert_eq!(steps, [20, 40, 60]);
    }

    #[test]
    fn means_are_over_steps_and_shares_over_images() {
        let mut meter = Meter::new();
        for (loss, share, n) in [(1.0, 0.0, 30.0), (3.0, 1.0, 10.0)] {
            meter.add(Made {
                loss,
                parts: BTreeMap::new(),
                accuracy: Some((share, n)),
                n_images: 40,
                n_replaced: 1,
                waited: Duration::ZERO,
            });
        }
        let metrics = meter.take(2, 0.1, 0.1);
        assert_eq!((metrics.loss, metrics.accuracy), (2.0, Some(0.25)));
        assert_eq!(metrics.n_replaced, 2);
    }
}
