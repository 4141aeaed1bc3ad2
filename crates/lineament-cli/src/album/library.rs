//! All that was seen in the photos of a run.

use std::collections::{HashMap, HashSet};

use lineament::Rect;
use lineament_cluster::{ClusterError, UnitRows};
use serde::{Deserialize, Serialize};

use crate::album::confirmed::Confirmed;
use crate::album::seen::{FaceKey, PhotoId, Seen, SeenFace};
use crate::album::store::Store;
use crate::clustering::Algorithm;
use crate::exit::Exit;
use crate::failure::Failure;

/// Two boxes of this overlap (intersection over union) are one face.
pub(crate) const SAME_FACE_IOU: f32 = 0.4;

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

    /// The face of the photo whose box is nearest to this one, if it is near enough to be the same.
    pub(crate) fn face_at(&self, photo_idx: usize, rect: &Rect) -> Option<FaceRef> {
        let faces = &self.photos[photo_idx].seen.faces;
        let overlap = |face_idx: &usize| faces[*face_idx].rect.iou(rect);
        let nearest = (0..faces.len())
            .max_by(|i, j| overlap(i).total_cmp(&overlap(j)))
            .filter(|face_idx| overlap(face_idx) >= SAME_FACE_IOU);
        nearest.map(|face_idx| FaceRef {
            photo_idx,
            face_idx,
        })
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

    /// Those of the faces that are one person's, clusters of the most faces first. Two faces of one
    /// photo are two people, unless it is confirmed that they are one. Noise is in none.
    ///
    /// Faces that are not among `faces` are in the cluster of the one that they are confirmed to be the
    /// same as.
    pub(crate) fn cluster(
        &self,
        faces: &[FaceRef],
        algorithm: Algorithm,
        min_score: f64,
        confirmed: &Confirmed,
    ) -> Result<Vec<Vec<FaceRef>>, ClusterError> {
        let n_told = faces.len();
        let faces = with_confirmed(faces, confirmed);
        if faces.is_empty() {
            return Ok(Vec::new());
        }
        let embeddings: Vec<&[f32]> = faces
            .iter()
            .map(|face| self.face(*face).embedding.as_slice())
            .collect();
        let rows = UnitRows::from_rows(&embeddings)?;
        let photos: Vec<usize> = faces.iter().map(|face| face.photo_idx).collect();
        let constraints = confirmed.constraints(&faces, &photos)?;
        let clusters = algorithm.cluster_constrained(&rows, n_told, &constraints, min_score)?;
        let members = clusters.members().into_iter();
        let mut clusters: Vec<Vec<FaceRef>> = members
            .map(|rows| rows.into_iter().map(|row| faces[row]).collect())
            .collect();
        // A stable sort: clusters of one size stay in the order of their first faces.
        clusters.sort_by_key(|faces| std::cmp::Reverse(faces.len()));
        Ok(clusters)
    }
}

/// The faces, and behind them those that are confirmed to be the same as another.
fn with_confirmed(faces: &[FaceRef], confirmed: &Confirmed) -> Vec<FaceRef> {
    let mut seen: HashSet<FaceRef> = faces.iter().copied().collect();
    let more = confirmed.same.iter().flatten();
    let more = more.copied().filter(|face| seen.insert(*face));
    let more: Vec<FaceRef> = more.collect();
    [faces, &more].concat()
}
