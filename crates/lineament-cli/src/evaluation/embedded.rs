//! Every image of a protocol embedded once, in parallel, going on where an earlier run stopped.

use lineament_data::Picture;
use lineament_runtime::Sha256;

use crate::batch::{Batch, say};
use crate::evaluation::cache::Cache;
use crate::evaluation::faces::{FaceImage, FaceReader, Found, hash};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::{Level, plural};
use crate::trouble::{Trouble, WorkError};

/// Images after which what was embedded is written to the cache.
const WRITE_EVERY: usize = 128;

/// What came of each image, in their order: of a video, of each of its frames.
pub(crate) type Embedded = Vec<Result<Vec<Found>, Trouble>>;

/// Embeds the images, or remembers them, and gives what came of each to `take`, in order. Images that
/// cannot be read are told of.
///
/// # Errors
/// [`Exit::Interrupted`], with what was done remembered; [`Exit::Models`] when a network fails; the
/// first error of `take`.
pub(crate) fn embed_each(
    reader: &FaceReader<'_>,
    cache: Option<&Cache>,
    images: &[FaceImage],
    batch: &Batch<'_>,
    mut take: impl FnMut(Result<Vec<Found>, Trouble>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut fresh = Fresh::new(cache);
    let count = batch.for_each(
        images,
        |image| one(reader, cache, image),
        |progress, image, result| {
            if let Err(trouble) = &result {
                progress.tell(Level::Error, &trouble.about(&image.name));
            }
            let found = result.map(|frames| fresh.take(frames));
            let is_face = |found: &&Found| matches!(found, Found::Face(_));
            let n_faces = found.iter().flatten().filter(is_face).count();
            take(found)?;
            Ok(n_faces)
        },
    );
    fresh.write();
    let count = count?;
    if count.done < images.len() {
        let done = plural(count.done, "image", "images");
        let message = format!("interrupted after {done} of {}", images.len());
        let advice = match cache {
            Some(_) => "the same command goes on from there",
            None => "without --no-cache, the same command would go on from there",
        };
        return Err(Failure::new(Exit::Interrupted, message).help(advice));
    }
    Ok(())
}

/// What came of a frame, and its hash where that is to be remembered.
type Frame = (Found, Option<Sha256>);

fn one(
    reader: &FaceReader<'_>,
    cache: Option<&Cache>,
    image: &FaceImage,
) -> Result<Vec<Frame>, WorkError> {
    let frame = |picture: Picture| {
        let hash = hash(&picture, image);
        if let Some(found) = cache.and_then(|cache| cache.get(&hash)) {
            return Ok((found, None));
        }
        Ok((reader.embed(picture, image)?, Some(hash)))
    };
    reader.read(image)?.into_iter().map(frame).collect()
}

/// What is not in the cache yet.
struct Fresh<'a> {
    cache: Option<&'a Cache>,
    entries: Vec<(Sha256, Found)>,
}

impl<'a> Fresh<'a> {
    fn new(cache: Option<&'a Cache>) -> Self {
        let entries = Vec::new();
        Self { cache, entries }
    }

    /// What came of the frames; what is new of it will be written.
    fn take(&mut self, frames: Vec<Frame>) -> Vec<Found> {
        if self.cache.is_some() {
            let new = |(found, hash): &Frame| hash.map(|hash| (hash, found.clone()));
            self.entries.extend(frames.iter().filter_map(new));
        }
        if self.entries.len() >= WRITE_EVERY {
            self.write();
        }
        frames.into_iter().map(|(found, _)| found).collect()
    }

    /// Writes what there is. A cache that cannot be written is told of once and left alone.
    fn write(&mut self) {
        let Some(cache) = self.cache else { return };
        if self.entries.is_empty() {
            return;
        }
        if let Err(error) = cache.put(&self.entries) {
            say(&format!(
                "warning: embeddings cannot be remembered: {error}"
            ));
            self.cache = None;
        }
        self.entries.clear();
    }
}
