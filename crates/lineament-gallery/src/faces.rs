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
use crate::seal::{Kind, Vault};

pub(crate) const COLUMNS: &str = "id, person, source_path, source_sha256, x, y, width, height, \
    landmarks, detection_score, sharpness, brightness, objections, enrolled_at, crc";

/// How embeddings are written: of which model, and whether sealed.
#[derive(Clone, Copy)]
pub(crate) struct Codec<'a> {
    pub(crate) options: &'a GalleryOptions,
    pub(crate) vault: &'a Vault,
}

impl Gallery {
    pub(crate) fn codec(&self) -> Codec<'_> {
        Codec {
            options: &self.options,
            vault: &self.vault,
        }
    }

    /// The faces of a person and of those merged into them, by number.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn faces(&self, person: PersonId) -> Result<Vec<Face>, GalleryError> {
        self.read(|db| {
            read_person(db, &self.vault, person)?;
            let sql = format!("SELECT {COLUMNS} FROM face WHERE person = ?1");
            let mut faces = Vec::new();
            for member in Roots::read(db)?.members(person) {
                faces.extend(read_faces(db, &self.vault, &sql, params![member.0])?);
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
        self.read(|db| read_faces_of_photo(db, &self.vault, sha256))
    }

    /// The face with this number.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchFace`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn face(&self, face: FaceId) -> Result<Face, GalleryError> {
        let sql = format!("SELECT {COLUMNS} FROM face WHERE id = ?1");
        self.read(|db| {
            let found = read_faces(db, &self.vault, &sql, params![face.0])?;
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
            let values = read_vector(db, self.codec(), face)?;
            embedding_of(&self.options, face, values)
        })
    }

    /// The small picture of a face, as it was enrolled with it; `None` for a face without one.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn thumbnail(&self, face: FaceId) -> Result<Option<Vec<u8>>, GalleryError> {
        self.read(|db| read_thumbnail(db, &self.vault, face))
    }

    /// Removes one face.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchFace`], and as every change.
    pub fn remove_face(&mut self, face: FaceId, at: UnixSeconds) -> Result<(), GalleryError> {
        self.write_removal(at, |change| {
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
    vault: &Vault,
    sha256: &[u8; 32],
) -> Result<Vec<Face>, GalleryError> {
    let sql = format!("SELECT {COLUMNS} FROM face WHERE source_sha256 = ?1 ORDER BY id");
    read_faces(db, vault, &sql, params![vault.photo(sha256)])
}

/// The faces that a query of [`COLUMNS`] gives.
pub(crate) fn read_faces(
    db: &Connection,
    vault: &Vault,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Face>, GalleryError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut faces = Vec::new();
    while let Some(row) = rows.next()? {
        faces.push(face_from_row(row, vault)?);
    }
    Ok(faces)
}

/// The face, checked against the row's checksum.
pub(crate) fn face_from_row(row: &Row<'_>, vault: &Vault) -> Result<Face, GalleryError> {
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
    vault.take_out_face(face)
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
        id: next_face(&change.tx)?,
        person,
        rect: new.rect,
        landmarks: new.landmarks,
        quality: new.quality.clone(),
        source: new.source.clone(),
        enrolled_at,
    };
    put_face(change, change.vault, &face)?;
    let data = change.options.precision.encode(new.embedding.values());
    put_data(change, change.vault, Table::Embedding, face.id, &data)?;
    if let Some(thumbnail) = &new.thumbnail {
        put_data(change, change.vault, Table::Thumbnail, face.id, thumbnail)?;
    }
    Ok(face.id)
}

/// A number that no face had.
fn next_face(db: &Connection) -> Result<FaceId, GalleryError> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'face'), 0) + 1";
    let id = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(FaceId(id))
}

/// Writes a face without its embedding, anew or over the row of that number.
pub(crate) fn put_face(
    change: &mut Change<'_>,
    vault: &Vault,
    face: &Face,
) -> Result<(), GalleryError> {
    let face = vault.put_away_face(face)?;
    let objections = serde_json::to_string(&face.quality.objections).unwrap_or_default();
    let crc = checksum(&face, &objections);
    let sql = "INSERT INTO face (id, person, source_path, source_sha256, x, y, width, height, \
               landmarks, detection_score, sharpness, brightness, objections, enrolled_at, crc) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
               ON CONFLICT (id) DO UPDATE SET person = ?2, source_path = ?3, source_sha256 = ?4, \
               x = ?5, y = ?6, width = ?7, height = ?8, landmarks = ?9, detection_score = ?10, \
               sharpness = ?11, brightness = ?12, objections = ?13, enrolled_at = ?14, crc = ?15";
    change.tx.prepare_cached(sql)?.execute(params![
        face.id.0,
        face.person.0,
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
        face.enrolled_at.0,
        crc,
    ])?;
    change.hash(&crc.to_le_bytes());
    Ok(())
}

