//! `lineament align`: faces cut out, turned and scaled to a template.

use std::collections::HashMap;
use std::path::PathBuf;

use lineament::{Face, Photo, Pipeline, Template};
use serde::Serialize;
use serde_json::json;

use crate::args::{self, TemplateName};
use crate::batch::Batch;
use crate::draw::encode::{Format, write_image};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Request};
use crate::interrupt::Interrupt;
use crate::journal::Start;
use crate::names::output_stems;
use crate::output::with_suffix;
use crate::pipeline::{self, Need, Threads};
use crate::record::{FaceRow, PhotoRecord};
use crate::results::Results;
use crate::settings::{self, BatchSettings, PipelineSettings};
use crate::trouble::WorkError;

/// The file in the output folder that lists the crops; it is the journal as well.
const LIST: &str = "faces.jsonl";

/// What `align` is asked to do.
pub(crate) struct Settings {
    request: Request,
    out: PathBuf,
    template: Template,
    start: Start,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<args::Align> for Settings {
    type Error = Failure;

    fn try_from(args: args::Align) -> Result<Self, Failure> {
        let start = settings::start(&args.resume);
        Ok(Self {
            request: settings::request(args.inputs, &[Some(&args.out)], start)?,
            out: args.out,
            template: match args.template {
                TemplateName::Arcface112 => Template::ArcFace112,
                TemplateName::Sphereface => Template::SphereFace96x112,
            },
            start,
            batch: settings::batch(&args.batch),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

/// A face and the file that holds its crop.
#[derive(Serialize)]
struct AlignedFace {
    face_idx: usize,
    /// The file, below the output folder.
    crop: String,
    #[serde(flatten)]
    face: Face,
}

impl FaceRow for AlignedFace {
    const HEADER: &'static str = Face::HEADER;

    fn row(&self) -> String {
        self.face.row()
    }
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let inputs = settings.request.list()?;
    let threads = Threads::share(settings.batch.threads, inputs.len());
    let pipeline = pipeline::open(&settings.pipeline, Need::Detector, threads.network)?;
    let template = [("template", json!(format!("{:?}", settings.template)))];
    let header = header::of("align", &settings.pipeline, &pipeline, template);
    let list = settings.out.join(LIST);
    let mut results = Results::kept(&list, &header, settings.start, &inputs)?;
    let shown = inputs.iter().map(|input| input.shown.as_str());
    let stems: HashMap<&str, PathBuf> = shown.zip(output_stems(&inputs)).collect();
    let batch = Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage: "photos",
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let outcome = batch.record(&inputs, &mut results, |input| {
        let photo = pipeline::read(&pipeline, input, max_bytes)?;
        let stem = stems.get(input.shown.as_str()).cloned().unwrap_or_default();
        align(&pipeline, settings, input, &photo, &stem)
    })?;
    outcome.tell(&settings.batch, Some(&list));
    Ok(outcome.exit())
}

fn align(
    pipeline: &Pipeline,
    settings: &Settings,
    input: &Input,
    photo: &Photo,
    stem: &std::path::Path,
) -> Result<PhotoRecord<AlignedFace>, WorkError> {
    let mut aligned = Vec::new();
    for (face_idx, face) in pipeline.detect(photo)?.into_iter().enumerate() {
        let crop = pipeline.align_to(photo, &face, settings.template)?;
        let stem = settings
            .out
            .join(with_suffix(stem, &format!("_{face_idx}")));
        let file = write_image(&stem, &crop, Format::Png)
            .map_err(|error| Failure::write(&stem, &error))?;
        let below = file.strip_prefix(&settings.out).unwrap_or(&file);
        aligned.push(AlignedFace {
            face_idx,
            crop: below.to_string_lossy().replace('\\', "/"),
            face,
        });
    }
    Ok(PhotoRecord::read(&input.shown, photo, aligned))
}
