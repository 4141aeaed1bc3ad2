//! `lineament detect`: where the faces are.

use std::path::PathBuf;

use lineament::{Face, Photo, Pipeline};

use crate::args;
use crate::batch::Batch;
use crate::draw::{Mark, Role};
use crate::drawing::Drawing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Request};
use crate::interrupt::Interrupt;
use crate::journal::Start;
use crate::pipeline::{self, Need, Threads};
use crate::record::PhotoRecord;
use crate::results::Results;
use crate::settings::{self, BatchSettings, PipelineSettings};
use crate::trouble::WorkError;

/// What `detect` is asked to do.
pub(crate) struct Settings {
    request: Request,
    out: Option<PathBuf>,
    draw: Option<PathBuf>,
    start: Start,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<args::Detect> for Settings {
    type Error = Failure;

    fn try_from(args: args::Detect) -> Result<Self, Failure> {
        let start = settings::start(&args.resume);
        Ok(Self {
            request: settings::request(args.inputs, &[args.draw.as_deref()], start)?,
            out: args.out,
            draw: args.draw,
            start,
            batch: settings::batch(&args.batch),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let inputs = settings.request.list()?;
    let threads = Threads::share(settings.batch.threads, inputs.len());
    let pipeline = pipeline::open(&settings.pipeline, Need::Detector, threads.network)?;
    let drawing = settings
        .draw
        .as_deref()
        .map(|dir| Drawing::new(dir, &inputs))
        .transpose()?;
    let mut results = match &settings.out {
        Some(path) => {
            let header = header::of("detect", &settings.pipeline, &pipeline, []);
            Results::kept(path, &header, settings.start, &inputs)?
        }
        None => Results::shown(settings.batch.style),
    };
    let batch = Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage: "photos",
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let outcome = batch.record(&inputs, &mut results, |input| {
        let photo = pipeline::read(&pipeline, input, max_bytes)?;
        detect(&pipeline, input, &photo, drawing.as_ref())
    })?;
    outcome.tell(&settings.batch, settings.out.as_deref());
    Ok(outcome.exit())
}

fn detect(
    pipeline: &Pipeline,
    input: &Input,
    photo: &Photo,
    drawing: Option<&Drawing>,
) -> Result<PhotoRecord<Face>, WorkError> {
    let faces = pipeline.detect(photo)?;
    if let Some(drawing) = drawing {
        let marks: Vec<Mark> = faces.iter().map(mark).collect();
        drawing.write(input, photo, &marks)?;
    }
    Ok(PhotoRecord::read(&input.shown, photo, faces))
}

fn mark(face: &Face) -> Mark {
    Mark {
        rect: face.rect,
        landmarks: face.landmarks,
        name: String::new(),
        number: format!("{:.2}", face.detection_score),
        role: Role::Found,
    }
}
