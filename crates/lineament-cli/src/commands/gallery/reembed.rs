//! `lineament gallery re-embed`: the gallery moves to another embedder, by the photos its faces are from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lineament::{Embedding, Photo, Pipeline};
use lineament_gallery::{Face, FaceId, FacesLeft, Gallery, SAME_FACE_IOU};
use lineament_runtime::Sha256;
use serde_json::json;

use super::init::options;
use super::{Target, batch, now, picture, tell};
use crate::args::gallery::ReEmbed;
use crate::batch::{Batch, say};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};
use crate::interrupt::Interrupt;
use crate::pipeline::{self, Need, Threads};
use crate::progress::{Level, plural};
use crate::settings;
use crate::trouble::WorkError;

/// A photo and the faces of the gallery that are from it.
struct Job {
    input: Input,
    sha256: [u8; 32],
    faces: Vec<Face>,
}

/// What a photo gave.
enum Seen {
    Faces(Vec<(FaceId, Embedding)>),
    /// The photo is of no use, but the gallery has pictures of some of its faces.
    Pictures {
        faces: Vec<(FaceId, Embedding)>,
        why: String,
    },
    /// The photo is of no use.
    Nothing {
        why: String,
    },
}

pub(super) fn run(target: &Target, args: &ReEmbed, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    if args.give_up {
        gallery.give_up_move(now())?;
        let words = format!(
            "{} stays with {}",
            target.path.display(),
            gallery.options().space
        );
        return tell(target.style, json!({"given_up": true}), &words);
    }
    let running = batch(target.style, &args.running);
    let settings = settings::pipeline(&args.search, &args.models)?;
    let jobs_left = jobs(&gallery)?;
    let threads = Threads::share(running.threads, jobs_left.len());
    let pipeline = pipeline::open(&settings, Need::DetectorAndEmbedder, threads.network)?;
    let embedder = pipeline
        .embedder()
        .map_err(|error| Failure::new(Exit::Models, error.to_string()))?;
    let to = options(embedder, args.precision)?;
    if to == *gallery.options() {
        let words = format!("{} is of {} already", target.path.display(), to.space);
        return tell(target.style, json!({"options": to, "n_removed": 0}), &words);
    }
    gallery.begin_move(&to, now())?;
    // Those that an earlier run has done are not among them any more.
    let jobs = jobs(&gallery)?;
    let whole = Batch {
        threads,
        watcher: running.watcher,
        interrupt,
        stage: "photos",
    };
    let max_bytes = settings.options.decode.max_bytes;
    let gallery = Mutex::new(gallery);
    let locked = || gallery.lock().unwrap_or_else(PoisonError::into_inner);
    let picture_of = |face: FaceId| Ok(locked().thumbnail(face).map_err(Failure::from)?);
    let count = whole.for_each(
        &jobs,
        |job| see(&pipeline, job, max_bytes, picture_of),
        |progress, job, seen| {
            let shown = &job.input.shown;
            let found = match seen {
                Ok(Seen::Faces(found)) => found,
                Ok(Seen::Pictures { faces, why }) => {
                    let n = plural(faces.len(), "face is", "faces are");
                    let words = format!("{why}; {n} embedded from the gallery's pictures");
                    progress.tell(Level::Warning, &words);
                    faces
                }
                Ok(Seen::Nothing { why }) => {
                    progress.tell(Level::Error, &why);
                    Vec::new()
                }
                Err(trouble) => {
                    progress.tell(Level::Error, &trouble.about(shown));
                    Vec::new()
                }
            };
            locked().move_faces(&found, now())?;
            Ok(found.len())
        },
    )?;
    if count.done < jobs.len() {
        say("interrupted; the same command goes on");
        return Ok(Exit::Interrupted);
    }
    let gallery = gallery.into_inner().unwrap_or_else(PoisonError::into_inner);
    finish(target, gallery, args)
}

