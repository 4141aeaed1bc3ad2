//! `train` and `resume`.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use lineament_train::detect::{self, DetectorConfig};
use lineament_train::run::{self, Config, Outcome, Threads};

use super::args::{Machine, Resume, Train};
use super::bar::Bar;
use super::exit::{Failure, INTERRUPTED, OUTPUT};

pub(crate) fn train(args: &Train, bar: &mut Bar) -> Result<u8, Failure> {
    if DetectorConfig::is_at(&args.config) {
        return train_detector(args, bar);
    }
    let config = Config::load(&args.config, &args.fields.set)?;
    let Some(folder) = args.run.as_ref().filter(|_| !args.print) else {
        return print(&config.to_toml()?);
    };
    let threads = threads(&args.machine, bar);
    let outcome = run::train(config, folder, threads, bar)?;
    end(outcome, folder, bar)
}

fn train_detector(args: &Train, bar: &mut Bar) -> Result<u8, Failure> {
    let config = DetectorConfig::load(&args.config, &args.fields.set)?;
    let Some(folder) = args.run.as_ref().filter(|_| !args.print) else {
        return print(&config.to_toml()?);
    };
    let threads = threads(&args.machine, bar);
    let outcome = detect::train(config, folder, threads, bar)?;
    end(outcome, folder, bar)
}

pub(crate) fn resume(args: &Resume, bar: &mut Bar) -> Result<u8, Failure> {
    let threads = threads(&args.machine, bar);
    let resume = match DetectorConfig::is_at(&args.run.join("config.toml")) {
        true => detect::resume,
        false => run::resume,
    };
    let outcome = resume(&args.run, &args.fields.set, threads, bar)?;
    end(outcome, &args.run, bar)
}

pub(crate) fn threads(machine: &Machine, bar: &mut Bar) -> Threads {
    if machine.plain {
        bar.plain();
    }
    let cores = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let compute = machine.threads.unwrap_or_else(cores);
    Threads {
        compute,
        load: machine.load_threads.unwrap_or(compute),
    }
}

fn end(outcome: Outcome, folder: &Path, bar: &Bar) -> Result<u8, Failure> {
    let run = folder.display();
    match outcome {
        Outcome::Finished => {
            bar.say(&format!("done; `export {run}` writes the model"));
            Ok(0)
        }
        Outcome::Stopped => {
            bar.say(&format!("stopped and saved; `resume {run}` goes on"));
            Ok(INTERRUPTED)
        }
    }
}

pub(crate) fn print(text: &str) -> Result<u8, Failure> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map(|()| 0).map_err(|error| Failure {
        code: OUTPUT,
        message: error.to_string(),
    })
}
