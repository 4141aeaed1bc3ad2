//! The known people of `identify`: a folder a person, or a photo named after them.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Component, Path};

use lineament::{Embedding, Face, KnownPeople, Photo, Pipeline, QualityReason, prominent};

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

    /// Learns the people. Photos that are of no or doubtful use are told of on standard error.
    ///
    /// # Errors
    /// [`Exit::NoFace`] when nobody is left; [`Exit::Interrupted`] when asked to stop.
    pub(crate) fn learn(
        &self,
        pipeline: &Pipeline,
        batch: &Batch<'_>,
        max_bytes: u64,
    ) -> Result<Learned, Failure> {
        let space = pipeline.space().map_err(internal)?;
        let mut people = KnownPeople::new(space.clone());
        let inputs: Vec<&Input> = self.inputs.iter().collect();
        let count = batch.for_each(
            &inputs,
            |input| portrait(pipeline, input, max_bytes),
            |progress, input, result| {
                let portrait = match result {
                    Ok(portrait) => portrait,
                    Err(trouble) => {
                        progress.tell(Level::Error, &trouble.about(&input.shown));
                        return Ok(0);
                    }
                };
                for remark in portrait.remarks() {
                    progress.tell(Level::Warning, &format!("{}: {remark}", input.shown));
                }
                let Some((_, embedding)) = portrait.usable() else {
                    return Ok(0);
                };
                people.add(&person(input), embedding).map_err(internal)?;
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
