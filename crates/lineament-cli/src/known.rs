//! The known people of `identify`: a folder a person, or a photo named after them.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Component, Path, PathBuf};

use lineament::{Embedding, Face, KnownPeople, Photo, Pipeline, QualityReason, prominent};
use serde::{Deserialize, Serialize};

use crate::album::scan::place;
use crate::album::seen::PhotoId;
use crate::album::store::{Store, Studied};
use crate::batch::{Batch, say};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Request, Source};
use crate::pipeline;
use crate::progress::{Level, plural};
use crate::trouble::WorkError;

/// The photos of known people.
pub(crate) struct Album {
    inputs: Vec<Input>,
}

/// What the photos of known people gave.
pub(crate) struct Learned {
    pub(crate) people: KnownPeople,
    /// Photos that could not be read.
    pub(crate) n_failed: usize,
    /// What is to be remembered for the next run.
    pub(crate) used: Used,
}

/// The photos that a run learned from.
#[derive(Debug, Default)]
pub(crate) struct Used {
    pub(crate) places: HashSet<PathBuf>,
    pub(crate) photos: HashSet<PhotoId>,
}

/// What there is to learn from a photo of a known person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lesson {
    /// What there is to say about the photo, a clause each.
    remarks: Vec<String>,
    /// Of the prominent face, if it is good enough to be remembered.
    embedding: Option<Vec<f32>>,
}

/// What a photo of a known person gives.
pub(crate) struct Portrait {
    /// The face to remember.
    pub(crate) face: Option<(Face, Embedding)>,
    pub(crate) n_faces: usize,
}

impl Album {
    /// The photos below `folder`.
    pub(crate) fn list(folder: &Path) -> Result<Self, Failure> {
        if !folder.is_dir() {
            return Err(Failure::new(
                Exit::BadInput,
                format!(
                    "the folder of known people, {}, is not a folder",
                    folder.display()
                ),
            )
            .help("give --known a folder with one folder of photos per person"));
        }
        let request = Request {
            paths: vec![folder.to_owned()],
            ..Request::default()
        };
        Ok(Self {
            inputs: request.list()?,
        })
    }

    pub(crate) fn n_photos(&self) -> usize {
        self.inputs.len()
    }

    /// A number that changes when a photo comes, goes or changes in size.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for input in &self.inputs {
            input.relative.hash(&mut hasher);
            if let Source::File(path) = &input.source {
                fs::metadata(path)
                    .map_or(0, |file| file.len())
                    .hash(&mut hasher);
            }
        }
        format!("{} photos, {:016x}", self.inputs.len(), hasher.finish())
    }

    /// Learns the people. Photos that are of no or doubtful use are told of on standard error. Of
    /// photos that are remembered only what changed is read.
    ///
    /// # Errors
    /// [`Exit::NoFace`] when nobody is left; [`Exit::Interrupted`] when asked to stop;
    /// [`Exit::Output`] when nothing can be remembered.
    pub(crate) fn learn(
        &self,
        pipeline: &Pipeline,
        batch: &Batch<'_>,
        max_bytes: u64,
        memory: Option<&Store>,
    ) -> Result<Learned, Failure> {
        let space = pipeline.space().map_err(internal)?;
        let mut people = KnownPeople::new(space.clone());
        let mut used = Used::default();
        let inputs: Vec<&Input> = self.inputs.iter().collect();
        let count = batch.for_each(
            &inputs,
            |input| match memory {
                Some(store) => remembered(pipeline, input, max_bytes, store),
                None => Ok(Studied::unnoted(
                    portrait(pipeline, input, max_bytes)?.lesson(),
                )),
            },
            |progress, input, result| {
                let studied = match result {
                    Ok(studied) => studied,
                    Err(trouble) => {
                        progress.tell(Level::Error, &trouble.about(&input.shown));
                        return Ok(0);
                    }
                };
                if let Some(store) = memory {
                    store.put_studied(&studied)?;
                }
                used.add(&studied);
                for remark in &studied.lesson.remarks {
                    progress.tell(Level::Warning, &format!("{}: {remark}", input.shown));
                }
                let Some(values) = studied.lesson.embedding else {
                    return Ok(0);
                };
                let embedding = Embedding::from_raw(space.clone(), values)
                    .map_err(|error| internal(error.into()))?;
                people.add(&person(input), &embedding).map_err(internal)?;
                Ok(1)
            },
        )?;
        if count.done < inputs.len() {
            return Err(Failure::new(
                Exit::Interrupted,
                "interrupted while learning the known people",
            ));
        }
        self.tell_missing(&people)?;
        Ok(Learned {
            people,
            n_failed: count.failed,
            used,
        })
    }

    /// Names those without a usable photo; nobody at all is an error.
    fn tell_missing(&self, people: &KnownPeople) -> Result<(), Failure> {
        let known: BTreeSet<&str> = people.people().map(|(name, _)| name).collect();
        let wanted: BTreeSet<String> = self.inputs.iter().map(person).collect();
        let missing = wanted.iter().filter(|name| !known.contains(name.as_str()));
        for name in missing {
            say(&format!(
                "error: {name} has no usable photo and will not be recognised"
            ));
        }
        if people.is_empty() {
            return Err(Failure::new(
                Exit::NoFace,
                format!(
                    "nobody is known: {} and no usable face",
                    plural(self.inputs.len(), "photo", "photos")
                ),
            ));
        }
        Ok(())
    }
}

