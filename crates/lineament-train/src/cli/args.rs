//! The command line as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use lineament_train::reproduce::LOSSES;

/// Train face networks, and write them as models.
#[derive(Debug, Parser)]
#[command(name = "lineament-train", version, max_term_width = 100, after_help = super::exit::TABLE)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Begin a run.
    Train(Train),
    /// Go on with a run, however it ended.
    Resume(Resume),
    /// Write the network of a run as an ONNX file with a manifest.
    Export(Export),
    /// Write a network with published weights as an ONNX file with a manifest, without training.
    #[command(after_help = AFTER_IMPORT)]
    Import(Import),
    /// Write another embedder's view of every image of a configuration, for distillation.
    Teach(Teach),
    /// Write lists of the faces in photos that two detectors agree on, for training a third.
    Label(Label),
    /// Train and evaluate what the literature compares, with one command.
    #[command(subcommand)]
    Reproduce(Reproduce),
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Reproduce {
    /// One network with every loss of SphereFace's comparison, and with CosFace's and ArcFace's, beside the
    /// published figures.
    Table(Table),
    /// DeepID2: networks of patches, selected, with PCA and Joint Bayesian.
    #[command(after_help = AFTER_SYSTEM)]
    Deepid2 {
        #[command(flatten)]
        system: System,
        /// Networks, each of one patch, which give two features each: 1 to 16.
        #[arg(long, value_name = "N", default_value_t = 8)]
        patches: usize,
        /// Features selected.
        #[arg(long, value_name = "N", default_value_t = 8)]
        selected: usize,
        /// Principal components in front of Joint Bayesian, at most.
        #[arg(long, value_name = "N", default_value_t = 180)]
        components: usize,
    },
    /// DeepFace: one network, with inner product, weighted χ² and the Siamese metric.
    #[command(after_help = AFTER_SYSTEM)]
    Deepface {
        #[command(flatten)]
        system: System,
    },
    /// FaceNet: triplets, lengths of the embedding, clusters.
    #[command(after_help = AFTER_SYSTEM)]
    Facenet {
        #[command(flatten)]
        system: System,
        /// Lengths of the embedding.
        #[arg(
            long,
            value_name = "N",
            value_delimiter = ',',
            default_value = "64,128,256,512"
        )]
        dims: Vec<usize>,
    },
}

const AFTER_SYSTEM: &str = "\
The same command goes on where it was interrupted. DIR gets runs/, models/, and NAME.md and NAME.json with the accuracies \
beside the published ones. Thresholds and metrics are learned on a development set and judged on a test set of other people: \
LFW's View 1 with --crops, --dev and --test, else people who are held out of training.

    lineament train reproduce facenet --out facenet --steps 2000 --set data.root=CROPS \\
        --crops lfw-crops --dev pairsDevTrain.txt --test pairsDevTest.txt";

#[derive(Debug, Args)]
pub(crate) struct System {
    /// The folder for everything.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// What all runs share [default: the system's `-small` recipe].
    #[arg(long, value_name = "CONFIG")]
    pub(crate) recipe: Option<PathBuf>,
    /// The whole system for each; with several, the table tells the standard error over them.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1")]
    pub(crate) seeds: Vec<u64>,
    /// Steps of each run [default: the recipe's length].
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    pub(crate) steps: Option<u64>,
    /// Epochs of each run.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<f64>,
    /// LFW's images, as crops aligned like those that are trained on: NAME/NAME_0001.webp.
    #[arg(long, value_name = "DIR", requires_all = ["dev", "test"])]
    pub(crate) crops: Option<PathBuf>,
    /// pairsDevTrain.txt: what thresholds and metrics are learned on.
    #[arg(long, value_name = "LIST", requires = "crops")]
    pub(crate) dev: Option<PathBuf>,
    /// pairsDevTest.txt: what is judged.
    #[arg(long, value_name = "LIST", requires = "crops")]
    pub(crate) test: Option<PathBuf>,
    /// Terms of the models, for their manifests.
    #[arg(long, value_name = "TEXT", default_value = "research use")]
    pub(crate) licence: String,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The same command goes on where it was interrupted, and adds losses and seeds to what is there. DIR gets \
runs/, models/, report/, table.md and table.json.

    lineament train reproduce table --out table --set data.root=CROPS \\
        -- lfw --images lfw --pairs pairs.txt")]
pub(crate) struct Table {
    /// The folder for everything.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// What all runs share [default: SphereFace-20 with half the channels, 12 epochs].
    #[arg(long, value_name = "CONFIG")]
    pub(crate) recipe: Option<PathBuf>,
    /// The losses [default: all].
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = losses())]
    pub(crate) losses: Vec<String>,
    /// A run of each loss for each; with several, the table tells the standard error over them.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1")]
    pub(crate) seeds: Vec<u64>,
    /// Terms of the models, for their manifests.
    #[arg(long, value_name = "TEXT", default_value = "research use")]
    pub(crate) licence: String,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// What `lineament eval` is asked for: a protocol of pairs with its options.
    #[arg(last = true, required = true, value_name = "PROTOCOL")]
    pub(crate) protocol: Vec<String>,
}

