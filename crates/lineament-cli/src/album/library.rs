//! All that was seen in the photos of a run.

use std::collections::HashMap;

use lineament_cluster::{ClusterError, UnitRows};
use serde::{Deserialize, Serialize};

use crate::album::seen::{FaceKey, PhotoId, Seen, SeenFace};
use crate::album::store::Store;
use crate::clustering::Algorithm;
use crate::exit::Exit;
use crate::failure::Failure;

/// The photos of a run, each once, in the order of the inputs.
pub(crate) struct Library {
    pub(crate) photos: Vec<LibraryPhoto>,
}

/// A photo of the run.
pub(crate) struct LibraryPhoto {
    pub(crate) id: PhotoId,
    /// Which inputs it is, the first and its copies.
    pub(crate) inputs: Vec<usize>,
    pub(crate) seen: Seen,
}

/// A face of the library: the number of its photo, and its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FaceRef {
    pub(crate) photo_idx: usize,
    pub(crate) face_idx: usize,
}

impl Library {
    /// What was seen in the photos, one for each input; `None` for those that could not be read.
    pub(crate) fn load(store: &Store, inputs: &[Option<PhotoId>]) -> Result<Self, Failure> {
        let mut photos: Vec<LibraryPhoto> = Vec::new();
        let mut numbers: HashMap<PhotoId, usize> = HashMap::new();
        let seen = inputs.iter().enumerate();
        for (input_idx, id) in seen.filter_map(|(idx, photo)| Some((idx, (*photo)?))) {
            if let Some(number) = numbers.get(&id) {
                photos[*number].inputs.push(input_idx);
                continue;
            }
            let lost = || Failure::new(Exit::Internal, "a photo that was seen is not remembered");
            numbers.insert(id, photos.len());
            photos.push(LibraryPhoto {
                id,
                inputs: vec![input_idx],
                seen: store.seen(id)?.ok_or_else(lost)?,
            });
        }
        Ok(Self { photos })
    }

    pub(crate) fn n_faces(&self) -> usize {
        self.photos.iter().map(|photo| photo.seen.faces.len()).sum()
    }

    /// All faces, by photo.
    pub(crate) fn faces(&self) -> impl Iterator<Item = FaceRef> {
        let of_photo = |(photo_idx, photo): (usize, &LibraryPhoto)| {
            let faces = 0..photo.seen.faces.len();
            faces.map(move |face_idx| FaceRef {
                photo_idx,
                face_idx,
            })
        };
        self.photos.iter().enumerate().flat_map(of_photo)
    }

    pub(crate) fn face(&self, face: FaceRef) -> &SeenFace {
        &self.photos[face.photo_idx].seen.faces[face.face_idx]
    }

    pub(crate) fn key(&self, face: FaceRef) -> FaceKey {
        FaceKey {
            photo: self.photos[face.photo_idx].id,
            face_idx: face.face_idx,
        }
    }

    /// The keys of the faces of each group, in words.
    pub(crate) fn keys(&self, groups: &[Vec<FaceRef>]) -> Vec<Vec<String>> {
        let words = |face: &FaceRef| self.key(*face).to_string();
        let keys = groups.iter().map(|faces| faces.iter().map(words).collect());
        keys.collect()
    }

    /// Those of the faces that are one person's, clusters of the most faces first; two faces of one
    /// photo are two people. Noise is in none.
    pub(crate) fn cluster(
        &self,
        faces: &[FaceRef],
        algorithm: Algorithm,
        min_score: f64,
    ) -> Result<Vec<Vec<FaceRef>>, ClusterError> {
        if faces.is_empty() {
            return Ok(Vec::new());
        }
        let embeddings: Vec<&[f32]> = faces
            .iter()
            .map(|face| self.face(*face).embedding.as_slice())
            .collect();
        let photos: Vec<usize> = faces.iter().map(|face| face.photo_idx).collect();
        let clusters =
            algorithm.cluster_apart(&UnitRows::from_rows(&embeddings)?, &photos, min_score)?;
        let members = clusters.members().into_iter();
        let mut clusters: Vec<Vec<FaceRef>> = members
            .map(|rows| rows.into_iter().map(|row| faces[row]).collect())
            .collect();
        // A stable sort: clusters of one size stay in the order of their first faces.
        clusters.sort_by_key(|faces| std::cmp::Reverse(faces.len()));
        Ok(clusters)
    }
}
