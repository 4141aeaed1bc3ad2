//! `lineament dataset align`: the face in every image of a set, turned and scaled to a template.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use lineament::{Landmarks, Photo, Pipeline, Point, RgbImage, Template, prominent};
use lineament_data::{
    Columns, DataError, DataLimits, LabelledSet, ListFormat, ListWriter, Picture, Sample, Start,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::run::{Run, Seen, exit_of};
use crate::args::TemplateName;
use crate::args::dataset::{self, Set};
use crate::batch::{Batch, say};
use crate::commands::models::print;
use crate::draw::encode::{Format, write_image};
use crate::evaluation::faces::best_match;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Source};
use crate::interrupt::Interrupt;
use crate::journal::{self, Header, Journal, records};
use crate::names::output_stems;
use crate::pipeline::{self, Need, Threads};
use crate::progress::{Level, plural};
use crate::settings::{self, PipelineSettings};
use crate::trouble::{Trouble, WorkError};

/// The file in the output folder that tells what came of every image.
const JOURNAL: &str = "faces.jsonl";
/// The labelled set that is made of it.
const LIST: &str = "list.csv";

/// What `dataset align` is asked to do.
pub(super) struct Settings {
    set: Set,
    out: PathBuf,
    template: Template,
    start: journal::Start,
    shown: dataset::Shown,
    pipeline: PipelineSettings,
}

impl TryFrom<dataset::Align> for Settings {
    type Error = Failure;

    fn try_from(args: dataset::Align) -> Result<Self, Failure> {
        Ok(Self {
            template: match args.template {
                TemplateName::Arcface112 => Template::ArcFace112,
                TemplateName::Sphereface => Template::SphereFace96x112,
            },
            start: match args.resume {
                true => journal::Start::Resume,
                false => journal::Start::Afresh,
            },
            pipeline: settings::pipeline(&args.search, &args.models)?,
            set: args.set,
            out: args.out,
            shown: args.shown,
        })
    }
}

/// What came of an image: a line of the journal.
#[derive(Serialize, Deserialize)]
struct Record {
    /// Which image of the set, counted from 0: names may occur twice.
    path: String,
    name: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Outcome {
    Aligned(Crop),
    Failed { error: Failed },
}

/// A face that was cut out.
#[derive(Serialize, Deserialize)]
struct Crop {
    /// Its file, below the output folder.
    crop: String,
    /// In pixels of the crop.
    landmarks: Landmarks,
    /// `None` where the set gives the landmarks.
    detection_score: Option<f32>,
}

#[derive(Serialize, Deserialize)]
struct Failed {
    kind: String,
    message: String,
}

/// A face whose landmarks are known.
struct Located {
    landmarks: Landmarks,
    detection_score: Option<f32>,
}

pub(super) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let set = super::open(&settings.set)?;
    super::refuse_inside(&settings.out, &set)?;
    let list = settings.out.join(LIST);
    if list.exists() {
        return Err(super::unwritable(&DataError::Exists {
            path: list,
            help: "it is complete; remove it, or name another folder with --out",
        }));
    }
    let run = Run::new(&settings.shown, interrupt);
    let mut images = Vec::new();
    let n_bad = run.read(&set, |seen| {
        images.push(seen);
        Ok(())
    })?;
    align_all(settings, &set, &images, interrupt)?;
    let n_failed = write_list(settings, &set, &images)?;
    print(
        settings::style(settings.shown.json),
        || {
            json!({
                "path": set.path(), "kind": set.kind().name(), "out": settings.out,
                "n_images": images.len(), "n_failed": n_failed, "n_bad_lines": n_bad,
            })
        },
        |out| {
            let crops = plural(images.len() - n_failed, "crop", "crops");
            writeln!(out, "{}: {crops}, {n_failed} failed", list.display())
        },
    )?;
    let n_failed = n_failed as u64 + n_bad;
    Ok(exit_of(n_failed, images.len() as u64 + n_bad))
}

