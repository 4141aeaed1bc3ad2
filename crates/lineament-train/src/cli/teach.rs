//! `teach`.

use lineament::{Embedder, EngineOptions, ModelLimits, ModelStore, Selector};
use lineament_runtime::{Engine, Task};
use lineament_train::TrainError;
use lineament_train::run::{self, Config};

use super::args::Teach;
use super::bar::Bar;
use super::exit::Failure;
use super::train::threads;

pub(crate) fn run(args: &Teach, bar: &mut Bar) -> Result<u8, Failure> {
    let config = Config::load(&args.config, &args.fields.set)?;
    let threads = threads(&args.machine, bar);
    let teacher = teacher(args)?;
    bar.say(&format!("the teacher is {}", teacher.info().name));
    run::teach(&config, &teacher, &args.out, threads, bar)?;
    Ok(0)
}

fn teacher(args: &Teach) -> Result<Embedder, TrainError> {
    let store = ModelStore::open(&args.models, ModelLimits::default())?;
    let selector = args.embedder.clone().map(Selector::Named);
    let found = store.find(&Task::EMBED, &selector.unwrap_or_default())?;
    let options = EngineOptions {
        engine: Engine::Kernels { isa: None },
        ..EngineOptions::default()
    };
    let loaded = found.load(&options)?;
    Ok(Embedder::from_model(loaded)?)
}