/// What lies beside faces, a row `face, data, crc` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Embeddings in use.
    Embedding,
    /// Embeddings of the model that the gallery is moving to.
    Next,
    /// Pictures, of faces that have one.
    Thumbnail,
}

impl Table {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Next => "embedding_next",
            Self::Thumbnail => "thumbnail",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Embedding | Self::Next => Kind::Embedding,
            Self::Thumbnail => Kind::Thumbnail,
        }
    }
}

/// Writes what lies beside a face, anew or over the row of that number. False when there is no such face.
pub(crate) fn put_data(
    change: &mut Change<'_>,
    vault: &Vault,
    table: Table,
    face: FaceId,
    data: &[u8],
) -> Result<bool, GalleryError> {
    let data = vault.seal(table.kind(), face.0, data)?;
    let crc = data_checksum(face, &data);
    let sql = format!(
        "INSERT OR REPLACE INTO {} (face, data, crc) SELECT id, ?2, ?3 FROM face WHERE id = ?1",
        table.name()
    );
    let n_written = change
        .tx
        .prepare_cached(&sql)?
        .execute(params![face.0, data, crc])?;
    change.hash(&face.0.to_le_bytes());
    change.hash(&data);
    Ok(n_written > 0)
}

pub(crate) fn data_checksum(face: FaceId, data: &[u8]) -> i64 {
    Checksum::default().number(face.0).bytes(data).finish()
}

/// The unit vector of a row `face, data, crc` of embeddings.
pub(crate) fn vector_from_row(
    row: &Row<'_>,
    codec: Codec<'_>,
) -> Result<(FaceId, Vec<f32>), GalleryError> {
    let (face, data) = data_from_row(row, codec.vault, Table::Embedding)?;
    let Codec { options, .. } = codec;
    Ok((face, options.precision.decode(&data, options.dimension)?))
}

/// The bytes of a row `face, data, crc`, as they were before they were sealed.
pub(crate) fn data_from_row(
    row: &Row<'_>,
    vault: &Vault,
    table: Table,
) -> Result<(FaceId, Vec<u8>), GalleryError> {
    let face = FaceId(row.get(0)?);
    let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    if row.get::<_, i64>(2)? != data_checksum(face, data) {
        return Err(GalleryError::damaged(format!(
            "the checksum of the {} of face {face} does not fit",
            match table.kind() {
                Kind::Thumbnail => "picture",
                _ => "embedding",
            }
        )));
    }
    let data = vault.open(table.kind(), face.0, data)?;
    Ok((face, data.into_owned()))
}

/// The unit vector of a face.
pub(crate) fn read_vector(
    db: &Connection,
    codec: Codec<'_>,
    face: FaceId,
) -> Result<Vec<f32>, GalleryError> {
    let mut statement =
        db.prepare_cached("SELECT face, data, crc FROM embedding WHERE face = ?1")?;
    let mut rows = statement.query(params![face.0])?;
    let row = rows.next()?.ok_or(GalleryError::NoSuchFace { face })?;
    Ok(vector_from_row(row, codec)?.1)
}

/// Who a face was enrolled for, and its unit vector; `None` when the face is gone.
pub(crate) fn read_owned_vector(
    db: &Connection,
    codec: Codec<'_>,
    face: FaceId,
) -> Result<Option<(PersonId, Vec<f32>)>, GalleryError> {
    let sql = "SELECT embedding.face, data, embedding.crc, person FROM embedding \
               JOIN face ON face.id = embedding.face WHERE embedding.face = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![face.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (_, values) = vector_from_row(row, codec)?;
    Ok(Some((PersonId(row.get(3)?), values)))
}

/// The picture of a face, if it has one.
pub(crate) fn read_thumbnail(
    db: &Connection,
    vault: &Vault,
    face: FaceId,
) -> Result<Option<Vec<u8>>, GalleryError> {
    let mut statement =
        db.prepare_cached("SELECT face, data, crc FROM thumbnail WHERE face = ?1")?;
    let mut rows = statement.query(params![face.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(data_from_row(row, vault, Table::Thumbnail)?.1))
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
