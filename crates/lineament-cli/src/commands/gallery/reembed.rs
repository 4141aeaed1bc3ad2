//! `lineament gallery re-embed`: the gallery moves to another embedder, by the photos its faces are from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lineament::{Embedding, Photo, Pipeline};
use lineament_gallery::{Face, FaceId, FacesLeft, Gallery, SAME_FACE_IOU};
use lineament_runtime::Sha256;
use serde_json::json;

use super::init::options;
use super::{Target, batch, now, tell};
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
    /// Another photo is in its place.
    Changed,
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
    let count = whole.for_each(
        &jobs,
        |job| see(&pipeline, job, max_bytes),
        |progress, job, seen| {
            let shown = &job.input.shown;
            let found = match seen {
                Ok(Seen::Faces(found)) => found,
                Ok(Seen::Changed) => {
                    progress.tell(
                        Level::Error,
                        &format!("{shown}: it is another photo by now"),
                    );
                    Vec::new()
                }
                Err(trouble) => {
                    progress.tell(Level::Error, &trouble.about(shown));
                    Vec::new()
                }
            };
            gallery.move_faces(&found, now())?;
            Ok(found.len())
        },
    )?;
    if count.done < jobs.len() {
        say("interrupted; the same command goes on");
        return Ok(Exit::Interrupted);
    }
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

fn see(pipeline: &Pipeline, job: &Job, max_bytes: u64) -> Result<Seen, WorkError> {
    let bytes = pipeline::bytes(&job.input, max_bytes)?;
    if Sha256::of(&bytes).bytes() != &job.sha256 {
        return Ok(Seen::Changed);
    }
    let photo = pipeline.read_bytes(bytes)?;
    let (ids, crops): (Vec<FaceId>, Vec<_>) = job
        .faces
        .iter()
        .filter_map(|face| Some((face.id, crop(pipeline, &photo, face).transpose()?)))
        .unzip();
    let crops = crops.into_iter().collect::<Result<Vec<_>, _>>()?;
    let embeddings = pipeline.embed(&crops)?;
    Ok(Seen::Faces(ids.into_iter().zip(embeddings).collect()))
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