/// Aligns the images that no earlier run has done.
fn align_all(
    settings: &Settings,
    set: &LabelledSet,
    images: &[Seen],
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let threads = Threads::share(settings::threads(settings.shown.threads), images.len());
    let pipeline = pipeline::open(&settings.pipeline, Need::Detector, threads.network)?;
    let journal = settings.out.join(JOURNAL);
    if settings.start == journal::Start::Afresh && journal.exists() {
        return Err(super::unwritable(&DataError::Exists {
            path: journal,
            help: "add --resume to go on with the run that wrote it, or remove it",
        }));
    }
    let (mut lines, done) =
        Journal::open(&journal, &header(settings, set, &pipeline), settings.start)?;
    let stems = stems(images);
    let is_open = |(seen, _): &(&Seen, PathBuf)| !done.paths.contains(&seen.idx.to_string());
    let open: Vec<(&Seen, PathBuf)> = images.iter().zip(stems).filter(is_open).collect();
    let batch = Batch {
        threads,
        watcher: settings.shown.progress,
        interrupt,
        stage: "images",
    };
    let work = |(seen, stem): &(&Seen, PathBuf)| align(&pipeline, settings, &seen.sample, stem);
    let count = batch.for_each(&open, work, |progress, (seen, _), result| {
        let n_faces = usize::from(result.is_ok());
        let outcome = match result {
            Ok(crop) => Outcome::Aligned(crop),
            Err(trouble) => {
                progress.tell(Level::Error, &trouble.about(&seen.sample.name));
                failed(trouble)
            }
        };
        lines.append(&Record {
            path: seen.idx.to_string(),
            name: seen.sample.name.clone(),
            outcome,
        })?;
        Ok(n_faces)
    })?;
    lines.sync()?;
    if count.done < open.len() {
        let done = images.len() - open.len() + count.done;
        say(&format!(
            "interrupted after {done} of {} images",
            images.len()
        ));
        return Err(Failure::new(Exit::Interrupted, "the set is not complete")
            .help("run the same command with --resume to go on"));
    }
    Ok(())
}

fn failed(trouble: Trouble) -> Outcome {
    Outcome::Failed {
        error: Failed {
            kind: trouble.kind.to_owned(),
            message: trouble.message,
        },
    }
}

fn header(settings: &Settings, set: &LabelledSet, pipeline: &Pipeline) -> Header {
    let options = [
        ("template", json!(format!("{:?}", settings.template))),
        ("set", json!(set.path())),
        ("kind", json!(set.kind().name())),
    ];
    header::of("dataset align", &settings.pipeline, pipeline, options)
}

/// The stem of each crop: `person/name`, so that the output is a set by its folders too.
fn stems(images: &[Seen]) -> Vec<PathBuf> {
    let input = |seen: &Seen| {
        let Sample { name, person, .. } = &seen.sample;
        let relative = match person {
            Some(person) if !name.starts_with(&format!("{person}/")) => format!("{person}/{name}"),
            _ => name.clone(),
        };
        Input {
            source: Source::File(PathBuf::from(name)),
            shown: name.clone(),
            relative: PathBuf::from(relative),
        }
    };
    output_stems(&images.iter().map(input).collect::<Vec<_>>())
}

fn align(
    pipeline: &Pipeline,
    settings: &Settings,
    sample: &Sample,
    stem: &std::path::Path,
) -> Result<Crop, WorkError> {
    let picture = sample.image.read(&DataLimits::default());
    let photo = match picture.map_err(|error| trouble("io", error.to_string()))? {
        Picture::Encoded(bytes) => pipeline.read_bytes(bytes)?,
        Picture::Rgb(image) => Photo::from_image(image),
    };
    let located = locate(pipeline, sample, &photo)?;
    let crop = pipeline.align_landmarks_to(&photo, &located.landmarks, settings.template)?;
    let file = write(settings, stem, &crop)?;
    let similarity = settings
        .template
        .fit(&located.landmarks)
        .map_err(lineament::Error::from)?;
    Ok(Crop {
        crop: file,
        landmarks: located
            .landmarks
            .map(|point: Point| similarity.apply(point)),
        detection_score: located.detection_score,
    })
}

