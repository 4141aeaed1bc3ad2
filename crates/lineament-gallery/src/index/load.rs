//! Indexes made from the file.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::Index;
use super::graph::{Rows, order};
use crate::error::GalleryError;
use crate::faces::{Codec, read_vector, vector_from_row};
use crate::ids::{FaceId, PersonId};
use crate::people::Roots;
use crate::vector::norm;

impl Index {
    /// Adds the faces of the file that came after its last, and after `after`.
    pub(crate) fn catch_up(
        &mut self,
        db: &Connection,
        codec: Codec<'_>,
        after: i64,
    ) -> Result<(), GalleryError> {
        let roots = Roots::read(db)?;
        let after = self.last_face().max(after);
        each_face(db, codec, after, |face, person, values| {
            self.push(Some(face), roots.root(person), &values);
        })
    }
}

/// The faces of the file in the order of a graph, and their rows.
pub(crate) fn graph_rows(
    db: &Connection,
    codec: Codec<'_>,
) -> Result<(Vec<i64>, Rows), GalleryError> {
    let sql = "SELECT embedding.face FROM embedding JOIN face ON face.id = embedding.face \
               WHERE embedding.face > 0 ORDER BY embedding.face";
    let mut statement = db.prepare_cached(sql)?;
    let mut faces: Vec<i64> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    order(&mut faces);
    let mut places: Vec<(i64, usize)> = faces.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let mut places = places.into_iter();
    let mut rows = Rows::new(faces.len(), codec.options.dimension);
    each_face(db, codec, 0, |_, _, values| {
        if let Some((_, row)) = places.next() {
            rows.set(row, &values);
        }
    })?;
    Ok((faces, rows))
}

/// A row a person in their own right: their pooled template.
pub(crate) fn templates(db: &Connection, codec: Codec<'_>) -> Result<Index, GalleryError> {
    let roots = Roots::read(db)?;
    let mut pools: BTreeMap<PersonId, Pool> = BTreeMap::new();
    each_face(db, codec, 0, |_, person, values| {
        pools.entry(roots.root(person)).or_default().add(&values);
    })?;
    let mut index = Index::new(codec.options.dimension);
    for (person, pool) in pools {
        index.push(None, person, &pool.template());
    }
    Ok(index)
}

/// The pooled template of a person: the mean of their faces, brought to unit norm.
pub(crate) fn pooled(
    db: &Connection,
    codec: Codec<'_>,
    roots: &Roots,
    person: PersonId,
) -> Result<Vec<f32>, GalleryError> {
    let mut faces = Vec::new();
    let mut statement = db.prepare_cached("SELECT id FROM face WHERE person = ?1")?;
    for member in roots.members(person) {
        let ids = statement.query_map(params![member.0], |row| Ok(FaceId(row.get(0)?)))?;
        for id in ids {
            faces.push(id?);
        }
    }
    faces.sort_unstable();
    let mut pool = Pool::default();
    for face in faces {
        pool.add(&read_vector(db, codec, face)?);
    }
    Ok(pool.template())
}

/// A sum of vectors, added in the order of their faces so that it is the same to the last bit.
#[derive(Default)]
struct Pool {
    sum: Vec<f64>,
    first: Vec<f32>,
}

impl Pool {
    fn add(&mut self, values: &[f32]) {
        if self.first.is_empty() {
            self.first = values.to_vec();
            self.sum = vec![0.0; values.len()];
        }
        let pairs = self.sum.iter_mut().zip(values);
        pairs.for_each(|(sum, value)| *sum += f64::from(*value));
    }

    /// The first face's vector where the faces cancel each other.
    fn template(self) -> Vec<f32> {
        let direction: Vec<f32> = self.sum.iter().map(|v| *v as f32).collect();
        let norm = norm(&direction);
        if norm < 1e-6 {
            return self.first;
        }
        direction
            .iter()
            .map(|v| (f64::from(*v) / norm) as f32)
            .collect()
    }
}

/// Gives every face after `after`, whose it is and its vector to `take`, by number.
fn each_face(
    db: &Connection,
    codec: Codec<'_>,
    after: i64,
    mut take: impl FnMut(FaceId, PersonId, Vec<f32>),
) -> Result<(), GalleryError> {
    let sql = "SELECT embedding.face, data, embedding.crc, person FROM embedding \
               JOIN face ON face.id = embedding.face WHERE embedding.face > ?1 \
               ORDER BY embedding.face";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![after])?;
    while let Some(row) = rows.next()? {
        let (face, values) = vector_from_row(row, codec)?;
        take(face, PersonId(row.get(3)?), values);
    }
    Ok(())
}
