//! Moving a gallery to another model, face by face. Until the last step the old embeddings stay in
//! use; a move that was cut short is gone on with.

use lineament_core::Embedding;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::change::Action;
use crate::error::GalleryError;
use crate::face::Face;
use crate::faces::{COLUMNS, Table, put_data, read_faces};
use crate::gallery::{Gallery, GalleryOptions, check_dimension, options_from_row, read_options};
use crate::ids::{FaceId, UnixSeconds};
use crate::index::Indexes;

/// What becomes of faces that have no embedding of the new model when a move ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FacesLeft {
    /// The move does not end.
    #[default]
    Refuse,
    /// They are removed.
    Remove,
}

/// A move to another model that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// What the gallery is moving to.
    #[serde(flatten)]
    pub to: GalleryOptions,
    /// Faces that have an embedding of the new model.
    pub n_done: usize,
    /// Faces that have none yet.
    pub n_left: usize,
}

impl Gallery {
    /// Begins to move the gallery to another model, or goes on with it.
    ///
    /// # Errors
    /// [`GalleryError::OtherMove`] while it is moving to something else; [`GalleryError::BadValue`] for
    /// a dimension out of range, and as every change.
    pub fn begin_move(
        &mut self,
        to: &GalleryOptions,
        at: UnixSeconds,
    ) -> Result<Move, GalleryError> {
        check_dimension(to.dimension)?;
        self.write(at, |change| {
            match read_move(&change.tx)? {
                Some(under_way) if under_way.to == *to => return Ok(()),
                Some(under_way) => return Err(other_move(&under_way.to, to)),
                None => {}
            }
            let sql = "INSERT INTO moving VALUES (1, ?1, ?2, ?3, ?4)";
            change.tx.execute(
                sql,
                params![
                    to.space.name(),
                    to.dimension,
                    to.precision.name(),
                    to.model_sha256
                ],
            )?;
            change.log(Action::BeginMove, None, None, 0)
        })?;
        self.current_move()?.ok_or(GalleryError::NoMove)
    }

    /// The move that is under way.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn current_move(&self) -> Result<Option<Move>, GalleryError> {
        self.read(|db| {
            let state = db.unchecked_transaction()?;
            read_move(&state)
        })
    }

    /// Up to `limit` faces that have no embedding of the new model, by number, after face `after`.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn faces_to_move(&self, after: FaceId, limit: usize) -> Result<Vec<Face>, GalleryError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM face WHERE id > ?1 AND \
             NOT EXISTS (SELECT 1 FROM embedding_next WHERE embedding_next.face = face.id) \
             ORDER BY id LIMIT ?2"
        );
        self.read(|db| read_faces(db, &self.vault, &sql, params![after.0, limit]))
    }

    /// Keeps embeddings of the new model, in one change. Those of faces that are gone by now are left
    /// out.
    ///
    /// # Errors
    /// [`GalleryError::NoMove`]; [`GalleryError::SpaceMismatch`] and [`GalleryError::Dimension`] for
    /// embeddings of another model, and as every change.
    pub fn move_faces(
        &mut self,
        faces: &[(FaceId, Embedding)],
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        self.write(at, |change| {
            let to = read_move(&change.tx)?.ok_or(GalleryError::NoMove)?.to;
            let mut n_kept = 0;
            for (face, embedding) in faces {
                to.check(embedding)?;
                let data = to.precision.encode(embedding.values());
                let kept = put_data(change, change.vault, Table::Next, *face, &data)?;
                n_kept += usize::from(kept);
            }
            match n_kept {
                0 => Ok(()),
                _ => change.log(Action::MoveFaces, None, None, n_kept),
            }
        })
    }

    /// Puts the new embeddings in the place of the old ones. Faces removed for want of one.
    ///
    /// # Errors
    /// [`GalleryError::NoMove`]; [`GalleryError::FacesLeft`] when there are some and `left` refuses
    /// them, and as every change.
    pub fn finish_move(&mut self, left: FacesLeft, at: UnixSeconds) -> Result<usize, GalleryError> {
        let (options, n_removed) = self.write_removal(at, |change| {
            let Move { to, n_left, .. } = read_move(&change.tx)?.ok_or(GalleryError::NoMove)?;
            if n_left > 0 && left == FacesLeft::Refuse {
                return Err(GalleryError::FacesLeft {
                    space: to.space.to_string(),
                    n_left,
                });
            }
            change.tx.execute_batch(
                "DELETE FROM face WHERE id NOT IN (SELECT face FROM embedding_next);
                 DELETE FROM embedding;
                 INSERT INTO embedding SELECT face, data, crc FROM embedding_next ORDER BY face;
                 UPDATE about SET (space, dimension, precision, model_sha256) =
                     (SELECT space, dimension, precision, model_sha256 FROM moving);
                 DELETE FROM embedding_next;
                 DELETE FROM moving;",
            )?;
            change.log(Action::FinishMove, None, None, n_left)?;
            Ok((to, n_left))
        })?;
        self.options = options;
        self.indexes = Indexes::default();
        Ok(n_removed)
    }

    /// Gives the move up that is under way: the new embeddings go.
    ///
    /// # Errors
    /// [`GalleryError::NoMove`], and as every change.
    pub fn give_up_move(&mut self, at: UnixSeconds) -> Result<(), GalleryError> {
        self.write(at, |change| {
            read_move(&change.tx)?.ok_or(GalleryError::NoMove)?;
            let n_moved = change.tx.execute("DELETE FROM embedding_next", [])?;
            change.tx.execute("DELETE FROM moving", [])?;
            change.log(Action::GiveUpMove, None, None, n_moved)
        })
    }
}

/// Refuses to go on when another process has moved the gallery since it was opened.
pub(crate) fn check_model(db: &Connection, opened: &GalleryOptions) -> Result<(), GalleryError> {
    let now = read_options(db)?;
    if now == *opened {
        return Ok(());
    }
    Err(GalleryError::Moved {
        from: opened.space.to_string(),
        to: now.space.to_string(),
    })
}

pub(crate) fn read_move(db: &Connection) -> Result<Option<Move>, GalleryError> {
    let sql = "SELECT space, dimension, precision, model_sha256 FROM moving";
    let to = db.query_row(sql, [], |row| Ok(options_from_row(row)));
    let Some(to) = to.optional()?.transpose()? else {
        return Ok(None);
    };
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, usize>(0));
    let n_done = count("SELECT count(*) FROM embedding_next")?;
    let n_faces = count("SELECT count(*) FROM face")?;
    Ok(Some(Move {
        to,
        n_done,
        n_left: n_faces.saturating_sub(n_done),
    }))
}

fn other_move(under_way: &GalleryOptions, asked: &GalleryOptions) -> GalleryError {
    let words =
        |options: &GalleryOptions| format!("{} ({})", options.space, options.precision.name());
    GalleryError::OtherMove {
        under_way: words(under_way),
        asked: words(asked),
    }
}
