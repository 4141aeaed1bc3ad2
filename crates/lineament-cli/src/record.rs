//! The result of a photo, as JSON and as table rows.

use lineament::{Face, Photo, Rect};
use serde::Serialize;

use crate::trouble::Trouble;

/// The result of one photo: its faces, or why there are none to tell of.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum PhotoRecord<F> {
    Read {
        path: String,
        width: u32,
        height: u32,
        faces: Vec<F>,
    },
    Failed {
        path: String,
        error: Trouble,
    },
}

/// The result of one face.
pub(crate) trait FaceRow: Serialize + Send {
    /// The heads of its columns, as wide as [`row`](Self::row).
    const HEADER: &'static str;
    /// Its columns.
    fn row(&self) -> String;
}

impl<F> PhotoRecord<F> {
    pub(crate) fn read(path: &str, photo: &Photo, faces: Vec<F>) -> Self {
        let (width, height) = photo.size();
        Self::Read {
            path: path.to_owned(),
            width,
            height,
            faces,
        }
    }

    pub(crate) fn failed(path: &str, error: Trouble) -> Self {
        Self::Failed {
            path: path.to_owned(),
            error,
        }
    }

    pub(crate) fn n_faces(&self) -> usize {
        match self {
            Self::Read { faces, .. } => faces.len(),
            Self::Failed { .. } => 0,
        }
    }
}

impl<F: FaceRow> PhotoRecord<F> {
    /// Its rows in a table: one a face, or one that says there is none.
    pub(crate) fn rows(&self) -> Vec<String> {
        let Self::Read { path, faces, .. } = self else {
            return Vec::new();
        };
        if faces.is_empty() {
            let width = F::HEADER.chars().count();
            return vec![format!("{:>4}  {:<width$}  {path}", "-", "no face")];
        }
        let rows = faces.iter().enumerate();
        rows.map(|(face_idx, face)| format!("{face_idx:>4}  {}  {path}", face.row()))
            .collect()
    }

    /// The head of the table.
    pub(crate) fn header() -> String {
        format!("FACE  {}  PHOTO", F::HEADER)
    }
}

impl FaceRow for Face {
    const HEADER: &'static str = "SCORE      X      Y  WIDTH HEIGHT  QUALITY             ";

    fn row(&self) -> String {
        format!(
            "{:>5.2} {}  {:<20}",
            self.detection_score,
            box_cells(&self.rect),
            quality_in_words(self)
        )
    }
}

/// Left edge, top edge, width and height in four columns.
pub(crate) fn box_cells(rect: &Rect) -> String {
    format!(
        "{:>6.0} {:>6.0} {:>6.0} {:>6.0}",
        rect.x, rect.y, rect.width, rect.height
    )
}

/// `good`, or what is amiss.
fn quality_in_words(face: &Face) -> String {
    if face.quality.reasons.is_empty() {
        return "good".to_owned();
    }
    let kinds: Vec<String> = face
        .quality
        .reasons
        .iter()
        .map(|reason| reason.kind().replace('_', " "))
        .collect();
    kinds.join(", ")
}
