//! `lineament eval` as it is typed, beyond lists of pairs: labelled sets, templates, groups of people.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lineament_runtime::{Isa, Precision};

use super::{Comparing, Evaluation, MatcherName};
use crate::args::clustering::Clustering;
use crate::args::common::{Decision, EngineName};
use crate::args::dataset::Set;
use crate::progress::Watcher;

/// Search galleries of a labelled set, closed and open: some images of some people are enrolled, and
/// all the others are searched for. Images of nobody known are left out.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Identify {
    #[command(flatten)]
    pub(crate) set: Set,
    /// Enrol everybody in this set, and search for all of SET [default: SET is split].
    #[arg(
        long,
        value_name = "SET",
        help_heading = "Protocol",
        conflicts_with_all = ["shots", "unknown", "seed"]
    )]
    pub(crate) gallery: Option<PathBuf>,
    /// Images enrolled of each person.
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Protocol")]
    pub(crate) shots: NonZeroUsize,
    /// Share of the people with more images than that who are not enrolled, 0 to below 1.
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.5,
        help_heading = "Protocol"
    )]
    pub(crate) unknown: f64,
    /// Another seed gives another split; the same seed the same split on every machine.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Protocol")]
    pub(crate) seed: u64,
    /// False positive identification rates at which the misses are told, 0 to 1.
    #[arg(
        long,
        value_name = "RATE,…",
        value_delimiter = ',',
        default_value = "0.1,0.01,0.001",
        help_heading = "Protocol"
    )]
    pub(crate) fpir: Vec<f64>,
    /// What the threshold of a search is compared with.
    #[arg(long, value_enum, default_value_t = RejecterName::Score, help_heading = "Method")]
    pub(crate) reject_by: RejecterName,
    /// Scores or samples that a tail is fitted to, for --reject-by.
    #[arg(long, value_name = "N", default_value = "20", help_heading = "Method")]
    pub(crate) tail_size: NonZeroUsize,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// What decides whether anybody is found at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RejecterName {
    /// The score of a candidate.
    Score,
    /// How far the best score stands out of those behind it.
    ProbeTail,
    /// OpenMax, fitted on the gallery: needs as many --shots as --tail-size at least.
    OpenMax,
}

/// Cluster the faces of a labelled set and compare the clusters with its people. Images of nobody
/// known are clustered too, and are in no figure.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Cluster {
    #[command(flatten)]
    pub(crate) set: Set,
    #[command(flatten)]
    pub(crate) clustering: Clustering,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// Error rates by group of people at one threshold, of any list of pairs.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Fairness {
    /// The list of pairs; for CFP, the folder with Data/ and Protocol/.
    #[arg(value_name = "LIST")]
    pub(crate) list: PathBuf,
    /// What the list is.
    #[arg(long, value_enum, default_value_t = PairForm::Csv, help_heading = "Protocol")]
    pub(crate) form: PairForm,
    /// The folder of images or videos [default: the list's own].
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: Option<PathBuf>,
    /// A CSV with a column `person` and one for the groups [default: the list's columns `group`, or
    /// `first_group` and `second_group`].
    #[arg(long, value_name = "FILE", requires = "by", help_heading = "Protocol")]
    pub(crate) groups: Option<PathBuf>,
    /// The column of --groups.
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "groups",
        help_heading = "Protocol"
    )]
    pub(crate) by: Option<String>,
    /// The threshold of all groups; of cosines -1 to 1.
    #[arg(
        long,
        value_name = "SCORE",
        allow_negative_numbers = true,
        conflicts_with = "fmr",
        help_heading = "Decision"
    )]
    pub(crate) threshold: Option<f64>,
    /// The smallest threshold with this false match rate over all pairs.
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 1e-2,
        help_heading = "Decision"
    )]
    pub(crate) fmr: f64,
    #[command(flatten)]
    pub(crate) comparing: Comparing,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// The form of a list of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PairForm {
    /// As `eval pairs` reads it.
    Csv,
    /// Labeled Faces in the Wild.
    Lfw,
    /// YouTube Faces.
    Ytf,
    /// CFP, frontal with frontal.
    CfpFf,
    /// CFP, frontal with profile.
    CfpFp,
}

