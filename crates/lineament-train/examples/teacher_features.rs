//! Writes what an embedder says of every image of a set, for networks that learn from it.
//!
//! ```console
//! $ cargo run --release -p lineament-train --example teacher_features -- SET --models DIR --out FILE
//! ```
//!
//! Run it again to go on where it ended. With `--features lineament-runtime/onnxruntime`,
//! `--onnxruntime LIBRARY` runs the network there.

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use lineament::Embedder;
use lineament_runtime::{Device, Engine, EngineOptions, ModelLimits, ModelStore, Selector, Task};
use lineament_train::data::{DataSource, Images, teacher};

#[derive(Parser)]
struct Arguments {
    /// The sets, in the order in which training will name them.
    #[arg(required = true)]
    sets: Vec<PathBuf>,
    /// Folder of model files.
    #[arg(long)]
    models: PathBuf,
    /// Which embedder of the folder; the preferred one unless given.
    #[arg(long)]
    embedder: Option<String>,
    /// The file that is written, or gone on with.
    #[arg(long)]
    out: PathBuf,
    /// How many images are in work at once.
    #[arg(long, default_value = "2")]
    threads: NonZeroUsize,
    /// ONNX Runtime's shared library, to run the network there.
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let sources: Vec<DataSource> = arguments.sets.iter().map(DataSource::at).collect();
    let images = Images::open(&sources)?;
    let teacher = load(&arguments)?;
    let (start, mut n_before) = (Instant::now(), None);
    let mut say = |n_done: usize, n: usize| {
        let n_before = *n_before.get_or_insert(n_done);
        if n_done % 1024 < 16 || n_done == n {
            let per_s = (n_done - n_before) as f64 / start.elapsed().as_secs_f64();
            // Progress that nobody reads any more is no reason to stop.
            drop(writeln!(
                std::io::stderr(),
                "{n_done} of {n}, {per_s:.0} a second"
            ));
        }
        ControlFlow::Continue(())
    };
    teacher::compute(
        &images,
        &teacher,
        &arguments.out,
        arguments.threads,
        &mut say,
    )?;
    Ok(())
}

fn load(arguments: &Arguments) -> Result<Embedder, Box<dyn Error>> {
    let store = ModelStore::open(&arguments.models, ModelLimits::default())?;
    let name = arguments.embedder.clone();
    let selector = name.map_or(Selector::Preferred, Selector::Named);
    let engine = match &arguments.onnxruntime {
        None => Engine::Rten,
        Some(library) => Engine::OnnxRuntime {
            library: Some(library.clone()),
            device: Device::Cpu,
        },
    };
    let options = EngineOptions {
        engine,
        ..EngineOptions::default()
    };
    let model = store.find(&Task::EMBED, &selector)?.load(&options)?;
    Ok(Embedder::from_model(model)?)
}