fn trouble(kind: &'static str, message: String) -> WorkError {
    WorkError::Photo(Trouble { kind, message })
}

/// The face that the image is of.
fn locate(pipeline: &Pipeline, sample: &Sample, photo: &Photo) -> Result<Located, WorkError> {
    if let Some(landmarks) = sample.landmarks {
        return Ok(Located {
            landmarks,
            detection_score: None,
        });
    }
    let faces = pipeline.detect(photo)?;
    let face_idx = match &sample.face {
        Some(wanted) => best_match(&faces, wanted),
        None => prominent(&faces, photo.size()),
    };
    let none = || match faces.len() {
        0 => trouble("no_face", "no face was found".to_owned()),
        n => trouble(
            "no_face",
            format!("none of the {n} faces found is in the box that the set gives"),
        ),
    };
    let face = face_idx
        .and_then(|face_idx| faces.get(face_idx))
        .ok_or_else(none)?;
    let missing = || trouble("no_face", "the detector gives no landmarks".to_owned());
    Ok(Located {
        landmarks: face.landmarks.ok_or_else(missing)?,
        detection_score: Some(face.detection_score),
    })
}

fn write(settings: &Settings, stem: &std::path::Path, crop: &RgbImage) -> Result<String, Failure> {
    let stem = settings.out.join(stem);
    let file =
        write_image(&stem, crop, Format::Png).map_err(|error| Failure::write(&stem, &error))?;
    let below = file.strip_prefix(&settings.out).unwrap_or(&file);
    Ok(below.to_string_lossy().replace('\\', "/"))
}

/// Makes the list of the crops from the finished journal; returns how many images failed.
fn write_list(settings: &Settings, set: &LabelledSet, images: &[Seen]) -> Result<usize, Failure> {
    let path = settings.out.join(LIST);
    let columns = columns(set);
    // What a killed run wrote of it is made anew from the journal.
    let part = path.with_file_name(format!("{LIST}.part"));
    if part.exists() {
        std::fs::remove_file(&part).map_err(|error| Failure::write(&part, &error))?;
    }
    let mut list = ListWriter::create(&path, ListFormat::Csv, &columns, Start::Afresh)
        .map_err(|error| super::unwritable(&error))?;
    let journal = settings.out.join(JOURNAL);
    let mut crops = crops(&journal)?;
    let mut n_failed = 0;
    for Seen { idx, sample } in images {
        let Some(crop) = crops.remove(&idx.to_string()) else {
            n_failed += 1;
            continue;
        };
        let mut row = sample.clone();
        row.face = None;
        row.landmarks = Some(crop.landmarks);
        let score = crop.detection_score.map(|score| score.to_string());
        row.attributes
            .extend(score.map(|score| (SCORE.into(), score)));
        list.append(&row, &crop.crop)
            .map_err(|error| super::unwritable(&error))?;
    }
    list.finish().map_err(|error| super::unwritable(&error))?;
    Ok(n_failed)
}

/// The column of the list that the set itself does not have.
const SCORE: &str = "detection_score";

fn columns(set: &LabelledSet) -> Columns {
    let mut columns = set.columns();
    columns.face = false;
    columns.landmarks = true;
    let names: HashSet<&str> = columns.attributes.iter().map(|name| &**name).collect();
    if !names.contains(SCORE) {
        columns.attributes.push(SCORE.into());
    }
    columns
}

/// The crops in the journal, by the numbers of their images.
fn crops(journal: &std::path::Path) -> Result<HashMap<String, Crop>, Failure> {
    let spoilt = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Output,
            format!("cannot read {}: {error}", journal.display()),
        )
    };
    let mut crops = HashMap::new();
    for line in records(journal)? {
        let line = line.map_err(|error| spoilt(&error))?;
        let record: Record = serde_json::from_str(&line).map_err(|error| spoilt(&error))?;
        if let Outcome::Aligned(crop) = record.outcome {
            crops.insert(record.path, crop);
        }
    }
    Ok(crops)
}
