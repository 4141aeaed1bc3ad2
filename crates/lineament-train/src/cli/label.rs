//! `label`.

use lineament::{Detector, EngineOptions, ModelLimits, ModelStore, Selector};
use lineament_runtime::Task;
use lineament_train::TrainError;
use lineament_train::detect::{Labelled, label};
use lineament_train::run::{Event, Watch};
use std::ops::ControlFlow;

use super::args::Label;
use super::bar::Bar;
use super::exit::Failure;
use super::train::threads;

pub(crate) fn run(args: &Label, bar: &mut Bar) -> Result<u8, Failure> {
    let threads = threads(&args.machine, bar);
    let (detector, other) = (
        detector(args, &args.detector)?,
        detector(args, &args.other)?,
    );
    let mut hear = |done, total| {
        let what = "labelling photos";
        bar.hear(&Event::Prepared { what, done, total });
        match bar.stops() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let labelled = label(
        &args.photos,
        [&detector, &other],
        &args.out,
        (args.held_out, args.seed),
        threads.compute,
        &mut hear,
    )?;
    tell(&labelled, bar);
    Ok(0)
}

fn tell(labelled: &Labelled, bar: &Bar) {
    let Labelled {
        n_photos: [trained, held_out],
        n_faces: [trained_faces, held_out_faces],
        n_ignored,
        unreadable,
        face_box,
    } = labelled;
    bar.say(&format!(
        "train.csv: {trained_faces} faces in {trained} photos; held-out.csv: {held_out_faces} in {held_out}; \
         {n_ignored} boxes ignored; upright boxes in the template (median): centre ({:.1}, {:.1}), {:.1} x {:.1}",
        face_box.centre.x, face_box.centre.y, face_box.size.0, face_box.size.1
    ));
    for path in unreadable {
        bar.say(&format!("left out, no photo: {path}"));
    }
}

fn detector(args: &Label, name: &str) -> Result<Detector, TrainError> {
    let store = ModelStore::open(&args.models, ModelLimits::default())?;
    let found = store.find(&Task::DETECT, &Selector::Named(name.to_owned()))?;
    let loaded = found.load(&EngineOptions::default())?;
    Ok(Detector::from_model(loaded)?)
}
