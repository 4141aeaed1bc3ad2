//! `lineament gallery enroll`: people remembered by their photos, once, with what speaks against it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lineament::{Pipeline, Score};
use lineament_gallery::{
    EnrollPolicy, Enrollment, FaceQuality, Gallery, NewFace, Objections, Source, Warning,
};
use lineament_runtime::Sha256;
use serde::Serialize;

use super::{Target, batch, check_model, now, picture};
use crate::args::common;
use crate::args::gallery::Enroll;
use crate::batch::{Batch, say};
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Input, Request};
use crate::interrupt::Interrupt;
use crate::journal::Start;
use crate::known::{Portrait, forbids, person, portrait_of};
use crate::pipeline::{self, Need, Threads, Threshold};
use crate::progress::{Level, Progress, plural};
use crate::settings::{self, Rule, Style};
use crate::trouble::{Trouble, WorkError};

/// Two photos of a person rarely score this; copies of one photo in other sizes and formats do.
const NEAR_DUPLICATE: f32 = 0.97;

/// What became of a photo.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Asked(Enrollment),
    Else(NoEnrollment),
}

/// Why the gallery was not asked.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum NoEnrollment {
    NoFace,
    Failed { error: Trouble },
}

/// What became of a photo, as a line of JSON.
#[derive(Serialize)]
struct Record<'a> {
    path: &'a str,
    name: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// How many photos came to what.
#[derive(Default)]
struct Tally {
    enrolled: usize,
    known: usize,
    left_out: usize,
}

/// What a photo gave.
enum Seen {
    /// It is in the gallery, under this name.
    Known(Enrollment),
    Photo {
        portrait: Portrait,
        sha256: Sha256,
        thumbnail: Option<Vec<u8>>,
    },
}

pub(super) fn run(target: &Target, args: Enroll, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let request = request(args.inputs, args.name.as_deref())?;
    let rule = settings::rule(&args.decision)?;
    let running = batch(target.style, &args.running);
    let settings = settings::pipeline(&args.search, &args.models)?;
    let gallery = target.open()?;
    let inputs = request.list()?;
    let threads = Threads::share(running.threads, inputs.len());
    let pipeline = pipeline::open(&settings, Need::DetectorAndEmbedder, threads.network)?;
    check_model(&gallery, &pipeline)?;
    let clerk = Clerk {
        pipeline: &pipeline,
        gallery: Mutex::new(gallery),
        name: args.name.as_deref(),
        accepts_poor: args.accept_poor,
        thumbnail_px: args.thumbnails,
        look_alike: look_alike(rule, &pipeline)?,
        style: target.style,
        max_bytes: settings.options.decode.max_bytes,
    };
    let batch = Batch {
        threads,
        watcher: running.watcher,
        interrupt,
        stage: "photos",
    };
    let mut tally = Tally::default();
    let count = batch.for_each(
        &inputs,
        |input| clerk.see(input),
        |progress, input, seen| clerk.enroll(progress, input, seen, &mut tally),
    )?;
    // The next process finds the index ready.
    clerk.gallery().save_index()?;
    if target.style == Style::People {
        say(&format!(
            "{}: {} enrolled, {} there before, {} left out",
            plural(count.done, "photo", "photos"),
            tally.enrolled,
            tally.known,
            tally.left_out
        ));
    }
    Ok(match tally {
        _ if count.done < inputs.len() => Exit::Interrupted,
        _ if count.failed == inputs.len() => Exit::BadInput,
        Tally { left_out: 0, .. } => Exit::Success,
        Tally {
            enrolled: 0,
            known: 0,
            ..
        } => Exit::NoFace,
        _ => Exit::SomeFailed,
    })
}

/// The photos; without a name, they must be in folders that name their people.
fn request(inputs: common::Inputs, name: Option<&str>) -> Result<Request, Failure> {
    let lone = inputs.paths.iter().find(|path| !path.is_dir());
    if name.is_none() && (lone.is_some() || inputs.files_from.is_some()) {
        let which = lone.map_or_else(|| "a list".to_owned(), |path| path.display().to_string());
        return Err(
            Failure::usage(format!("nothing says whose photo {which} is"))
                .help("give --name NAME, or a folder with one folder of photos per person"),
        );
    }
    settings::request(inputs, &[], Start::Afresh)
}

/// The score from which a face is told of that looks like somebody else; none without a calibration.
fn look_alike(rule: Rule, pipeline: &Pipeline) -> Result<Option<Score>, Failure> {
    if rule == Rule::Recommended && pipeline.calibration().is_err() {
        return Ok(None);
    }
    Threshold::of(rule, pipeline).map(|threshold| Some(threshold.threshold))
}

struct Clerk<'a> {
    pipeline: &'a Pipeline,
    gallery: Mutex<Gallery>,
    name: Option<&'a str>,
    accepts_poor: bool,
    /// Side of the pictures that are kept.
    thumbnail_px: Option<u32>,
    look_alike: Option<Score>,
    style: Style,
    max_bytes: u64,
}

