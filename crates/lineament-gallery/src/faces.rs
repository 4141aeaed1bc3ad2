//! Rows of faces and embeddings.

use lineament_core::{Embedding, Rect};
use rusqlite::{Connection, Row, params};

use crate::change::{Action, Change};
use crate::checksum::Checksum;
use crate::error::GalleryError;
use crate::face::{Face, FaceQuality, NewFace, Source, landmarks_from_bytes, landmarks_to_bytes};
use crate::gallery::{Gallery, GalleryOptions};
use crate::ids::{FaceId, PersonId, UnixSeconds};
use crate::people::{Roots, read_person};

pub(crate) const COLUMNS: &str = "id, person, source_path, source_sha256, x, y, width, height, \
    landmarks, detection_score, sharpness, brightness, objections, enrolled_at, crc";

impl Gallery {
    /// The faces of a person and of those merged into them, by number.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn faces(&self, person: PersonId) -> Result<Vec<Face>, GalleryError> {
        self.read(|db| {
            read_person(db, person)?;
            let sql = format!("SELECT {COLUMNS} FROM face WHERE person = ?1");
            let mut faces = Vec::new();
            for member in Roots::read(db)?.members(person) {
                faces.extend(read_faces(db, &sql, params![member.0])?);
            }
            faces.sort_unstable_by_key(|face| face.id);
            Ok(faces)
        })
    }

    /// The faces of the photo with this SHA-256, by number.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn faces_of_photo(&self, sha256: &[u8; 32]) -> Result<Vec<Face>, GalleryError> {
        self.read(|db| read_faces_of_photo(db, sha256))
    }

    /// The face with this number.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchFace`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn face(&self, face: FaceId) -> Result<Face, GalleryError> {
        let sql = format!("SELECT {COLUMNS} FROM face WHERE id = ?1");
        self.read(|db| {
            let found = read_faces(db, &sql, params![face.0])?;
            found
                .into_iter()
                .next()
                .ok_or(GalleryError::NoSuchFace { face })
        })
    }

    /// The embedding of a face, as it is stored.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchFace`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn embedding(&self, face: FaceId) -> Result<Embedding, GalleryError> {
        self.read(|db| {
            let values = read_vector(db, &self.options, face)?;
            embedding_of(&self.options, face, values)
        })
    }

    /// Removes one face.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchFace`], and as every change.
    pub fn remove_face(&mut self, face: FaceId, at: UnixSeconds) -> Result<(), GalleryError> {
        self.write(at, |change| {
            let sql = "DELETE FROM face WHERE id = ?1 RETURNING person";
            let mut statement = change.tx.prepare_cached(sql)?;
            let mut rows = statement.query(params![face.0])?;
            let row = rows.next()?.ok_or(GalleryError::NoSuchFace { face })?;
            let person = PersonId(row.get(0)?);
            drop(rows);
            drop(statement);
            change.hash(&face.0.to_le_bytes());
            change.log(Action::RemoveFace, Some(person), None, 1)
        })
    }
}

/// The faces of the photo with this SHA-256, by number.
pub(crate) fn read_faces_of_photo(
    db: &Connection,
    sha256: &[u8; 32],
) -> Result<Vec<Face>, GalleryError> {
    let sql = format!("SELECT {COLUMNS} FROM face WHERE source_sha256 = ?1 ORDER BY id");
    read_faces(db, &sql, params![sha256])
}

/// The faces that a query of [`COLUMNS`] gives.
pub(crate) fn read_faces(
    db: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Face>, GalleryError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut faces = Vec::new();
    while let Some(row) = rows.next()? {
        faces.push(face_from_row(row)?);
    }
    Ok(faces)
}

/// The face, checked against the row's checksum.
pub(crate) fn face_from_row(row: &Row<'_>) -> Result<Face, GalleryError> {
    let id = FaceId(row.get(0)?);
    let broken = |what: &str| GalleryError::damaged(format!("face {id}: {what}"));
    let landmarks: Option<Vec<u8>> = row.get(8)?;
    let landmarks = landmarks
        .map(|bytes| {
            landmarks_from_bytes(&bytes).ok_or_else(|| broken("its landmarks are no five"))
        })
        .transpose()?;
    let objections: String = row.get(12)?;
    let face = Face {
        id,
        person: PersonId(row.get(1)?),
        source: Source {
            path: row.get(2)?,
            sha256: row.get(3)?,
        },
        rect: Rect {
            x: row.get(4)?,
            y: row.get(5)?,
            width: row.get(6)?,
            height: row.get(7)?,
        },
        landmarks,
        quality: FaceQuality {
            detection_score: row.get(9)?,
            sharpness: row.get(10)?,
            brightness: row.get(11)?,
            objections: serde_json::from_str(&objections).unwrap_or_default(),
        },
        enrolled_at: UnixSeconds(row.get(13)?),
    };
    if row.get::<_, i64>(14)? != checksum(&face, &objections) {
        return Err(broken("its checksum does not fit"));
    }
    Ok(face)
}

