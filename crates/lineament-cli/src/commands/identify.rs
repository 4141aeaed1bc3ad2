//! `lineament identify`: names for the faces in photos.

use std::path::PathBuf;

use lineament::{Face, Identification, KnownPeople, Pipeline, Score};
use serde::Serialize;
use serde_json::json;

use crate::album::doubt::Doubt;
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
use crate::known::Album;
use crate::pipeline::{self, Need, Threads, Threshold};
use crate::record::{FaceRow, PhotoRecord, box_cells};
use crate::results::Results;
use crate::settings::{self, BatchSettings, PipelineSettings, Rule};
use crate::trouble::WorkError;

/// What `identify` is asked to do.
pub(crate) struct Settings {
    known: PathBuf,
    request: Request,
    rule: Rule,
    out: Option<PathBuf>,
    draw: Option<PathBuf>,
    start: Start,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<args::Identify> for Settings {
    type Error = Failure;

    fn try_from(args: args::Identify) -> Result<Self, Failure> {
        let start = settings::start(&args.resume);
        Ok(Self {
            known: args.known,
            request: settings::request(args.inputs, &[args.draw.as_deref()], start)?,
            rule: settings::rule(&args.decision)?,
            out: args.out,
            draw: args.draw,
            start,
            batch: settings::batch(&args.batch),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

/// What is said of a detection that is nobody known and hardly a face.
const DOUBTFUL: &str = "hardly a face";

/// A face and whose it is: `name` is null when it is nobody known.
#[derive(Serialize)]
struct NamedFace {
    /// The detector is not certain, or the embedder takes it for a picture of nothing.
    doubtful: bool,
    #[serde(flatten)]
    identity: Identification,
    #[serde(flatten)]
    face: Face,
}

impl NamedFace {
    fn name(&self) -> &str {
        let nobody = match self.doubtful {
            true => DOUBTFUL,
            false => "unknown",
        };
        self.identity.name.as_deref().unwrap_or(nobody)
    }

    fn score(&self) -> Score {
        self.identity
            .best
            .as_ref()
            .map_or(Score::new(-1.0), |best| best.score)
    }
}

impl FaceRow for NamedFace {
    const HEADER: &'static str =
        "NAME                  SCORE  RUNNER-UP                     X      Y  WIDTH HEIGHT";

    fn row(&self) -> String {
        let runner_up = self.identity.runner_up.as_ref();
        let runner_up = runner_up.map_or_else(
            || "-".to_owned(),
            |candidate| format!("{} {}", candidate.name, candidate.score),
        );
        format!(
            "{:<20}  {:>5}  {runner_up:<24}{}",
            self.name(),
            self.score(),
            box_cells(&self.face.rect)
        )
    }
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let album = Album::list(&settings.known)?;
    let inputs = settings.request.list()?;
    let threads = Threads::share(settings.batch.threads, inputs.len().max(album.n_photos()));
    let pipeline = pipeline::open(
        &settings.pipeline,
        Need::DetectorAndEmbedder,
        threads.network,
    )?;
    let threshold = Threshold::of(settings.rule, &pipeline)?;
    let drawing = settings
        .draw
        .as_deref()
        .map(|dir| Drawing::new(dir, &inputs))
        .transpose()?;
    let mut results = match &settings.out {
        Some(path) => {
            let more = [
                ("threshold", json!(threshold)),
                ("known_people", json!(album.fingerprint())),
            ];
            let header = header::of("identify", &settings.pipeline, &pipeline, more);
            Results::kept(path, &header, settings.start, &inputs)?
        }
        None => Results::shown(settings.batch.style),
    };
    let batch = |stage| Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage,
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let learned = album.learn(&pipeline, &batch("known people"), max_bytes, None)?;
    let namer = Namer {
        pipeline: &pipeline,
        people: &learned.people,
        threshold: threshold.threshold,
        doubt: Doubt::of(&pipeline)?,
        drawing: drawing.as_ref(),
        max_bytes,
    };
    let outcome = batch("photos").record(&inputs, &mut results, |input| namer.name(input))?;
    outcome.tell(&settings.batch, settings.out.as_deref());
    Ok(match outcome.exit() {
        Exit::Success if learned.n_failed > 0 => Exit::SomeFailed,
        exit => exit,
    })
}

/// Puts names to the faces of a photo.
struct Namer<'a> {
    pipeline: &'a Pipeline,
    people: &'a KnownPeople,
    threshold: Score,
    doubt: Doubt,
    drawing: Option<&'a Drawing>,
    max_bytes: u64,
}

impl Namer<'_> {
    fn name(&self, input: &Input) -> Result<PhotoRecord<NamedFace>, WorkError> {
        let photo = pipeline::read(self.pipeline, input, self.max_bytes)?;
        let mut faces = Vec::new();
        for (face, embedding) in self.pipeline.analyze(&photo)? {
            let identity = self.people.identify(&embedding, self.threshold)?;
            faces.push(NamedFace {
                doubtful: self.doubt.is_of(face.detection_score, &embedding),
                identity,
                face,
            });
        }
        if let Some(drawing) = self.drawing {
            let marks: Vec<Mark> = faces.iter().map(mark).collect();
            drawing.write(input, &photo, &marks)?;
        }
        Ok(PhotoRecord::read(&input.shown, &photo, faces))
    }
}

fn mark(face: &NamedFace) -> Mark {
    Mark {
        rect: face.face.rect,
        landmarks: face.face.landmarks,
        name: face.name().to_owned(),
        number: format!("{:.2}", face.score().value()),
        role: match face.identity.name {
            Some(_) => Role::Known,
            None => Role::Unknown,
        },
    }
}