impl Clerk<'_> {
    fn gallery(&self) -> MutexGuard<'_, Gallery> {
        self.gallery.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name_of(&self, input: &Input) -> String {
        self.name.map_or_else(|| person(input), str::to_owned)
    }

    /// Finds the face, unless the photo is known by this name.
    fn see(&self, input: &Input) -> Result<Seen, WorkError> {
        let bytes = pipeline::bytes(input, self.max_bytes)?;
        let sha256 = Sha256::of(&bytes);
        if let Some(known) = self.known(&self.name_of(input), &sha256)? {
            return Ok(Seen::Known(known));
        }
        let photo = self.pipeline.read_bytes(bytes)?;
        let portrait = portrait_of(self.pipeline, &photo)?;
        let face = portrait.face.as_ref().zip(self.thumbnail_px);
        let thumbnail = face
            .map(|((face, _), side_px)| picture::make(self.pipeline, &photo, face, side_px))
            .transpose()?;
        Ok(Seen::Photo {
            portrait,
            sha256,
            thumbnail,
        })
    }

    fn known(&self, name: &str, sha256: &Sha256) -> Result<Option<Enrollment>, Failure> {
        let gallery = self.gallery();
        let Ok(person) = gallery.find(name) else {
            return Ok(None);
        };
        for face in gallery.faces_of_photo(sha256.bytes())? {
            if gallery.root(face.person)? == person {
                let face = face.id;
                return Ok(Some(Enrollment::AlreadyThere { face, person }));
            }
        }
        Ok(None)
    }

    fn enroll(
        &self,
        progress: &Progress,
        input: &Input,
        seen: Result<Seen, Trouble>,
        tally: &mut Tally,
    ) -> Result<usize, Failure> {
        let name = self.name_of(input);
        let outcome = match seen {
            Err(error) => Outcome::Else(NoEnrollment::Failed { error }),
            Ok(Seen::Known(known)) => Outcome::Asked(known),
            Ok(Seen::Photo {
                portrait,
                sha256,
                thumbnail,
            }) => {
                if portrait.n_faces > 1 {
                    let n_faces = portrait.n_faces;
                    let what = format!("has {n_faces} faces; the prominent one is taken");
                    progress.tell(Level::Warning, &format!("{}: {what}", input.shown));
                }
                self.ask(input, &name, portrait, &sha256, thumbnail)?
            }
        };
        self.tell(progress, input, &name, &outcome)?;
        let (count, n_faces) = match &outcome {
            Outcome::Asked(Enrollment::Enrolled { .. }) => (&mut tally.enrolled, 1),
            Outcome::Asked(Enrollment::AlreadyThere { .. }) => (&mut tally.known, 1),
            _ => (&mut tally.left_out, 0),
        };
        *count += 1;
        Ok(n_faces)
    }

    /// Lets the gallery decide about the face of a photo.
    fn ask(
        &self,
        input: &Input,
        name: &str,
        portrait: Portrait,
        sha256: &Sha256,
        thumbnail: Option<Vec<u8>>,
    ) -> Result<Outcome, Failure> {
        let Some((face, embedding)) = portrait.face else {
            return Ok(Outcome::Else(NoEnrollment::NoFace));
        };
        let quality = &face.quality;
        let is_poor = quality.reasons.iter().any(forbids);
        let policy = EnrollPolicy {
            objections: match is_poor && !self.accepts_poor {
                true => Objections::Refuse,
                false => Objections::Record,
            },
            near_duplicate: Some(Score::new(NEAR_DUPLICATE)),
            look_alike: self.look_alike,
        };
        let new = NewFace {
            embedding,
            rect: face.rect,
            landmarks: face.landmarks,
            quality: FaceQuality {
                detection_score: face.detection_score,
                sharpness: quality.sharpness,
                brightness: quality.brightness,
                objections: quality.reasons.iter().map(ToString::to_string).collect(),
            },
            source: Source {
                path: place_of(input)?,
                sha256: *sha256.bytes(),
            },
            thumbnail,
        };
        let outcome = self.gallery().enroll(name, &new, &policy, now())?;
        Ok(Outcome::Asked(outcome))
    }

    fn tell(
        &self,
        progress: &Progress,
        input: &Input,
        name: &str,
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        let path = &input.shown;
        if self.style == Style::Json {
            let record = Record {
                path,
                name,
                outcome,
            };
            return progress.aside(|| print(Style::Json, || record, |_| Ok(())));
        }
        match outcome {
            Outcome::Asked(Enrollment::Enrolled { warnings, .. }) => {
                for warning in warnings {
                    let words = self.in_words(warning)?;
                    progress.tell(Level::Warning, &format!("{path}: {words}"));
                }
            }
            Outcome::Asked(Enrollment::AlreadyThere { .. }) => {}
            Outcome::Asked(Enrollment::BelongsToAnother { person, .. }) => {
                let owner = self.gallery().person(*person)?.name;
                let words = format!("{path}: left out, for the face is {owner}'s already");
                progress.tell(Level::Error, &words);
            }
            Outcome::Asked(Enrollment::Refused { reasons }) => {
                let reasons = reasons.join(", ");
                let words = format!("{path}: left out, for the face is {reasons}");
                progress.tell(Level::Error, &words);
            }
            Outcome::Else(NoEnrollment::NoFace) => {
                progress.tell(Level::Error, &format!("{path}: no face was found"));
            }
            Outcome::Else(NoEnrollment::Failed { error }) => {
                progress.tell(Level::Error, &error.about(path));
            }
        }
        Ok(())
    }

    fn in_words(&self, warning: &Warning) -> Result<String, Failure> {
        Ok(match warning {
            Warning::NearDuplicate { face, score } => {
                format!("nearly the same picture as face {face} (score {score})")
            }
            Warning::LooksLikeAnother { person, score, .. } => {
                let other = self.gallery().person(*person)?.name;
                format!("looks like {other} (score {score}); merge the two if they are one")
            }
            other => format!("{other:?}"),
        })
    }
}

/// The whole path of a photo, to find it again from elsewhere.
fn place_of(input: &Input) -> Result<String, Failure> {
    match &input.source {
        inputs::Source::Stdin => Ok(input.shown.clone()),
        inputs::Source::File(path) => std::path::absolute(path)
            .map(|path| path.to_string_lossy().into_owned())
            .map_err(|error| Failure::new(Exit::BadInput, format!("{}: {error}", input.shown))),
    }
}