fn losses() -> PossibleValuesParser {
    PossibleValuesParser::new(LOSSES.map(|loss| loss.name))
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// What to train, on what and how: a TOML file, one of `recipes/` say.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
    /// The folder of the run; it must not hold one yet.
    #[arg(long, value_name = "DIR", required_unless_present = "print")]
    pub(crate) run: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) fields: Fields,
    /// Print the configuration with all defaults filled in, and train nothing.
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The folder of the run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// Set a field of the configuration: `--set schedule.rate=0.05`. Repeatable.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Machine {
    /// Threads to compute with [default: one per core]. A run is the same to the bit only with the
    /// same number.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Threads to decode and augment with [default: as many]. The result does not depend on it.
    #[arg(long, value_name = "N")]
    pub(crate) load_threads: Option<NonZeroUsize>,
    /// Print a line for each line of metrics even where standard error is a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The folder of the run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The folder for NAME.onnx and NAME.toml [default: RUN/model].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Which checkpoint [default: the best in validation, else the last].
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Weights of 16 bits: half the file.
    #[arg(long)]
    pub(crate) fp16: bool,
    /// Terms under which the model may be used, for the manifest: an SPDX expression or a sentence.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: String,
    /// Which of several models in a folder is used when none is named: the greatest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) preference: i32,
    /// Let the program brighten dark crops and smooth noisy ones before this embedder sees them; of a detector, its
    /// configuration says so.
    #[arg(long)]
    pub(crate) restore: bool,
    /// What becomes of a face's mirror image where the model is used, in the manifest and for its thresholds [default:
    /// `input.flip` of the run].
    #[arg(long, value_name = "HOW")]
    pub(crate) flip: Option<FlipArg>,
    /// Measure no thresholds on the people whom the run held out: their images need not be there.
    #[arg(long)]
    pub(crate) no_calibration: bool,
    /// The false-match rate of the threshold that holds where none is asked for [default: 1e-4, or
    /// the least that the people held out support].
    #[arg(long, value_name = "RATE", conflicts_with = "no_calibration")]
    pub(crate) default_fmr: Option<f64>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// What the weights are of: a TOML file.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
    /// The folder for NAME.onnx and NAME.toml.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Weights of 16 bits: half the file.
    #[arg(long)]
    pub(crate) fp16: bool,
    /// Terms under which the weights may be used, for the manifest: an SPDX expression or a sentence.
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: String,
    /// Which of several models in a folder is used when none is named: the greatest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) preference: i32,
    /// Let the program brighten dark crops and smooth noisy ones before this embedder sees them.
    #[arg(long)]
    pub(crate) restore: bool,
    #[command(flatten)]
    pub(crate) fields: Fields,
}

const AFTER_IMPORT: &str = "\
CONFIG holds `name`, and of a run's configuration [network] and [input]. network.weights is a .safetensors file; network.names says \
what it calls the variables: facenet-pytorch, arcface-torch, or a TOML file with

    rename = [[\"^blocks.0.\", \"stage1.shrink.\"], [\".norm.\", \".bn.\"]]
    ignore = [\"logits.\"]

Parts are replaced in order, one that begins with ^ at the beginning of a name alone. Every variable of the network has to be there, \
and every name has to be used or ignored.";

/// What becomes of a face's mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FlipArg {
    /// What the network gives for it is added.
    Sum,
    /// It is not looked at.
    None,
}

#[derive(Debug, Args)]
pub(crate) struct Teach {
    /// The configuration whose images are looked at.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
    /// The file to write, to be named by `teacher.features`; what was begun is gone on with.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The folder of models, as of `lineament models`.
    #[arg(long, value_name = "DIR")]
    pub(crate) models: PathBuf,
    /// The embedder's name [default: the one of greatest preference].
    #[arg(long, value_name = "NAME")]
    pub(crate) embedder: Option<String>,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Label {
    /// Folders of photos, searched with all below them, and photos.
    #[arg(value_name = "PHOTOS", required = true)]
    pub(crate) photos: Vec<PathBuf>,
    /// The folder for train.csv and held-out.csv, which must not hold them yet.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The folder of models, as of `lineament models`.
    #[arg(long, value_name = "DIR")]
    pub(crate) models: PathBuf,
    /// The detector whose boxes and landmarks are taken.
    #[arg(long, value_name = "NAME")]
    pub(crate) detector: String,
    /// The detector that has to agree.
    #[arg(long, value_name = "NAME")]
    pub(crate) other: String,
    /// Share of the photos that are held out of training, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) held_out: f64,
    /// Decides which.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) machine: Machine,
}
