//! Every image of a protocol embedded once, in parallel, going on where an earlier run stopped.

use lineament_data::Picture;
use lineament_runtime::Sha256;

use crate::batch::{Batch, say};
use crate::evaluation::cache::{Cache, Remembered};
use crate::evaluation::faces::{FaceImage, FaceReader, Found, hash};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::{Level, plural};
use crate::trouble::{Trouble, WorkError};

/// Images after which what was embedded is written to the cache.
const WRITE_EVERY: usize = 128;

/// What came of each image, in their order: of a video, of each of its frames.
pub(crate) type Embedded = Vec<Result<Vec<Found>, Trouble>>;

/// Gives what `one` makes of each image to `take`, in order, and remembers it. Images that cannot be
/// read are told of.
///
/// # Errors
/// [`Exit::Interrupted`], with what was done remembered; [`Exit::Models`] when a network fails; the
/// first error of `take`.
pub(crate) fn embed_each(
    one: impl Fn(&FaceImage) -> Result<Vec<Frame>, WorkError> + Sync,
    cache: Option<&Cache>,
    images: &[FaceImage],
    batch: &Batch<'_>,
    mut take: impl FnMut(Result<Vec<Found>, Trouble>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut fresh = Fresh::new(cache);
    let count = batch.for_each(images, one, |progress, image, result| {
        if let Err(trouble) = &result {
            progress.tell(Level::Error, &trouble.about(&image.name));
        }
        let take_frame = |(found, hash)| fresh.take(found, hash);
        let found = result.map(|frames| frames.into_iter().map(take_frame).collect::<Vec<_>>());
        let is_face = |found: &&Found| matches!(found, Found::Face(_));
        let n_faces = found.iter().flatten().filter(is_face).count();
        take(found)?;
        Ok(n_faces)
    });
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
pub(crate) type Frame = (Found, Option<Sha256>);

/// Embeds an image, or remembers it.
///
/// # Errors
/// Images that cannot be read; a network that fails.
pub(crate) fn embed(
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
pub(crate) struct Fresh<'a, T> {
    cache: Option<&'a Cache>,
    entries: Vec<(Sha256, T)>,
}

impl<'a, T: Remembered + Clone> Fresh<'a, T> {
    pub(crate) fn new(cache: Option<&'a Cache>) -> Self {
        let entries = Vec::new();
        Self { cache, entries }
    }

    /// What was found; where it has a hash it is new, and will be written.
    pub(crate) fn take(&mut self, found: T, hash: Option<Sha256>) -> T {
        let hash = hash.filter(|_| self.cache.is_some());
        self.entries.extend(hash.map(|hash| (hash, found.clone())));
        if self.entries.len() >= WRITE_EVERY {
            self.write();
        }
        found
    }

    /// Writes what there is. A cache that cannot be written is told of once and left alone.
    pub(crate) fn write(&mut self) {
        let Some(cache) = self.cache else { return };
        if self.entries.is_empty() {
            return;
        }
        if let Err(error) = cache.put(&self.entries) {
            say(&format!("warning: nothing can be remembered: {error}"));
            self.cache = None;
        }
        self.entries.clear();
    }
}
