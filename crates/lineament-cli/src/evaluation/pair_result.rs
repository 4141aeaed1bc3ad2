//! What a model reached under a pair protocol, as JSON and as the run of a report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lineament_data::{ImageSource, Item};
use lineament_eval::report::{ErrorKind, ErrorPair, Picture, ReportRun};
use lineament_eval::{PairOutcome, PairReport};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

/// A report and the choices behind it; its JSON is what `--json` prints.
#[derive(Serialize)]
pub(crate) struct PairResult {
    #[serde(flatten)]
    report: PairReport,
    /// What the figures depend on further, by name.
    choices: BTreeMap<String, String>,
}

impl PairResult {
    pub(crate) fn new(report: PairReport, choices: Vec<(String, String)>) -> Self {
        Self {
            report,
            choices: choices.into_iter().collect(),
        }
    }

    /// Names of what failed to enrol.
    pub(crate) fn failures(&self) -> &[String] {
        &self.report.failures
    }

    /// The run of a report. `items` are those of the protocol.
    ///
    /// # Errors
    /// [`Exit::Internal`]: none for a report as it was made.
    pub(crate) fn run(&self, title: &str, items: &[Item]) -> Result<ReportRun, Failure> {
        let internal =
            |error: &dyn std::fmt::Display| Failure::new(Exit::Internal, error.to_string());
        let report = &self.report;
        let wrong = report.outcomes.iter().filter(|outcome| !outcome.correct);
        let matcher = ("Matcher".to_owned(), report.matcher.to_owned());
        let choices = self.choices.clone().into_iter();
        Ok(ReportRun {
            settings: std::iter::once(matcher).chain(choices).collect(),
            errors: wrong.map(|outcome| error(outcome, items)).collect(),
            result: serde_json::to_value(self).map_err(|error| internal(&error))?,
            ..report.run(title).map_err(|error| internal(&error))?
        })
    }
}

fn error(outcome: &PairOutcome, items: &[Item]) -> ErrorPair {
    ErrorPair {
        kind: match outcome.pair.mated {
            true => ErrorKind::FalseNonMatch,
            false => ErrorKind::FalseMatch,
        },
        first: picture(&items[outcome.pair.first]),
        second: picture(&items[outcome.pair.second]),
        score: outcome.score,
        threshold: outcome.threshold,
    }
}

/// An item's image, of a video the one in the middle.
fn picture(item: &Item) -> Picture {
    picture_of(&item.name, item.images.get(item.images.len() / 2))
}

/// The picture called `name`, shown from its file where it has one of its own.
pub(crate) fn picture_of(name: &str, image: Option<&ImageSource>) -> Picture {
    let file = match image {
        Some(ImageSource::File(path)) => Some(absolute(path)),
        _ => None,
    };
    let name = name.to_owned();
    Picture { name, file }
}

/// The path from the root; one that cannot be made so is left as it is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