/// MegaFace, challenge 1: each probe searches for another image of its person among up to a million
/// others.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Megaface {
    /// The list of probes, JSON: facescrub_features_list.json, or that of FG-NET.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) probes: PathBuf,
    /// The folder of the probes' images.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Protocol",
        required_unless_present_any = ["features", "embeddings"]
    )]
    pub(crate) probe_images: Option<PathBuf>,
    /// The list of distractors, JSON: megaface_features_list.json_1000000_1.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) distractors: PathBuf,
    /// The folder of the distractors' images.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Protocol",
        required_unless_present_any = ["features", "embeddings"]
    )]
    pub(crate) distractor_images: Option<PathBuf>,
    /// Images to leave out of the probes, one a line: facescrub_noises.txt.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) probe_noises: Option<PathBuf>,
    /// Images to leave out of the distractors: megaface_noises.txt.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) distractor_noises: Option<PathBuf>,
    /// Numbers of distractors at which the rank-1 rate is told, rising.
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "10,100,1000,10000,100000,1000000",
        help_heading = "Protocol"
    )]
    pub(crate) sizes: Vec<usize>,
    /// Features that another program made, instead of a network's: a folder of files in the devkit's
    /// form, one for each path of the lists; may be repeated, as for probes and distractors.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Models",
        conflicts_with_all = ["embedders", "embeddings", "write_features", "probe_images", "distractor_images"]
    )]
    pub(crate) features: Vec<PathBuf>,
    /// What follows a path in the name of its file of features.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = ".bin",
        requires = "features",
        help_heading = "Models"
    )]
    pub(crate) feature_suffix: String,
    /// Write every feature to DIR/<path>.bin as well, in the form that the devkit's program reads.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) write_features: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// IJB-B or IJB-C: templates of several images and videos, compared one with one, and searched for in
/// both galleries.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Ijb {
    /// The folder of the lists: `protocols`, or `meta` as InsightFace packs it.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) lists: PathBuf,
    /// The folder that images are below: the one that holds `img`, or `loose_crop`.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: PathBuf,
    /// Whose lists [default: what lies there].
    #[arg(long, value_enum, help_heading = "Protocol")]
    pub(crate) form: Option<IjbForm>,
    /// What is measured.
    #[arg(long, value_enum, default_value_t = IjbTask::Both, help_heading = "Protocol")]
    pub(crate) task: IjbTask,
    /// Intervals of the 1:1 rates by drawing subjects anew so often; millions of matches take
    /// minutes [default: Wilson's intervals].
    #[arg(long, value_name = "N", help_heading = "Protocol")]
    pub(crate) replicates: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// Whose lists of IJB-B and IJB-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IjbForm {
    /// The official ones, over whole images with boxes.
    Official,
    /// InsightFace's, over loose crops with landmarks.
    Packed,
}

/// What is measured on templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IjbTask {
    /// 1:1 and 1:N.
    Both,
    /// 1:1: the list of matches.
    Verify,
    /// 1:N: the mixed probes in both galleries.
    Identify,
}

/// BLUFR on Labeled Faces in the Wild: ten trials of verification at FAR 0.1 % and open-set
/// identification at FAR 1 %.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Blufr {
    /// The benchmark's blufr_lfw_config.mat.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) config: PathBuf,
    /// The folder of images: DIR/Name/Name_0001.jpg, or all side by side.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: PathBuf,
    /// What compares two features; lda and joint-bayesian learn from each trial's training people.
    #[arg(long, value_enum, default_value_t = MatcherName::Cosine, help_heading = "Method")]
    pub(crate) matcher: MatcherName,
    /// Project onto this many principal components of the trial's training features first.
    #[arg(long, value_name = "D", help_heading = "Method")]
    pub(crate) pca: Option<NonZeroUsize>,
    /// Scale the components to unit variance.
    #[arg(long, requires = "pca", help_heading = "Method")]
    pub(crate) whiten: bool,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// Find faces in images whose faces are marked: average precision by overlap and subset, recall by
