//! `lineament embed`: the embeddings of all faces in one file.

use std::fs;
use std::path::PathBuf;

use lineament::{EmbeddingSpace, Face, Pipeline};
use serde::Serialize;

use crate::args;
use crate::batch::{Batch, say};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Request};
use crate::interrupt::Interrupt;
use crate::journal::{Start, records};
use crate::output::{self, Format, with_suffix};
use crate::pipeline::{self, Need, Threads};
use crate::record::{FaceRow, PhotoRecord};
use crate::results::Results;
use crate::settings::{self, BatchSettings, PipelineSettings};
use crate::trouble::WorkError;

/// What `embed` is asked to do.
pub(crate) struct Settings {
    request: Request,
    out: PathBuf,
    format: Format,
    start: Start,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<args::Embed> for Settings {
    type Error = Failure;

    fn try_from(args: args::Embed) -> Result<Self, Failure> {
        let start = settings::start(&args.resume);
        Ok(Self {
            format: Format::of(&args.out)?,
            request: settings::request(args.inputs, &[], start)?,
            out: args.out,
            start,
            batch: settings::batch(&args.batch),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

/// A face with its embedding: a line of the JSON Lines format, and complete in itself.
#[derive(Serialize)]
struct EmbeddedFace {
    path: String,
    face_idx: usize,
    #[serde(flatten)]
    face: Face,
    space: EmbeddingSpace,
    embedding: Vec<f32>,
}

impl FaceRow for EmbeddedFace {
    const HEADER: &'static str = Face::HEADER;

    fn row(&self) -> String {
        self.face.row()
    }
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let journal = with_suffix(&settings.out, ".part.jsonl");
    match settings.start {
        Start::Resume if settings.out.exists() && !journal.exists() => {
            say(&format!(
                "{} is complete; remove it to embed afresh",
                settings.out.display()
            ));
            return Ok(Exit::Success);
        }
        Start::Afresh if journal.exists() && records(&journal)?.next().is_some() => {
            return Err(Failure::usage(format!(
                "{} holds the results of a run that did not finish",
                journal.display()
            ))
            .help("add --resume to go on with it, or remove it to start afresh"));
        }
        Start::Resume | Start::Afresh => {}
    }
    let inputs = settings.request.list()?;
    let threads = Threads::share(settings.batch.threads, inputs.len());
    let pipeline = pipeline::open(
        &settings.pipeline,
        Need::DetectorAndEmbedder,
        threads.network,
    )?;
    let header = header::of("embed", &settings.pipeline, &pipeline, []);
    let mut results = Results::kept(&journal, &header, settings.start, &inputs)?;
    let batch = Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage: "photos",
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let outcome = batch.record(&inputs, &mut results, |input| {
        embed(&pipeline, input, max_bytes)
    })?;
    drop(results);
    if !outcome.interrupted {
        output::convert(&journal, &header, &settings.out, settings.format)?;
        fs::remove_file(&journal).map_err(|error| Failure::write(&journal, &error))?;
    }
    outcome.tell(&settings.batch, Some(&journal));
    Ok(outcome.exit())
}

fn embed(
    pipeline: &Pipeline,
    input: &Input,
    max_bytes: u64,
) -> Result<PhotoRecord<EmbeddedFace>, WorkError> {
    let photo = pipeline::read(pipeline, input, max_bytes)?;
    let faces = pipeline.analyze(&photo)?.into_iter().enumerate();
    let embedded = faces.map(|(face_idx, (face, embedding))| EmbeddedFace {
        path: input.shown.clone(),
        face_idx,
        face,
        space: embedding.space().clone(),
        embedding: embedding.values().to_vec(),
    });
    Ok(PhotoRecord::read(&input.shown, &photo, embedded.collect()))
}
