//! The index as a file beside the gallery, so that opening it costs one read.
//!
//! Little-endian: `LNGLIDX3`, CRC-32 of all that follows (u32), dimension (u32), rows n (u64),
//! generation (i64), epoch (i64), history (32 bytes); then n faces (i64), n people (i64), and, for as
//! many bundles as n rows fill, scales, residuals and those of upper halves (f32), upper and lower halves of codes as `Index` has them.

use std::io;
use std::path::{Path, PathBuf};

use pulp::bytemuck;

use super::whole::{Magic, PREFIX_BYTES, Reader, Writer, with_suffix};
use super::{COLUMNS, GROUP_BYTES, Index, ROWS};
use crate::gallery::{MAX_DIMENSION, Stamp};

const MAGIC: Magic = *b"LNGLIDX3";
const HEADER_BYTES: u64 = PREFIX_BYTES + 4 + 8 + 8 + 8 + 32;

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
    for number in index.faces.iter().chain(&index.people) {
        out.put(&number.to_le_bytes())?;
    }
    for column in [&index.scales, &index.residuals, &index.upper_residuals] {
        for number in column.as_flattened() {
            out.put(&number.to_le_bytes())?;
        }
    }
    out.put(index.upper.as_flattened())?;
    out.put(index.lower.as_flattened())?;
    out.finish()
}

/// The snapshot at `path` and the state it is of; `None` when there is none, or it is not whole or of nothing that
/// [`write`] would have been given.
pub(crate) fn read(path: &Path, dimension: usize) -> Option<(Stamp, Index)> {
    let mut file = Reader::begin(path, MAGIC)?;
    let found_dimension = u32::from_le_bytes(file.array()?);
    let n = u64::from_le_bytes(file.array()?);
    let stamp = Stamp::from_bytes(file.array()?);
    if found_dimension as usize != dimension || bytes_of(n, dimension)? != file.n_bytes {
        return None;
    }
    let n = u32::try_from(n).ok()? as usize;
    let n_bundles = n.div_ceil(ROWS);
    let mut index = Index {
        faces: file.values(n, i64::from_le_bytes)?,
        people: file.values(n, i64::from_le_bytes)?,
        scales: file.values(n_bundles, floats)?,
        residuals: file.values(n_bundles, floats)?,
        upper_residuals: file.values(n_bundles, floats)?,
        ..Index::new(dimension)
    };
    let n_groups = n_bundles * index.n_groups();
    for halves in [&mut index.upper, &mut index.lower] {
        *halves = file.values(n_groups, |group: [u8; GROUP_BYTES]| group)?;
    }
    file.whole((stamp, index))
        .filter(|(_, index)| is_possible(index))
}

/// Whether faces are in the order of their numbers, and all numbers such as [`Index::push`] makes.
fn is_possible(index: &Index) -> bool {
    let columns = [&index.scales, &index.residuals, &index.upper_residuals];
    let mut numbers = columns.into_iter().flat_map(|column| column.as_flattened());
    index.faces.first().is_none_or(|first| *first > 0)
        && index.faces.is_sorted_by(|a, b| a < b)
        && numbers.all(|number| number.is_finite() && *number >= 0.0)
}

fn floats(bytes: [u8; 4 * ROWS]) -> [f32; ROWS] {
    let bits: [u32; ROWS] = bytemuck::cast(bytes);
    bits.map(|bits| f32::from_bits(u32::from_le(bits)))
}

/// Bytes of a snapshot of `n` rows.
fn bytes_of(n: u64, dimension: usize) -> Option<u64> {
    let bundle_bytes = ROWS * (12 + dimension.min(MAX_DIMENSION).next_multiple_of(COLUMNS));
    let bundles = n.div_ceil(ROWS as u64).checked_mul(bundle_bytes as u64)?;
    let bytes = n.checked_mul(16)?.checked_add(bundles)?;
    bytes.checked_add(HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FaceId, PersonId};

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
