//! `lineament eval`: accuracy by the field's protocols.

pub(crate) mod sets;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lineament_runtime::{Isa, Precision};

use super::common::{EngineName, Search};
use crate::evaluation::faces::FaceSource;
use crate::progress::Watcher;

/// Measure accuracy by the field's protocols.
#[derive(Debug, Args)]
pub(crate) struct EvalCommand {
    #[command(subcommand)]
    pub(crate) protocol: Protocol,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Protocol {
    /// Labeled Faces in the Wild, View 1 or View 2.
    Lfw(Lfw),
    /// YouTube Faces: pairs of videos.
    Ytf(Ytf),
    /// Celebrities in Frontal-Profile: frontal with frontal, or frontal with profile.
    Cfp(Cfp),
    /// A packed list of pairs (AgeDB-30, CALFW, CPLFW and others as `.bin` files).
    Bin(Bin),
    /// Any list of pairs, as CSV.
    Pairs(Pairs),
    /// Searches of galleries, closed and open, on any labelled set.
    Identify(sets::Identify),
    /// Clusters of faces against the people of any labelled set.
    Cluster(sets::Cluster),
    /// Found faces against marked ones: WIDER FACE, VOC, dlib, CSV.
    Detect(sets::DetectFaces),
    /// Error rates by group of people.
    Fairness(sets::Fairness),
    /// MegaFace: rank 1 among a million others.
    Megaface(sets::Megaface),
    /// IJB-B: templates, 1:1 and 1:N.
    Ijbb(sets::Ijb),
    /// IJB-C: templates, 1:1 and 1:N.
    Ijbc(sets::Ijb),
    /// BLUFR: ten trials of verification and identification on LFW.
    Blufr(sets::Blufr),
    /// The published figures, and your own beside them.
    Table(Table),
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Lfw {
    /// The folder of images: DIR/Name/Name_0001.jpg.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: PathBuf,
    /// The list of pairs: pairs.txt for View 2, pairsDevTest.txt for View 1.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) pairs: PathBuf,
    /// Which view the list belongs to [default: what its first line says].
    #[arg(long, value_enum, value_name = "1|2", help_heading = "Protocol")]
    pub(crate) view: Option<View>,
    /// View 1: the list on which threshold, matcher, centre and PCA are chosen [default:
    /// pairsDevTrain.txt beside --pairs].
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) dev_pairs: Option<PathBuf>,
    /// View 1: the folder of the images of --dev-pairs [default: --images].
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) dev_images: Option<PathBuf>,
    /// View 1: where the faces in the images of --dev-pairs come from [default: as in the others].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) dev_faces: Option<FaceSource>,
    /// View 1: save the matcher that was learned on --dev-pairs, with its centre and projection, for
    /// --matcher-file.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Method",
        conflicts_with = "matcher_file"
    )]
    pub(crate) save_matcher: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) method: Method,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// A view of Labeled Faces in the Wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// Development: choose on DevTrain, measure on DevTest.
    #[value(name = "1")]
    One,
    /// Report: ten folds.
    #[value(name = "2")]
    Two,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Ytf {
    /// The folder of videos: DIR/Person/N/*.jpg, or .npz files.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) videos: PathBuf,
    /// The list of pairs: splits.txt, or better splits_corrected.txt.
    #[arg(long, value_name = "FILE", help_heading = "Protocol")]
    pub(crate) splits: PathBuf,
    /// Use at most this many frames of a video, evenly spaced.
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        help_heading = "Protocol"
    )]
    pub(crate) frames: NonZeroUsize,
    /// How two videos are compared.
    #[arg(long, value_enum, default_value_t = VideoScore::Mean, help_heading = "Method")]
    pub(crate) video_score: VideoScore,
    #[command(flatten)]
    pub(crate) method: Method,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// How two videos are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VideoScore {
    /// One template each: the mean of the frames' features, normalised.
    Mean,
    /// The best score of any two frames.
    BestFrame,
    /// The mean of the scores of all frames with all frames.
    AllFrames,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Cfp {
    /// The folder with Data/ and Protocol/.
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) root: PathBuf,
    /// Which comparisons.
    #[arg(long, value_enum, help_heading = "Protocol")]
    pub(crate) kind: CfpKind,
    #[command(flatten)]
    pub(crate) method: Method,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// The comparisons of CFP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CfpKind {
    /// Frontal with frontal.
    Ff,
    /// Frontal with profile.
    Fp,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Bin {
    /// The packed file: encoded images and whether each two are of one person.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) method: Method,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Pairs {
    /// The list: CSV with the columns first, second, mated, and perhaps fold, first_person,
    /// second_person.
    #[arg(value_name = "FILE")]
    pub(crate) list: PathBuf,
    /// The folder that its paths start from [default: the list's own].
    #[arg(long, value_name = "DIR", help_heading = "Protocol")]
    pub(crate) images: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) method: Method,
    #[command(flatten)]
    pub(crate) evaluation: Evaluation,
}

