//! Every photo looked at once: what is known of it is not looked at again.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use lineament::Pipeline;

use crate::album::doubt::Doubt;
use crate::album::seen::{PhotoId, Seen, SeenFace};
use crate::album::store::{Entry, Stamp, Store};
use crate::album::thumbnails::Thumbnails;
use crate::batch::Batch;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};
use crate::known::Used;
use crate::pipeline;
use crate::progress::{Level, plural};
use crate::trouble::WorkError;

/// Photos after which what was seen is written: what a crash may cost.
const WRITE_EVERY: usize = 16;

/// Looks at photos.
pub(crate) struct Scanner<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) store: &'a Store,
    pub(crate) thumbnails: Option<&'a Thumbnails>,
    pub(crate) max_bytes: u64,
    pub(crate) doubt: Doubt,
}

/// What looking at photos came to.
pub(crate) struct Scan {
    /// The photo in each input; `None` where it cannot be read.
    pub(crate) photos: Vec<Option<PhotoId>>,
    /// Inputs that were known and unchanged.
    pub(crate) n_known: usize,
    pub(crate) n_failed: usize,
}

/// What became of one input.
struct Look {
    entry: Entry,
    n_faces: usize,
    /// The file had not changed, so that nothing of it was read.
    is_known: bool,
}

impl Scanner<'_> {
    /// Looks at all of the inputs. Those that cannot be read are told of.
    ///
    /// # Errors
    /// [`Exit::Interrupted`], with what was seen remembered; [`Exit::Models`] when a network fails;
    /// [`Exit::Output`] when nothing can be remembered.
    pub(crate) fn scan(&self, inputs: &[Input], batch: &Batch<'_>) -> Result<Scan, Failure> {
        let mut scan = Scan {
            photos: Vec::with_capacity(inputs.len()),
            n_known: 0,
            n_failed: 0,
        };
        let mut fresh: Vec<Entry> = Vec::new();
        let count = batch.for_each(
            inputs,
            |input| self.look(input),
            |progress, input, result| {
                let look = match result {
                    Ok(look) => look,
                    Err(trouble) => {
                        progress.tell(Level::Error, &trouble.about(&input.shown));
                        scan.photos.push(None);
                        return Ok(0);
                    }
                };
                scan.photos.push(Some(look.entry.photo));
                scan.n_known += usize::from(look.is_known);
                if !look.is_known {
                    fresh.push(look.entry);
                }
                if fresh.len() >= WRITE_EVERY {
                    self.store.put(&fresh)?;
                    fresh.clear();
                }
                Ok(look.n_faces)
            },
        );
        self.store.put(&fresh)?;
        let count = count?;
        scan.n_failed = count.failed;
        if count.done < inputs.len() {
            let message = format!(
                "interrupted after {} of {} photos",
                count.done,
                inputs.len()
            );
            return Err(Failure::new(Exit::Interrupted, message)
                .help("what was seen is kept; the same command goes on from there"));
        }
        Ok(scan)
    }

    fn look(&self, input: &Input) -> Result<Look, WorkError> {
        let place = place(input)?;
        if let Some((path, stamp)) = &place
            && let Some(photo) = self.store.photo_at(path, *stamp)?
            && let Some(n_faces) = self.known(photo)?
        {
            let entry = Entry {
                place: None,
                photo,
                seen: None,
            };
            return Ok(Look {
                entry,
                n_faces,
                is_known: true,
            });
        }
        let bytes = pipeline::bytes(input, self.max_bytes)?;
        let photo = PhotoId::of(&bytes);
        // A copy, or a file that was moved.
        let known = self.known(photo)?;
        let seen = match known {
            Some(_) => None,
            None => Some(self.see(photo, bytes)?),
        };
        let n_faces = seen.as_ref().map(|seen| seen.faces.len()).or(known);
        Ok(Look {
            entry: Entry { place, photo, seen },
            n_faces: n_faces.unwrap_or(0),
            is_known: false,
        })
    }

    /// The number of faces of a photo of which nothing is missing.
    fn known(&self, photo: PhotoId) -> Result<Option<usize>, Failure> {
        let n_faces = self.store.seen(photo)?.map(|seen| seen.faces.len());
        let has_pictures = |n_faces: &usize| {
            let made = self.thumbnails.map(|made| made.has(photo, *n_faces));
            made.unwrap_or(true)
        };
        Ok(n_faces.filter(has_pictures))
    }

    fn see(&self, id: PhotoId, bytes: Vec<u8>) -> Result<Seen, WorkError> {
        let photo = self.pipeline.read_bytes(bytes)?;
        let faces = self.pipeline.analyze(&photo)?;
        let (width, height) = photo.size();
        let seen = Seen {
            width,
            height,
            faces: faces
                .iter()
                .map(|(face, embedding)| SeenFace::new(face, embedding, &self.doubt))
                .collect(),
        };
        if let Some(thumbnails) = self.thumbnails {
            thumbnails.make(id, &photo, &seen)?;
        }
        Ok(seen)
    }
}

impl Scan {
    /// The photos that were seen, each once.
    fn seen(&self) -> HashSet<PhotoId> {
        self.photos.iter().copied().flatten().collect()
    }

    /// Forgets what is known of photos that are neither among the inputs nor those that known people
    /// were learned from.
    pub(crate) fn forget_others(
        &self,
        inputs: &[Input],
        known: &Used,
        store: &Store,
        thumbnails: Option<&Thumbnails>,
    ) -> Result<(), Failure> {
        let file = |input: &Input| match &input.source {
            Source::File(path) => std::path::absolute(path).ok(),
            Source::Stdin => None,
        };
        let places = inputs.iter().filter_map(file);
        let places: HashSet<PathBuf> = places.chain(known.places.iter().cloned()).collect();
        store.retain_lessons(&known.photos)?;
        for photo in store.retain(&places, &self.seen())? {
            if let Some(thumbnails) = thumbnails {
                thumbnails.remove(photo);
            }
        }
        Ok(())
    }

    /// The exit code of a run that came to its end.
    pub(crate) fn exit(&self) -> Exit {
        match self.n_failed {
            0 => Exit::Success,
            n if n == self.photos.len() => Exit::BadInput,
            _ => Exit::SomeFailed,
        }
    }

    /// The photos, and how many of them were known or failed.
    pub(crate) fn in_words(&self) -> String {
        let mut words = plural(self.photos.len(), "photo", "photos");
        let remarks = [(self.n_known, "unchanged"), (self.n_failed, "failed")];
        for (n, what) in remarks.into_iter().filter(|(n, _)| *n > 0) {
            words += &format!(", {n} {what}");
        }
        words
    }
}

/// Where an input's file is and by what it is known not to have changed; `None` for standard input
/// and where the file system keeps no times.
pub(crate) fn place(input: &Input) -> Result<Option<(PathBuf, Stamp)>, WorkError> {
    let Source::File(path) = &input.source else {
        return Ok(None);
    };
    let io = |source| lineament::Error::from(lineament_decode::DecodeError::Io { source });
    let stamp = fs::metadata(path).map_err(io)?;
    let path = std::path::absolute(path).map_err(io)?;
    Ok(Stamp::of(&stamp).map(|stamp| (path, stamp)))
}
