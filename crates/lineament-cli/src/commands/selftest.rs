//! `lineament selftest`: whether this build, on this machine, finds and knows faces as it should.

use std::time::Instant;

use lineament::{
    Detector, Embedder, Embedding, Face, Landmarks, Limits, Photo, Pipeline, PipelineOptions,
    Point, Rect, Selector,
};
use lineament_decode::Resolution;
use lineament_models::{Answers, DetectorAnswer, EmbedderAnswer, FaceAnswer};
use lineament_runtime::{Engine, EngineOptions, LoadedModel, ModelFile, Task};
use serde::Serialize;
use serde_json::json;

use super::models::{print, table};
use crate::args::Selftest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{self, style};

/// Least overlap of a found face with the one that should be found.
const LEAST_IOU: f32 = 0.9;
/// Greatest distance of a landmark from where it should be, in distances of the eyes.
const FARTHEST_LANDMARK: f32 = 0.05;
/// Least cosine of an embedding and what it should be; crops differ by a rounded pixel here and there.
const LEAST_COSINE: f32 = 0.998;

/// How a model did.
#[derive(Debug, Serialize)]
struct Row {
    model: String,
    task: Task,
    engine: String,
    milliseconds: f64,
    /// What is wrong; nothing, where all is well.
    trouble: Option<String>,
}

pub(crate) fn run(args: &Selftest) -> Result<Exit, Failure> {
    let engine = settings::engine(args.engine, &args.device, args.isa)?;
    let answers = lineament_models::answers().map_err(|error| broken(&error))?;
    let photo = picture()?;
    let models = lineament_models::models().map_err(|error| broken(&error))?;
    let rows: Vec<Row> = models
        .iter()
        .map(|model| row(model, &engine, &photo, &answers))
        .collect();
    let is_well = rows.iter().all(|row| row.trouble.is_none());
    print(
        style(args.json),
        || json!({"ok": is_well, "models": rows}),
        |out| {
            table(
                out,
                ["MODEL", "TASK", "ENGINE", "MS", "RESULT"],
                &rows.iter().map(shown).collect::<Vec<_>>(),
            )
        },
    )?;
    match is_well {
        true => Ok(Exit::Success),
        false => Err(Failure::new(
            Exit::Models,
            "this build or this machine computes something else than it should",
        )
        .help("try another --engine, and report what `lineament selftest --json` prints")),
    }
}

fn shown(row: &Row) -> [String; 5] {
    let result = row.trouble.clone().unwrap_or_else(|| "ok".to_owned());
    [
        row.model.clone(),
        row.task.to_string(),
        row.engine.clone(),
        format!("{:.1}", row.milliseconds),
        result,
    ]
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Exit::Models,
        format!("the program's own models are damaged: {error}"),
    )
}

fn picture() -> Result<Photo, Failure> {
    let bytes = lineament_models::picture().to_vec();
    Photo::from_bytes(bytes, Resolution::Full, &Limits::default()).map_err(|error| broken(&error))
}

fn row(model: &ModelFile, engine: &Engine, photo: &Photo, answers: &Answers) -> Row {
    let manifest = &model.manifest;
    let options = EngineOptions {
        engine: engine.clone(),
        ..EngineOptions::default()
    };
    let begin = Instant::now();
    let (engine, trouble) = match model.load(&options) {
        Ok(loaded) => (
            loaded.engine.to_string(),
            tried(loaded, photo, answers).err(),
        ),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    Row {
        model: manifest.name.clone(),
        task: manifest.task.clone(),
        engine,
        milliseconds: begin.elapsed().as_secs_f64() * 1e3,
        trouble,
    }
}

/// What is wrong with a model, in words.
fn tried(model: LoadedModel, photo: &Photo, answers: &Answers) -> Result<(), String> {
    let name = model.manifest.name.clone();
    if let Some(answer) = answers.detectors.get(&name) {
        let detector = Detector::from_model(model).map_err(|e| e.to_string())?;
        let pipeline = Pipeline::from_parts(detector, None, &PipelineOptions::default());
        let found = pipeline.and_then(|p| p.detect(photo));
        return detected(&found.map_err(|e| e.to_string())?, answer);
    }
    let answer = answers.embedders.get(&name);
    let answer = answer.ok_or_else(|| "there is no known answer".to_owned())?;
    embedded(model, photo, answer).map_err(|e| e.to_string())?
}

fn detected(found: &[Face], answer: &DetectorAnswer) -> Result<(), String> {
    let right = answer
        .faces
        .iter()
        .filter(|face| found.iter().any(|f| is(f, face)));
    match (right.count(), answer.faces.len()) {
        (right, all) if right == all && found.len() == all => Ok(()),
        (right, all) => Err(format!(
            "{right} of {all} faces are where they should be, of {} found",
            found.len()
        )),
    }
}

fn is(found: &Face, answer: &FaceAnswer) -> bool {
    let [x, y, width, height] = answer.rect;
    let rect = Rect::from_corners(x, y, x + width, y + height);
    let landmarks = landmarks(&answer.landmarks);
    let farthest = FARTHEST_LANDMARK * landmarks.eye_distance();
    let is_near = |of_found: Landmarks| {
        let pairs = of_found.to_array().into_iter().zip(landmarks.to_array());
        pairs.into_iter().all(|(a, b)| a.distance(b) <= farthest)
    };
    found.rect.iou(&rect) >= LEAST_IOU && found.landmarks.is_some_and(is_near)
}

fn landmarks(points: &[[f32; 2]; 5]) -> Landmarks {
    Landmarks::from_array(points.map(|[x, y]| Point::new(x, y)))
}

/// `Err` in the inner result: what is wrong with the embeddings.
fn embedded(
    model: LoadedModel,
    photo: &Photo,
    answer: &EmbedderAnswer,
) -> Result<Result<(), String>, lineament::Error> {
    let detector = lineament_models::store()?
        .find(&Task::DETECT, &Selector::Preferred)?
        .load(&EngineOptions::default())?;
    let (detector, embedder) = (
        Detector::from_model(detector)?,
        Embedder::from_model(model)?,
    );
    let pipeline = Pipeline::from_parts(detector, Some(embedder), &PipelineOptions::default())?;
    for (points, wanted) in answer.landmarks.iter().zip(&answer.embeddings) {
        let crop = pipeline.align_landmarks(photo, &landmarks(points))?;
        let got = pipeline.embed(&[crop])?;
        let values = got.first().map(Embedding::values).unwrap_or_default();
        let cosine: f32 = values.iter().zip(wanted).map(|(a, b)| a * b).sum();
        if values.len() != wanted.len() || cosine.is_nan() || cosine < LEAST_COSINE {
            let what = format!("an embedding has cosine {cosine:.4} to what it should be");
            return Ok(Err(what));
        }
    }
    Ok(Ok(()))
}
