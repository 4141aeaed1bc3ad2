//! What a report is made of: for each model its figures, curves, scores and worst errors.

use crate::about::About;
use crate::intervals::{Interval, Proportion};
use crate::scores::Histogram;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// One model under one protocol. What is empty or `None` is not shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportRun {
    /// What tells this run from the others of its protocol; mostly the model's name.
    pub label: String,
    /// The protocol's name for people: `LFW, View 2`.
    pub title: String,
    /// Protocol, model and command. Runs of one protocol share tables and plots.
    pub about: About,
    /// Further choices that the figures depend on, and what was chosen.
    pub settings: Vec<(String, String)>,
    /// What the figures were counted on.
    pub sample: Sample,
    /// Images or templates without a face, which count as errors.
    pub n_failed: usize,
    /// How intervals were computed, as a sentence says it: `Wilson's, 95 %`.
    pub intervals: Option<String>,
    /// The figures, the most important first.
    pub figures: Vec<Figure>,
    /// What is drawn as lines.
    pub curves: Vec<ReportCurve>,
    /// How scores of both kinds are distributed.
    pub scores: Option<ScoreDistribution>,
    /// Error rates of groups of people at one threshold.
    pub groups: Option<GroupRates>,
    /// Decisions that were wrong, in any order; the worst are shown.
    pub errors: Vec<ErrorPair>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The result as the command prints it with `--json`; goes into the report's JSON as it is.
    pub result: serde_json::Value,
}

/// What figures were counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// Comparisons of two images, videos or templates.
    Pairs {
        /// Of one person.
        n_mated: usize,
        /// Of two.
        n_non_mated: usize,
    },
    /// Searches of a gallery.
    Searches {
        /// For people who are in it.
        n_mated: usize,
        /// For people who are not.
        n_non_mated: usize,
    },
    /// Images that were clustered.
    Images {
        /// How many.
        n_images: usize,
        /// Of how many people.
        n_people: usize,
    },
    /// Images in which faces were looked for.
    Faces {
        /// How many images.
        n_images: usize,
        /// Faces marked in them.
        n_faces: usize,
    },
}

/// A figure with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The name: `Accuracy`, `TAR at FMR 10⁻³` (see [`rate_name`](super::rate_name)).
    pub name: String,
    /// The figure.
    pub value: FigureValue,
}

/// A figure. Numbers that are not finite are shown as a dash.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureValue {
    /// A share from 0 to 1, shown in per cent.
    Share {
        /// The share.
        share: f64,
        /// How far it can be trusted.
        uncertainty: Uncertainty,
    },
    /// Any other number.
    Number {
        /// The number.
        value: f64,
        /// Decimal places that mean something.
        places: usize,
    },
    /// A number of things.
    Count(usize),
    /// There is none, for this reason: `fewer than 30 errors`.
    Missing(String),
}

/// How far a share can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncertainty {
    /// Not computed.
    Unknown,
    /// Standard error of the mean over folds.
    StandardError(f64),
    /// Interval of confidence.
    Interval(Interval),
}

/// A line to draw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportCurve {
    /// What it shows; curves of the same kind and subset are drawn together.
    pub kind: CurveKind,
    /// The gallery or difficulty it belongs to, where a protocol has several: `G1`, `hard`.
    pub subset: Option<String>,
    /// Points, in the order they are joined; coordinates as [`CurveKind`] says.
    pub points: Vec<[f64; 2]>,
    /// Non-mated comparisons or searches behind the rates on the horizontal axis. Rates that fewer
    /// than 30 of them support are shaded.
    pub n_non_mated: Option<usize>,
}

/// What a line shows, and what its coordinates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CurveKind {
    /// `[FMR, FNMR]`, FMR rising: drawn as ROC and as DET.
    Verification,
    /// `[FPIR, FNIR]`, FPIR rising.
    OpenSet,
    /// `[rank, share of mated searches with the mate within it]`, ranks from 1: CMC.
    Ranks,
    /// `[distractors in the gallery, rank-1 rate]`.
    Distractors,
    /// `[recall, precision]`, recall rising.
    PrecisionRecall,
}

/// How scores of both kinds are distributed, and where the decision lies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreDistribution {
    /// Scores counted in bins.
    pub histogram: Histogram,
    /// The threshold of the decision, if there is one.
    pub threshold: Option<f64>,
}

/// Error rates of groups of people at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRates {
    /// What the groups are: `age`, `country of birth`.
    pub column: String,
    /// The threshold that all share.
    pub threshold: f64,
    /// The groups, in the order to show.
    pub groups: Vec<GroupRate>,
}

/// Error rates of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRate {
    /// Its name.
    pub name: String,
    /// False match rate; `None` where it has no non-mated comparisons.
    pub fmr: Option<Proportion>,
    /// False non-match rate; `None` where it has no mated comparisons.
    pub fnmr: Option<Proportion>,
}

/// A decision that was wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorPair {
    /// Which way.
    pub kind: ErrorKind,
    /// One picture: of a search, the probe.
    pub first: Picture,
    /// The other: of a search, the gallery's.
    pub second: Picture,
    /// Their score; `None` where one of them had no face.
    pub score: Option<f64>,
    /// The threshold that it was on the wrong side of.
    pub threshold: f64,
}

/// In which way a decision was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// One person, refused.
    FalseNonMatch,
    /// Two people, accepted.
    FalseMatch,
}

/// A picture, shown from where it lies when the report is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picture {
    /// Its name in the protocol.
    pub name: String,
    /// Its file; `None` for one inside a container.
    #[serde(serialize_with = "as_text")]
    pub file: Option<PathBuf>,
}

/// JSON has text only: bytes of a path that are none become U+FFFD.
fn as_text<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = path.as_deref().map(Path::to_string_lossy);
    text.serialize(serializer)
}