/// false detections, errors of landmarks. Needs a detector alone.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct DetectFaces {
    /// The marks: wider_face_val_bbx_gt.txt, dlib's .xml, a folder of VOC's .xml, or a set with boxes
    /// (a .csv or .parquet with the columns file, x, y, width, height, and a row for every face).
    #[arg(value_name = "LIST")]
    pub(crate) list: PathBuf,
    /// What the list is [default: by its name].
    #[arg(long, value_enum, help_heading = "Protocol")]
    pub(crate) form: Option<BoxFormName>,
    /// The folder of images [default: the list's own; of VOC, JPEGImages beside it].
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: Option<PathBuf>,
    /// WIDER FACE: a subset of faces, wider_easy_val.mat or one of its sisters; may be repeated.
    #[arg(long = "subset", value_name = "FILE", help_heading = "Protocol")]
    pub(crate) subsets: Vec<PathBuf>,
    /// WIDER FACE: subsets by what the list says of each face (blur, occlusion, pose and others).
    #[arg(long, help_heading = "Protocol")]
    pub(crate) subsets_by_flags: bool,
    /// Least intersections over union of a found face with a marked one.
    #[arg(
        long,
        value_name = "IOU,…",
        value_delimiter = ',',
        default_value = "0.5",
        help_heading = "Protocol"
    )]
    pub(crate) iou: Vec<f64>,
    /// Tell precision and recall at this detection score too.
    #[arg(long, value_name = "SCORE", help_heading = "Protocol")]
    pub(crate) at_score: Option<f64>,
    /// Whose conventions decide on a detection.
    #[arg(long, value_enum, default_value_t = RulesName::Plain, help_heading = "Protocol")]
    pub(crate) rules: RulesName,
    /// What errors of landmarks are divided by.
    #[arg(long, value_enum, default_value_t = ScaleName::Box, help_heading = "Protocol")]
    pub(crate) landmark_scale: ScaleName,
    /// Print one JSON object for each detector.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// Write a report to this folder: a page, its plots as SVG, a Markdown table, JSON.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) report: Option<PathBuf>,
    /// How to show progress on standard error.
    #[arg(long, value_enum, default_value_t = Watcher::Auto, help_heading = "Running")]
    pub(crate) progress: Watcher,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Remember detections in this folder [default: the user's cache folder].
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) cache: Option<PathBuf>,
    /// Remember nothing, and use nothing that is remembered.
    #[arg(long, conflicts_with = "cache", help_heading = "Running")]
    pub(crate) no_cache: bool,
    /// Shrink photos to this longest side before searching them, 32 to 16384 [default: 640].
    #[arg(long, value_name = "PX", help_heading = "Detection")]
    pub(crate) max_side: Option<u32>,
    /// Find faces down to this size in photo pixels, by searching large photos in tiles.
    #[arg(long, value_name = "PX", help_heading = "Detection")]
    pub(crate) min_face: Option<f32>,
    /// Ignore faces with a detection score below this, 0 to 1: low, since precision is told at every
    /// score.
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 0.02,
        help_heading = "Detection"
    )]
    pub(crate) score_threshold: f32,
    /// Greatest overlap (intersection over union) of two faces, 0 to 1 [default: the model's].
    #[arg(long, value_name = "IOU", help_heading = "Detection")]
    pub(crate) nms_iou: Option<f32>,
    /// The folder of models [default: ./models, then the user's data folder].
    #[arg(
        long = "models",
        value_name = "DIR",
        env = "LINEAMENT_MODELS",
        hide_env_values = true,
        help_heading = "Models"
    )]
    pub(crate) dir: Option<PathBuf>,
    /// Which detector of the folder; several are compared side by side [default: the preferred one].
    #[arg(long = "detector", value_name = "NAME", help_heading = "Models")]
    pub(crate) detectors: Vec<String>,
    /// What runs the networks.
    #[arg(long, value_enum, default_value_t = EngineName::Auto, help_heading = "Models")]
    pub(crate) engine: EngineName,
    /// The device that the engine runs on.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "cpu",
        help_heading = "Models"
    )]
    pub(crate) device: String,
    /// The instructions that our own engine uses: portable, neon, avx2, avx512 or amx [default: LINEAMENT_ISA,
    /// else the best of this processor].
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    pub(crate) isa: Option<Isa>,
    /// How exact the numbers are that networks multiply: f32, or bf16 or int8, which are quicker where
    /// the processor has them [default: what the model's manifest says, else f32].
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    pub(crate) network_precision: Option<Precision>,
}

/// Where marked faces are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BoxFormName {
    /// WIDER FACE's list.
    Wider,
    /// dlib's XML, as imglab writes it.
    Dlib,
    /// A folder of Pascal VOC's XML.
    Voc,
    /// A labelled set with boxes.
    Set,
}

/// Whose conventions decide on a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesName {
    /// Boxes are as wide as they say, and every score is a threshold.
    Plain,
    /// Those of WIDER FACE's eval_tools: boxes a pixel wider and higher, scores stretched to 0 to 1
    /// and looked at at 1000 thresholds, images without marked faces passed over.
    #[value(name = "wider_eval")]
    WiderEval,
}

/// What errors of landmarks are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleName {
    /// The square root of the marked box's area.
    Box,
    /// The distance of the marked eyes.
    Eyes,
}