fn finish(target: &Target, mut gallery: Gallery, args: &ReEmbed) -> Result<Exit, Failure> {
    let left = match args.remove_missing {
        true => FacesLeft::Remove,
        false => FacesLeft::Refuse,
    };
    let n_removed = gallery.finish_move(left, now()).map_err(|error| {
        Failure::from(error).help(
            "bring the photos back and run it again, or remove these faces with --remove-missing; \
             until then the old embedder serves",
        )
    })?;
    gallery.save_index()?;
    let removed = plural(n_removed, "face", "faces");
    let words = format!(
        "{} is of {} now; {removed} removed",
        target.path.display(),
        gallery.options().space
    );
    let json = json!({"options": gallery.options(), "n_removed": n_removed});
    tell(target.style, json, &words)
}

/// The photos of all faces that are left to do.
fn jobs(gallery: &Gallery) -> Result<Vec<Job>, Failure> {
    let mut photos: BTreeMap<(String, [u8; 32]), Vec<Face>> = BTreeMap::new();
    for face in gallery.faces_to_move(FaceId(0), i64::MAX as usize)? {
        let source = (face.source.path.clone(), face.source.sha256);
        photos.entry(source).or_default().push(face);
    }
    let job = |((shown, sha256), faces)| Job {
        input: Input {
            source: Source::File(PathBuf::from(&shown)),
            relative: PathBuf::from(&shown),
            shown,
        },
        sha256,
        faces,
    };
    Ok(photos.into_iter().map(job).collect())
}

/// The faces of a photo; where that is gone, changed or broken, by the pictures that the gallery has.
fn see(
    pipeline: &Pipeline,
    job: &Job,
    max_bytes: u64,
    picture_of: impl Fn(FaceId) -> Result<Option<Vec<u8>>, WorkError>,
) -> Result<Seen, WorkError> {
    let shown = &job.input.shown;
    let why = match from_photo(pipeline, job, max_bytes) {
        Ok(Some(faces)) => return Ok(Seen::Faces(faces)),
        Ok(None) => format!("{shown}: it is another photo by now"),
        Err(WorkError::Photo(trouble)) => trouble.about(shown),
        Err(fatal) => return Err(fatal),
    };
    let mut faces = Vec::new();
    // A picture of a face without landmarks was cut by its box, and tells no template where the eyes are.
    for face in job.faces.iter().filter(|face| face.landmarks.is_some()) {
        let Some(png) = picture_of(face.id)? else {
            continue;
        };
        if let Some(crop) = picture::crop(pipeline, png)? {
            let embeddings = pipeline.embed(&[crop])?;
            faces.extend(embeddings.into_iter().map(|embedding| (face.id, embedding)));
        }
    }
    Ok(match faces.is_empty() {
        true => Seen::Nothing { why },
        false => Seen::Pictures { faces, why },
    })
}

/// The faces by their photo; `None` where another is in its place.
fn from_photo(
    pipeline: &Pipeline,
    job: &Job,
    max_bytes: u64,
) -> Result<Option<Vec<(FaceId, Embedding)>>, WorkError> {
    let bytes = pipeline::bytes(&job.input, max_bytes)?;
    if Sha256::of(&bytes).bytes() != &job.sha256 {
        return Ok(None);
    }
    let photo = pipeline.read_bytes(bytes)?;
    let (ids, crops): (Vec<FaceId>, Vec<_>) = job
        .faces
        .iter()
        .filter_map(|face| Some((face.id, crop(pipeline, &photo, face).transpose()?)))
        .unzip();
    let crops = crops.into_iter().collect::<Result<Vec<_>, _>>()?;
    let embeddings = pipeline.embed(&crops)?;
    Ok(Some(ids.into_iter().zip(embeddings).collect()))
}

/// The crop of a face; of one that was enrolled without landmarks, if it is found again.
fn crop(
    pipeline: &Pipeline,
    photo: &Photo,
    face: &Face,
) -> Result<Option<lineament::RgbImage>, lineament::Error> {
    if let Some(landmarks) = &face.landmarks {
        return pipeline.align_landmarks(photo, landmarks).map(Some);
    }
    let found = pipeline.detect(photo)?;
    let same = found
        .iter()
        .find(|f| f.rect.iou(&face.rect) >= SAME_FACE_IOU);
    same.map(|found| pipeline.align(photo, found)).transpose()
}
