//! The index as a file beside the gallery, so that opening it costs next to nothing.
//!
//! As [`whole`](super::whole) says: `LNGLIDX4` and the checksum; dimension (u32), rows n (u64), generation (i64), epoch (i64),
//! history (32 bytes); columns: n faces (i64), n people (i64), and, for as many bundles as n rows fill, scales, residuals
//! and those of upper halves (f32), upper and lower halves of codes as `Index` has them.

use std::io;
use std::path::{Path, PathBuf};

use super::column::Column;
use super::whole::{Magic, Reader, Writer, with_suffix};
use super::{BLOCK, Index, ROWS};
use crate::gallery::Stamp;

const MAGIC: Magic = *b"LNGLIDX4";

/// Where the snapshot of a gallery is.
pub(crate) fn path_of(gallery: &Path) -> PathBuf {
    with_suffix(gallery, ".index")
}

/// Writes the snapshot, whole or not at all.
pub(crate) fn write(path: &Path, index: &Index, stamp: &Stamp) -> io::Result<()> {
    let mut out = Writer::begin(path, MAGIC)?;
    out.put(&(index.dimension as u32).to_le_bytes())?;
    out.put(&(index.len() as u64).to_le_bytes())?;
    out.put(&stamp.to_bytes())?;
    out.column(&index.faces.parts())?;
    out.column(&index.people.parts())?;
    for column in [&index.scales, &index.residuals, &index.upper_residuals] {
        out.column(&column.parts())?;
    }
    out.column(&index.upper.parts())?;
    out.column(&index.lower.parts())?;
    out.finish()
}

/// The snapshot at `path` and the state it is of; `None` when there is none, or it is not whole or of nothing that
/// [`write`] would have been given.
pub(crate) fn read(path: &Path, dimension: usize) -> Option<(Stamp, Index)> {
    let mut file = Reader::begin(path, MAGIC)?;
    let found_dimension = u32::from_le_bytes(file.array()?);
    let n = u64::from_le_bytes(file.array()?);
    let stamp = Stamp::from_bytes(file.array()?);
    if found_dimension as usize != dimension {
        return None;
    }
    let n = u32::try_from(n).ok()? as usize;
    let n_bundles = n.div_ceil(ROWS);
    // What follows the last whole block is taken into memory, to be added to.
    let n_mapped = n / BLOCK * BLOCK;
    let bundles_mapped = n_mapped / ROWS;
    let mut index = Index {
        faces: Column::of_file(file.column(n)?, n_mapped),
        people: Column::of_file(file.column(n)?, n_mapped),
        scales: Column::of_file(file.column(n_bundles)?, bundles_mapped),
        residuals: Column::of_file(file.column(n_bundles)?, bundles_mapped),
        upper_residuals: Column::of_file(file.column(n_bundles)?, bundles_mapped),
        ..Index::new(dimension)
    };
    let n_groups = n_bundles.checked_mul(index.n_groups())?;
    let groups_mapped = bundles_mapped * index.n_groups();
    for halves in [&mut index.upper, &mut index.lower] {
        *halves = Column::of_file(file.column(n_groups)?, groups_mapped);
    }
    (file.is_whole() && is_possible(&index)).then_some((stamp, index))
}

/// Whether faces are in the order of their numbers, and all numbers such as [`Index::push`] makes.
fn is_possible(index: &Index) -> bool {
    let columns = [&index.scales, &index.residuals, &index.upper_residuals];
    let mut numbers = columns
        .into_iter()
        .flat_map(|column| column.iter().flatten());
    index.faces.iter().next().is_none_or(|first| *first > 0)
        && index.faces.iter().is_sorted_by(|a, b| a < b)
        && numbers.all(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FaceId, PersonId};
    use crate::index::Probe;

    #[test]
    fn what_no_gallery_has_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.index");
        let stamp = Stamp {
            generation: 7,
            epoch: 2,
            history: [9; 32],
        };
        let read_with = |change: fn(&mut Index)| {
            let mut index = Index::new(2);
            index.push(Some(FaceId(4)), PersonId(2), &[0.6, 0.8]);
            index.push(Some(FaceId(9)), PersonId(3), &[0.0, -1.0]);
            change(&mut index);
            write(&path, &index, &stamp).unwrap();
            read(&path, 2).is_some()
        };
        assert!(read_with(|_| ()));
        assert!(!read_with(|index| index.faces[1] = 4));
        assert!(!read_with(|index| index.faces[0] = 0));
        assert!(!read_with(|index| index.scales[0][1] = f32::NAN));
        assert!(!read_with(|index| index.residuals[0][0] = -1.0));
        assert!(!read_with(
            |index| index.upper_residuals[0][0] = f32::INFINITY
        ));
    }

    #[test]
    fn what_is_mapped_grows_as_what_was_made_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.index");
        let stamp = Stamp {
            generation: 1,
            epoch: 1,
            history: [3; 32],
        };
        let push = |index: &mut Index, row: usize| {
            let (sin, cos) = (row as f32).sin_cos();
            let number = row as i64 + 1;
            index.push(Some(FaceId(number)), PersonId(number), &[sin, 0.0, cos]);
        };
        let probe = Probe::new(&[0.6, 0.0, 0.8]);
        for n in [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 37] {
            let mut made = Index::new(3);
            (0..n).for_each(|row| push(&mut made, row));
            write(&path, &made, &stamp).unwrap();
            let (_, mut mapped) = read(&path, 3).unwrap();
            for row in n..n + BLOCK + 21 {
                assert_eq!(mapped, made, "{row} rows");
                assert_eq!(mapped.last_face(), row as i64);
                push(&mut made, row);
                push(&mut mapped, row);
            }
            for row in 0..mapped.len() {
                let bounds = [&made, &mapped].map(|index| probe.fine_bound(index, row));
                assert_eq!(bounds[0], bounds[1], "row {row}");
            }
            write(&path, &mapped, &stamp).unwrap();
            assert_eq!(read(&path, 3), Some((stamp, made)));
        }
    }

    #[test]
    fn a_snapshot_comes_back_and_a_broken_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.index");
        let mut index = Index::new(3);
        index.push(Some(FaceId(4)), PersonId(2), &[0.6, 0.8, 0.0]);
        index.push(Some(FaceId(9)), PersonId(3), &[0.0, -0.6, 0.8]);
        let stamp = Stamp {
            generation: 7,
            epoch: 2,
            history: [9; 32],
        };
        assert_eq!(read(&path, 3), None);
        write(&path, &index, &stamp).unwrap();
        assert_eq!(read(&path, 3), Some((stamp, index)));
        assert_eq!(read(&path, 4), None);
        let whole = std::fs::read(&path).unwrap();
        for i in 0..whole.len() {
            let mut broken = whole.clone();
            broken[i] ^= 0x10;
            std::fs::write(&path, &broken).unwrap();
            assert_eq!(read(&path, 3), None, "byte {i}");
            std::fs::write(&path, &whole[..i]).unwrap();
            assert_eq!(read(&path, 3), None, "{i} bytes");
        }
    }
}