/// The published figures on Labeled Faces in the Wild and YouTube Faces, and your own beside them.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Table {
    /// Results to put beside them: the report.json of a --report, or what --json printed.
    #[arg(value_name = "FILE")]
    pub(crate) results: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a protocol of pairs is decided.
#[derive(Debug, Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct Method {
    #[command(flatten)]
    pub(crate) comparing: Comparing,
    /// Which thresholds are tried.
    #[arg(long, value_enum, default_value_t = ThresholdsName::Exact)]
    pub(crate) thresholds: ThresholdsName,
}

/// How features are compared.
#[derive(Debug, Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct Comparing {
    /// What compares two features; those that learn do so on the other folds.
    #[arg(long, value_enum, default_value_t = MatcherName::Cosine)]
    pub(crate) matcher: MatcherName,
    /// A matcher that --save-matcher of `eval lfw` wrote instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["matcher", "pca", "whiten", "center"])]
    pub(crate) matcher_file: Option<PathBuf>,
    /// Project onto this many principal components of the other folds' features. Cosine and
    /// Euclidean then see unit norm again (InsightFace), what learns sees them as they are (DeepID2).
    #[arg(long, value_name = "D")]
    pub(crate) pca: Option<NonZeroUsize>,
    /// Scale the components to unit variance; they are left so, whatever compares them.
    #[arg(long, requires = "pca")]
    pub(crate) whiten: bool,
    /// What is subtracted from every feature.
    #[arg(long, value_enum, default_value_t = CenterName::Off)]
    pub(crate) center: CenterName,
}

/// A matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatcherName {
    /// Cosine of the angle.
    Cosine,
    /// Squared Euclidean distance.
    Euclidean,
    /// Weighted χ², by a linear SVM (DeepFace).
    ChiSquared,
    /// Weighted L1, by logistic regression (DeepFace's Siamese metric).
    Siamese,
    /// Linear discriminant analysis, then cosine.
    Lda,
    /// Joint Bayesian (DeepID2).
    JointBayesian,
}

/// What is subtracted from every feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CenterName {
    /// Nothing.
    Off,
    /// The mean of the other folds' features (SphereFace).
    Folds,
}

/// Which thresholds are tried for the best accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThresholdsName {
    /// Every one that makes a difference.
    Exact,
    /// Squared distances 0, 0.01 … 4, as in InsightFace's and facenet's scripts.
    Grid,
}

/// How the mirror image of a face comes into its feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlipName {
    /// Added to the face's own (InsightFace).
    Sum,
    /// Put behind the face's own (SphereFace).
    Concat,
    /// Not at all.
    Off,
}

/// What all protocols share.
#[derive(Debug, Args)]
pub(crate) struct Evaluation {
    /// Print one JSON object for each model.
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
    /// Remember embeddings in this folder [default: the user's cache folder].
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) cache: Option<PathBuf>,
    /// Remember nothing, and use nothing that is remembered.
    #[arg(long, conflicts_with = "cache", help_heading = "Running")]
    pub(crate) no_cache: bool,
    /// Where the face in an image comes from [default: detect; aligned for packed files].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) faces: Option<FaceSource>,
    /// How a face's mirror image comes into its feature [default: what the model asks for].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) flip: Option<FlipName>,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: EvalModels,
}

/// The models to evaluate.
#[derive(Debug, Args)]
#[command(next_help_heading = "Models")]
pub(crate) struct EvalModels {
    /// The folder of models [default: ./models, then the user's data folder].
    #[arg(
        long = "models",
        value_name = "DIR",
        env = "LINEAMENT_MODELS",
        hide_env_values = true
    )]
    pub(crate) dir: Option<PathBuf>,
    /// Which detector of the folder [default: the preferred one].
    #[arg(long, value_name = "NAME")]
    pub(crate) detector: Option<String>,
    /// Which embedder of the folder; several are compared side by side [default: the preferred one].
    #[arg(long = "embedder", value_name = "NAME")]
    pub(crate) embedders: Vec<String>,
    /// Embeddings that another program made, instead of a network's: .npz with the arrays names [n],
    /// plain [n, d] and perhaps mirrored [n, d], by the names of the list.
    #[arg(long, value_name = "FILE", conflicts_with = "embedders")]
    pub(crate) embeddings: Option<PathBuf>,
    /// What runs the networks.
    #[arg(long, value_enum, default_value_t = EngineName::Auto)]
    pub(crate) engine: EngineName,
    /// The device that the engine runs on.
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: String,
    /// The instructions that our own engine uses: portable, neon, avx2, avx512 or amx [default: LINEAMENT_ISA,
    /// else the best of this processor].
    #[arg(long, value_name = "NAME")]
    pub(crate) isa: Option<Isa>,
    /// How exact the numbers are that networks multiply: f32, or bf16 or int8, which are quicker where
    /// the processor has them [default: what the model's manifest says, else f32].
    #[arg(long, value_name = "NAME")]
    pub(crate) network_precision: Option<Precision>,
}