fn internal(error: lineament::Error) -> Failure {
    Failure::new(Exit::Internal, error.to_string())
}

/// Whose photo it is: the folder's name, or for a loose photo its own.
pub(crate) fn person(input: &Input) -> String {
    let mut parts = input.relative.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let name = match (parts.next(), parts.next()) {
        (Some(folder), Some(_)) => Some(folder),
        _ => input.relative.file_stem(),
    };
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

impl Used {
    fn add(&mut self, studied: &Studied) {
        self.photos.extend(studied.photo);
        self.places.extend(studied.path.clone());
    }
}

/// What is remembered of a photo, or what it shows.
fn remembered(
    pipeline: &Pipeline,
    input: &Input,
    max_bytes: u64,
    store: &Store,
) -> Result<Studied, WorkError> {
    let place = place(input)?;
    let path = place.as_ref().map(|(path, _)| path.clone());
    if let Some((path, stamp)) = &place
        && let Some(photo) = store.photo_at(path, *stamp)?
        && let Some(lesson) = store.lesson(photo)?
    {
        return Ok(Studied::known(path.clone(), photo, lesson));
    }
    let bytes = pipeline::bytes(input, max_bytes)?;
    let photo = PhotoId::of(&bytes);
    let lesson = match store.lesson(photo)? {
        Some(lesson) => lesson,
        None => portrait_of(pipeline, &pipeline.read_bytes(bytes)?)?.lesson(),
    };
    Ok(Studied {
        photo: Some(photo),
        path,
        stamp: place.map(|(_, stamp)| stamp),
        lesson,
        is_noted: false,
    })
}

fn portrait(pipeline: &Pipeline, input: &Input, max_bytes: u64) -> Result<Portrait, WorkError> {
    let photo = pipeline::read(pipeline, input, max_bytes)?;
    Ok(portrait_of(pipeline, &photo)?)
}

/// The prominent face of a photo.
pub(crate) fn portrait_of(
    pipeline: &Pipeline,
    photo: &Photo,
) -> Result<Portrait, lineament::Error> {
    let mut faces = pipeline.detect(photo)?;
    let n_faces = faces.len();
    let Some(face_idx) = prominent(&faces, photo.size()) else {
        return Ok(Portrait {
            face: None,
            n_faces,
        });
    };
    let face = faces.swap_remove(face_idx);
    let crop = pipeline.align(photo, &face)?;
    let embedding = pipeline.embed(&[crop])?.pop();
    Ok(Portrait {
        face: embedding.map(|embedding| (face, embedding)),
        n_faces,
    })
}

impl Portrait {
    /// What of it is worth remembering.
    fn lesson(&self) -> Lesson {
        let embedding = self
            .usable()
            .map(|(_, embedding)| embedding.values().to_vec());
        Lesson {
            remarks: self.remarks(),
            embedding,
        }
    }

    /// The face, if it is good enough to be remembered.
    fn usable(&self) -> Option<&(Face, Embedding)> {
        self.face
            .as_ref()
            .filter(|(face, _)| !face.quality.reasons.iter().any(forbids))
    }

    /// What there is to say about the photo, a clause each.
    fn remarks(&self) -> Vec<String> {
        let Some((face, _)) = &self.face else {
            return vec!["no face was found, so it is left out".to_owned()];
        };
        let mut remarks = Vec::new();
        if self.n_faces > 1 {
            remarks.push(format!(
                "has {} faces; the prominent one is taken",
                self.n_faces
            ));
        }
        for reason in &face.quality.reasons {
            let consequence = if forbids(reason) {
                ", so it is left out"
            } else {
                ""
            };
            remarks.push(format!("the face is {reason}{consequence}"));
        }
        remarks
    }
}

/// True for a face so poor that its embedding would mislead. Lesser flaws are only told of.
pub(crate) fn forbids(reason: &QualityReason) -> bool {
    match *reason {
        QualityReason::TooSmall { found, limit } | QualityReason::TooDark { found, limit } => {
            found < 0.5 * limit
        }
        QualityReason::Blurred { found, limit } => found < 0.2 * limit,
        QualityReason::CutByFrame { found, limit } => found < 0.6 * limit,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn people_are_folders_or_loose_photos() {
        let name = |relative: &str| {
            person(&Input {
                source: Source::Stdin,
                shown: String::new(),
                relative: PathBuf::from(relative),
            })
        };
        assert_eq!(name("Ada Lovelace/1.jpg"), "Ada Lovelace");
        assert_eq!(name("Ada/summer/1.jpg"), "Ada");
        assert_eq!(name("Grace Hopper.jpg"), "Grace Hopper");
    }

    #[test]
    fn only_hopeless_faces_are_left_out() {
        let (found, limit) = (30.0, 32.0);
        assert!(!forbids(&QualityReason::TooSmall { found, limit }));
        assert!(forbids(&QualityReason::TooSmall { found: 10.0, limit }));
        assert!(!forbids(&QualityReason::Turned {
            found: 80.0,
            limit: 45.0
        }));
    }
}
