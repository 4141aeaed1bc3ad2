//! `reproduce`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use lineament_train::TrainError;
use lineament_train::reproduce::{DeepFace, DeepId2, FaceNet, Judges, Report, Study};

use super::args::{Reproduce, System};
use super::bar::Bar;
use super::exit::{Failure, INTERNAL, INTERRUPTED, OUTPUT};
use super::table;
use super::train::{print, threads};

pub(crate) fn run(args: &Reproduce, bar: &mut Bar) -> Result<u8, Failure> {
    let (system, name) = match args {
        Reproduce::Table(table) => return table::run(table, bar),
        Reproduce::Deepid2 { system, .. } => (system, "deepid2"),
        Reproduce::Deepface { system } => (system, "deepface"),
        Reproduce::Facenet { system, .. } => (system, "facenet"),
    };
    let study = study(system);
    let with = (
        threads(&system.machine, bar),
        &mut *bar as &mut dyn lineament_train::run::Watch,
    );
    let say = &mut say;
    let report: Result<Option<Report>, TrainError> = match args {
        Reproduce::Deepid2 {
            patches,
            selected,
            components,
            ..
        } => DeepId2 {
            study,
            n_patches: *patches,
            n_selected: *selected,
            n_components: *components,
        }
        .run(with, say),
        Reproduce::Facenet { dims, .. } => FaceNet {
            study,
            dims: dims.clone(),
        }
        .run(with, say),
        _ => DeepFace { study }.run(with, say),
    };
    let Some(report) = report? else {
        bar.say("stopped and saved; the same command goes on");
        return Ok(INTERRUPTED);
    };
    let json = serde_json::to_string_pretty(&report).map_err(|error| Failure {
        code: INTERNAL,
        message: error.to_string(),
    })?;
    let files = [("md", report.markdown()), ("json", json + "\n")];
    let named = files.map(|(ending, text)| (format!("{name}.{ending}"), text));
    write_files(&system.out, named)?;
    print(&report.markdown())
}

fn study(system: &System) -> Study {
    let mut assignments = system.fields.set.clone();
    let length = |n: &dyn std::fmt::Display, unit| format!("train.length=\"{n} {unit}\"");
    assignments.extend(system.steps.map(|n| length(&n, "steps")));
    assignments.extend(system.epochs.map(|n| length(&n, "epochs")));
    let judges = match (&system.crops, &system.dev, &system.test) {
        (Some(crops), Some(dev), Some(test)) => Judges::Lists {
            crops: crops.clone(),
            dev: dev.clone(),
            test: test.clone(),
        },
        _ => Judges::HeldOut,
    };
    Study {
        recipe: system.recipe.clone(),
        assignments,
        seeds: system.seeds.clone(),
        folder: system.out.clone(),
        licence: system.licence.clone(),
        judges,
    }
}

/// The bar is at work meanwhile, and hears no more than one.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes named files into a folder.
pub(super) fn write_files<N: AsRef<Path>>(
    folder: &Path,
    files: impl IntoIterator<Item = (N, String)>,
) -> Result<(), Failure> {
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure {
            code: OUTPUT,
            message: format!("{}: {error}", path.display()),
        })?;
    }
    Ok(())
}