fn checksum(face: &Face, objections: &str) -> i64 {
    let rect = &face.rect;
    let numbers = [rect.x, rect.y, rect.width, rect.height]
        .into_iter()
        .chain([face.quality.detection_score]);
    let start = Checksum::default()
        .number(face.person.0)
        .text(&face.source.path)
        .bytes(&face.source.sha256);
    numbers
        .fold(start, |sum, number| sum.maybe(Some(f64::from(number))))
        .bytes(
            &face
                .landmarks
                .as_ref()
                .map_or_else(Vec::new, landmarks_to_bytes),
        )
        .maybe(face.quality.sharpness.map(f64::from))
        .maybe(face.quality.brightness.map(f64::from))
        .text(objections)
        .number(face.enrolled_at.0)
        .finish()
}

/// Adds a face of `person`; `enrolled_at` differs from now for faces that are brought from elsewhere.
pub(crate) fn add_face(
    change: &mut Change<'_>,
    person: PersonId,
    new: &NewFace,
    enrolled_at: UnixSeconds,
) -> Result<FaceId, GalleryError> {
    let face = Face {
        id: FaceId(0),
        person,
        rect: new.rect,
        landmarks: new.landmarks,
        quality: new.quality.clone(),
        source: new.source.clone(),
        enrolled_at,
    };
    let objections = serde_json::to_string(&face.quality.objections).unwrap_or_default();
    let crc = checksum(&face, &objections);
    let sql = "INSERT INTO face (person, source_path, source_sha256, x, y, width, height, landmarks, \
               detection_score, sharpness, brightness, objections, enrolled_at, crc) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    change.tx.prepare_cached(sql)?.execute(params![
        person.0,
        face.source.path,
        face.source.sha256,
        face.rect.x,
        face.rect.y,
        face.rect.width,
        face.rect.height,
        face.landmarks.as_ref().map(landmarks_to_bytes),
        face.quality.detection_score,
        face.quality.sharpness,
        face.quality.brightness,
        objections,
        enrolled_at.0,
        crc,
    ])?;
    let id = FaceId(change.tx.last_insert_rowid());
    let data = change.options.precision.encode(new.embedding.values());
    let embedding_crc = embedding_checksum(id, &data);
    change
        .tx
        .prepare_cached("INSERT INTO embedding (face, data, crc) VALUES (?1, ?2, ?3)")?
        .execute(params![id.0, data, embedding_crc])?;
    change.hash(&crc.to_le_bytes());
    change.hash(&data);
    Ok(id)
}

pub(crate) fn embedding_checksum(face: FaceId, data: &[u8]) -> i64 {
    Checksum::default().number(face.0).bytes(data).finish()
}

/// The unit vector of a row `face, data, crc` of embeddings.
pub(crate) fn vector_from_row(
    row: &Row<'_>,
    options: &GalleryOptions,
) -> Result<(FaceId, Vec<f32>), GalleryError> {
    let face = FaceId(row.get(0)?);
    let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    if row.get::<_, i64>(2)? != embedding_checksum(face, data) {
        return Err(GalleryError::damaged(format!(
            "the checksum of the embedding of face {face} does not fit"
        )));
    }
    Ok((face, options.precision.decode(data, options.dimension)?))
}

/// The unit vector of a face.
pub(crate) fn read_vector(
    db: &Connection,
    options: &GalleryOptions,
    face: FaceId,
) -> Result<Vec<f32>, GalleryError> {
    let mut statement =
        db.prepare_cached("SELECT face, data, crc FROM embedding WHERE face = ?1")?;
    let mut rows = statement.query(params![face.0])?;
    let row = rows.next()?.ok_or(GalleryError::NoSuchFace { face })?;
    Ok(vector_from_row(row, options)?.1)
}

/// The embedding of a face from the numbers of its row.
pub(crate) fn embedding_of(
    options: &GalleryOptions,
    face: FaceId,
    values: Vec<f32>,
) -> Result<Embedding, GalleryError> {
    Embedding::from_raw(options.space.clone(), values)
        .map_err(|error| GalleryError::damaged(format!("face {face}: {error}")))
}
