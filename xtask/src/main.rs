//! Tasks of developing this workspace: `cargo xtask help`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

mod calibrate;
mod check;
mod parity;
mod python;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Tasks of developing this workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// All that a change must pass: formatting, lints, tests, doc-tests, the README's commands
    Check,
    /// Every test and doc-test
    Test,
    /// Measure speed beside a plain Python pipeline, and print tables for BENCHMARKS.md
    Bench {
        /// Folder with the models
        #[arg(long, default_value = "../shared/models")]
        models: String,
        /// Folder of photos
        #[arg(long, default_value = "../shared/data/wild")]
        photos: String,
    },
    /// Run every fuzz target for a while
    Fuzz {
        /// Seconds for each target
        #[arg(default_value_t = 60)]
        seconds: u32,
    },
    /// Kill, starve and tear a gallery's writer many times, and compare what is left with its words
    Crash {
        /// How often, each way
        #[arg(default_value_t = 500)]
        rounds: u32,
    },
    /// Test the kernels as 64-bit Arm runs them, emulated
    Arm,
    /// Test the kernels' portable half for undefined behaviour
    Miri,
    /// Write the golden values again, by the Python reference
    Golden,
    /// Compare every stage with the Python reference on photos, and print the table of PARITY.md
    Parity {
        /// Folder with yunet_n_dynamic.onnx and mobilefacenet.onnx
        #[arg(long, default_value = "../shared/models")]
        models: PathBuf,
        /// Photos, or folders of photos
        #[arg(default_value = "../shared/data/lfw-view1/images")]
        photos: Vec<PathBuf>,
        /// Compare at most this many photos, evenly picked
        #[arg(long, default_value_t = 300)]
        limit: usize,
    },
    /// Measure thresholds at false-match rates on labelled crops, and print a manifest's [calibration]
    Calibrate {
        /// Folder with the models
        #[arg(long, default_value = "../shared/models")]
        models: PathBuf,
        /// Which embedder; the preferred one if not given
        #[arg(long)]
        embedder: Option<String>,
        /// CSV with columns file and person; files are 128×128 crops with the 112×112 template in the middle
        #[arg(long, default_value = "../shared/data/lfw-view1/crops.csv")]
        crops: PathBuf,
        /// LFW pairs file that says which of the crops to use
        #[arg(long, default_value = "../shared/data/lfw-view1/pairsDevTrain.txt")]
        pairs: PathBuf,
        /// What to write as the source of the calibration
        #[arg(long, default_value = "LFW View 1 DevTrain, all pairs of its faces")]
        source: String,
        /// Seed of the bootstrap
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Check => check::check(),
        Task::Test => check::test(),
        Task::Bench { models, photos } => check::bench(&models, &photos),
        Task::Fuzz { seconds } => check::fuzz(seconds),
        Task::Crash { rounds } => check::crash(rounds),
        Task::Arm => check::arm(),
        Task::Miri => check::miri(),
        Task::Golden => python::run("reference/all.py", &[]),
        Task::Parity {
            models,
            photos,
            limit,
        } => parity::parity(&models, &photos, limit),
        Task::Calibrate {
            models,
            embedder,
            crops,
            pairs,
            source,
            seed,
        } => calibrate::calibrate(&calibrate::Plan {
            models,
            embedder,
            crops,
            pairs,
            source,
            seed,
        }),
    }
}
